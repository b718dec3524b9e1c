// SPDX-License-Identifier: BSD-2-Clause
/* Files and directories, from the POSIX calls down. */
#include "files_mock.h"

static void test_open_modes(void **state)
{
	char buf[16];
	int fd, again;

	(void)state;
	start_share();
	assert_fails(open("none", O_RDONLY), ENOENT);
	assert_fails(open("", O_RDONLY), ENOENT);
	assert_fails(open("none/x", O_WRONLY | O_CREAT, 0644), ENOENT);
	fd = open("f", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_int_equal(fd, 3);
	assert_int_equal(write(fd, "hello", 5), 5);
	assert_fails(read(fd, buf, 1), EBADF);
	again = open("/f", O_RDONLY);
	assert_int_equal(again, 4);
	assert_fails(write(again, "x", 1), EBADF);
	assert_int_equal(read(again, buf, sizeof(buf)), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(read(again, buf, sizeof(buf)), 0);
	assert_int_equal(close(fd), 0);
	assert_fails(close(fd), EBADF);
	assert_fails(open("f", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
	fd = open("f", O_WRONLY | O_APPEND);
	assert_int_equal(fd, 3);
	assert_int_equal(write(fd, " you", 4), 4);
	assert_int_equal(lseek(again, 0, SEEK_SET), 0);
	assert_int_equal(read(again, buf, sizeof(buf)), 9);
	close(fd);
	fd = open("f", O_RDWR | O_TRUNC);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	close(fd);
	close(again);
	assert_int_equal(srv_open_fids(), 1);
	assert_fails(open("/", O_RDWR), EISDIR);
	fd = open("/", O_RDONLY);
	assert_fails(read(fd, buf, 1), EISDIR);
	close(fd);
	end_share();
}

static void test_paths(void **state)
{
	static char longest[1200];
	struct stat st;

	(void)state;
	start_share();
	assert_int_equal(mkdir("a", 0755), 0);
	assert_int_equal(mkdir("a/b/", 0755), 0);
	assert_int_equal(close(creat("a/b/c", 0600)), 0);
	assert_int_equal(stat("//a/./b//c", &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(stat("../../a/../a/b/../b/c", &st), 0);
	assert_int_equal(stat("/..", &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_fails(stat("a/b/c/", &st), ENOTDIR);
	assert_fails(open("a/b/c/", O_RDONLY), ENOTDIR);
	assert_fails(open("new/", O_WRONLY | O_CREAT, 0644), EISDIR);
	assert_fails(unlink("a/b/c/"), ENOTDIR);
	assert_fails(unlink("/"), EBUSY);
	assert_fails(rmdir("a/.."), EBUSY);
	assert_fails(mkdir("/", 0755), EEXIST);
	assert_fails(mkdir("a", 0755), EEXIST);
	memset(longest, 'x', 300);
	assert_fails(stat(longest, &st), ENAMETOOLONG);
	for (size_t i = 0; i < sizeof(longest) - 1; i++)
		longest[i] = i % 2 ? '/' : 'x';
	assert_fails(stat(longest, &st), ENAMETOOLONG);
	assert_fails(stat(NULL, &st), EFAULT);
	assert_int_equal(srv_open_fids(), 1);
	end_share();
}

static void test_names(void **state)
{
	struct stat st;

	(void)state;
	start_share();
	close(creat("one", 0644));
	assert_int_equal(rename("one", "two"), 0);
	assert_fails(stat("one", &st), ENOENT);
	assert_fails(rename("one", "two"), ENOENT);
	assert_fails(rename("two", "no/two"), ENOENT);
	assert_fails(rename("/", "x"), EBUSY);
	assert_int_equal(access("two", R_OK | W_OK), 0);
	assert_fails(access("two", X_OK), EACCES);
	assert_fails(access("three", F_OK), ENOENT);
	assert_int_equal(unlink("two"), 0);
	assert_fails(unlink("two"), ENOENT);
	mkdir("d", 0755);
	assert_fails(unlink("d"), EISDIR);
	assert_int_equal(rmdir("d"), 0);
	assert_int_equal(srv_open_fids(), 1);
	end_share();
}

static void test_two_shares(void **state)
{
	struct ofl_path path;

	(void)state;
	start_share();
	memset(&other, 0, sizeof(other));
	strcpy(other.name, "more");
	assert_int_equal(ofl_files_mount(&other, false), 0);
	assert_int_equal(ofl_files_mount(&other, false), -EEXIST);
	assert_int_equal(ofl_path_parse("/more/x/y", &path), 0);
	assert_ptr_equal(path.p9, &other);
	assert_string_equal(path.text, "x/y");
	assert_string_equal(path.name, "y");
	assert_int_equal(ofl_path_parse("more", &path), 0);
	assert_ptr_equal(path.p9, &other);
	assert_string_equal(path.text, "");
	assert_int_equal(ofl_path_parse("/moreover/x", &path), 0);
	assert_ptr_equal(path.p9, &share);
	assert_string_equal(path.text, "moreover/x");
	assert_int_equal(ofl_path_parse("share/../more/../f", &path), 0);
	assert_ptr_equal(path.p9, &share);
	assert_string_equal(path.text, "f");
	close(creat("f", 0644));
	assert_fails(rename("f", "more/f"), EXDEV);
	end_share();
}

static void test_seek(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	start_share();
	fd = open("f", O_RDWR | O_CREAT, 0644);
	assert_int_equal(write(fd, "0123456789", 10), 10);
	assert_int_equal(lseek(fd, -3, SEEK_CUR), 7);
	assert_int_equal(lseek(fd, -10, SEEK_END), 0);
	assert_fails(lseek(fd, -1, SEEK_SET), EINVAL);
	assert_fails(lseek(fd, 0, 77), EINVAL);
	assert_int_equal(lseek(fd, INT64_MAX, SEEK_SET), INT64_MAX);
	assert_fails(lseek(fd, 1, SEEK_CUR), EOVERFLOW);
	assert_fails(lseek(1, 0, SEEK_SET), ESPIPE);
	assert_fails(lseek(99, 0, SEEK_SET), EBADF);
	assert_fails(lseek(-1, 0, SEEK_SET), EBADF);
	assert_int_equal(ftruncate(fd, 4), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 4);
	assert_fails(ftruncate(fd, -1), EINVAL);
	assert_int_equal(fsync(fd), 0);
	assert_fails(fsync(0), EINVAL);
	end_share();
}

static void test_descriptors(void **state)
{
	struct stat st;
	char c;
	int fd, copy, n = 0;

	(void)state;
	start_share();
	fd = open("f", O_RDWR | O_CREAT, 0644);
	write(fd, "ab", 2);
	copy = dup(fd);
	assert_int_equal(copy, fd + 1);
	lseek(copy, 0, SEEK_SET);
	assert_int_equal(read(fd, &c, 1), 1); /* one offset for both */
	assert_int_equal(read(copy, &c, 1), 1);
	assert_int_equal(c, 'b');
	assert_int_equal(close(fd), 0);
	assert_int_equal(srv_open_fids(), 2);
	assert_int_equal(dup2(copy, 20), 20);
	assert_int_equal(dup2(20, 20), 20);
	assert_fails(dup2(copy, 9999), EBADF);
	assert_fails(dup(50), EBADF);
	close(copy);
	assert_int_equal(fcntl(20, F_DUPFD, 40), 40);
	assert_fails(fcntl(20, F_DUPFD, -1), EINVAL);
	assert_fails(fcntl(20, 12345), EINVAL);
	assert_int_equal(fcntl(20, F_SETFL, O_APPEND), 0);
	assert_int_equal(fcntl(40, F_GETFL) & O_APPEND, O_APPEND);
	close(20);
	close(40);
	assert_int_equal(srv_open_fids(), 1);
	assert_int_equal(isatty(1), 1);
	assert_int_equal(isatty(40), 0);
	assert_int_equal(fstat(1, &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_fails(fstat(40, &st), EBADF);
	while ((fd = open("f", O_RDONLY)) >= 0)
		n++;
	/* A share has 256 fids; / is one. */
	assert_int_equal(n, 255);
	assert_int_equal(errno, ENFILE);
	end_share();
	assert_int_equal(srv_open_fids(), 1);
}

/* Longer than a message, both ways. */
static void test_long(void **state)
{
	static uint8_t data[60000], back[60001];
	int fd;

	(void)state;
	start_share();
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 13 + i / 256);
	fd = open("f", O_RDWR | O_CREAT, 0644);
	assert_int_equal(write(fd, data, sizeof(data)), sizeof(data));
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(read(fd, back, sizeof(back)), sizeof(data));
	assert_memory_equal(data, back, sizeof(data));
	/* The server is full in the middle: what went, then the error. */
	assert_int_equal(write(fd, data, sizeof(data)) < (ssize_t)sizeof(data),
			 1);
	assert_fails(write(fd, data, sizeof(data)), ENOSPC);
	end_share();
}

/* A stream's close says what its last write could not; another's does not. */
static void test_full(void **state)
{
	static uint8_t data[SRV_FILE_MAX];
	int fd;

	(void)state;
	start_share();
	fd = open("f", O_RDWR | O_CREAT, 0644);
	assert_int_equal(write(fd, data, sizeof(data)), sizeof(data));
	assert_fails(write(fd, data, 1), ENOSPC);
	*ofl_files_stream(fd) = &dev;
	assert_fails(close(fd), ENOSPC);
	assert_int_equal(srv_open_fids(), 1);
	assert_fails(close(fd), EBADF);
	/* The next file in its place; room again; no stream. */
	fd = open("g", O_RDWR | O_CREAT, 0644);
	*ofl_files_stream(fd) = &dev;
	assert_int_equal(close(fd), 0);
	fd = open("f", O_RDWR);
	*ofl_files_stream(fd) = &dev;
	lseek(fd, 0, SEEK_END);
	assert_fails(write(fd, data, 1), ENOSPC);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(write(fd, data, 1), 1);
	assert_int_equal(close(fd), 0);
	fd = open("f", O_WRONLY | O_APPEND);
	assert_fails(write(fd, data, 1), ENOSPC);
	assert_int_equal(close(fd), 0);
	end_share();
}

static void test_directories(void **state)
{
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir;

	(void)state;
	start_share();
	for (int i = 0; i < 20; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%050d", i);
		close(creat(name, 0644));
	}
	assert_null(opendir("missing"));
	assert_int_equal(errno, ENOENT);
	assert_null(opendir("00000000000000000000000000000000000000000000000007"));
	assert_int_equal(errno, ENOTDIR);
	dir = opendir("/");
	assert_non_null(dir);
	errno = 0;
	while ((entry = readdir(dir))) {
		assert_int_equal(atoi(entry->d_name), n++);
		assert_int_equal(entry->d_type, 8);
	}
	assert_int_equal(errno, 0);
	assert_int_equal(n, 20);
	rewinddir(dir);
	assert_non_null(readdir(dir));
	assert_int_equal(closedir(dir), 0);
	assert_int_equal(srv_open_fids(), 1);
	end_share();
}

static void test_sockets(void **state)
{
	struct open_file *file;
	struct stat st;
	int fd, copy;
	char buf[4];

	(void)state;
	start_share();
	fd = ofl_file_add(&other_ops, O_RDWR, &file);
	assert_true(fd >= 3);
	assert_ptr_equal(ofl_file_of(fd), file);
	assert_null(ofl_file_of(fd + 1));
	assert_null(ofl_file_of(OFL_OPEN_MAX));
	assert_null(ofl_file_of(-1));
	assert_int_equal(t_read(fd, buf, 4), 4);
	assert_int_equal(t_write(fd, buf, 3), 3);
	assert_int_equal(t_fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(t_read(fd, buf, 4), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(t_lseek(fd, 0, SEEK_SET), -1);
	assert_int_equal(errno, ESPIPE);
	assert_int_equal(t_fsync(fd), -1);
	assert_int_equal(t_ftruncate(fd, 0), -1);
	assert_int_equal(t_pread(fd, buf, 4, 0), -1);
	assert_int_equal(errno, ESPIPE);
	assert_int_equal(t_isatty(fd), 0);
	assert_int_equal(t_fstat(fd, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(ofl_files_poll(fd), POLLHUP);
	assert_int_equal(ofl_files_poll(fd + 1), POLLNVAL);
	assert_true(ofl_files_poll(1) & POLLOUT);
	/* The last of several descriptors closes it. */
	copy = t_dup(fd);
	assert_int_equal(t_close(fd), 0);
	assert_int_equal(other_closes, 0);
	assert_int_equal(t_close(copy), 0);
	assert_int_equal(other_closes, 1);
	assert_int_equal(other_reads, 2);
	assert_int_equal(other_writes, 1);
	/* As many as there may be; what is free in between goes first. */
	for (fd = 3; fd < OFL_OPEN_MAX; fd++)
		assert_int_equal(ofl_file_add(&other_ops, O_RDWR, &file), fd);
	assert_int_equal(ofl_file_add(&other_ops, O_RDWR, &file), -EMFILE);
	assert_int_equal(t_close(700), 0);
	assert_int_equal(t_close(70), 0);
	assert_int_equal(t_fcntl(3, F_DUPFD, 71), 700);
	assert_int_equal(t_dup(3), 70);
	assert_int_equal(t_dup(3), -1);
	assert_int_equal(errno, EMFILE);
	assert_ptr_equal(ofl_file_of(70), ofl_file_of(3));
	for (fd = 3; fd < OFL_OPEN_MAX; fd++)
		t_close(fd);
	assert_int_equal(other_closes, 1 + OFL_OPEN_MAX - 3);
	assert_int_equal(t_dup2(1, OFL_OPEN_MAX - 1), OFL_OPEN_MAX - 1);
	assert_int_equal(t_close(OFL_OPEN_MAX - 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_modes),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_two_shares),
		cmocka_unit_test(test_seek),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_directories),
		cmocka_unit_test(test_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
