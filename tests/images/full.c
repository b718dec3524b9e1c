// SPDX-License-Identifier: BSD-2-Clause
/*
 * full FILE: write bytes of a pattern to FILE until the disk has no room, by write() and by
 * stdio; then free some and go on.  Prints how many bytes were taken, by whom.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char block[50000];

static int wrong(const char *what)
{
	printf("wrong: %s (%s)\n", what, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	unsigned long taken = 0;
	struct stat st;
	ssize_t n;
	FILE *file;
	int fd;

	if (argc != 2)
		return 2;
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = "0123456789"[i % 10];
	fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		return wrong("open");
	/* What is taken is as much as write() says, never more, never less. */
	while ((n = write(fd, block + taken % 10, 40000)) > 0)
		taken += (unsigned long)n;
	if (n != -1 || errno != ENOSPC)
		return wrong("write");
	if (fstat(fd, &st) || (unsigned long)st.st_size != taken)
		return wrong("size");
	if (fsync(fd) || close(fd))
		return wrong("fsync and close");
	printf("write: %lu\n", taken);
	/* stdio finds out late, but it does. */
	file = fopen("stdio", "w");
	if (!file)
		return wrong("fopen");
	errno = 0;
	if (fputs("not one byte of this", file) < 0)
		return wrong("fputs into its buffer");
	if (fclose(file) != EOF || errno != ENOSPC)
		return wrong("fclose");
	/* Room again: the same file goes on. */
	if (truncate(argv[1], 100000))
		return wrong("truncate");
	fd = open(argv[1], O_WRONLY | O_APPEND);
	if (fd < 0 || write(fd, block, 1000) != 1000 || fsync(fd) || close(fd))
		return wrong("write with room");
	file = fopen("stdio", "w");
	if (!file || fputs("all of it", file) < 0 || fclose(file))
		return wrong("stdio with room");
	printf("done\n");
	return 0;
}
