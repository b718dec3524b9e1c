/* SPDX-License-Identifier: BSD-2-Clause */
/* A disk that is full says so at any time: to write, to fsync, to close. */
#include "pmm_share.h"

static struct ofl_p9_fs_ops full_ops;
static int64_t room;	/* bytes that are still taken */
static int sync_error, close_error;

static int64_t full_write(struct ofl_p9_file *file, const void *buf, uint32_t len,
			  uint64_t off)
{
	if (!room)
		return -ENOSPC;
	if (len > room)
		len = (uint32_t)room;
	room -= len;
	return ofl_p9fs_ops.write(file, buf, len, off);
}

static int full_fsync(struct ofl_p9_file *file, bool data_only)
{
	(void)file;
	(void)data_only;
	return sync_error;
}

static int full_close(struct ofl_p9_file *file)
{
	int err = ofl_p9fs_ops.close(file);

	return err ? err : close_error;
}

static int full_setup(void **state)
{
	struct fixture *f;

	setup(state);
	f = *state;
	full_ops = ofl_p9fs_ops;
	full_ops.write = full_write;
	full_ops.fsync = full_fsync;
	full_ops.close = full_close;
	f->p9->ops = &full_ops;
	room = 7;
	sync_error = close_error = 0;
	last_log[0] = '\0';
	assert_int_equal(walk1(state, 0, 1, "input.txt"), 0);
	assert_int_equal(P9(LOPEN, "44", 1, OFL_P9_RDWR), 0);
	return 0;
}

static void on_write(void **state)
{
	assert_int_equal(P9(WRITE, "484b", 1, (uint64_t)0, 10, 10, "HELLOWORLD"), 0);
	assert_int_equal(le32(rep + 7), 7);
	assert_int_equal(P9(WRITE, "484b", 1, (uint64_t)7, 3, 3, "RLD"), ENOSPC);
	assert_int_equal(P9(READ, "484", 1, (uint64_t)0, 100), 0);
	assert_memory_equal(rep + 11, "HELLOWOorld\n", 12);
	room = 3;
	assert_int_equal(P9(WRITE, "484b", 1, (uint64_t)7, 3, 3, "RLD"), 0);
	assert_int_equal(le32(rep + 7), 3);
	assert_int_equal(P9(CLUNK, "4", 1), 0);
}

static void on_fsync(void **state)
{
	sync_error = -ENOSPC;
	assert_int_equal(P9(FSYNC, "44", 1, 0), ENOSPC);
	sync_error = -EIO;
	assert_int_equal(P9(FSYNC, "44", 1, 1), EIO);
	sync_error = 0;
	assert_int_equal(P9(FSYNC, "44", 1, 0), 0);
}

/* The fid is gone all the same. */
static void on_close(void **state)
{
	close_error = -ENOSPC;
	assert_int_equal(P9(CLUNK, "4", 1), ENOSPC);
	assert_int_equal(P9(CLUNK, "4", 1), EBADF);
	assert_int_equal(walk1(state, 0, 1, "input.txt"), 0);
	assert_int_equal(P9(LOPEN, "44", 1, OFL_P9_RDWR), 0);
	close_error = -EDQUOT;
	assert_int_equal(P9(CLUNK, "4", 1), EDQUOT);
	assert_string_equal(last_log, "");
}

/* Nobody to tell: the log. */
static void on_close_of_one_who_is_gone(void **state)
{
	close_error = -ENOSPC;
	ofl_p9_forget(((struct fixture *)*state)->p9);
	assert_string_equal(last_log, "9p: closing a file that its client had left: error 28");
}

#define FULL(name) cmocka_unit_test_setup_teardown(name, full_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FULL(on_write),
		FULL(on_fsync),
		FULL(on_close),
		FULL(on_close_of_one_who_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
