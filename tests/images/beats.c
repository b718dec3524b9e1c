// SPDX-License-Identifier: BSD-2-Clause
/* native: no */
/*
 *	beats HOW [NUMBER]
 *
 * Says so on the console, beats NUMBER times (10), 20 ms apart, then: for ever (on), hangs
 * (hang), hangs with interrupts masked (mask), has a null pointer (crash).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <offload/rt.h>

static volatile int *volatile null;

static __attribute__((noinline)) void hang(void)
{
	for (;;)
		__asm__ volatile("" : : : "memory");
}

int main(int argc, char **argv)
{
	struct timespec pause = { 0, 20000000 };
	const char *how = argc > 1 ? argv[1] : "on";
	long n = argc > 2 ? atol(argv[2]) : 10;

	printf("beats: %s\n", how);
	fflush(stdout);
	while (!strcmp(how, "on") || n-- > 0) {
		ofl_heartbeat();
		nanosleep(&pause, NULL);
	}
	if (!strcmp(how, "crash"))
		*null = 1;
	if (!strcmp(how, "mask"))
		ofl_irq_save();
	hang();
	return 0;
}
