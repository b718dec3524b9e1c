// SPDX-License-Identifier: BSD-2-Clause
/* The 9p client against a server that works, and one that lies. */
#include "rt_mock.h"

#include "baremetal/p9.c"
#include "baremetal/p9_names.c"
#include "baremetal/p9_ops.c"
#include "baremetal/p9_virtio.c"
#include "baremetal/virtio.c"
#include "baremetal/vq.c"

#include "p9_mock.h"

static struct ofl_virtio dev;
static struct ofl_p9 p9;

static void start_session(void)
{
	srv_prepare(&dev, 24 * 1024);
	assert_int_equal(ofl_p9_start(&p9, &dev), 0);
}

static void end_session(void)
{
	free(p9.reply);
	p9.reply = NULL;
}

static void test_start(void **state)
{
	(void)state;
	start_session();
	assert_string_equal(p9.name, "share");
	assert_true(p9.msize > 11000 && p9.msize <= 12288);
	assert_int_equal(srv_open_fids(), 1);
	end_session();
}

static void test_files(void **state)
{
	static uint8_t data[30000], back[30000];
	struct ofl_p9_attr attr;
	uint32_t dir, fid;
	size_t done = 0;
	int64_t n;

	(void)state;
	start_session();
	assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, "", &dir), 0);
	assert_int_equal(ofl_p9_mkdir(&p9, dir, "sub", 0755), 0);
	assert_int_equal(ofl_p9_mkdir(&p9, dir, "sub", 0755), -EEXIST);
	assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, "sub", &fid), 0);
	assert_int_equal(ofl_p9_lcreate(&p9, fid, "f", OFL_P9_RDWR, 0644), 0);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31 + i / 256);
	for (done = 0; done < sizeof(data); done += (size_t)n) {
		n = ofl_p9_write(&p9, fid, done, data + done,
				 sizeof(data) - done);
		assert_true(n > 0);
	}
	assert_int_equal(ofl_p9_getattr(&p9, fid, &attr), 0);
	assert_int_equal(attr.size, sizeof(data));
	assert_true(S_ISREG(attr.mode));
	for (done = 0; done < sizeof(data); done += (size_t)n) {
		n = ofl_p9_read(&p9, fid, done, back + done, sizeof(back) - done);
		assert_true(n > 0);
	}
	assert_memory_equal(data, back, sizeof(data));
	assert_int_equal(ofl_p9_read(&p9, fid, done, back, 10), 0);
	assert_int_equal(ofl_p9_setattr(&p9, fid, &(struct ofl_p9_set){ .valid = OFL_P9_SET_SIZE, .size = 5 }), 0);
	assert_int_equal(ofl_p9_getattr(&p9, fid, &attr), 0);
	assert_int_equal(attr.size, 5);
	assert_int_equal(ofl_p9_fsync(&p9, fid, false), 0);
	assert_int_equal(ofl_p9_clunk(&p9, fid), 0);
	assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, "sub/f", &fid), 0);
	assert_int_equal(ofl_p9_clunk(&p9, fid), 0);
	assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, "sub/g", &fid), -ENOENT);
	assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, "x/y/z", &fid), -ENOENT);
	assert_int_equal(ofl_p9_renameat(&p9, dir, "sub", dir, "top"), 0);
	assert_int_equal(ofl_p9_unlinkat(&p9, dir, "top", 0), -EISDIR);
	assert_int_equal(ofl_p9_unlinkat(&p9, dir, "top", OFL_P9_REMOVEDIR), 0);
	assert_int_equal(ofl_p9_clunk(&p9, dir), 0);
	assert_int_equal(srv_open_fids(), 1);
	end_session();
}

/* Data in the pool stays where it is; from anywhere else it is copied. */
static uint64_t lost_pa;

static void note_lost(uint64_t pa)
{
	lost_pa = pa;
}

