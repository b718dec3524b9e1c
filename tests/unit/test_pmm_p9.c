/* SPDX-License-Identifier: BSD-2-Clause */
#include "pmm_share.h"

static void read_write_create(void **state)
{
	assert_int_equal(walk1(state, 0, 1, "input.txt"), 0);
	assert_int_equal(P9(LOPEN, "44", 1, OFL_P9_RDONLY), 0);
	assert_int_equal(P9(READ, "484", 1, (uint64_t)6, 100), 0);
	assert_int_equal(le32(rep + 7), 6);
	assert_memory_equal(rep + 11, "world\n", 6);
	assert_int_equal(P9(READ, "484", 1, (uint64_t)100, 100), 0);
	assert_int_equal(le32(rep + 7), 0);
	/* not for writing */
	assert_int_equal(P9(WRITE, "484b", 1, (uint64_t)0, 1, 1, "x"), EBADF);
	assert_int_equal(P9(CLUNK, "4", 1), 0);

	assert_int_equal(P9(WALK, "442", 0, 2, 0), 0);
	assert_int_equal(P9(LCREATE, "4s444", 2, "out.txt",
			    OFL_P9_WRONLY | OFL_P9_CREATE | OFL_P9_TRUNC, 04755,
			    0),
			 0);
	assert_int_equal(P9(WRITE, "484b", 2, (uint64_t)0, 5, 5, "hello"), 0);
	assert_int_equal(le32(rep + 7), 5);
	assert_int_equal(P9(FSYNC, "44", 2, 0), 0);
	assert_int_equal(P9(FSYNC, "4", 2), 0);
	assert_int_equal(P9(READ, "484", 2, (uint64_t)0, 5), EBADF);
	assert_int_equal(P9(GETATTR, "48", 2, (uint64_t)0x7ff), 0);
	assert_int_equal(rep_len, 160);
	/* mode: regular, and no set-user-ID from an image */
	assert_int_equal(le32(rep + 28) & 07000, 0);
	assert_int_equal(le32(rep + 28) & S_IFMT, S_IFREG);
	assert_int_equal(P9(CLUNK, "4", 2), 0);

	/* created over an old one: truncated, or with EXCL refused */
	assert_int_equal(P9(WALK, "442", 0, 2, 0), 0);
	assert_int_equal(P9(LCREATE, "4s444", 2, "out.txt",
			    OFL_P9_RDWR | OFL_P9_EXCL, 0644, 0),
			 EEXIST);
	assert_int_equal(P9(LCREATE, "4s444", 2, "out.txt",
			    OFL_P9_RDWR | OFL_P9_TRUNC, 0644, 0),
			 0);
	assert_int_equal(P9(READ, "484", 2, (uint64_t)0, 100), 0);
	assert_int_equal(le32(rep + 7), 0);
	assert_int_equal(P9(REMOVE, "4", 2), 0);
	assert_int_equal(walk1(state, 0, 2, "out.txt"), ENOENT);
}

static void attributes(void **state)
{
	assert_int_equal(walk1(state, 0, 1, "input.txt"), 0);
	assert_int_equal(P9(SETATTR, "444448" "8888", 1,
			    OFL_P9_SET_MODE | OFL_P9_SET_SIZE |
				    OFL_P9_SET_MTIME | OFL_P9_SET_MTIME_TO,
			    06640, 0, 0, (uint64_t)5, (uint64_t)0, (uint64_t)0,
			    (uint64_t)1234567, (uint64_t)99),
			 0);
	assert_int_equal(P9(GETATTR, "48", 1, (uint64_t)0x7ff), 0);
	assert_int_equal(le32(rep + 28), S_IFREG | 0640);
	assert_int_equal(le32(rep + 56), 5); /* size */
	assert_int_equal(le32(rep + 96), 1234567); /* mtime */
	assert_int_equal(P9(STATFS, "4", 1), 0);
	assert_int_equal(rep_len, 67);
	/* Size past what a file can have; size of a folder. */
	assert_int_equal(P9(SETATTR, "4444488888", 1, OFL_P9_SET_SIZE, 0, 0, 0,
			    UINT64_MAX, (uint64_t)0, (uint64_t)0, (uint64_t)0,
			    (uint64_t)0),
			 EINVAL);
	assert_int_equal(P9(SETATTR, "4444488888", 0, OFL_P9_SET_SIZE, 0, 0, 0,
			    (uint64_t)0, (uint64_t)0, (uint64_t)0, (uint64_t)0,
			    (uint64_t)0),
			 EISDIR);
	assert_int_equal(walk1(state, 0, 2, "passwd"), 0);
	assert_int_equal(P9(SETATTR, "4444488888", 2, OFL_P9_SET_MODE, 0, 0, 0,
			    (uint64_t)0, (uint64_t)0, (uint64_t)0, (uint64_t)0,
			    (uint64_t)0),
			 EOPNOTSUPP);
}

