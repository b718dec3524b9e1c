// SPDX-License-Identifier: BSD-2-Clause
/*
 * window: run a command as one window of a benchmark.
 *
 * window --bench B6 --who ours [--set BYTES] [--pid PID]... [--run N]
 *        [--values FILE] [--tries N] COMMAND [ARG...]
 *
 * The command, or what appears in FILE meanwhile, says what it found, in lines
 *
 *   bench: CASE VALUE UNIT [X XUNIT]
 *   bench: end                              (only needed in FILE)
 *
 * anywhere among others.  R, and memcpy on the set, are measured before and after;
 * each line becomes one of JSON.  When they moved the command is run again,
 * --tries times.  CPU seconds are the command's and those of --pid.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIDS 16
#define VALUES 256
#define END_NS 10000000000ull

struct value {
	struct bench_case c;
	char name[64], unit[16], x_unit[16];
	double value;
};

static const char *bench = "", *who = "", *file;
static struct value values[VALUES];
static unsigned int nr_values, run, tries = 10;
static pid_t pids[PIDS];
static unsigned int nr_pids;
static size_t set;

static void nothing(void *arg, unsigned int what)
{
	(void)arg;
	(void)what;
}

/* True: that was the end. */
static bool take(const char *line)
{
	const char *at = strstr(line, "bench: ");
	struct value *v = &values[nr_values];
	unsigned long long x = 0;

	if (!at)
		return false;
	if (!strncmp(at, "bench: end", 10))
		return true;
	if (nr_values == VALUES)
		bench_fail("more than %d values of one window", VALUES);
	memset(v, 0, sizeof(*v));
	if (sscanf(at, "bench: %63s %lf %15s %llu %15s", v->name, &v->value, v->unit, &x,
		   v->x_unit) < 3)
		return false;
	v->c = (struct bench_case){ .bench = bench, .name = v->name, .who = who, .unit = v->unit,
				    .set = set, .x = x, .x_unit = v->x_unit };
	nr_values++;
	return false;
}

static void take_file(FILE *f)
{
	uint64_t until = bench_ns() + END_NS;
	char line[512];

	for (;;) {
		while (fgets(line, sizeof(line), f))
			if (take(line))
				return;
		if (bench_ns() > until)
			bench_fail("%s: no line \"bench: end\"", file);
		clearerr(f);
		usleep(1000);
	}
}

static double cpu_now(void)
{
	struct rusage used;
	double sum;

	getrusage(RUSAGE_CHILDREN, &used);
	sum = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	      (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	for (unsigned int i = 0; i < nr_pids; i++)
		sum += bench_cpu_of(pids[i]);
	return sum;
}

/* The command, off our CPU and priority: it asks for its own. */
static int run_command(char **argv, FILE *from, const cpu_set_t *all)
{
	struct sched_param other = { 0 };
	char line[512];
	int fds[2], status;
	FILE *out;
	pid_t pid;

	nr_values = 0;
	if (pipe2(fds, O_CLOEXEC))
		bench_fail("pipe: %s", strerror(errno));
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		bench_fail("fork: %s", strerror(errno));
	if (!pid) {
		sched_setaffinity(0, sizeof(*all), all);
		sched_setscheduler(0, SCHED_OTHER, &other);
		dup2(fds[1], 1);
		execvp(argv[0], argv);
		fprintf(stderr, "bench: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(fds[1]);
	out = fdopen(fds[0], "r");
	if (!out)
		bench_fail("no memory");
	while (fgets(line, sizeof(line), out))
		if (!from)
			take(line);
	fclose(out);
	if (waitpid(pid, &status, 0) != pid)
		bench_fail("wait: %s", strerror(errno));
	if (WIFEXITED(status) && !WEXITSTATUS(status) && from)
		take_file(from);
	return status;
}

static void options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "bench", 1, NULL, 'b' }, { "who", 1, NULL, 'w' }, { "set", 1, NULL, 's' },
		{ "pid", 1, NULL, 'p' },   { "run", 1, NULL, 'r' }, { "values", 1, NULL, 'v' },
		{ "tries", 1, NULL, 't' }, { 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "+", known, NULL)) != -1) {
		switch (c) {
		case 'b':
			bench = optarg;
			break;
		case 'w':
			who = optarg;
			break;
		case 's':
			set = strtoul(optarg, NULL, 0);
			break;
		case 'p':
			if (nr_pids == PIDS)
				bench_fail("more than %d processes", PIDS);
			pids[nr_pids++] = atoi(optarg);
			break;
		case 'r':
			run = (unsigned int)atoi(optarg);
			break;
		case 'v':
			file = optarg;
			break;
		case 't':
			tries = (unsigned int)atoi(optarg);
			break;
		default:
			exit(2);
		}
	}
	if (optind == argc)
		bench_fail("no command; usage is at the top of tests/bench/lib/window.c");
}

int main(int argc, char **argv)
{
	struct bench_probe before, after;
	const char *moved = NULL;
	struct bench_pair *pair;
	FILE *from = NULL;
	cpu_set_t all;
	int status;
	double cpu;

	options(argc, argv);
	if (file) {
		from = fopen(file, "r");
		if (!from)
			bench_fail("%s: %s", file, strerror(errno));
		fseek(from, 0, SEEK_END);
	}
	sched_getaffinity(0, sizeof(all), &all);
	pair = bench_pair_start(nothing, NULL);
	bench_probe(pair, set, &before);
	for (unsigned int i = 0; i < tries; i++) {
		bench_probe(pair, set, &before);
		cpu = cpu_now();
		status = run_command(argv + optind, from, &all);
		cpu = cpu_now() - cpu;
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			bench_fail("%s ended with status 0x%x", argv[optind], (unsigned int)status);
		bench_probe(pair, set, &after);
		moved = bench_moved(&before, &after);
		before.r = (before.r + after.r) / 2;
		before.copy = (before.copy + after.copy) / 2;
		if (!nr_values)
			bench_fail("%s said no \"bench: CASE VALUE UNIT\"", argv[optind]);
		for (unsigned int k = 0; k < nr_values; k++)
			bench_print(&values[k].c, values[k].value, &before, cpu, run, moved);
		if (!moved)
			break;
		usleep(20000);
	}
	bench_pair_end(pair);
	if (moved)
		fprintf(stderr, "bench: %s %s: %s does not hold still on this machine\n", bench, who,
			moved);
	return 0;
}
