/* SPDX-License-Identifier: BSD-2-Clause */
/* Extended attributes of files in a share, and requests that misuse their fids. */
#include "pmm_share.h"

#include <sys/xattr.h>

/* Has the file system of /tmp any?  Else there is nothing to see here. */
static void need_xattrs(void)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/input.txt", share_dir);
	if (!setxattr(path, "user.probe", "x", 1, 0)) {
		removexattr(path, "user.probe");
		return;
	}
	print_message("the file system of /tmp has no user.* attributes\n");
	skip();
}

/* As a client does: a fid for it, the value in pieces, clunk.  The first error. */
static int set(void **state, const char *file, const char *name, const void *data,
	       uint32_t size, uint32_t flags)
{
	uint32_t done, n;
	int err, end;

	err = walk1(state, 0, 9, file);
	if (err)
		return err;
	err = P9(XATTRCREATE, "4s84", 9, name, (uint64_t)size, flags);
	for (done = 0; !err && done < size; done += n) {
		n = size - done < 1000 ? size - done : 1000;
		err = P9(WRITE, "484b", 9, (uint64_t)done, n, n,
			 (const char *)data + done);
	}
	end = P9(CLUNK, "4", 9);
	return err ? err : end;
}

/* The value, or the names, to `to`: how long it is, or -error. */
static int64_t get(void **state, const char *file, const char *name, void *to)
{
	uint32_t size, done, n;
	int err;

	assert_int_equal(walk1(state, 0, 9, file), 0);
	err = P9(XATTRWALK, "44s", 9, 10, name);
	size = le32(rep + 7);
	assert_int_equal(P9(CLUNK, "4", 9), 0);
	if (err)
		return -err;
	for (done = 0; done < size; done += n) {
		assert_int_equal(P9(READ, "484", 10, (uint64_t)done, 1000), 0);
		n = le32(rep + 7);
		assert_in_range(n, 1, 1000);
		memcpy((char *)to + done, rep + 11, n);
	}
	assert_int_equal(P9(READ, "484", 10, (uint64_t)size, 1000), 0);
	assert_int_equal(le32(rep + 7), 0);
	assert_int_equal(P9(CLUNK, "4", 10), 0);
	return size;
}

static void set_get_list_remove(void **state)
{
	static char big[3000], back[OFL_P9_XATTR_MAX];
	char path[160];

	need_xattrs();
	memset(big, 'b', sizeof(big));
	assert_int_equal(set(state, "input.txt", "user.one", "1", 1, 0), 0);
	assert_int_equal(set(state, "input.txt", "user.big", big, sizeof(big), 0), 0);
	assert_int_equal(set(state, "dir", "user.of-a-folder", "yes", 3, 0), 0);
	assert_int_equal(get(state, "input.txt", "user.one", back), 1);
	assert_memory_equal(back, "1", 1);
	assert_int_equal(get(state, "input.txt", "user.big", back), sizeof(big));
	assert_memory_equal(back, big, sizeof(big));
	assert_int_equal(get(state, "dir", "user.of-a-folder", back), 3);
	/* They are there for others, too. */
	snprintf(path, sizeof(path), "%s/input.txt", share_dir);
	assert_int_equal(getxattr(path, "user.big", back, sizeof(back)), sizeof(big));
	/* Names, in any order. */
	assert_int_equal(get(state, "input.txt", "", back), 18);
	assert_non_null(memmem(back, 18, "user.one", 9));
	assert_non_null(memmem(back, 18, "user.big", 9));
	assert_int_equal(get(state, "passwd", "", back), 0); /* a link has none */
	/* Another value; one only if there is none, or only if there is one. */
	assert_int_equal(set(state, "input.txt", "user.one", "two", 3, XATTR_REPLACE), 0);
	assert_int_equal(get(state, "input.txt", "user.one", back), 3);
	assert_int_equal(set(state, "input.txt", "user.one", "3", 1, XATTR_CREATE), EEXIST);
	assert_int_equal(set(state, "input.txt", "user.new", "3", 1, XATTR_REPLACE), ENODATA);
	assert_int_equal(get(state, "input.txt", "user.one", back), 3);
	/* Removed: a value of length 0, as Linux's client says it. */
	assert_int_equal(set(state, "input.txt", "user.one", "", 0, XATTR_REPLACE), 0);
	assert_int_equal(get(state, "input.txt", "user.one", back), -ENODATA);
	assert_int_equal(set(state, "input.txt", "user.one", "", 0, XATTR_REPLACE), ENODATA);
	assert_int_equal(get(state, "input.txt", "", back), 9);
}

/* Rights, labels and capabilities of this machine are not the image's. */
static void other_namespaces(void **state)
{
	static const char *const names[] = { "security.capability", "trusted.x",
					     "system.posix_acl_access", "user.", "user", "x" };
	char back[OFL_P9_NAME_MAX + 1];
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(set(state, "input.txt", names[i], "x", 1, 0), EOPNOTSUPP);
		assert_int_equal(get(state, "input.txt", names[i], back), -EOPNOTSUPP);
	}
	/* Neither do links and FIFOs have any. */
	assert_int_equal(set(state, "passwd", "user.x", "x", 1, 0), EOPNOTSUPP);
	assert_int_equal(set(state, "fifo", "user.x", "x", 1, 0), EOPNOTSUPP);
}