static void names(void **state)
{
	assert_int_equal(P9(MKDIR, "4s44", 0, "new", 0755, 0), 0);
	assert_int_equal(rep[7], OFL_P9_QTDIR);
	assert_int_equal(P9(MKDIR, "4s44", 0, "new", 0755, 0), EEXIST);
	assert_int_equal(P9(SYMLINK, "4ss4", 0, "sym", "to/there", 0), 0);
	assert_int_equal(walk1(state, 0, 1, "sym"), 0);
	assert_int_equal(P9(READLINK, "4", 1), 0);
	assert_memory_equal(rep + 9, "to/there", 8);
	assert_int_equal(walk1(state, 0, 2, "input.txt"), 0);
	assert_int_equal(P9(READLINK, "4", 2), EINVAL);
	assert_int_equal(walk1(state, 0, 3, "new"), 0);
	assert_int_equal(P9(RENAME, "44s", 2, 3, "moved"), 0);
	assert_int_equal(P9(RENAMEAT, "4s4s", 3, "moved", 0, "back"), 0);
	/* by node it is not known under that name any more */
	assert_int_equal(P9(RENAME, "44s", 2, 0, "x"), ENOENT);
	assert_int_equal(P9(UNLINKAT, "4s4", 0, "new", 0), EISDIR);
	assert_int_equal(P9(UNLINKAT, "4s4", 0, "back", 0x400), EINVAL);
	assert_int_equal(P9(UNLINKAT, "4s4", 0, "back", 0), 0);
	assert_int_equal(P9(UNLINKAT, "4s4", 0, "new", 0x200), 0);
	assert_int_equal(P9(REMOVE, "4", 1), 0);
	assert_int_equal(P9(CLUNK, "4", 1), EBADF);
	assert_int_equal(walk1(state, 0, 4, "dir"), 0);
	assert_int_equal(P9(REMOVE, "4", 4), ENOTEMPTY);
	assert_int_equal(P9(WALK, "442", 0, 4, 0), 0);
	assert_int_equal(P9(REMOVE, "4", 4), EBUSY); /* the root */
	assert_int_equal(P9(FLUSH, "2", 3), 0);
}

/* Nodes that held each other would never be freed. */
static void no_circle_of_nodes(void **state)
{
	assert_int_equal(P9(MKDIR, "4s44", 0, "a", 0755, 0), 0);
	assert_int_equal(walk1(state, 0, 1, "a"), 0);
	assert_int_equal(P9(MKDIR, "4s44", 1, "b", 0755, 0), 0);
	assert_int_equal(walk1(state, 1, 2, "b"), 0);
	assert_int_equal(P9(RENAMEAT, "4s4s", 1, "b", 0, "b"), 0);
	assert_int_equal(P9(RENAME, "44s", 1, 2, "a"), EINVAL);
}