static void test_pool(void **state)
{
	uint8_t *pool = window_mem + 0x80000, plain[100];
	struct ofl_p9_attr attr;
	uint32_t fid;

	(void)state;
	start_session();
	ofl_pool_range = (struct ofl_pool_range){ pool, WIN_PA + 0x80000, 0x10000, 1 };
	ofl_pool_lost = note_lost;
	srv_make(0, "f", false);
	assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, "f", &fid), 0);
	for (unsigned int i = 0; i < 0x10000; i++)
		pool[i] = (uint8_t)(i * 13 + i / 256);
	assert_int_equal(ofl_p9_write(&p9, fid, 0, pool + 1, 5000), 5000);
	assert_int_equal(srv_pieces, 3);
	assert_memory_equal(srv_nodes[srv_find(0, "f")].data, pool + 1, 5000);
	assert_int_equal(ofl_p9_read(&p9, fid, 100, pool + 0x8003, 4000), 4000);
	assert_int_equal(srv_pieces, 3);
	assert_memory_equal(pool + 0x8003, pool + 101, 4000);
	/* As much as a message takes, and a short read. */
	assert_true(ofl_p9_write(&p9, fid, 5000, pool, 0x10000) > 10000);
	assert_int_equal(ofl_p9_read(&p9, fid, 0, pool, 0x10000), p9.msize - 11);
	assert_int_equal(ofl_p9_getattr(&p9, fid, &attr), 0);
	assert_int_equal(ofl_p9_read(&p9, fid, attr.size - 10, pool, 4000), 10);
	assert_int_equal(ofl_p9_read(&p9, fid, attr.size, pool, 4000), 0);
	assert_int_equal(ofl_p9_read(&p9, fid, 0, pool, 0), 0);
	/* Elsewhere, or only half there. */
	assert_int_equal(ofl_p9_read(&p9, fid, 0, plain, sizeof(plain)), sizeof(plain));
	assert_int_equal(srv_pieces, 2);
	assert_int_equal(ofl_p9_write(&p9, fid, 0, pool + 0xfff0, 0x11), 0x11);
	assert_int_equal(srv_pieces, 2);
	/* An error fits where the head of the data would be. */
	assert_int_equal(ofl_p9_clunk(&p9, fid), 0);
	srv_fids[fid % 256] = srv_make(0, "g", false) + 1;
	srv_spoil = NULL;
	assert_int_equal(ofl_p9_write(&p9, fid, 1 << 20, pool, 100), -ENOSPC);
	assert_false(p9.dead);
	srv_fids[fid % 256] = 0;
	assert_int_equal(lost_pa, 0);
	/* Not answered: the device has the buffer for good. */
	srv_stalled = true;
	assert_int_equal(ofl_p9_read(&p9, fid, 0, pool + 0x2000, 100), -EIO);
	assert_int_equal(lost_pa, WIN_PA + 0x82000);
	ofl_pool_range.va = NULL;
	ofl_pool_lost = NULL;
	end_session();
}

/* A server that has no Tunlinkat and no Trenameat. */
static void test_old_server(void **state)
{
	uint32_t fid;
	int sub;

	(void)state;
	start_session();
	srv_old = true;
	sub = srv_make(0, "sub", true);
	srv_make(sub, "f", false);
	assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, "sub", &fid), 0);
	assert_int_equal(ofl_p9_renameat(&p9, fid, "f", OFL_P9_ROOT, "g"), 0);
	assert_true(srv_find(0, "g") > 0);
	assert_int_equal(ofl_p9_renameat(&p9, fid, "f", OFL_P9_ROOT, "g"), -ENOENT);
	assert_int_equal(ofl_p9_renameat(&p9, OFL_P9_ROOT, "g", fid, "g"), 0);
	assert_int_equal(ofl_p9_unlinkat(&p9, OFL_P9_ROOT, "sub", 0), -EISDIR);
	assert_int_equal(ofl_p9_unlinkat(&p9, fid, "g", OFL_P9_REMOVEDIR), -ENOTDIR);
	assert_int_equal(ofl_p9_unlinkat(&p9, OFL_P9_ROOT, "sub", OFL_P9_REMOVEDIR), -ENOTEMPTY);
	assert_int_equal(ofl_p9_unlinkat(&p9, fid, "g", 0), 0);
	assert_int_equal(ofl_p9_unlinkat(&p9, fid, "g", 0), -ENOENT);
	assert_int_equal(ofl_p9_clunk(&p9, fid), 0);
	assert_int_equal(ofl_p9_unlinkat(&p9, OFL_P9_ROOT, "sub", OFL_P9_REMOVEDIR), 0);
	assert_int_equal(srv_open_fids(), 1);
	assert_int_equal(p9.fids[0], 1);
	end_session();
}

/* More parts than one Twalk takes; and a part missing behind the first 16. */
static void test_deep_walk(void **state)
{
	char path[128] = "";
	uint32_t fid;
	int node = 0;

	(void)state;
	start_session();
	for (int i = 0; i < 20; i++) {
		node = srv_make(node, "d", true);
		strcat(path, i ? "/d" : "d");
	}
	assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, path, &fid), 0);
	assert_int_equal(srv_fids[fid % SRV_FIDS], node + 1);
	assert_int_equal(ofl_p9_clunk(&p9, fid), 0);
	strcat(path, "/missing");
	assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, path, &fid), -ENOENT);
	assert_int_equal(srv_open_fids(), 1);
	end_session();
}

static void test_fids_run_out(void **state)
{
	uint32_t fid[OFL_P9_FIDS];

	(void)state;
	start_session();
	for (unsigned int i = 1; i < OFL_P9_FIDS; i++)
		assert_int_equal(ofl_p9_walk(&p9, 0, "", &fid[i]), 0);
	assert_int_equal(ofl_p9_walk(&p9, 0, "", &fid[0]), -ENFILE);
	assert_int_equal(ofl_p9_clunk(&p9, fid[77]), 0);
	assert_int_equal(ofl_p9_walk(&p9, 0, "", &fid[0]), 0);
	assert_int_equal(fid[0], fid[77]);
	end_session();
}

