// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=long-long */
/*
 * latency [LOOPS [INTERVAL-US]]: what cyclictest measures, on a core of its own: sleep
 * until a point in time, INTERVAL-US behind the last one, and see how much later it is when
 * one is back.  Prints a histogram in cyclictest's form (-h), microseconds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <offload/rt.h>

#define BINS 2000

static uint32_t bins[BINS], overflows;

int main(int argc, char **argv)
{
	uint64_t loops = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000;
	uint64_t interval = (argc > 2 ? strtoull(argv[2], NULL, 10) : 1000) * 1000;
	uint64_t next = ofl_now_ns(), sum = 0, least = UINT64_MAX, most = 0;

	for (uint64_t i = 0; i < loops; i++) {
		struct timespec until;
		uint64_t late;

		next += interval;
		until.tv_sec = (time_t)(next / 1000000000);
		until.tv_nsec = (long)(next % 1000000000);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		late = (ofl_now_ns() - next) / 1000;
		sum += late;
		if (late < least)
			least = late;
		if (late > most)
			most = late;
		if (late < BINS)
			bins[late]++;
		else
			overflows++;
		/* as cyclictest: after a late one the next is in the future */
		while (next + interval < ofl_now_ns())
			next += interval;
	}
	printf("# Histogram\n");
	for (unsigned int i = 0; i < BINS; i++)
		if (bins[i])
			printf("%06u %06u\n", i, (unsigned int)bins[i]);
	printf("# Total: %09llu\n# Min Latencies: %05llu\n# Avg Latencies: %05llu\n"
	       "# Max Latencies: %05llu\n# Histogram Overflows: %05u\n",
	       (unsigned long long)loops, (unsigned long long)least,
	       (unsigned long long)(sum / loops), (unsigned long long)most,
	       (unsigned int)overflows);
	return 0;
}
