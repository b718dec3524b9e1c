// SPDX-License-Identifier: BSD-2-Clause
/*
 * The device's half: the PMM's window, devices, rings and its loop, as they
 * are, with one device that adds 100.
 */
#include "hook.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/epoll.h>

/*
 * mem.c gives its order to those who call it, so the points are theirs: a call
 * leaves its point here, and the access in mem.c takes it.
 */
#undef MODEL_POINT
static struct model_point *caller;
static struct model_point *take_caller(void)
{
	struct model_point *point = caller;

	caller = NULL;
	return point;
}
#define MODEL_POINT(order, what, kind) take_caller()
#include "pmm/mem.c"
#undef MODEL_POINT
#define MODEL_POINT(order, what, kind) ({ \
	static struct model_point point_ __attribute__((section("model_points"), used)) = { \
		__FILE__, __LINE__, order, what, kind, __builtin_FUNCTION(), 0 }; \
	&point_; })
#define FROM(order, what, kind) (caller = MODEL_POINT(order, what, kind))
#define ofl_mem_load16(m, pa) (FROM(__ATOMIC_ACQUIRE, #pa, "load"), ofl_mem_load16(m, pa))
#define ofl_mem_load32(m, pa) (FROM(__ATOMIC_ACQUIRE, #pa, "load"), ofl_mem_load32(m, pa))
#define ofl_mem_load64(m, pa) (FROM(__ATOMIC_ACQUIRE, #pa, "load"), ofl_mem_load64(m, pa))
#define ofl_mem_store16(m, pa, v) (FROM(__ATOMIC_RELEASE, #pa, "store"), ofl_mem_store16(m, pa, v))
#define ofl_mem_store32(m, pa, v) (FROM(__ATOMIC_RELEASE, #pa, "store"), ofl_mem_store32(m, pa, v))
#define ofl_mem_store64(m, pa, v) (FROM(__ATOMIC_RELEASE, #pa, "store"), ofl_mem_store64(m, pa, v))
#define ofl_mem_load16_in(p, off) (FROM(__ATOMIC_ACQUIRE, #p, "load"), ofl_mem_load16_in(p, off))
#define ofl_mem_store16_in(p, off, v) \
	(FROM(__ATOMIC_RELEASE, #p, "store"), ofl_mem_store16_in(p, off, v))
#define ofl_mem_fence() (FROM(__ATOMIC_SEQ_CST, "", "fence"), ofl_mem_fence())

/* The others have no order, and no point. */
#include "pmm/vq.c"
#include "pmm/vdev.c"
#include "pmm/window.c"
#include "pmm/pmm.c"
#include "pmm/spin.c"

/* The loop sleeps in epoll and looks at a clock. */
static int model_epoll_wait(int fd, struct epoll_event *ev, int max, int timeout_ms)
{
	(void)fd, (void)ev, (void)max;
	if (timeout_ms < 0)
		model_wait_device();
	return 0;
}

static int model_clock_gettime(clockid_t id, struct timespec *ts)
{
	static long us;

	(void)id;
	us++;
	ts->tv_sec = us / 1000000;
	ts->tv_nsec = us % 1000000 * 1000;
	return 0;
}
/* There is no kernel to be told by: the loop looks for itself. */
void ofl_ready_open(struct ofl_ready *ready)
{
	(void)ready;
}

void ofl_ready_arm(struct ofl_ready *ready, int epfd)
{
	(void)ready, (void)epfd;
}

bool ofl_ready_quiet(struct ofl_ready *ready)
{
	(void)ready;
	return false;
}

#define epoll_wait model_epoll_wait
#define clock_gettime model_clock_gettime
#include "pmm/loop.c"

void ofl_log(const char *fmt, ...)
{
	(void)fmt;
}

void ofl_console_drain(struct ofl_console *con, int ms)
{
	(void)con, (void)ms;
}

static unsigned int served;
static struct ofl_pmm pmm;
static struct ofl_options opt;
static struct ofl_dev dev;

static void dev_no_reset(struct ofl_dev *d)
{
	(void)d;
}

static bool dev_serve(struct ofl_dev *d)
{
	struct ofl_vq_chain chain;
	bool work = false;
	uint32_t number;
	int ret;

	while (ofl_dev_live(d, 0) && (ret = ofl_vq_pop(&d->vq[0], &chain))) {
		model_assert(ret == 1);
		model_assert(chain.nr_out == 1 && chain.nr_in == !model_play->one_way);
		model_assert(ofl_vq_copy_out(&d->vq[0], &chain, 0, &number, 4) == 4);
		model_assert(number == served + 1);
		number += 100;
		if (chain.nr_in)
			model_assert(ofl_vq_copy_in(&d->vq[0], &chain, 0, &number, 4) == 4);
		ofl_vq_push(&d->vq[0], chain.head, chain.nr_in * 4u);
		if (++served == MODEL_REQUESTS)
			pmm.stop = true;
		work = true;
	}
	if (work)
		ofl_dev_call(d, 0);
	return work;
}

static const struct ofl_dev_ops dev_ops = { .reset = dev_no_reset, .serve = dev_serve };

static void host_check(struct ofl_pmm *p)
{
	(void)p;
}

static void host_ring(struct ofl_pmm *p)
{
	(void)p;
	model_ring_driver();
}

static int host_sleep_ms(struct ofl_pmm *p)
{
	(void)p;
	return -1;
}

static const struct ofl_host_ops host = { .check = host_check, .ring = host_ring,
					  .sleep_ms = host_sleep_ms };

void model_device_reset(void)
{
	served = 0;
	caller = NULL;
	dev = (struct ofl_dev){ .ops = &dev_ops, .name = "model", .device_id = 1,
				.nr_queues = 1, .mem_size = OFL_PAGE,
				.in_order = model_play->one_way,
				.split_only = !model_play->packed };
	opt = (struct ofl_options){ .spin_us = model_play->device_spins };
	pmm = (struct ofl_pmm){ .opt = &opt, .host = &host, .nr_devs = 1,
				.mem = { model_window, MODEL_WINDOW_PA, MODEL_WINDOW_SIZE } };
	pmm.devs[0] = &dev;
}

void model_device_run(void)
{
	model_assert(!ofl_pmm_layout(&pmm, true));
	ofl_loop_run(&pmm);
}