/* What was announced and what comes must agree, or nothing is set. */
static void unfinished(void **state)
{
	char back[100];

	need_xattrs();
	assert_int_equal(set(state, "input.txt", "user.x", "old", 3, 0), 0);
	assert_int_equal(walk1(state, 0, 1, "input.txt"), 0);
	assert_int_equal(P9(XATTRCREATE, "4s84", 1, "user.x", (uint64_t)10, 0), 0);
	assert_int_equal(P9(WRITE, "484b", 1, (uint64_t)0, 4, 4, "part"), 0);
	assert_int_equal(P9(WRITE, "484b", 1, (uint64_t)5, 1, 1, "x"), EINVAL); /* a gap */
	assert_int_equal(P9(WRITE, "484b", 1, (uint64_t)3, 1, 1, "x"), EINVAL);
	assert_int_equal(P9(WRITE, "484b", 1, (uint64_t)4, 7, 7, "overrun"), ENOSPC);
	assert_int_equal(P9(READ, "484", 1, (uint64_t)0, 10), EBADF);
	assert_int_equal(P9(CLUNK, "4", 1), EINVAL);
	assert_int_equal(get(state, "input.txt", "user.x", back), 3);
	/* Forgotten half-way: as if it had never begun. */
	assert_int_equal(walk1(state, 0, 1, "input.txt"), 0);
	assert_int_equal(P9(XATTRCREATE, "4s84", 1, "user.x", (uint64_t)3, 0), 0);
	assert_int_equal(P9(WRITE, "484b", 1, (uint64_t)0, 3, 3, "new"), 0);
	hello_9p(((struct fixture *)*state)->p9);
	assert_int_equal(get(state, "input.txt", "user.x", back), 3);
	assert_memory_equal(back, "old", 3);
}

/* A fid of an attribute is nothing else, and what it may not become stays. */
static void fids_of_attributes(void **state)
{
	need_xattrs();
	assert_int_equal(set(state, "input.txt", "user.x", "old", 3, 0), 0);
	assert_int_equal(walk1(state, 0, 1, "input.txt"), 0);
	assert_int_equal(P9(XATTRWALK, "44s", 1, 1, "user.x"), EINVAL);
	assert_int_equal(P9(XATTRWALK, "44s", 1, 0, "user.x"), EINVAL); /* in use */
	assert_int_equal(P9(XATTRWALK, "44s", 8, 2, "user.x"), EBADF);
	assert_int_equal(P9(XATTRWALK, "44s", 1, 2, "user.x"), 0);
	assert_int_equal(P9(WRITE, "484b", 2, (uint64_t)0, 1, 1, "x"), EBADF);
	assert_int_equal(P9(READ, "484", 2, UINT64_MAX, 10), 0);
	assert_int_equal(le32(rep + 7), 0);
	assert_true(P9(LOPEN, "44", 2, 0) != 0);
	assert_true(P9(WALK, "442", 2, 2, 0) != 0);
	assert_int_equal(P9(XATTRCREATE, "4s84", 2, "user.x", (uint64_t)3, 0), EBUSY);
	assert_int_equal(P9(CLUNK, "4", 2), 0);
	/* Open already; too long; flags and names that there are not. */
	assert_int_equal(P9(LOPEN, "44", 1, 0), 0);
	assert_int_equal(P9(XATTRCREATE, "4s84", 1, "user.x", (uint64_t)3, 0), EBUSY);
	assert_int_equal(P9(WALK, "442", 0, 2, 0), 0);
	assert_int_equal(P9(XATTRCREATE, "4s84", 2, "user.x", (uint64_t)65537, 0), E2BIG);
	assert_int_equal(P9(XATTRCREATE, "4s84", 2, "user.x", UINT64_MAX, 0), E2BIG);
	assert_int_equal(P9(XATTRCREATE, "4s84", 2, "user.x", (uint64_t)3, 4), EINVAL);
	assert_int_equal(P9(XATTRCREATE, "4s84", 2, "", (uint64_t)3, 0), EINVAL);
	/* Tremove of a fid that writes one is no way to set it. */
	assert_int_equal(P9(XATTRCREATE, "4s84", 2, "user.x", (uint64_t)0, 0), 0);
	assert_true(P9(REMOVE, "4", 2) != 0);
}

static void read_only_share(void **state)
{
	char back[10];

	need_xattrs();
	assert_int_equal(set(state, "input.txt", "user.x", "x", 1, 0), EROFS);
	assert_int_equal(get(state, "input.txt", "user.x", back), -ENODATA);
	assert_int_equal(get(state, "input.txt", "", back), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(set_get_list_remove),
		T(other_namespaces),
		T(unfinished),
		T(fids_of_attributes),
		cmocka_unit_test_setup_teardown(read_only_share, setup_ro, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
