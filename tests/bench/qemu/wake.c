// SPDX-License-Identifier: BSD-2-Clause
/*
 * wake CPU ROUNDS PERIOD-US: the peer of path.c.  A SCHED_FIFO thread of Linux, alone on
 * its CPU with its memory locked, sleeps until one deadline after the other, as cyclictest
 * does.  count.c counts from the timer interrupt's vector to wake_up, the first
 * instruction of the program behind the system call.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

static long sleep_until(const struct timespec *until)
{
#if defined(__x86_64__)
	register long rest __asm__("r10") = 0;
	long ret = SYS_clock_nanosleep;

	__asm__ volatile("syscall\n.globl wake_up\nwake_up:\tnop"
			 : "+a"(ret)
			 : "D"((long)CLOCK_MONOTONIC), "S"((long)TIMER_ABSTIME), "d"(until),
			   "r"(rest)
			 : "rcx", "r11", "memory");
	return ret;
#else
	register long ret __asm__("x0") = CLOCK_MONOTONIC;
	register long flags __asm__("x1") = TIMER_ABSTIME;
	register const struct timespec *request __asm__("x2") = until;
	register long rest __asm__("x3") = 0;
	register long number __asm__("x8") = SYS_clock_nanosleep;

	__asm__ volatile("svc #0\n.globl wake_up\nwake_up:\tnop"
			 : "+r"(ret)
			 : "r"(flags), "r"(request), "r"(rest), "r"(number)
			 : "memory");
	return ret;
#endif
}

int main(int argc, char **argv)
{
	struct sched_param priority = { .sched_priority = 99 };
	struct timespec next;
	long rounds, period;
	cpu_set_t cpus;

	if (argc != 4) {
		fprintf(stderr, "usage: wake CPU ROUNDS PERIOD-US\n");
		return 2;
	}
	rounds = atol(argv[2]);
	period = atol(argv[3]) * 1000;
	CPU_ZERO(&cpus);
	CPU_SET(atoi(argv[1]), &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) ||
	    sched_setscheduler(0, SCHED_FIFO, &priority) ||
	    mlockall(MCL_CURRENT | MCL_FUTURE)) {
		perror("wake");
		return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (long i = 0; i < rounds; i++) {
		next.tv_nsec += period;
		while (next.tv_nsec >= 1000000000) {
			next.tv_nsec -= 1000000000;
			next.tv_sec++;
		}
		if (sleep_until(&next)) {
			fprintf(stderr, "wake: clock_nanosleep failed\n");
			return 1;
		}
	}
	return 0;
}
