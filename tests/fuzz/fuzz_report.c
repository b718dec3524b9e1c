// SPDX-License-Identifier: BSD-2-Clause
/* Crash record and log of an image that writes what it likes. */
#include "fuzz.h"

#include "kernel-module/report.c"

/* Nothing that a terminal would obey. */
static void tame(const char *text, size_t len, bool ascii)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		MUST(c == '\n' || c == '\t' || (c >= ' ' && c != 0x7f));
		MUST(!ascii || c < 0x80);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct ofl_crash *crash = malloc(sizeof(*crash));
	struct ofl_log *log = malloc(sizeof(*log));
	char *out = malloc(sizeof(log->text));
	uint32_t choice = fuzz_number(&in, 2), machine;
	size_t room = 1 + (choice >> 2) % 4096, len;
	char line[OFL_MSG_MAX * 2];
	char *small = malloc(room);

	machine = choice & 1 ? OFL_MACHINE_X86_64 : choice & 2 ? OFL_MACHINE_AARCH64 : choice;
	fuzz_take(&in, crash, sizeof(*crash));
	ofl_report_summary(line, crash, machine);
	MUST(memchr(line, '\0', sizeof(line)));
	tame(line, strlen(line), true);
	len = ofl_report_crash(small, room, crash, machine);
	MUST(len < room);
	tame(small, len, true);

	/* The rest is the log's beginning, again and again. */
	log->head = (uint64_t)fuzz_number(&in, 4) * (choice & 4 ? 1 : 0x100000001ull);
	for (size_t i = 0; i < sizeof(log->text); i++)
		log->text[i] = in.left ? (char)in.data[i % in.left] : 'x';
	len = ofl_report_log(out, log);
	MUST(len <= sizeof(log->text));
	tame(out, len, false);
	MUST(ofl_report_state(choice) == -1 || ofl_report_state(choice) == (int)choice);
	free(small);
	free(out);
	free(log);
	free(crash);
	return 0;
}
