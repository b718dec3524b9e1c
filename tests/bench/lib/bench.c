// SPDX-License-Identifier: BSD-2-Clause
/* Two pinned processes, R, memcpy, windows; what for is in bench.h. */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 20000u
#define TOLERANCE 0.15
#define COPY_NS 2000000u
#define GAP_US 20000u /* between windows: others live here, too */
#define PATIENCE_NS 10000000000ull
#define HIST_BINS 100000u

#define DO_LINES (~0u)
#define DO_QUIT (~0u - 1)

/* One writer a line. */
struct bench_pair {
	uint64_t ask __attribute__((aligned(BENCH_LINE)));
	uint64_t answer __attribute__((aligned(BENCH_LINE)));
	uint32_t told __attribute__((aligned(BENCH_LINE)));
	uint32_t running __attribute__((aligned(BENCH_LINE)));
	uint32_t done;
	int pipe[2] __attribute__((aligned(BENCH_LINE)));
	pid_t pid;
};

void bench_fail(const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "bench: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

uint64_t bench_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

int bench_cpu_number(unsigned int nth)
{
	static cpu_set_t all;

	/* Before anything is pinned: all that are allowed. */
	if (!CPU_COUNT(&all) && sched_getaffinity(0, sizeof(all), &all))
		bench_fail("which CPUs there are: %s", strerror(errno));
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && !nth--)
			return cpu;
	bench_fail("needs two CPUs");
}

void bench_pin(unsigned int nth)
{
	struct sched_param fifo = { .sched_priority = BENCH_FIFO };
	int cpu = bench_cpu_number(nth);
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		bench_fail("CPU %d: %s", cpu, strerror(errno));
	/* Nobody else's time slices; without the right, as it is. */
	(void)sched_setscheduler(0, SCHED_FIFO, &fifo);
}

void *bench_shared(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		bench_fail("%zu bytes of shared memory: %s", bytes, strerror(errno));
	return p;
}

unsigned int bench_runs(void)
{
	const char *runs = getenv("BENCH_RUNS");
	int n = runs ? atoi(runs) : 9;

	return n > 0 ? (unsigned int)n : 1;
}

/* --- two processes --- */

/* The other side of R: ROUNDS questions. */
static void answer_lines(struct bench_pair *pair)
{
	uint64_t seen = __atomic_load_n(&pair->answer, __ATOMIC_RELAXED), end = seen + ROUNDS;

	while (seen != end) {
		uint64_t polls = 0;

		while (__atomic_load_n(&pair->ask, __ATOMIC_ACQUIRE) == seen)
			if (++polls >> 32)
				bench_fail("the asking side is gone");
		__atomic_store_n(&pair->answer, ++seen, __ATOMIC_RELEASE);
	}
}

static void serve(struct bench_pair *pair, bench_other *other, void *arg)
{
	uint32_t what;

	while (read(pair->pipe[0], &what, sizeof(what)) == sizeof(what) && what != DO_QUIT) {
		uint32_t number = pair->running + 1;

		__atomic_store_n(&pair->running, number, __ATOMIC_RELEASE);
		if (what == DO_LINES)
			answer_lines(pair);
		else
			other(arg, what);
		__atomic_store_n(&pair->done, number, __ATOMIC_RELEASE);
	}
}

struct bench_pair *bench_pair_start(bench_other *other, void *arg)
{
	struct bench_pair *pair = bench_shared(sizeof(*pair));

	if (pipe(pair->pipe))
		bench_fail("pipe: %s", strerror(errno));
	/* Born there: here it would not get a turn. */
	bench_pin(1);
	fflush(NULL);
	pair->pid = fork();
	if (pair->pid < 0)
		bench_fail("fork: %s", strerror(errno));
	if (!pair->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(pair, other, arg);
		_exit(0);
	}
	bench_pin(0);
	return pair;
}

static void wait_for(struct bench_pair *pair, const uint32_t *what)
{
	uint64_t until = bench_ns() + PATIENCE_NS;

	while (__atomic_load_n(what, __ATOMIC_ACQUIRE) != pair->told) {
		for (unsigned int i = 0; i < 100; i++)
			bench_relax();
		if (bench_ns() > until)
			bench_fail("the other side does not answer");
	}
}

void bench_pair_tell(struct bench_pair *pair, unsigned int what)
{
	uint32_t word = what;

	pair->told++;
	if (write(pair->pipe[1], &word, sizeof(word)) != sizeof(word))
		bench_fail("pipe: %s", strerror(errno));
	wait_for(pair, &pair->running);
}

void bench_pair_wait(struct bench_pair *pair)
{
	wait_for(pair, &pair->done);
}

void bench_pair_end(struct bench_pair *pair)
{
	uint32_t word = DO_QUIT;

	if (write(pair->pipe[1], &word, sizeof(word)) != sizeof(word))
		kill(pair->pid, SIGKILL);
	waitpid(pair->pid, NULL, 0);
}

double bench_round_trip(struct bench_pair *pair)
{
	uint64_t n = pair->ask, start;

	bench_pair_tell(pair, DO_LINES);
	start = bench_ns();
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t polls = 0;

		__atomic_store_n(&pair->ask, ++n, __ATOMIC_RELEASE);
		while (__atomic_load_n(&pair->answer, __ATOMIC_ACQUIRE) != n)
			if (++polls >> 32)
				bench_fail("the other side does not answer");
	}
	start = bench_ns() - start;
	bench_pair_wait(pair);
	return (double)start / ROUNDS;
}

