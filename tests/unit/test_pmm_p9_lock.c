/* SPDX-License-Identifier: BSD-2-Clause */
/* Locks on files of a share: between its clients, with this machine, and their end. */
#include "pmm_share.h"

#include <sys/file.h>

#define SUCCESS 0
#define BLOCKED 1

/* Two clients of one share, each with input.txt open as fid 1. */
static struct ofl_p9 *one, *two;

static void open_input(struct ofl_p9 *p9, unsigned int fid)
{
	assert_int_equal(CALL(p9, OFL_P9_TWALK, "442s", 0, fid, 1, "input.txt"), 0);
	assert_int_equal(CALL(p9, OFL_P9_TLOPEN, "44", fid, OFL_P9_RDWR), 0);
}

static int two_clients(void **state)
{
	struct fixture *f;

	setup(state);
	f = *state;
	one = f->p9;
	two = ofl_p9_new("share", MEM_9P, false, &ofl_p9fs_ops, f->fs);
	assert_non_null(two);
	hello_9p(two);
	open_input(one, 1);
	open_input(two, 1);
	return 0;
}

static int end_clients(void **state)
{
	if (two) {
		ofl_p9_forget(two);
		ofl_p9_free(two);
	}
	return teardown(state);
}

/* The status in the answer, or -error. */
static int lock(struct ofl_p9 *p9, unsigned int fid, unsigned int type, uint64_t start,
		uint64_t length)
{
	int err = CALL(p9, OFL_P9_TLOCK, "414884s", fid, type, 0, start, length, 77, "host");

	if (err)
		return -err;
	assert_int_equal(rep_len, 8);
	return rep[7];
}

/* Who would be in the way: the type of its lock; OFL_P9_LOCK_UN: nobody. */
static int in_the_way(struct ofl_p9 *p9, unsigned int type, uint64_t start, uint64_t length)
{
	int err = CALL(p9, OFL_P9_TGETLOCK, "41884s", 1, type, start, length, 77, "host");

	return err ? -err : rep[7];
}

#define RD OFL_P9_LOCK_RD
#define WR OFL_P9_LOCK_WR
#define UN OFL_P9_LOCK_UN

/* Shared and exclusive, by parts and of the whole file. */
static void between_clients(void **state)
{
	(void)state;
	assert_int_equal(lock(one, 1, WR, 0, 10), SUCCESS);
	assert_int_equal(lock(two, 1, WR, 0, 10), BLOCKED);
	assert_int_equal(lock(two, 1, RD, 9, 1), BLOCKED);
	assert_int_equal(lock(two, 1, WR, 10, 10), SUCCESS);
	assert_int_equal(in_the_way(two, WR, 0, 0), WR);
	assert_int_equal(le32(rep + 8), 0);
	assert_int_equal(le32(rep + 16), 10);
	assert_int_equal(in_the_way(two, WR, 10, 0), UN);
	/* Its own are in nobody's way: it may change them. */
	assert_int_equal(in_the_way(one, WR, 0, 10), UN);
	assert_int_equal(lock(one, 1, RD, 0, 10), SUCCESS);
	assert_int_equal(lock(two, 1, RD, 0, 10), SUCCESS);
	assert_int_equal(lock(one, 1, WR, 0, 10), BLOCKED);
	assert_int_equal(lock(two, 1, UN, 0, 0), SUCCESS);
	assert_int_equal(lock(one, 1, WR, 0, 0), SUCCESS); /* to the end, wherever that is */
	assert_int_equal(lock(two, 1, WR, 1ull << 40, 1), BLOCKED);
	assert_int_equal(lock(one, 1, UN, 0, 0), SUCCESS);
	assert_int_equal(lock(two, 1, WR, 1ull << 40, 1), SUCCESS);
}

/* Two files that one client has open exclude each other, too. */
static void between_fids(void **state)
{
	(void)state;
	open_input(one, 2);
	assert_int_equal(lock(one, 1, WR, 0, 0), SUCCESS);
	assert_int_equal(lock(one, 2, WR, 0, 0), BLOCKED);
	assert_int_equal(CALL(one, OFL_P9_TCLUNK, "4", 1), 0);
	assert_int_equal(lock(one, 2, WR, 0, 0), SUCCESS);
}

