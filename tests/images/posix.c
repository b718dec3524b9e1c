// SPDX-License-Identifier: BSD-2-Clause
/*
 * POSIX files, stdio and directories over a share, in TAP on the console.
 *
 *	posix DIRECTORY	an empty one to work in, of the share
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define BIG 100000u

static unsigned int nr, failed;
static char dir[128], path[256];
static unsigned char big[BIG], back[BIG];

static void check(bool good, const char *what)
{
	nr++;
	if (good) {
		printf("ok %u - %s\n", nr, what);
		return;
	}
	printf("not ok %u - %s\n# errno %d (%s)\n", nr, what, errno,
	       strerror(errno));
	failed++;
}

static const char *at(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static bool fails(int ret, int number)
{
	return ret == -1 && errno == number;
}

static void test_files(void)
{
	struct stat st;
	int fd;

	for (unsigned int i = 0; i < BIG; i++)
		big[i] = (unsigned char)(i * 7 + i / 251);
	fd = open(at("big"), O_RDWR | O_CREAT | O_EXCL, 0640);
	check(fd >= 3, "create");
	check(write(fd, big, BIG) == BIG, "write more than a message");
	check(lseek(fd, 0, SEEK_SET) == 0 && read(fd, back, BIG) == BIG &&
	      !memcmp(big, back, BIG), "read it back");
	check(read(fd, back, 1) == 0, "end of file");
	check(!fstat(fd, &st) && st.st_size == BIG && S_ISREG(st.st_mode),
	      "fstat");
	check(!ftruncate(fd, 10) && lseek(fd, 0, SEEK_END) == 10, "ftruncate");
	check(!fsync(fd), "fsync");
	check(!close(fd) && fails(close(fd), EBADF), "close");
	check(fails(open(at("big"), O_WRONLY | O_CREAT | O_EXCL, 0640), EEXIST),
	      "O_EXCL");
	check(!stat(at("big"), &st) && (st.st_mode & 0777) == 0640 &&
	      st.st_mtime > 1600000000, "stat");
	fd = open(at("big"), O_WRONLY | O_APPEND);
	check(write(fd, "tail", 4) == 4 && !close(fd) &&
	      !stat(at("big"), &st) && st.st_size == 14, "O_APPEND");
	check(fails(open(at("none"), O_RDONLY), ENOENT), "ENOENT");
	check(fails(open(at("big/x"), O_RDONLY), ENOTDIR) ||
	      fails(open(at("big/x"), O_RDONLY), ENOENT), "a file as directory");
	check(fails(open("..", O_WRONLY), EISDIR), "EISDIR");
	check(!access(at("big"), R_OK) && fails(access(at("no"), F_OK), ENOENT),
	      "access");
}

static void test_names(void)
{
	char from[256];
	struct stat st;
	int fd;

	check(!mkdir(at("sub"), 0755) && fails(mkdir(at("sub"), 0755), EEXIST),
	      "mkdir");
	strcpy(from, at("big"));
	check(!rename(from, at("sub/moved")), "rename");
	check(fails(stat(from, &st), ENOENT), "the old name is gone");
	check(fails(rmdir(at("sub")), ENOTEMPTY), "ENOTEMPTY");
	check(fails(unlink(at("sub")), EISDIR) ||
	      fails(unlink(at("sub")), EPERM), "unlink of a directory");
	check(!unlink(at("sub/moved")) && !rmdir(at("sub")), "unlink, rmdir");
	memset(from, 'n', sizeof(from) - 1);
	from[sizeof(from) - 1] = '\0';
	fd = open(from, O_RDONLY);
	check(fails(fd, ENOENT), "a name of 255 bytes");
}

static void test_attributes(void)
{
	struct timespec times[2] = { { 1000000, 5 }, { 2000000, 7 } };
	struct statvfs vfs;
	char from[256], text[64];
	struct stat st;
	ssize_t n;
	int fd;

	strcpy(from, at("attr"));
	fd = open(from, O_RDWR | O_CREAT, 0600);
	check(fd >= 3 && write(fd, "12345", 5) == 5 && !fdatasync(fd), "fdatasync");
	check(!chmod(from, 0640) && !stat(from, &st) && (st.st_mode & 0777) == 0640,
	      "chmod");
	check(!fchmod(fd, 0604) && !fstat(fd, &st) && (st.st_mode & 0777) == 0604,
	      "fchmod");
	check(!truncate(from, 3) && !stat(from, &st) && st.st_size == 3, "truncate");
	check(fails(truncate(from, -1), EINVAL), "truncate to less than nothing");
	check(!futimens(fd, times) && !fstat(fd, &st) && st.st_atime == 1000000 &&
	      st.st_mtime == 2000000, "futimens");
	check(!utimensat(0, from, NULL, 0) && !stat(from, &st) &&
	      st.st_mtime > 1600000000, "utimensat, now");
	check(!chown(from, (uid_t)-1, (gid_t)-1) && !fchown(fd, st.st_uid, st.st_gid),
	      "chown to what it is");
	check(!statvfs(from, &vfs) && vfs.f_blocks && vfs.f_namemax == 255,
	      "statvfs");
	check(!fstatvfs(fd, &vfs) && vfs.f_bsize && !close(fd), "fstatvfs");

	check(!link(from, at("hard")) && !stat(from, &st) && st.st_nlink == 2, "link");
	check(fails(link(from, at("hard")), EEXIST) && !unlink(at("hard")),
	      "link to an old name");
	check(!symlink("../../etc/passwd", at("soft")), "symlink");
	n = readlink(at("soft"), text, sizeof(text));
	check(n == 16 && !memcmp(text, "../../etc/passwd", 16), "readlink");
	check(readlink(at("soft"), text, 5) == 5 && !memcmp(text, "../..", 5),
	      "readlink, as much as fits");
	check(!lstat(at("soft"), &st) && S_ISLNK(st.st_mode), "lstat");
	check(open(at("soft"), O_RDONLY) == -1 && errno == ELOOP,
	      "a link is not followed");
	check(fails((int)readlink(from, text, sizeof(text)), EINVAL),
	      "readlink of a file");
	check(!unlink(at("soft")) && !unlink(from), "unlink");
}

static void test_directory(void)
{
	unsigned int seen = 0, others = 0;
	struct dirent *entry;
	char name[64];
	DIR *d;

	mkdir(at("many"), 0755);
	for (unsigned int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "many/file-with-a-longer-name-%u", i);
		close(creat(at(name), 0600));
	}
	d = opendir(at("many"));
	check(d, "opendir");
	errno = 0;
	while (d && (entry = readdir(d))) {
		if (!strncmp(entry->d_name, "file-with-a-longer-name-", 24))
			seen++;
		else if (strcmp(entry->d_name, ".") &&
			 strcmp(entry->d_name, ".."))
			others++;
	}
	check(seen == 100 && !others && !errno, "readdir");
	check(d && !closedir(d), "closedir");
	for (unsigned int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "many/file-with-a-longer-name-%u", i);
		unlink(at(name));
	}
	check(!rmdir(at("many")), "empty again");
	errno = 0;
	check(!opendir(at("none")) && errno == ENOENT, "opendir fails");
}

static void test_stdio(void)
{
	char line[64] = "";
	unsigned int i = 0;
	FILE *f;

	f = fopen(at("text"), "w");
	check(f, "fopen w");
	for (i = 0; f && i < 1000; i++)
		if (fprintf(f, "line %u of %.2f\n", i, i / 2.0) < 0)
			break;
	check(i == 1000 && !fclose(f), "fprintf, fclose");
	f = fopen(at("text"), "a");
	check(f && fputs("the last\n", f) >= 0 && !fclose(f), "fopen a");
	f = fopen(at("text"), "r");
	for (i = 0; f && fgets(line, sizeof(line), f);)
		i++;
	check(i == 1001 && !strcmp(line, "the last\n"), "fgets");
	check(f && !fseek(f, 7, SEEK_SET) && fgetc(f) == 'o', "fseek");
	check(f && !fclose(f) && !remove(at("text")), "remove");
	f = fopen(at("no/text"), "w");
	check(!f && errno == ENOENT, "fopen fails");
}

static void test_outside(void)
{
	struct stat root, st;

	check(!stat("/", &root) && S_ISDIR(root.st_mode), "the root");
	check(!stat("../../..", &st) && st.st_ino == root.st_ino,
	      "no way above it");
	check(fails(stat("/../../etc/passwd", &st), ENOENT), "nor below that");
}

static void test_clock(void)
{
	struct timespec a, b, ms = { 0, 1000000 };

	check(!clock_gettime(CLOCK_MONOTONIC, &a) && !nanosleep(&ms, NULL) &&
	      !clock_gettime(CLOCK_MONOTONIC, &b) &&
	      (b.tv_sec - a.tv_sec) * 1000000000ll + b.tv_nsec - a.tv_nsec >=
		      1000000, "monotonic clock, nanosleep");
	check(!clock_gettime(CLOCK_REALTIME, &a) && a.tv_sec > 1600000000 &&
	      time(NULL) - a.tv_sec <= 1, "wall clock");
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: posix DIRECTORY\n");
		return 2;
	}
	snprintf(dir, sizeof(dir), "%s", argv[1]);
	test_files();
	test_names();
	test_attributes();
	test_directory();
	test_stdio();
	test_outside();
	test_clock();
	printf("1..%u\n", nr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
