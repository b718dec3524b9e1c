// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=long-long */
/*
 * 1000 periodic interrupts at 1 ms, with floating-point state live in main and
 * used in the handler; then a one-shot timer, a stopped one, and sleeps.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <offload/rt.h>

#define TICKS 1000
#define MS 1000000ull

static volatile double handler_sum;
static volatile unsigned int shots;
static uint64_t last, latest;

static void tick(struct ofl_timer *timer, void *arg)
{
	uint64_t now = ofl_now_ns();

	(void)arg;
	handler_sum = handler_sum + 0.5;
	if (last && now - last > latest)
		latest = now - last;
	last = now;
	if (timer->expirations == TICKS)
		ofl_timer_stop(timer);
}

static void shot(struct ofl_timer *timer, void *arg)
{
	(void)timer;
	(*(volatile unsigned int *)arg)++;
}

static void fail(const char *what, long long got)
{
	printf("FAIL: %s: %lld\n", what, got);
	exit(1);
}

int main(void)
{
	static struct ofl_timer periodic, one, never;
	uint64_t start = ofl_now_ns(), took, before;
	struct timespec ts, ms = { .tv_nsec = 5000000 };
	double x = 1.0, y = 1.0;
	unsigned long flags;
	int err;

	if (ofl_timer_start(&periodic, start, MS, NULL, NULL) != -EINVAL)
		fail("start without a handler", 0);
	err = ofl_timer_start(&periodic, start + MS, MS, tick, NULL);
	if (err)
		fail("start", err);
	if (ofl_timer_start(&periodic, start, MS, tick, NULL) != -EBUSY)
		fail("second start of an armed timer", 0);
	/* The registers of this loop must survive the interrupts. */
	while (periodic.expirations < TICKS) {
		x = x * 1.0 + 1.0;
		y = y * 1.0 + 1.0;
		if (x != y)
			fail("floating-point state lost", (long long)(x - y));
	}
	took = ofl_now_ns() - start;
	printf("ticks %llu overruns %llu in %llu us, longest gap %llu us\n",
	       (unsigned long long)periodic.expirations,
	       (unsigned long long)periodic.overruns,
	       (unsigned long long)(took / 1000), (unsigned long long)(latest / 1000));
	if (periodic.expirations != TICKS || handler_sum != TICKS * 0.5)
		fail("ticks", (long long)periodic.expirations);
	if (took < TICKS * MS)
		fail("too fast", (long long)took);
	if (took / MS < periodic.expirations + periodic.overruns)
		fail("more expirations and overruns than periods",
		     (long long)periodic.overruns);
	if (ofl_timer_stop(&periodic) != -EINVAL)
		fail("stop of a stopped timer", 0);

	/* One in the past expires at once; one that is stopped never. */
	flags = ofl_irq_save();
	ofl_timer_start(&never, 0, 0, shot, (void *)&shots);
	ofl_timer_start(&one, 0, 0, shot, (void *)&shots);
	ofl_timer_stop(&never);
	ofl_irq_restore(flags);
	before = ofl_now_ns();
	if (nanosleep(&ms, NULL))
		fail("nanosleep", errno);
	took = ofl_now_ns() - before;
	if (took < 5 * MS)
		fail("nanosleep too short", (long long)took);
	if (shots != 1)
		fail("one-shot expirations", shots);

	/* With interrupts masked a sleep spins, and no handler runs. */
	flags = ofl_irq_save();
	ofl_timer_start(&one, 0, 0, shot, (void *)&shots);
	usleep(2000);
	if (shots != 1)
		fail("handler ran with interrupts masked", shots);
	ofl_irq_restore(flags);
	usleep(2000);
	if (shots != 2)
		fail("handler after unmasking", shots);

	clock_gettime(CLOCK_REALTIME, &ts);
	printf("realtime %lld\n", (long long)ts.tv_sec);
	printf("timer1000 ok\n");
	return 0;
}
