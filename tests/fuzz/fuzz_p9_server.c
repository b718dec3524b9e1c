// SPDX-License-Identifier: BSD-2-Clause
/*
 * Requests to the PMM's 9p device, a folder behind it.  Input: one byte (bit 0:
 * read only; bit 1: no session yet), then requests: two bytes of length, the
 * message from its type on; size and tag are added.
 */
#include "tests/unit/pmm_9p.h"
#include "fuzz.h"

#include <signal.h>
#include <sys/resource.h>

/* As the daemon does not mind it.  Not SIG_IGN: libFuzzer puts a handler of its own there. */
static void too_far(int sig)
{
	(void)sig;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	/* What a request writes far out must not fill a disk. */
	struct rlimit limit = { 1 << 20, 1 << 20 };

	(void)argc, (void)argv;
	signal(SIGXFSZ, too_far);
	setrlimit(RLIMIT_FSIZE, &limit);
	make_share();
	atexit(remove_share);
	return 0;
}

static void secret_is_safe(void)
{
	char path[160], text[16] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/secret", base_dir);
	f = fopen(path, "r");
	MUST(f && fgets(text, sizeof(text), f) && !strcmp(text, "secret"));
	fclose(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	uint32_t choice = fuzz_number(&in, 1);
	struct ofl_p9fs *fs = ofl_p9fs_open(share_dir, OFL_P9FS_AUTO);
	struct ofl_p9 *p9;

	MUST(fs);
	p9 = ofl_p9_new("share", MEM_9P, choice & 1, &ofl_p9fs_ops, fs);
	MUST(p9);
	if (!(choice & 2))
		hello_9p(p9);
	while (in.left) {
		uint32_t len = fuzz_number(&in, 2) % 8192, max, got;
		uint8_t *message = malloc(7 + len), *reply;

		fuzz_take(&in, message + 4, 1);
		message[5] = 9;
		message[6] = 0;
		fuzz_take(&in, message + 7, len);
		len += 7;
		memcpy(message, &len, 4);
		max = choice & 4 ? 11 + choice : MEM_9P;
		reply = malloc(max);
		got = ofl_p9_message(p9, message, len, reply, max);
		MUST(got <= max);
		MUST(!got || (got >= 7 && le32(reply) == got));
		free(reply);
		free(message);
	}
	ofl_p9_free(p9);
	ofl_p9fs_close(fs);
	secret_is_safe();
	return 0;
}
