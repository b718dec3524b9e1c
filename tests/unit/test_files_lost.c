// SPDX-License-Identifier: BSD-2-Clause
/* Files without a PMM, or with one that goes away or lies. */
#include "files_mock.h"

static void test_no_pmm(void **state)
{
	struct stat st;
	char c;

	(void)state;
	sim_reset(9, 1);
	ofl_files_forget(&share);
	ofl_files_forget(&other);
	ofl_tty_use(NULL);
	assert_int_equal(write(1, "to the log\n", 11), 11);
	assert_int_equal(write(2, "me too\n", 7), 7);
	assert_true(log_has("to the log\nme too\n"));
	assert_int_equal(read(0, &c, 1), 0);
	assert_fails(open("f", O_RDONLY), ENODEV);
	assert_fails(stat("f", &st), ENODEV);
	assert_fails(mkdir("f", 0755), ENODEV);
	assert_fails(rename("f", "g"), ENODEV);
	assert_null(opendir("/"));
	assert_int_equal(errno, ENODEV);
}

static void step_gone(void)
{
	if (mock_steps > 50)
		mock_epoch = 2;
}

static void test_pmm_gone(void **state)
{
	struct stat st;
	char c;
	int fd;

	(void)state;
	start_share();
	fd = open("f", O_RDWR | O_CREAT, 0644);
	mock_steps = 0;
	pmm_step = step_gone;
	assert_fails(read(fd, &c, 1), EIO);
	assert_true(mock_now < OFL_SEC);
	assert_fails(write(fd, &c, 1), EIO);
	assert_fails(lseek(fd, 0, SEEK_END), EIO);
	assert_fails(fstat(fd, &st), EIO);
	assert_fails(open("f", O_RDONLY), EIO);
	assert_fails(rename("f", "g"), EIO);
	/* The descriptor goes all the same. */
	assert_fails(close(fd), EIO);
	assert_fails(close(fd), EBADF);
	end_share();
}

static struct ofl_console con;

static void step_console_gone(void)
{
	sim_ack();
	if (mock_steps > 5000)
		mock_epoch = 2;
}

static void test_console_falls_back(void **state)
{
	static char text[30000];

	(void)state;
	sim_reset(OFL_VIRTIO_ID_CONSOLE, 2);
	sim_refuse = 0;
	memset(&dev, 0, sizeof(dev));
	dev.hdr = sim_hdr();
	dev.mem = (struct ofl_devmem){ window_mem + MEM_OFF, WIN_PA + MEM_OFF,
				       24 * 1024, 0 };
	dev.epoch = 1;
	pmm_step = step_console_gone;
	assert_int_equal(ofl_virtio_open(&dev), 0);
	assert_int_equal(ofl_console_start(&con, &dev), 0);
	ofl_tty_use(&con);
	assert_int_equal(write(1, "seen", 4), 4);
	assert_int_equal(con.tx.in_flight, 1);
	assert_false(log_has("seen"));
	/* Nobody takes it, then the PMM is gone: into the log, all of it. */
	memset(text, 'y', sizeof(text));
	strcpy(text + sizeof(text) - 5, "last");
	assert_int_equal(write(1, text, sizeof(text) - 1), sizeof(text) - 1);
	assert_true(log_has("seen"));
	assert_true(log_has("last"));
	assert_int_equal(write(1, "after", 5), 5);
	assert_true(log_has("after"));
	ofl_tty_use(NULL);
}

static void spoil_write_zero(unsigned int type, struct srv_reply *reply)
{
	if (type == P9_TWRITE)
		memset(reply->buf + 7, 0, 4);
}

static void spoil_attr(unsigned int type, struct srv_reply *reply)
{
	if (type == P9_TGETATTR)
		memset(reply->buf + 7, 0xff, reply->len - 7);
}

static void spoil_dirent(unsigned int type, struct srv_reply *reply)
{
	if (type == P9_TREADDIR && reply->len > 40)
		reply->buf[11 + 22] = 0xff;
}

static void test_lies(void **state)
{
	struct stat st;
	DIR *dir;
	int fd;

	(void)state;
	start_share();
	fd = open("f", O_RDWR | O_CREAT, 0644);
	srv_spoil = spoil_write_zero; /* takes nothing, for ever */
	assert_fails(write(fd, "abc", 3), EIO);
	srv_spoil = spoil_attr;
	assert_fails(stat("f", &st), EPROTO);
	end_share();

	start_share();
	close(creat("a", 0644));
	close(creat("b", 0644));
	srv_spoil = spoil_dirent;
	dir = opendir("/");
	assert_non_null(dir);
	errno = 0;
	assert_null(readdir(dir));
	assert_int_equal(errno, EPROTO);
	assert_fails(closedir(dir), EIO);
	end_share();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_pmm),
		cmocka_unit_test(test_pmm_gone),
		cmocka_unit_test(test_console_falls_back),
		cmocka_unit_test(test_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
