// SPDX-License-Identifier: BSD-2-Clause
/*
 *	survivor FILE
 *
 * Writes to FILE and prints until its PMM is gone, then says with which errors
 * (into the log, there is no console) and goes on for three more seconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 60 /* seconds until the PMM must have gone */

int main(int argc, char **argv)
{
	struct timespec pause = { 0, 50000000 };
	int fd = argc == 2 ? open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0644) : -1;
	time_t end = time(NULL) + PATIENCE;
	int opened, error = 0;
	char c;

	if (fd < 0)
		return 1;
	while (!error && time(NULL) < end) {
		printf("alive\n");
		if (write(fd, "x", 1) < 0)
			error = errno;
		nanosleep(&pause, NULL);
	}
	printf("write: %s\n", error ? strerror(error) : "still works");
	opened = open(argv[1], O_RDONLY);
	printf("open: %s\n", opened < 0 ? strerror(errno) : "still works");
	for (int i = 0; i < 60; i++)
		nanosleep(&pause, NULL);
	printf("read: %s\n", read(0, &c, 1) < 0 ? strerror(errno) : "nothing");
	printf("survived\n");
	return error == EIO && opened < 0 ? 0 : 1;
}