/* A lock ends with its fid and with its client, whatever that had promised. */
static void ends(void **state)
{
	(void)state;
	assert_int_equal(lock(one, 1, WR, 0, 0), SUCCESS);
	assert_int_equal(lock(two, 1, WR, 0, 0), BLOCKED);
	assert_int_equal(CALL(one, OFL_P9_TCLUNK, "4", 1), 0);
	assert_int_equal(lock(two, 1, WR, 0, 0), SUCCESS);
	/* The client begins anew, as an image that is started again does. */
	open_input(one, 1);
	assert_int_equal(lock(one, 1, WR, 0, 0), BLOCKED);
	hello_9p(two);
	assert_int_equal(lock(one, 1, WR, 0, 0), SUCCESS);
	open_input(two, 1);
	assert_int_equal(lock(two, 1, WR, 0, 0), BLOCKED);
	/* The client is gone: its device is reset, its connection closed. */
	ofl_p9_forget(one);
	assert_int_equal(lock(two, 1, WR, 0, 0), SUCCESS);
	ofl_p9_free(two);
	two = NULL;
	hello_9p(one);
	open_input(one, 1);
	assert_int_equal(lock(one, 1, WR, 0, 0), SUCCESS);
}

/* Removed behind the fid: the lock is the open file's, not the name's. */
static void on_a_removed_file(void **state)
{
	(void)state;
	assert_int_equal(lock(one, 1, WR, 0, 0), SUCCESS);
	assert_int_equal(CALL(one, OFL_P9_TUNLINKAT, "4s4", 0, "input.txt", 0), 0);
	assert_int_equal(lock(two, 1, WR, 0, 0), BLOCKED);
	assert_int_equal(CALL(one, OFL_P9_TCLUNK, "4", 1), 0);
	assert_int_equal(lock(two, 1, WR, 0, 0), SUCCESS);
}

/* Programs of this machine: fcntl() sees them and is seen; flock() is another matter. */
static void with_this_machine(void **state)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 5 };
	char path[160];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/input.txt", share_dir);
	fd = open(path, O_RDWR);
	assert_int_equal(lock(one, 1, WR, 0, 5), SUCCESS);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &fl), -1);
	assert_int_equal(lock(one, 1, UN, 0, 0), SUCCESS);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &fl), 0);
	assert_int_equal(lock(one, 1, RD, 0, 0), BLOCKED);
	assert_int_equal(lock(one, 1, RD, 5, 0), SUCCESS);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	close(fd);
	assert_int_equal(lock(one, 1, RD, 0, 0), SUCCESS);
}

static void nonsense(void **state)
{
	(void)state;
	assert_int_equal(lock(one, 0, WR, 0, 0), -EBADF); /* not open */
	assert_int_equal(lock(one, 9, WR, 0, 0), -EBADF);
	assert_int_equal(lock(one, 1, 3, 0, 0), -EINVAL);
	assert_int_equal(lock(one, 1, 255, 0, 0), -EINVAL);
	assert_int_equal(lock(one, 1, WR, UINT64_MAX, 1), -EINVAL);
	assert_int_equal(lock(one, 1, WR, 0, UINT64_MAX), -EINVAL);
	assert_int_not_equal(lock(one, 1, WR, INT64_MAX, INT64_MAX), SUCCESS);
	assert_int_equal(in_the_way(one, UN, 0, 0), -EINVAL);
	assert_int_equal(in_the_way(one, WR, UINT64_MAX, 0), -EINVAL);
	/* Open to read only: not to exclude others. */
	assert_int_equal(CALL(one, OFL_P9_TWALK, "442s", 0, 2, 1, "input.txt"), 0);
	assert_int_equal(CALL(one, OFL_P9_TLOPEN, "44", 2, OFL_P9_RDONLY), 0);
	assert_int_equal(lock(one, 2, WR, 0, 0), -EBADF);
	assert_int_equal(lock(one, 2, RD, 0, 0), SUCCESS);
	assert_int_equal(lock(two, 1, RD, 0, 0), SUCCESS);
}

#define CLIENTS(name) cmocka_unit_test_setup_teardown(name, two_clients, end_clients)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLIENTS(between_clients),
		CLIENTS(between_fids),
		CLIENTS(ends),
		CLIENTS(on_a_removed_file),
		CLIENTS(with_this_machine),
		CLIENTS(nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