/* A fid of a session that is over reaches no file of the next one. */
static void test_sessions(void **state)
{
	static uint8_t buf[100];
	struct ofl_p9_attr attr;
	uint32_t old, new;

	(void)state;
	start_session();
	srv_make(0, "f", false);
	assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, "f", &old), 0);
	assert_int_equal(ofl_p9_lopen(&p9, old, OFL_P9_RDWR), 0);
	start_session();
	srv_make(0, "f", false);
	assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, "f", &new), 0);
	assert_int_equal(new % SRV_FIDS, old % SRV_FIDS);
	assert_int_equal(ofl_p9_read(&p9, old, 0, buf, 1), -EIO);
	assert_int_equal(ofl_p9_write(&p9, old, 0, buf, 1), -EIO);
	assert_int_equal(ofl_p9_getattr(&p9, old, &attr), -EIO);
	assert_int_equal(ofl_p9_fsync(&p9, old, false), -EIO);
	assert_int_equal(ofl_p9_clunk(&p9, old), -EIO);
	assert_int_equal(ofl_p9_getattr(&p9, new, &attr), 0);
	assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, "f", &old), 0);
	assert_int_not_equal(old, new);
	assert_int_equal(ofl_p9_clunk(&p9, new), 0);
	/* Lost: not even the buffer is there. */
	ofl_p9_lost(&p9);
	p9.tx = p9.rx = NULL;
	assert_int_equal(ofl_p9_write(&p9, old, 0, buf, sizeof(buf)), -EIO);
	assert_int_equal(ofl_p9_read(&p9, old, 0, buf, 1), -EIO);
	assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, "f", &new), -EIO);
	assert_int_equal(ofl_p9_mkdir(&p9, OFL_P9_ROOT, "d", 0755), -EIO);
	end_session();
}

static void test_readdir(void **state)
{
	struct ofl_p9_dirent entry;
	uint8_t buf[64];
	uint64_t offset = 0;
	unsigned int found = 0;
	uint32_t fid;
	int64_t n;

	(void)state;
	start_session();
	for (int i = 0; i < 9; i++) {
		char name[16];

		snprintf(name, sizeof(name), "file%d", i);
		srv_make(0, name, i & 1);
	}
	ofl_p9_walk(&p9, OFL_P9_ROOT, "", &fid);
	while ((n = ofl_p9_readdir(&p9, fid, offset, buf, sizeof(buf))) > 0) {
		size_t at = 0;

		while (ofl_p9_next(buf, (size_t)n, &at, &entry) > 0) {
			assert_int_equal(entry.name[4], '0' + (int)found);
			assert_int_equal(entry.type, found & 1 ? 4 : 8);
			found++;
			offset = entry.offset;
		}
	}
	assert_int_equal(n, 0);
	assert_int_equal(found, 9);
	end_session();
}

static void test_errno(void **state)
{
	(void)state;
	assert_int_equal(ofl_errno_from_linux(2), ENOENT);
	assert_int_equal(ofl_errno_from_linux(39), ENOTEMPTY);
	assert_int_equal(ofl_errno_from_linux(40), ELOOP);
	assert_int_equal(ofl_errno_from_linux(0), EIO);
	assert_int_equal(ofl_errno_from_linux(131), EIO);
	assert_int_equal(ofl_errno_from_linux(0xffffffff), EIO);
}

static void test_memory_and_tag(void **state)
{
	(void)state;
	for (size_t size = 0; size < 4096; size += 64) {
		int err;

		srv_prepare(&dev, size);
		err = ofl_p9_start(&p9, &dev);
		assert_true(err == 0 || err == -ENOMEM);
		end_session();
	}
	srv_prepare(&dev, 8192);
	memcpy(sim_hdr()->config, "\377\377", 2);
	assert_int_equal(ofl_p9_start(&p9, &dev), -EINVAL);
	srv_prepare(&dev, 8192);
	memcpy(sim_hdr()->config, "\3\0a/b", 5);
	assert_int_equal(ofl_p9_start(&p9, &dev), -EINVAL);
	srv_prepare(&dev, 8192);
	memcpy(sim_hdr()->config, "\3\0a\0b", 5);
	assert_int_equal(ofl_p9_start(&p9, &dev), -EINVAL);
}

/* --- lies --- */

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
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_old_server),
		cmocka_unit_test(test_deep_walk),
		cmocka_unit_test(test_fids_run_out),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_readdir),
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_memory_and_tag),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_version_lies),
		cmocka_unit_test(test_qid_garbage),
		cmocka_unit_test(test_never_answers),
		cmocka_unit_test(test_dirents),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
