// SPDX-License-Identifier: BSD-2-Clause
/*
 * Replies of a hostile server to the runtime's 9p client.  Input: for each
 * reply three bytes (what to do, where, with what), and for some the whole
 * reply.  The mock server answers honestly, then the reply is spoilt.
 */
#include "tests/unit/p9_client.h"
#include "fuzz.h"

static struct fuzz_in in;

static void spoil(unsigned int type, struct srv_reply *reply)
{
	uint32_t what = fuzz_number(&in, 1), where = fuzz_number(&in, 2);
	uint32_t n;

	switch (what & 7) {
	case 1: /* some bytes */
		for (n = what >> 3; n--;)
			reply->buf[where++ % reply->len] = (uint8_t)fuzz_number(&in, 1);
		break;
	case 2: /* all of it, header included, as long as the honest one or shorter */
		reply->len = 1 + where % reply->len;
		fuzz_take(&in, reply->buf, reply->len);
		break;
	case 3: /* the body */
		if (reply->len > 7)
			fuzz_take(&in, reply->buf + 7, reply->len - 7);
		break;
	case 4: /* its length, to the device */
		reply->used_len = where;
		break;
	case 5:
		reply->used_id = where;
		break;
	case 7: /* not now: the client gives it up */
		if (type != P9_TFLUSH)
			reply->len = 0;
		break;
	case 6: /* shorter, and says so */
		if (where >= 7 && where < reply->len) {
			reply->len = where;
			memcpy(reply->buf, &where, 4);
			reply->used_len = where;
		}
		break;
	}
}

static void directory(struct ofl_p9 *p9, uint32_t fid)
{
	uint8_t *buf = malloc(600);
	struct ofl_p9_dirent entry;
	size_t at = 0;
	int64_t n = ofl_p9_readdir(p9, fid, 0, buf, 600);

	MUST(n <= 600);
	if (n > 0) {
		uint8_t *exact = malloc((size_t)n);

		memcpy(exact, buf, (size_t)n);
		while (ofl_p9_next(exact, (size_t)n, &at, &entry) == 1) {
			MUST(at <= (size_t)n);
			MUST(memchr(entry.name, '\0', sizeof(entry.name)));
			MUST(entry.name[0] && !strchr(entry.name, '/'));
		}
		free(exact);
	}
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t big[20000];
	struct ofl_p9_attr attr;
	uint8_t buf[300];
	uint32_t dir, fid;
	int opened;
	int64_t n;

	in = (struct fuzz_in){ data, size };
	mock_steps = 0;
	mock_sleep = 100 * OFL_MS; /* giving up takes 30 s */
	free(p9.reply);
	free(p9.slot);
	memset(&p9, 0, sizeof(p9));
	srv_prepare(&dev, 24 * 1024);
	srv_make(0, "d", true);
	srv_make(1, "x", false);
	srv_make(1, "y", true);
	/* Bit 0 of the first byte: an honest start. */
	if (!(fuzz_number(&in, 1) & 1))
		srv_spoil = spoil;
	if (ofl_p9_start(&p9, &dev))
		return 0;
	MUST(memchr(p9.name, '\0', sizeof(p9.name)));
	srv_spoil = spoil;
	if (!ofl_p9_walk(&p9, OFL_P9_ROOT, "d", &dir)) {
		if (!ofl_p9_lopen(&p9, dir, OFL_P9_RDONLY))
			directory(&p9, dir);
		ofl_p9_clunk(&p9, dir);
	}
	if (!ofl_p9_walk(&p9, OFL_P9_ROOT, "d/x", &fid)) {
		ofl_p9_lopen(&p9, fid, OFL_P9_RDWR);
		n = ofl_p9_write(&p9, fid, 0, "some bytes", 10);
		MUST(n <= 10);
		n = ofl_p9_read(&p9, fid, 0, buf, sizeof(buf));
		MUST(n <= (int64_t)sizeof(buf));
		ofl_p9_getattr(&p9, fid, &attr);
		ofl_p9_fsync(&p9, fid, size & 1);
		n = ofl_p9_write_all(&p9, fid, 3, big, sizeof(big), size & 2);
		MUST(n <= (int64_t)sizeof(big));
		n = ofl_p9_read_all(&p9, fid, 1, big, sizeof(big));
		MUST(n <= (int64_t)sizeof(big));
		ofl_p9_clunk(&p9, fid);
	}
	ofl_p9_stat(&p9, "d/x", &attr);
	if (!ofl_p9_find(&p9, "d/y", &fid, &attr, OFL_P9_RDONLY, &opened))
		ofl_p9_clunk(&p9, fid);
	for (unsigned int i = 0; i < p9.nr_slots; i++)
		MUST(!p9.slot[i].sent);
	return 0;
}
