// SPDX-License-Identifier: BSD-2-Clause
/*
 * B3: looking against sleeping.  An image as a process and the daemon, beside two processes
 * that ring each other's eventfd.
 *
 *	bell PMM IMAGE DIR WHO=SPIN[,LOOKS]...
 *
 * DIR: has a folder "share" with a file "data".  A daemon for each WHO, with --spin SPIN, all on
 * one CPU: without an image they sleep.  LOOKS: the image's (4096).  Cases:
 *
 *	rtt	fstat() of a file of a share, the next one at once; eventfd's round trip
 *	gap	the same so many us after the last answer: the request's time
 *	load	CPU seconds of the daemon in a second of that
 *	idle	the same of a second in which an image sleeps
 */
#define _GNU_SOURCE
#include "lib/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define DAEMONS 8
#define IMAGE_FIFO (BENCH_FIFO - 10) /* below ours, which looks at the clock for it */
#define IDLE_MS 1000u
#define GAP_WINDOW_US 100000u

struct daemon {
	char who[16], spin[16], looks[16], *socket;
	pid_t pid;
	FILE *out;
};

struct window {
	double ns, load, cpu;
};

static struct daemon daemons[DAEMONS];
static unsigned int nr_daemons;
static const char *image_path;
static struct bench_pair *pair;
static int bells[4]; /* eventfds: to the other process and back, blocking and not */

/* --- eventfd --- */

enum { BLOCKING = 1, BUSY };

/* The blocking one takes fifty times as long. */
static unsigned int rounds(unsigned int how)
{
	return how == BUSY ? 20000 : 2000;
}

static void take(int fd, bool busy)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) != sizeof(count))
		if (!busy || errno != EAGAIN)
			bench_fail("eventfd: %s", strerror(errno));
}

static void give(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		bench_fail("eventfd: %s", strerror(errno));
}

static int bell(unsigned int how, unsigned int which)
{
	return bells[(how == BUSY ? 2 : 0) + which];
}

static void answer(void *arg, unsigned int how)
{
	unsigned int n = rounds(how);

	(void)arg;
	while (n--) {
		take(bell(how, 0), how == BUSY);
		give(bell(how, 1));
	}
}

static struct window eventfds(unsigned int how)
{
	unsigned int n = rounds(how);
	struct window w = { .cpu = bench_cpu(pair) };
	uint64_t start;

	bench_pair_tell(pair, how);
	start = bench_ns();
	for (unsigned int i = 0; i < n; i++) {
		give(bell(how, 0));
		take(bell(how, 1), how == BUSY);
	}
	w.ns = (double)(bench_ns() - start) / n;
	bench_pair_wait(pair);
	w.cpu = bench_cpu(pair) - w.cpu;
	return w;
}

/* --- daemon and image --- */

static void on_cpu(unsigned int nth, int fifo)
{
	struct sched_param param = { .sched_priority = fifo };

	bench_pin(nth);
	(void)sched_setscheduler(0, SCHED_FIFO, &param);
}

