/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the native benchmarks share.
 *
 * Two processes on two pinned CPUs, CPU 0 the image's and CPU 1 the daemon's.
 * Virtual CPUs wander between a host's cores, so nanoseconds alone say little:
 * before and after each window R is measured, the round trip of two bare cache
 * lines between the same two CPUs, and where a window has a working set, what
 * memcpy does on that.  A window whose two differ by more than 15 % is not used,
 * and a line says so.
 *
 * Processes are SCHED_FIFO where that is allowed, and sleep between windows.
 */
#ifndef OFFLOAD_BENCH_H
#define OFFLOAD_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BENCH_LINE 64
#define BENCH_FIFO 20
#define BENCH_TRIES 40 /* of one window, before it is given up */

void bench_fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
uint64_t bench_ns(void);
/* On the nth CPU of those that are allowed, in real time. */
void bench_pin(unsigned int nth);
int bench_cpu_number(unsigned int nth);
/* Memory that both processes see, zeroed; never freed. */
void *bench_shared(size_t bytes);
static inline void bench_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#endif
}

/* Runs of each case: 9, or $BENCH_RUNS. */
unsigned int bench_runs(void);

/* --- two processes --- */

struct bench_pair;
/* What the other side (CPU 1) does when it is told to do `what`. */
typedef void bench_other(void *arg, unsigned int what);

/* This process goes to CPU 0. */
struct bench_pair *bench_pair_start(bench_other *other, void *arg);
void bench_pair_end(struct bench_pair *pair);
/* other(arg, what) begins there; it is running on return. */
void bench_pair_tell(struct bench_pair *pair, unsigned int what);
/* Until it has returned; fails after 10 s. */
void bench_pair_wait(struct bench_pair *pair);
/* R in ns. */
double bench_round_trip(struct bench_pair *pair);
/* GB/s, copying `bytes` (source and destination together take twice that). */
double bench_memcpy(size_t bytes);
/* CPU seconds that both have used; and a process of any other number. */
double bench_cpu(struct bench_pair *pair);
double bench_cpu_of(pid_t pid);

/* --- windows --- */

struct bench_case {
	const char *bench; /* "B1" */
	const char *name;  /* of the case */
	const char *who;   /* "ours...", or the peer */
	const char *unit;
	double (*measure)(const struct bench_case *c); /* one window's figure */
	const void *arg;
	size_t set;	   /* working set; 0: none worth a memcpy */
	uint64_t x;	   /* what a curve is drawn over; 0: nothing */
	const char *x_unit;
};

/* R and memcpy around one window. */
struct bench_probe {
	double r, copy;
};

void bench_probe(struct bench_pair *pair, size_t set, struct bench_probe *probe);
/* Did they hold still?  NULL, or what did not. */
const char *bench_moved(const struct bench_probe *before, const struct bench_probe *after);
/* One line of JSON.  dropped: NULL, or why the window does not count. */
void bench_print(const struct bench_case *c, double value, const struct bench_probe *probe,
		 double cpu, unsigned int run, const char *dropped);
/* All cases in turn, bench_runs() times: A B A B. */
void bench_cases(struct bench_pair *pair, const struct bench_case *c, unsigned int n);

/* --- histograms, in bins of one ns --- */

struct bench_hist;
struct bench_hist *bench_hist_new(void);
void bench_hist_add(struct bench_hist *hist, uint64_t ns);
void bench_hist_print(const struct bench_hist *hist, const char *bench, const char *name,
		      const char *who);

#endif
