/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loop.
 *
 * An image on a core of its own does not trap: its work is found by looking.
 * So the loop looks at all queues in turn, for as long as there is work and for
 * a short time after (spin.c), because the next request of a busy image comes
 * within microseconds.  Then it says that it sleeps, asks for kicks, looks
 * once more, and sleeps in epoll until the doorbell, which is an eventfd,
 * another descriptor or the time that the host allows: no limit, or 1 ms with
 * a module that has no doorbell.
 *
 * While it spins the descriptors get a look every few turns.  When some looks in a
 * row have found nothing, the kernel is asked to say so when they have something
 * (ready.c), and until it does a look is no system call.
 */
#include "loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "pmm.h"
#include "window.h"

#define LOOP_EVENTS 16
#define LOOP_TURNS_PER_LOOK 64
#define LOOP_EMPTY 16 /* looks without anything before the kernel is asked */
#define LOOP_QUIET 4096u /* looks after which it is not relied on that it would have told */

int ofl_loop_open(struct ofl_loop *loop)
{
	loop->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epfd < 0)
		return -errno;
	ofl_ready_open(&loop->ready);
	return 0;
}

void ofl_loop_close(struct ofl_loop *loop)
{
	if (loop->epfd >= 0)
		close(loop->epfd);
	loop->epfd = -1;
}

int ofl_loop_watch(struct ofl_loop *loop, struct ofl_source *source,
		   uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = source };
	int op = EPOLL_CTL_MOD;

	if (events == source->events || source->fd < 0)
		return 0;
	if (!source->always) {
		if (!source->events)
			op = EPOLL_CTL_ADD;
		else if (!events)
			op = EPOLL_CTL_DEL;
		if (epoll_ctl(loop->epfd, op, source->fd, &ev)) {
			if (op != EPOLL_CTL_ADD || errno != EPERM)
				return -errno;
			source->always = true;
		}
	}
	source->events = events;
	return 0;
}

void ofl_loop_dispatch(struct ofl_loop *loop, int timeout_ms)
{
	struct epoll_event ev[LOOP_EVENTS];
	int i, n;

	loop->batch++;
	n = epoll_wait(loop->epfd, ev, LOOP_EVENTS, timeout_ms);
	loop->empty = n > 0 ? 0 : loop->empty + 1;
	for (i = 0; i < n; i++) {
		struct ofl_source *source = ev[i].data.ptr;

		/* An earlier one of this batch may have unasked this one. */
		if (source->events)
			source->fn(source->arg, ev[i].events);
	}
}

/* At the descriptors, beside a busy image. */
static void loop_look(struct ofl_loop *loop)
{
	bool asked = loop->ready.armed;

	if (ofl_ready_quiet(&loop->ready) && ++loop->quiet % LOOP_QUIET)
		return;
	ofl_loop_dispatch(loop, 0);
	/* something was there, though it may have been found another way meanwhile */
	if (asked && !loop->ready.armed)
		loop->empty = 0;
	if (loop->empty >= LOOP_EMPTY)
		ofl_ready_arm(&loop->ready, loop->epfd);
}

static uint64_t loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void loop_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#endif
}

static bool loop_pending(struct ofl_pmm *pmm)
{
	unsigned int i;

	for (i = 0; i < pmm->nr_devs; i++)
		if (ofl_dev_pending(pmm->devs[i]))
			return true;
	return false;
}

static void loop_sleep(struct ofl_pmm *pmm)
{
	int timeout = pmm->host->sleep_ms(pmm);
	bool counts = pmm->mem.size;
	unsigned int i;

	if (pmm->mem.size) {
		for (i = 0; i < pmm->nr_devs; i++)
			ofl_dev_arm(pmm->devs[i]);
		ofl_window_sleep(&pmm->mem, true);
		if (loop_pending(pmm)) {
			timeout = 0;
			counts = false; /* nobody sleeps */
		}
	}
	if (counts)
		ofl_spin_sleep(&pmm->loop.spin);
	ofl_loop_dispatch(&pmm->loop, timeout);
	if (counts)
		ofl_spin_wake(&pmm->loop.spin);
	if (pmm->mem.size)
		ofl_window_sleep(&pmm->mem, false);
}

void ofl_loop_run(struct ofl_pmm *pmm)
{
	struct ofl_spin *spin = &pmm->loop.spin;
	unsigned int turn = 0;

	ofl_spin_init(spin, pmm->opt->spin_us, loop_now);
	while (!pmm->stop) {
		if (pmm->mem.size && ofl_pmm_poll(pmm)) {
			if (spin->looks)
				ofl_spin_found(spin);
		} else if (!pmm->mem.size || !ofl_spin_on(spin)) {
			loop_sleep(pmm);
			pmm->host->check(pmm);
			turn = 0;
			continue;
		} else {
			loop_relax();
		}
		if (++turn < LOOP_TURNS_PER_LOOK)
			continue;
		turn = 0;
		loop_look(&pmm->loop);
		pmm->host->check(pmm);
	}
}