static void start_daemon(struct daemon *d, const char *pmm, const char *dir)
{
	char *share;
	int fds[2];

	if (asprintf(&d->socket, "%s/%s", dir, d->who) < 0 ||
	    asprintf(&share, "%s/share", dir) < 0)
		bench_fail("no memory");
	if (pipe2(fds, O_CLOEXEC))
		bench_fail("pipe: %s", strerror(errno));
	fflush(NULL);
	d->pid = fork();
	if (d->pid < 0)
		bench_fail("fork: %s", strerror(errno));
	if (!d->pid) {
		on_cpu(1, BENCH_FIFO);
		dup2(fds[1], 1);
		execl(pmm, pmm, "--socket", d->socket, "--share", share, "--spin", d->spin,
		      (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	d->out = fdopen(fds[0], "r");
	for (unsigned int i = 0; access(d->socket, F_OK); i++) {
		if (i == 1000 || waitpid(d->pid, NULL, WNOHANG) == d->pid)
			bench_fail("the daemon does not start");
		usleep(5000);
	}
}

/* Until it says WORD; the rest of that line. */
static void hear(struct daemon *d, const char *word, double *a, double *b)
{
	char line[256];
	const char *at;

	while (fgets(line, sizeof(line), d->out)) {
		at = strstr(line, "bench: ");
		if (!at || strncmp(at + 7, word, strlen(word)))
			continue;
		if (a && sscanf(at + 7 + strlen(word), "%lf ns %lf", a, b) != 2)
			break;
		return;
	}
	bench_fail("%s: the image does not say \"%s\"", d->who, word);
}

static struct window run_image(struct daemon *d, char *const *argv)
{
	bool idle = !strcmp(argv[3], "idle");
	struct window w = { 0 };
	double all = 0, used;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		bench_fail("fork: %s", strerror(errno));
	if (!pid) {
		on_cpu(0, IMAGE_FIFO);
		execv(image_path, argv);
		_exit(127);
	}
	hear(d, "begin", NULL, NULL);
	if (idle)
		usleep(50000);
	used = bench_cpu_of(d->pid);
	if (idle) {
		uint64_t start = bench_ns();

		usleep(IDLE_MS * 1000);
		used = bench_cpu_of(d->pid) - used;
		all = (double)(bench_ns() - start);
		hear(d, "idle", NULL, NULL);
	} else {
		hear(d, "trips", &w.ns, &all);
		used = bench_cpu_of(d->pid) - used;
	}
	if (waitpid(pid, &status, 0) != pid || status)
		bench_fail("%s: the image ended with 0x%x", d->who, (unsigned int)status);
	w.load = used * 1e9 / all;
	w.cpu = used;
	return w;
}

static struct window trips(struct daemon *d, unsigned int gap_us)
{
	unsigned int count = gap_us		  ? GAP_WINDOW_US / gap_us :
			     strcmp(d->spin, "0") ? 20000 :
						    2000;
	char number[16], gap[16];
	char *argv[] = { (char *)image_path, "--pmm", d->socket, "trips", number, gap, d->looks, NULL };

	snprintf(number, sizeof(number), "%u", count < 20 ? 20 : count);
	snprintf(gap, sizeof(gap), "%u", gap_us);
	return run_image(d, argv);
}

static struct window idle(struct daemon *d)
{
	char ms[16];
	char *argv[] = { (char *)image_path, "--pmm", d->socket, "idle", ms, NULL };

	snprintf(ms, sizeof(ms), "%u", IDLE_MS + 200);
	return run_image(d, argv);
}

/* --- windows --- */

/* One window, again while the machine moves; at least one of d and how. */
static void measure(const char *name, struct daemon *d, unsigned int how, unsigned int gap_us,
		    unsigned int run)
{
	bool is_idle = !strcmp(name, "idle");
	const char *who = d ? d->who : how == BUSY ? "eventfd-busy" : "eventfd";
	struct bench_case c = { .bench = "B3", .name = name, .who = who,
				.unit = is_idle ? "CPU" : "ns", .x = gap_us, .x_unit = "us" };
	struct bench_probe before, after;
	const char *moved = NULL;
	struct window w;

	for (unsigned int i = 0; i < BENCH_TRIES; i++) {
		bench_probe(pair, 0, &before);
		w = !d ? eventfds(how) : is_idle ? idle(d) : trips(d, gap_us);
		bench_probe(pair, 0, &after);
		/* What nobody does is the same wherever it is not done. */
		moved = is_idle ? NULL : bench_moved(&before, &after);
		before.r = (before.r + after.r) / 2;
		bench_print(&c, is_idle ? w.load : w.ns, &before, w.cpu, run, moved);
		if (gap_us) {
			c.name = "load";
			c.unit = "CPU";
			bench_print(&c, w.load, &before, w.cpu, run, moved);
			c.name = name;
			c.unit = "ns";
		}
		usleep(20000);
		if (!moved)
			return;
	}
	fprintf(stderr, "bench: B3 %s %s: %s does not hold still on this machine\n", name, who, moved);
}

static void one_run(unsigned int run)
{
	static const unsigned int gaps[] = { 10, 30, 100, 300, 1000, 3000, 10000 };

	for (unsigned int i = 0; i < nr_daemons; i++)
		measure("rtt", &daemons[i], 0, 0, run);
	measure("rtt", NULL, BLOCKING, 0, run);
	measure("rtt", NULL, BUSY, 0, run);
	for (unsigned int g = 0; g < sizeof(gaps) / sizeof(*gaps); g++)
		for (unsigned int i = 0; i < nr_daemons; i++)
			measure("gap", &daemons[i], 0, gaps[g], run);
	for (unsigned int i = 0; i < nr_daemons; i++)
		if (strcmp(daemons[i].spin, "always"))
			measure("idle", &daemons[i], 0, 0, run);
}

static void stop_daemons(void)
{
	for (unsigned int i = 0; i < nr_daemons; i++)
		if (daemons[i].pid > 0)
			kill(daemons[i].pid, SIGTERM);
}

int main(int argc, char **argv)
{
	if (argc < 5)
		bench_fail("usage: bell PMM IMAGE DIR WHO=SPIN[,LOOKS]...");
	image_path = argv[2];
	for (unsigned int i = 0; i < 4; i++) {
		bells[i] = eventfd(0, i < 2 ? 0 : EFD_NONBLOCK);
		if (bells[i] < 0)
			bench_fail("eventfd: %s", strerror(errno));
	}
	pair = bench_pair_start(answer, NULL);
	atexit(stop_daemons);
	for (int i = 4; i < argc && nr_daemons < DAEMONS; i++) {
		struct daemon *d = &daemons[nr_daemons++];

		strcpy(d->looks, "4096");
		if (sscanf(argv[i], "%15[^=]=%15[^,],%15s", d->who, d->spin, d->looks) < 2)
			bench_fail("%s: not WHO=SPIN[,LOOKS]", argv[i]);
		start_daemon(d, argv[1], argv[3]);
	}
	for (unsigned int run = 0; run < bench_runs(); run++)
		one_run(run);
	bench_pair_end(pair);
	return 0;
}
