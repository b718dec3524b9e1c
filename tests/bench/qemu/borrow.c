// SPDX-License-Identifier: BSD-2-Clause
/*
 * borrow CPU ROUNDS: in a guest whose module is loaded (offload0, an image, not started),
 * so many times in turns
 *
 *   plain     Linux's own: echo 0, then 1, > /sys/devices/system/cpu/cpuN/online
 *   cycle     start, stop, and stop again: the core is lent and back
 *   restart   of a core that is held: stop and start
 *
 * and prints, of each round, "NAME NANOSECONDS" of these and of the module's own steps.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEVICE "/sys/class/offload/offload0/"

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

/* How long the write took. */
static long long put(const char *path, const char *what)
{
	int fd = open(path, O_WRONLY);
	long long start = now();

	if (fd < 0 || write(fd, what, strlen(what)) < 0) {
		perror(path);
		exit(1);
	}
	start = now() - start;
	close(fd);
	return start;
}

/* The module's steps, each with a word before its name. */
static void show(const char *when)
{
	char line[64];
	FILE *f = fopen(DEVICE "timings", "r");

	while (f && fgets(line, sizeof(line), f))
		printf("%s-%s", when, line);
	if (f)
		fclose(f);
}

int main(int argc, char **argv)
{
	char online[64];

	if (argc != 3) {
		fprintf(stderr, "usage: borrow CPU ROUNDS\n");
		return 2;
	}
	snprintf(online, sizeof(online), "/sys/devices/system/cpu/cpu%s/online", argv[1]);
	for (int i = 0; i < atoi(argv[2]); i++) {
		long long a, b, c;

		a = put(online, "0");
		b = put(online, "1");
		printf("plain-offline %lld\nplain-online %lld\nplain %lld\n", a, b, a + b);
		usleep(100000);
		a = put(DEVICE "state", "start");
		show("first");
		usleep(50000);
		b = put(DEVICE "state", "stop");
		c = put(DEVICE "state", "stop");
		show("cycle");
		printf("cycle-start %lld\ncycle-stop %lld\ncycle-return %lld\ncycle %lld\n", a, b, c,
		       a + b + c);
		usleep(100000);
		put(DEVICE "state", "start");
		usleep(50000);
		a = put(DEVICE "state", "stop");
		b = put(DEVICE "state", "start");
		show("again");
		usleep(50000);
		printf("restart %lld\n", a + b);
		put(DEVICE "state", "stop");
		put(DEVICE "state", "stop");
		usleep(100000);
	}
	return 0;
}
