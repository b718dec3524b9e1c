// SPDX-License-Identifier: BSD-2-Clause
/* The 9p client against a server that lies. */
#include "p9_client.h"

static unsigned int spoil_type;
static enum lie {
	WRONG_TAG, WRONG_TYPE, OWN_TYPE, SIZE_0, SIZE_6, SIZE_ABOVE, SIZE_HUGE,
	USED_0, USED_6, USED_HUGE, USED_ID, CUT_1, CUT_ALL, LONGER, COUNT_MORE,
	COUNT_HUGE, ERROR_0, ERROR_CUT, WALK_MORE,
	NR_LIES
} lie;

static void set32(struct srv_reply *reply, size_t at, uint32_t value)
{
	memcpy(reply->buf + at, &value, 4);
}

static void resize(struct srv_reply *reply, size_t len)
{
	reply->len = len;
	reply->used_len = (uint32_t)len;
	set32(reply, 0, (uint32_t)len);
}

static void spoil(unsigned int type, struct srv_reply *reply)
{
	if (type != spoil_type)
		return;
	switch (lie) {
	case WRONG_TAG: reply->buf[5] ^= 1; break;
	case WRONG_TYPE: reply->buf[4] += 2; break;
	case OWN_TYPE: reply->buf[4] -= 1; break;
	case SIZE_0: set32(reply, 0, 0); break;
	case SIZE_6: set32(reply, 0, 6); break;
	case SIZE_ABOVE: set32(reply, 0, (uint32_t)reply->len + 1); break;
	case SIZE_HUGE: set32(reply, 0, 0xffffffff); break;
	case USED_0: reply->used_len = 0; break;
	case USED_6: reply->used_len = 6; break;
	case USED_HUGE: reply->used_len = 0x80000000; break;
	case USED_ID: reply->used_id = 1; break;
	case CUT_1:
		if (reply->len == 7)
			reply->used_len = 6;
		else
			resize(reply, reply->len - 1);
		break;
	case CUT_ALL:
		if (reply->len == 7)
			reply->used_len = 3;
		else
			resize(reply, 7);
		break;
	case LONGER: resize(reply, reply->len + 1); break;
	case COUNT_MORE:
	case COUNT_HUGE:
		if (reply->len < 9)
			reply->used_len = 1;
		else if (type == P9_TWALK)
			reply->buf[7] += lie == COUNT_MORE ? 1 : 99;
		else
			set32(reply, 7, lie == COUNT_MORE ? 101 : 0xffffffff);
		break;
	case ERROR_0:
	case ERROR_CUT:
		reply->buf[4] = P9_RLERROR;
		set32(reply, 7, 0);
		resize(reply, lie == ERROR_0 ? 11 : 9);
		break;
	case WALK_MORE: /* one element more, and the bytes for it */
		reply->buf[7]++;
		resize(reply, reply->len + P9_QID);
		break;
	case NR_LIES:
		break;
	}
}

/* Do everything once; the first error or 0. */
static int64_t all_operations(void)
{
	struct ofl_p9_attr attr;
	uint8_t buf[100];
	uint32_t dir, fid;
	int64_t n;

	if ((n = ofl_p9_walk(&p9, OFL_P9_ROOT, "", &dir)) < 0 ||
	    (n = ofl_p9_mkdir(&p9, dir, "d", 0755)) < 0 ||
	    (n = ofl_p9_walk(&p9, OFL_P9_ROOT, "d", &fid)) < 0 ||
	    (n = ofl_p9_lcreate(&p9, fid, "f", OFL_P9_RDWR, 0644)) < 0 ||
	    (n = ofl_p9_write(&p9, fid, 0, "hello", 5)) < 0 ||
	    (n = ofl_p9_read(&p9, fid, 0, buf, sizeof(buf))) < 0 ||
	    (n = ofl_p9_getattr(&p9, fid, &attr)) < 0 ||
	    (n = ofl_p9_setattr(&p9, fid, &(struct ofl_p9_set){ .valid = OFL_P9_SET_SIZE, .size = 3 })) < 0 ||
	    (n = ofl_p9_fsync(&p9, fid, false)) < 0 ||
	    (n = ofl_p9_clunk(&p9, fid)) < 0 ||
	    (n = ofl_p9_walk(&p9, OFL_P9_ROOT, "d/f", &fid)) < 0 ||
	    (n = ofl_p9_lopen(&p9, fid, OFL_P9_RDONLY)) < 0 ||
	    (n = ofl_p9_clunk(&p9, fid)) < 0 ||
	    (n = ofl_p9_readdir(&p9, dir, 0, buf, sizeof(buf))) < 0 ||
	    (n = ofl_p9_renameat(&p9, dir, "d", dir, "e")) < 0 ||
	    (n = ofl_p9_unlinkat(&p9, dir, "e", OFL_P9_REMOVEDIR)) < 0)
		return n;
	return ofl_p9_clunk(&p9, dir);
}