static void listing(void **state)
{
	unsigned int seen = 0, rounds = 0, dots = 0;
	uint64_t off = 0;
	uint32_t p, n;
	char path[160];
	int i;

	for (i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "%s/dir/file%d", share_dir, i);
		put_file(path, "");
	}
	assert_int_equal(walk1(state, 0, 1, "dir"), 0);
	assert_int_equal(P9(READDIR, "484", 1, off, 500), EBADF);
	assert_int_equal(P9(LOPEN, "44", 1, OFL_P9_DIRECTORY), 0);
	assert_int_equal(P9(READ, "484", 1, (uint64_t)0, 5), EISDIR);
	do {
		assert_int_equal(P9(READDIR, "484", 1, off, 500), 0);
		n = le32(rep + 7);
		assert_true(n <= 500);
		assert_int_equal(rep_len, 11 + n);
		for (p = 11; p < 11 + n; p += 24 + (rep[p + 22] | rep[p + 23] << 8)) {
			memcpy(&off, rep + p + 13, 8);
			if (rep[p + 24] == '.')
				dots++;
			else
				seen++;
		}
		rounds++;
	} while (n);
	assert_int_equal(seen, 101);
	assert_int_equal(dots, 2);
	assert_true(rounds > 5);
	/* No room for one entry; offsets that were never given out. */
	assert_int_equal(P9(READDIR, "484", 1, (uint64_t)0, 10), 0);
	assert_int_equal(le32(rep + 7), 0);
	P9(READDIR, "484", 1, (uint64_t)12345678901234ull, 500);
	assert_int_equal(P9(READDIR, "484", 1, UINT64_MAX, 500), EINVAL);
}

static void walks_stay_inside(void **state)
{
	static const char *const bad[] = { "", ".", "..", "/", "/etc", "a/b",
					   "dir/deep", "../secret", "dir/.." };
	char longer[300], longest[256];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_not_equal(walk1(state, 0, 9, bad[i]), 0);
	assert_int_equal(walk1(state, 0, 9, ".."), EACCES);
	memset(longer, 'n', sizeof(longer));
	longer[299] = 0;
	memset(longest, 'n', sizeof(longest));
	longest[255] = 0;
	assert_int_equal(walk1(state, 0, 9, longer), ENAMETOOLONG);
	assert_int_equal(walk1(state, 0, 9, longest), ENOENT);
	/* A NUL in a name. */
	assert_int_equal(P9(WALK, "4422b", 0, 9, 1, 3, 3, "a\0b"), EINVAL);
	/* Found in part: no fid. */
	assert_int_equal(P9(WALK, "442sss", 0, 9, 3, "dir", "..", "secret"), 0);
	assert_int_equal(rep[7] | rep[8] << 8, 1);
	assert_int_equal(P9(CLUNK, "4", 9), EBADF);
	/* A file is no folder. */
	assert_int_equal(P9(WALK, "442ss", 0, 9, 2, "input.txt", "x"), 0);
	assert_int_equal(P9(CLUNK, "4", 9), EBADF);
	/* Whole, into the same fid. */
	assert_int_equal(P9(WALK, "442", 0, 9, 0), 0);
	assert_int_equal(P9(WALK, "442ss", 9, 9, 2, "dir", "deep"), 0);
	assert_int_equal(rep[7] | rep[8] << 8, 2);
	assert_int_equal(P9(LOPEN, "44", 9, 0), 0);
}

