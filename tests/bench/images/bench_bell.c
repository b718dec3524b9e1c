// SPDX-License-Identifier: BSD-2-Clause
/*
 * Requests with gaps, for tests/bench/bell.c: what a doorbell costs, and what looking does.
 *
 *	bench_bell trips COUNT GAP_US LOOKS	fstat() COUNT times, GAP_US after each answer
 *	bench_bell idle MS			wants nothing for so long
 *
 * LOOKS: before it sleeps itself (ofl_wait_spins).  Says "bench: begin" when it begins,
 * and then "bench: trips NS ns NS_IN_ALL", "bench: idle".
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <fcntl.h>

#include <offload/rt.h>

/* Whoever reads "begin" looks at the clock before the window opens. */
#define LEAD_NS 2000000ull

static void spin_for(uint64_t ns)
{
	uint64_t until = ofl_now_ns() + ns;

	while (ofl_now_ns() < until)
		;
}

static int trips(unsigned long count, uint64_t gap, unsigned int looks)
{
	uint64_t start, in_all, sum = 0;
	int fd = open("data", O_RDONLY);
	struct stat st;

	if (fd < 0 || !count)
		return 1;
	ofl_wait_spins(looks);
	printf("bench: begin\n");
	spin_for(LEAD_NS);
	in_all = ofl_now_ns();
	for (unsigned long i = 0; i < count; i++) {
		if (gap)
			spin_for(gap);
		start = ofl_now_ns();
		if (fstat(fd, &st))
			return 1;
		sum += ofl_now_ns() - start;
	}
	in_all = ofl_now_ns() - in_all;
	ofl_wait_spins(4096);
	printf("bench: trips %.1f ns %llu\n", (double)sum / (double)count,
	       (unsigned long long)in_all);
	return 0;
}

static int idle(unsigned int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	printf("bench: begin\n");
	nanosleep(&ts, NULL);
	printf("bench: idle\n");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "trips"))
		return trips(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10) * 1000ull,
			     (unsigned int)strtoul(argv[4], NULL, 10));
	if (argc == 3 && !strcmp(argv[1], "idle"))
		return idle((unsigned int)strtoul(argv[2], NULL, 10));
	return 2;
}
