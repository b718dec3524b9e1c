// SPDX-License-Identifier: BSD-2-Clause
/*
 * giveup SLOW LOCAL: open both; greet a line of the console; read SLOW, which hangs, and
 * LOCAL, which does not; after another line read SLOW again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void try(const char *name, int fd)
{
	char buf[4096];
	ssize_t n = lseek(fd, 0, SEEK_SET) ? -1 : read(fd, buf, sizeof(buf));

	if (n < 0)
		printf("%s: %s\n", name, errno == ETIMEDOUT ? "given up" : strerror(errno));
	else
		printf("%s: %zd bytes\n", name, n);
}

int main(int argc, char **argv)
{
	char line[128];
	int slow, local;

	if (argc != 3)
		return 2;
	slow = open(argv[1], O_RDONLY);
	local = open(argv[2], O_RDONLY);
	if (slow < 0 || local < 0) {
		perror("open");
		return 1;
	}
	printf("your name?\n");
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	line[strcspn(line, "\n")] = '\0';
	printf("hello, %s\n", line);
	try("slow", slow);
	try("local", local);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	try("slow again", slow);
	return 0;
}