static void links_are_not_followed(void **state)
{
	static const char *const links[] = { "passwd", "up", "inside" };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		/* It is found as what it is ... */
		assert_int_equal(walk1(state, 0, 1, links[i]), 0);
		assert_int_equal(rep[9], OFL_P9_QTSYMLINK);
		assert_int_equal(P9(GETATTR, "48", 1, (uint64_t)0x7ff), 0);
		assert_int_equal(le32(rep + 28) & S_IFMT, S_IFLNK);
		/* ... and leads nowhere. */
		assert_int_equal(P9(LOPEN, "44", 1, OFL_P9_RDONLY), ELOOP);
		assert_int_equal(P9(LOPEN, "44", 1, OFL_P9_RDWR), ELOOP);
		assert_int_equal(walk1(state, 1, 2, "secret"), ENOTDIR);
		assert_int_equal(P9(MKDIR, "4s44", 1, "x", 0755, 0), ENOTDIR);
		assert_int_equal(P9(SYMLINK, "4ss4", 1, "x", "y", 0), ENOTDIR);
		assert_int_equal(P9(LCREATE, "4s444", 1, "x", OFL_P9_RDWR, 0644,
				    0),
				 ENOTDIR);
		assert_int_equal(P9(UNLINKAT, "4s4", 1, "secret", 0), ENOTDIR);
		assert_int_equal(P9(RENAMEAT, "4s4s", 1, "secret", 0, "mine"),
				 ENOTDIR);
		assert_int_equal(P9(CLUNK, "4", 1), 0);
		assert_int_equal(P9(WALK, "442ss", 0, 1, 2, links[i], "secret"),
				 0);
		assert_int_equal(rep[7] | rep[8] << 8, 1);
		/* Nor at create. */
		assert_int_equal(P9(WALK, "442", 0, 1, 0), 0);
		assert_int_equal(P9(LCREATE, "4s444", 1, links[i],
				    OFL_P9_RDWR | OFL_P9_TRUNC, 0644, 0),
				 ELOOP);
		assert_int_equal(P9(CLUNK, "4", 1), 0);
	}
	/* One that the image makes itself. */
	assert_int_equal(P9(SYMLINK, "4ss4", 0, "own", "../secret", 0), 0);
	assert_int_equal(walk1(state, 0, 1, "own"), 0);
	assert_int_equal(P9(LOPEN, "44", 1, 0), ELOOP);
}

/* A folder that is replaced by a link between walk and open. */
static void replaced_behind_our_back(void **state)
{
	char dir[160], away[160];

	snprintf(dir, sizeof(dir), "%s/dir", share_dir);
	snprintf(away, sizeof(away), "%s/away", share_dir);
	assert_int_equal(walk1(state, 0, 1, "dir"), 0);
	assert_int_equal(walk1(state, 1, 2, "deep"), 0);
	assert_int_equal(rename(dir, away), 0);
	assert_int_equal(symlink("/etc", dir), 0);
	assert_int_equal(walk1(state, 1, 3, "passwd"), ENOENT);
	assert_int_equal(P9(LOPEN, "44", 2, 0), 0);
	assert_int_equal(P9(READ, "484", 2, (uint64_t)0, 10), 0);
	assert_memory_equal(rep + 11, "deep", 4);
	/* Removal by node does not hit what is there now. */
	assert_int_equal(P9(REMOVE, "4", 1), ESTALE);
	assert_int_equal(access(dir, F_OK), 0);
}

static void special_files(void **state)
{
	assert_int_equal(walk1(state, 0, 1, "fifo"), 0);
	assert_int_equal(P9(LOPEN, "44", 1, OFL_P9_RDONLY), EPERM);
	assert_int_equal(P9(LOPEN, "44", 1, OFL_P9_RDWR), EPERM);
	assert_int_equal(P9(WALK, "442", 0, 2, 0), 0);
	assert_int_equal(P9(LCREATE, "4s444", 2, "fifo", OFL_P9_RDWR, 0644, 0),
			 EPERM);
	assert_int_equal(P9(LCREATE, "4s444", 2, "dir", OFL_P9_RDWR, 0644, 0),
			 EISDIR);
	assert_int_equal(P9(LOPEN, "44", 2, OFL_P9_RDWR), EISDIR);
	assert_int_equal(P9(LOPEN, "44", 2, 020200000), EINVAL); /* O_TMPFILE */
	assert_int_equal(P9(LOPEN, "44", 2, 3), EINVAL);
}

