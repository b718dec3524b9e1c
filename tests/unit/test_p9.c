// SPDX-License-Identifier: BSD-2-Clause
/* The 9p client against a server that works. */
#include "p9_client.h"

static void test_start(void **state)
{
	(void)state;
	start_session();
	assert_string_equal(p9.name, "share");
	assert_int_equal(p9.msize, SRV_MSIZE);
	assert_true(p9.room >= 4096 && p9.room < p9.msize);
	assert_int_equal(p9.nr_slots, OFL_P9_SLOTS);
	assert_true(p9.nr_chunks >= 2);
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
	assert_int_equal(ofl_p9_read(&p9, fid, 0, pool, 0x10000), p9.msize - 24);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
