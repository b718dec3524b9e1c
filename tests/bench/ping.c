/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One number: the polled round trip of 64 bytes through our rings at depth 1,
 * the runtime's code on one CPU and the PMM's on another, as a multiple of R.
 *
 * R is the round trip of two bare cache lines between the same two processes.
 * Virtual CPUs wander, so R is measured before and after each window, and a
 * window whose two differ by more than 15 % is measured again.
 */
#define _GNU_SOURCE
#include "ping.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "baremetal/vq.h"
#include "baremetal/platform.h"
#include "baremetal/wait.h"

#define WINDOWS 9
#define TRIES 200
#define ROUNDS 20000u
#define TOLERANCE 0.15
#define PATIENCE 2000000000ull /* polls of one answer */

/* --- what the ring code wants of the runtime --- */

uint8_t *ofl_window_va;
struct ofl_boot *ofl_boot;

uint64_t ofl_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

void ofl_virtio_fail(struct ofl_virtio *dev, const char *why)
{
	dev->broken = true;
	fprintf(stderr, "ping: %s\n", why);
}

bool ofl_virtio_alive(struct ofl_virtio *dev)
{
	return !dev->broken;
}

void ofl_virtio_bell(void)
{
}

void ofl_platform_ring(void)
{
}

unsigned int ofl_wait_sleep_at = OFL_WAIT_SPINS;

void ofl_platform_wait_until(unsigned int spins, uint64_t deadline)
{
	(void)spins;
	(void)deadline;
}

/* --- the two round trips --- */

static struct ping_lines *lines;
static struct ofl_virtio dev;
static struct ofl_vq vq;
static struct ofl_vq_buf buf[2];

static void fail(const char *what)
{
	fprintf(stderr, "ping: %s\n", what);
	__atomic_store_n(&lines->quit, 1, __ATOMIC_RELEASE);
	exit(1);
}

static void wait_answer(uint64_t value)
{
	uint64_t polls = 0;

	while (__atomic_load_n(&lines->answer, __ATOMIC_ACQUIRE) != value)
		if (++polls > PATIENCE)
			fail("the other side does not answer");
}

static double round_lines(void)
{
	static uint64_t n;
	uint64_t start = ofl_now_ns();

	for (unsigned int i = 0; i < ROUNDS; i++) {
		__atomic_store_n(&lines->ask, ++n, __ATOMIC_RELEASE);
		wait_answer(n);
	}
	return (double)(ofl_now_ns() - start) / ROUNDS;
}

static double round_ring(void)
{
	uint64_t start = ofl_now_ns(), polls;
	uint32_t len;
	void *cookie;
	int ret;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		if (ofl_vq_add(&vq, buf, 1, 1, &vq))
			fail("no room in the ring");
		ofl_vq_kick(&vq);
		polls = 0;
		while (!(ret = ofl_vq_get(&vq, &cookie, &len)))
			if (++polls > PATIENCE)
				fail("the other side does not answer");
		if (ret < 0 || cookie != &vq || len != PING_BYTES)
			fail("a wrong answer");
	}
	return (double)(ofl_now_ns() - start) / ROUNDS;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void measure(void)
{
	double ratio[WINDOWS], r[WINDOWS], before, after, ring;
	unsigned int n = 0, tries;

	round_lines();
	round_ring();
	for (tries = 0; n < WINDOWS && tries < TRIES; tries++) {
		before = round_lines();
		ring = round_ring();
		after = round_lines();
		if (after > before * (1 + TOLERANCE) ||
		    before > after * (1 + TOLERANCE))
			continue;
		r[n] = (before + after) / 2;
		ratio[n] = ring / r[n];
		n++;
	}
	if (n < WINDOWS)
		fail("this machine is too busy: R does not hold still");
	qsort(ratio, n, sizeof(ratio[0]), by_value);
	qsort(r, n, sizeof(r[0]), by_value);
	printf("polled round trip, 64 bytes, split ring, depth 1: %.2f R (median of %u, %.2f to %.2f; R = %.0f ns, %u windows discarded)\n",
	       ratio[n / 2], n, ratio[0], ratio[n - 1], r[n / 2], tries - n);
}

static bool pin(unsigned int nth)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		return false;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all) || nth--)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		return !sched_setaffinity(0, sizeof(one), &one);
	}
	return false;
}

int main(int argc, char **argv)
{
	uint8_t *window;
	pid_t child;

	(void)argc;
	(void)argv;
	window = mmap(NULL, PING_WINDOW + OFL_PAGE, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (window == MAP_FAILED) {
		perror("ping: mmap");
		return 1;
	}
	lines = (void *)(window + PING_WINDOW);
	ofl_window_va = window;
	dev.hdr = (void *)(window + OFL_WIN_DEVICES_OFF);
	dev.mem.va = window + OFL_WIN_DEVICES_OFF + OFL_VDEV_SIZE;
	dev.mem.pa = PING_PA + OFL_WIN_DEVICES_OFF + OFL_VDEV_SIZE;
	dev.mem.size = PING_WINDOW - OFL_WIN_DEVICES_OFF - OFL_VDEV_SIZE;
	if (ofl_vq_init(&vq, &dev, 0, 64, true) ||
	    !ofl_devmem_alloc(&dev.mem, PING_BYTES, &buf[0].pa) ||
	    !ofl_devmem_alloc(&dev.mem, PING_BYTES, &buf[1].pa))
		fail("the window is too small");
	buf[0].len = PING_BYTES;
	buf[1].len = PING_BYTES;
	lines->queue = (struct ofl_vq_driver){ .desc = vq.desc_pa,
					       .driver = vq.avail_pa,
					       .device = vq.used_pa,
					       .size = vq.size };
	child = fork();
	if (child < 0) {
		perror("ping: fork");
		return 1;
	}
	if (!child) {
		if (!pin(1)) {
			fprintf(stderr, "ping: needs two CPUs\n");
			_exit(1);
		}
		ping_serve(window, lines);
		_exit(0);
	}
	if (!pin(0))
		fail("cannot be pinned to a CPU");
	wait_answer(~0ull);
	measure();
	__atomic_store_n(&lines->quit, 1, __ATOMIC_RELEASE);
	waitpid(child, NULL, 0);
	return 0;
}
