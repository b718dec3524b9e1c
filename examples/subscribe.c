// SPDX-License-Identifier: BSD-2-Clause
/*
 * subscribe ADDRESS TOPIC [COUNT]: print what a publisher (publish.c) says about a
 * topic, COUNT lines of it (all).  The publisher is another image: vsock:4:5000.
 */
#include "address.h"

#include <time.h>

#define TRIES 100

/* The publisher may be about to start. */
static int connect_soon(const char *where)
{
	struct timespec pause = { 0, 100000000 };
	int fd = connect_to(where);

	for (int i = 1; fd < 0 && i < TRIES && errno == ECONNRESET; i++) {
		nanosleep(&pause, NULL);
		fd = connect_to(where);
	}
	return fd;
}

int main(int argc, char **argv)
{
	long left = argc > 3 ? atol(argv[3]) : -1;
	char buf[256];
	ssize_t n;
	int fd;

	if (argc < 3) {
		fprintf(stderr, "usage: subscribe ADDRESS TOPIC [COUNT]\n");
		return 2;
	}
	fd = connect_soon(argv[1]);
	if (fd < 0) {
		perror("subscribe: connect");
		return 3;
	}
	n = snprintf(buf, sizeof(buf), "SUBSCRIBE %s\n", argv[2]);
	if (n >= (int)sizeof(buf) || send(fd, buf, (size_t)n, MSG_NOSIGNAL) != n) {
		perror("subscribe: send");
		return 3;
	}
	while (left && (n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		for (ssize_t i = 0; i < n && left; i++) {
			putchar(buf[i]);
			if (buf[i] == '\n' && left > 0)
				left--;
		}
		fflush(stdout);
	}
	if (left > 0) {
		fprintf(stderr, "subscribe: the publisher is gone, %ld lines are missing\n",
			left);
		return 4;
	}
	return 0;
}