/* Every lie in the reply to every request: EPROTO or EIO, and never again. */
static void test_lies(void **state)
{
	static const unsigned int types[] = {
		P9_TWALK, P9_TMKDIR, P9_TLCREATE, P9_TWRITE, P9_TREAD,
		P9_TGETATTR, P9_TSETATTR, P9_TFSYNC, P9_TCLUNK, P9_TLOPEN,
		P9_TREADDIR, P9_TRENAMEAT, P9_TUNLINKAT,
	};

	(void)state;
	start_session();
	assert_int_equal(all_operations(), 0);
	end_session();
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
		for (lie = 0; lie < NR_LIES; lie++) {
			unsigned int sent;
			uint32_t fid;
			int64_t ret;

			/* getattr may be longer, and has no count. */
			if (types[t] == P9_TGETATTR &&
			    (lie == LONGER || lie == COUNT_MORE ||
			     lie == COUNT_HUGE || lie == WALK_MORE))
				continue;
			/* These bytes are a qid, which nothing relies on. */
			if ((types[t] == P9_TMKDIR || types[t] == P9_TLCREATE ||
			     types[t] == P9_TLOPEN) &&
			    (lie == COUNT_MORE || lie == COUNT_HUGE))
				continue;
			start_session();
			spoil_type = types[t];
			srv_spoil = spoil;
			ret = all_operations();
			if (ret != -EPROTO && ret != -EIO)
				print_error("type %u, lie %d: %lld\n", types[t],
					    lie, (long long)ret);
			assert_true(ret == -EPROTO || ret == -EIO);
			assert_true(p9.dead);
			assert_true(log_has("virtio@9p: "));
			sent = srv_requests;
			assert_int_equal(ofl_p9_walk(&p9, 0, "", &fid), -EIO);
			assert_int_equal(srv_requests, sent);
			end_session();
		}
	}
}

static void spoil_version(unsigned int type, struct srv_reply *reply)
{
	if (type != P9_TVERSION)
		return;
	switch (spoil_type) {
	case 0: set32(reply, 7, 0xffffffff); break;
	case 1: set32(reply, 7, 23); break;
	case 2: reply->buf[11] = 200; break; /* string overruns */
	case 3: reply->buf[14] = 'Q'; break;
	case 4: resize(reply, 12); break;
	case 5: resize(reply, 7); break;
	}
}

static void test_version_lies(void **state)
{
	(void)state;
	for (spoil_type = 0; spoil_type < 6; spoil_type++) {
		int err;

		srv_prepare(&dev, 24 * 1024);
		srv_spoil = spoil_version;
		err = ofl_p9_start(&p9, &dev);
		assert_int_equal(err, spoil_type == 3 ? -EPROTONOSUPPORT :
							-EPROTO);
	}
	for (lie = 0; lie < NR_LIES; lie++) {
		int err;

		if (lie == LONGER || lie == COUNT_MORE || lie == COUNT_HUGE ||
		    lie == WALK_MORE)
			continue;
		srv_prepare(&dev, 24 * 1024);
		spoil_type = P9_TATTACH;
		srv_spoil = spoil;
		err = ofl_p9_start(&p9, &dev);
		assert_true(err == -EPROTO || err == -EIO);
	}
}