static void read_only(void **state)
{
	assert_int_equal(P9(LCREATE, "4s444", 0, "x", OFL_P9_RDONLY, 0644, 0),
			 EROFS);
	assert_int_equal(P9(MKDIR, "4s44", 0, "x", 0755, 0), EROFS);
	assert_int_equal(P9(SYMLINK, "4ss4", 0, "x", "y", 0), EROFS);
	assert_int_equal(P9(UNLINKAT, "4s4", 0, "input.txt", 0), EROFS);
	assert_int_equal(P9(RENAMEAT, "4s4s", 0, "input.txt", 0, "x"), EROFS);
	assert_int_equal(walk1(state, 0, 1, "input.txt"), 0);
	assert_int_equal(P9(RENAME, "44s", 1, 0, "x"), EROFS);
	assert_int_equal(P9(SETATTR, "4444488888", 1, OFL_P9_SET_MODE, 0, 0, 0,
			    (uint64_t)0, (uint64_t)0, (uint64_t)0, (uint64_t)0,
			    (uint64_t)0),
			 EROFS);
	assert_int_equal(P9(LOPEN, "44", 1, OFL_P9_WRONLY), EROFS);
	assert_int_equal(P9(LOPEN, "44", 1, OFL_P9_RDWR), EROFS);
	assert_int_equal(P9(LOPEN, "44", 1, OFL_P9_RDONLY | OFL_P9_TRUNC), EROFS);
	assert_int_equal(P9(LOPEN, "44", 1, OFL_P9_RDONLY), 0);
	assert_int_equal(P9(WRITE, "484b", 1, (uint64_t)0, 1, 1, "x"), EROFS);
	assert_int_equal(P9(READ, "484", 1, (uint64_t)0, 5), 0);
	assert_int_equal(P9(REMOVE, "4", 1), EROFS);
	assert_int_equal(P9(CLUNK, "4", 1), EBADF); /* gone all the same */
}

static void fids(void **state)
{
	unsigned int i, n;

	assert_int_equal(P9(CLUNK, "4", 77), EBADF);
	assert_int_equal(P9(GETATTR, "48", 77, (uint64_t)0), EBADF);
	assert_int_equal(walk1(state, 77, 78, "dir"), EBADF);
	assert_int_equal(walk1(state, 0, NOFID, "dir"), EINVAL);
	assert_int_equal(walk1(state, 0, 1, "dir"), 0);
	assert_int_equal(walk1(state, 0, 1, "input.txt"), EINVAL); /* in use */
	assert_int_equal(P9(ATTACH, "44ss4", 1, NOFID, "", "", 0), EINVAL);
	assert_int_equal(P9(ATTACH, "44ss4", 5, 1, "", "", 0), EOPNOTSUPP);
	assert_int_equal(walk1(state, 0, 2, "input.txt"), 0);
	assert_int_equal(P9(READ, "484", 2, (uint64_t)0, 5), EBADF);
	assert_int_equal(P9(LOPEN, "44", 2, 0), 0);
	assert_int_equal(P9(LOPEN, "44", 2, 0), EBUSY);
	assert_int_equal(P9(LCREATE, "4s444", 2, "x", 1, 0644, 0), EBUSY);
	assert_int_equal(P9(WALK, "442", 2, 2, 0), EBUSY);
	/* As many as there are, then none, then again. */
	for (n = 0; n < 2; n++) {
		for (i = 100; walk1(state, 0, i, "dir") == 0; i++)
			assert_true(i < 5000);
		assert_int_equal(i, 100 + OFL_P9_FIDS_MAX - 3);
		assert_int_equal(le32(rep + 7), EMFILE);
		while (i-- > 100)
			assert_int_equal(P9(CLUNK, "4", i), 0);
	}
	/* A new session forgets them all. */
	hello_9p(((struct fixture *)*state)->p9);
	assert_int_equal(P9(CLUNK, "4", 2), EBADF);
}