double bench_memcpy(size_t bytes)
{
	static uint8_t *from, *to;
	static size_t have;
	uint64_t start, took;
	unsigned int n = 0;

	if (have < bytes) {
		free(from);
		free(to);
		from = malloc(bytes);
		to = malloc(bytes);
		if (!from || !to)
			bench_fail("no memory to copy");
		have = bytes;
		memset(from, 1, bytes);
		memset(to, 2, bytes);
	}
	memcpy(to, from, bytes);
	start = bench_ns();
	do {
		/* Small ones: not the clock's own time. */
		for (unsigned int i = 0; i < 16; i++, n++) {
			memcpy(to, from, bytes);
			__asm__ volatile("" ::: "memory");
		}
		took = bench_ns() - start;
	} while (took < COPY_NS);
	return (double)bytes * n / (double)took;
}

double bench_cpu_of(pid_t pid)
{
	struct timespec used;
	clockid_t id;

	if (clock_getcpuclockid(pid, &id) || clock_gettime(id, &used))
		return 0;
	return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

double bench_cpu(struct bench_pair *pair)
{
	return bench_cpu_of(0) + bench_cpu_of(pair->pid);
}

/* --- windows --- */

void bench_probe(struct bench_pair *pair, size_t set, struct bench_probe *probe)
{
	probe->r = bench_round_trip(pair);
	probe->copy = set ? bench_memcpy(set) : 0;
}

static bool apart(double a, double b)
{
	return a > b * (1 + TOLERANCE) || b > a * (1 + TOLERANCE);
}

const char *bench_moved(const struct bench_probe *before, const struct bench_probe *after)
{
	if (apart(before->r, after->r))
		return "R";
	if (apart(before->copy, after->copy))
		return "memcpy";
	return NULL;
}

void bench_print(const struct bench_case *c, double value, const struct bench_probe *probe,
		 double cpu, unsigned int run, const char *dropped)
{
	printf("{\"bench\":\"%s\",\"case\":\"%s\",\"who\":\"%s\",\"unit\":\"%s\",\"value\":%.6g,\"R\":%.1f",
	       c->bench, c->name, c->who, c->unit, value, probe->r);
	if (c->set)
		printf(",\"memcpy\":%.2f", probe->copy);
	printf(",\"cpu\":%.6f,\"run\":%u", cpu, run);
	if (c->x)
		printf(",\"x\":%llu,\"xunit\":\"%s\"", (unsigned long long)c->x,
		       c->x_unit ? c->x_unit : "");
	if (dropped)
		printf(",\"dropped\":\"%s\"", dropped);
	printf("}\n");
	fflush(stdout);
}

/* Both sides', and that of peers that have ended. */
static double cpu_used(struct bench_pair *pair)
{
	struct rusage used;

	getrusage(RUSAGE_CHILDREN, &used);
	return bench_cpu(pair) + (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void one_window(struct bench_pair *pair, const struct bench_case *c, unsigned int run)
{
	struct bench_probe before, after;
	const char *moved = NULL;
	double value, cpu;

	for (unsigned int i = 0; i < BENCH_TRIES; i++) {
		bench_probe(pair, c->set, &before);
		cpu = cpu_used(pair);
		value = c->measure(c);
		cpu = cpu_used(pair) - cpu;
		bench_probe(pair, c->set, &after);
		moved = bench_moved(&before, &after);
		before.r = (before.r + after.r) / 2;
		before.copy = (before.copy + after.copy) / 2;
		bench_print(c, value, &before, cpu, run, moved);
		usleep(GAP_US);
		if (!moved)
			return;
	}
	fprintf(stderr, "bench: %s %s %s: %s does not hold still on this machine\n", c->bench,
		c->name, c->who, moved);
}

void bench_cases(struct bench_pair *pair, const struct bench_case *c, unsigned int n)
{
	struct bench_probe warm;

	bench_probe(pair, 0, &warm);
	for (unsigned int run = 0; run < bench_runs(); run++)
		for (unsigned int i = 0; i < n; i++)
			one_window(pair, &c[i], run);
}

/* --- histograms --- */

struct bench_hist {
	uint64_t bin[HIST_BINS]; /* the last: all above */
};

struct bench_hist *bench_hist_new(void)
{
	struct bench_hist *hist = calloc(1, sizeof(*hist));

	if (!hist)
		bench_fail("no memory for a histogram");
	return hist;
}

void bench_hist_add(struct bench_hist *hist, uint64_t ns)
{
	hist->bin[ns < HIST_BINS ? ns : HIST_BINS - 1]++;
}

void bench_hist_print(const struct bench_hist *hist, const char *bench, const char *name,
		      const char *who)
{
	const char *comma = "";

	printf("{\"bench\":\"%s\",\"case\":\"%s\",\"who\":\"%s\",\"hist\":\"", bench, name, who);
	for (unsigned int i = 0; i < HIST_BINS; i++) {
		if (!hist->bin[i])
			continue;
		printf("%s%u:%llu", comma, i, (unsigned long long)hist->bin[i]);
		comma = ",";
	}
	printf("\"}\n");
	fflush(stdout);
}