static void spoil_qids(unsigned int type, struct srv_reply *reply)
{
	static uint32_t seed = 9;

	if (type == P9_TWALK || type == P9_TLOPEN || type == P9_TLCREATE ||
	    type == P9_TMKDIR)
		for (size_t i = type == P9_TWALK ? 9 : 7; i < reply->len; i++)
			reply->buf[i] = (uint8_t)random_next(&seed);
}

static void test_qid_garbage(void **state)
{
	(void)state;
	start_session();
	srv_spoil = spoil_qids;
	assert_int_equal(all_operations(), 0);
	end_session();
}

static void test_never_answers(void **state)
{
	uint32_t fid;

	(void)state;
	start_session();
	srv_stalled = true;
	assert_int_equal(ofl_p9_walk(&p9, 0, "", &fid), -EIO);
	assert_in_range(mock_now, RPC_TIMEOUT + FLUSH_TIMEOUT,
			RPC_TIMEOUT + FLUSH_TIMEOUT + OFL_SEC);
	assert_true(log_has("not answered"));
	/* An answer that comes too late is nobody's. */
	srv_stalled = false;
	assert_int_equal(ofl_p9_walk(&p9, 0, "", &fid), -EIO);
	end_session();
}

static void test_dirents(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\0\0\0\0\0\0\0\0\0\0\0\0\0" "\1\0\0\0\0\0\0\0" "\4" "\0\0", 24 },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0\0" "\1\0\0\0\0\0\0\0" "\4" "\5\0abcd", 28 },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0\0" "\1\0\0\0\0\0\0\0" "\4" "\377\377a", 25 },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0\0" "\1\0\0\0\0\0\0\0" "\4" "\3\0a/b", 27 },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0\0" "\1\0\0\0\0\0\0\0" "\4" "\3\0a\0b", 27 },
		{ "\0\0\0\0\0\0\0\0\0\0\0\0\0" "\1\0\0\0\0\0\0\0" "\4" "\1", 23 },
		{ "\0", 1 },
	};
	static char longest[24 + 256];
	struct ofl_p9_dirent entry;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		/* On the heap, so that ASan sees one byte too many. */
		char *copy = malloc(bad[i].len);
		size_t at = 0;

		memcpy(copy, bad[i].bytes, bad[i].len);
		assert_int_equal(ofl_p9_next(copy, bad[i].len, &at, &entry),
				 -EPROTO);
		free(copy);
	}
	for (int n = 255; n <= 256; n++) {
		size_t at = 0;

		memset(longest, 'x', sizeof(longest));
		longest[22] = (char)n;
		longest[23] = (char)(n >> 8);
		assert_int_equal(ofl_p9_next(longest, sizeof(longest), &at,
					     &entry),
				 n == 255 ? 1 : -EPROTO);
	}
}

/* Any bytes in any reply. */
static uint32_t noise;

static void spoil_noise(unsigned int type, struct srv_reply *reply)
{
	(void)type;
	if (random_next(&noise) % 4)
		return;
	for (uint32_t i = random_next(&noise) % 3 + 1; i--;)
		reply->buf[random_next(&noise) % reply->len] =
			(uint8_t)random_next(&noise);
	if (random_next(&noise) % 8 == 0)
		reply->used_len = random_next(&noise) % 300;
}

static void test_mutations(void **state)
{
	(void)state;
	for (noise = 1; noise < 4000u * 7919u; noise += 7919) {
		uint32_t start = noise;
		int64_t ret;

		srv_prepare(&dev, 24 * 1024);
		srv_spoil = spoil_noise;
		if (!ofl_p9_start(&p9, &dev)) {
			ret = all_operations();
			assert_true(ret <= 0 && ret > -4096);
		}
		end_session();
		noise = start;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_version_lies),
		cmocka_unit_test(test_qid_garbage),
		cmocka_unit_test(test_never_answers),
		cmocka_unit_test(test_dirents),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