/* A deep walk holds every folder on its way: that is bounded as well. */
static void nodes_are_bounded(void **state)
{
	struct fixture *f = *state;
	unsigned int i, depth = 0;
	int err = 0;

	assert_int_equal(P9(WALK, "442", 0, 1, 0), 0);
	while (!err && depth < 2000) {
		err = P9(MKDIR, "4s44", 1, "d", 0755, 0);
		if (!err)
			err = walk1(state, 1, 1, "d");
		depth++;
	}
	assert_int_equal(err, ENFILE);
	assert_int_equal(f->fs->nodes, P9FS_NODES_MAX);
	assert_int_equal(P9(CLUNK, "4", 1), 0);
	assert_int_equal(f->fs->nodes, 1);
	for (i = 0; i < 10; i++) {
		assert_int_equal(walk1(state, 0, 1, "dir"), 0);
		assert_int_equal(P9(CLUNK, "4", 1), 0);
	}
}

static void sessions(void **state)
{
	struct ofl_p9 *p9 = ((struct fixture *)*state)->p9;
	unsigned int i;

	assert_int_equal(P9(VERSION, "4s", 255, "9P2000.L"), EMSGSIZE);
	assert_int_equal(P9(ATTACH, "44ss4", 0, NOFID, "", "", 0), EPROTO);
	assert_int_equal(P9(VERSION, "4s", 0, "9P2000.L"), EMSGSIZE);
	assert_int_equal(P9(VERSION, "4s", 8192, "9P2000"), 0);
	assert_memory_equal(rep + 13, "unknown", 7);
	assert_int_equal(P9(ATTACH, "44ss4", 0, NOFID, "", "", 0), EPROTO);
	assert_int_equal(P9(VERSION, "4s", UINT32_MAX, "9P2000.L"), 0);
	assert_int_equal(le32(rep + 7), P9_MSIZE_MAX);
	assert_int_equal(P9(VERSION, "4s", 256, "9P2000.L"), 0);
	assert_int_equal(le32(rep + 7), 256);
	assert_int_equal(P9(ATTACH, "44ss4", 0, NOFID, "", "", 0), 0);
	/* The largest replies of fixed size fit the smallest msize. */
	assert_int_equal(P9(GETATTR, "48", 0, (uint64_t)0x7ff), 0);
	assert_int_equal(walk1(state, 0, 1, "input.txt"), 0);
	assert_int_equal(P9(LOPEN, "44", 1, OFL_P9_RDWR), 0);
	/* More than fits is cut at msize; a message over it is refused. */
	assert_int_equal(P9(SETATTR, "4444488888", 1, OFL_P9_SET_SIZE, 0, 0, 0,
			    (uint64_t)10000, (uint64_t)0, (uint64_t)0,
			    (uint64_t)0, (uint64_t)0),
			 0);
	assert_int_equal(P9(READ, "484", 1, (uint64_t)0, UINT32_MAX), 0);
	assert_int_equal(rep_len, 256);
	build(OFL_P9_TWRITE, "484", 1, (uint64_t)0, 1000);
	req[0] = 0xff;
	req[1] = 0x0f;
	req_len = 0xfff;
	assert_int_equal(send_req(p9), EMSGSIZE);
	/* Types that are not served, replies as requests. */
	for (i = 0; i < 256; i++) {
		static const uint8_t no[] = { 6, 7, 31, 33, 53, 55, 71, 102, 106,
					      101, 0, 19, 255 };

		if (i < sizeof(no))
			assert_int_equal(CALL(p9, no[i], "44", 0, 0), EOPNOTSUPP);
	}
}

static void bad_shares(void **state)
{
	char path[160];

	(void)state;
	assert_null(ofl_p9fs_open("/nonexistent/share", OFL_P9FS_AUTO));
	assert_non_null(strstr(last_log, "no such folder"));
	snprintf(path, sizeof(path), "%s/input.txt", share_dir);
	assert_null(ofl_p9fs_open(path, OFL_P9FS_AUTO));
	assert_non_null(strstr(last_log, "not a folder"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(read_write_create),
		T(attributes),
		T(names),
		T(no_circle_of_nodes),
		T(listing),
		T(walks_stay_inside),
		T(links_are_not_followed),
		T(replaced_behind_our_back),
		T(special_files),
		cmocka_unit_test_setup_teardown(read_only, setup_ro, teardown),
		T(fids),
		T(nodes_are_bounded),
		T(sessions),
		T(bad_shares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
