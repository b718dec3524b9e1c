// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=long-long */
/* icount: hlt gicv2 gicv3 el2 */
/*
 * Timers and clocks.  Started with "exact" (time is counted in instructions),
 * lateness is judged too; otherwise only what holds on any machine however
 * busy: nothing comes early, nothing is lost, the order is right.
 */
#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "ktap.h"
#include "timer/timer.h"

#define US 1000ull
#define MS 1000000ull
#define LATE (20 * US) /* exact: from the deadline to the handler */

static bool exact;

struct shot {
	struct ofl_timer timer;
	uint64_t at; /* when it came first */
	volatile unsigned int calls;
	unsigned int rank; /* of all, counted from 1 */
	bool stop; /* itself */
};

static volatile unsigned int ranks;

static void shoot(struct ofl_timer *timer, void *arg)
{
	struct shot *shot = arg;

	if (!shot->calls++) {
		shot->at = ofl_now_ns();
		shot->rank = ++ranks;
	}
	if (shot->stop)
		ofl_timer_stop(timer);
}

static void arm(struct shot *shot, uint64_t first, uint64_t period)
{
	memset(shot, 0, sizeof(*shot));
	ofl_timer_start(&shot->timer, first, period, shoot, shot);
}

static void pause_ns(uint64_t ns)
{
	uint64_t end = ofl_now_ns() + ns;

	while (ofl_now_ns() < end)
		;
}

/* For a first call, with a second's patience. */
static void wait_call(struct shot *shot)
{
	uint64_t end = ofl_now_ns() + 1000 * MS;

	while (!shot->calls && ofl_now_ns() < end)
		;
}

/* How late, judged only where it can be. */
static void judge(uint64_t late, const char *name)
{
	if (exact)
		is_between(late, 0, LATE, "%s: at most 20 us late", name);
	else
		ktap_skip("time is not exact here", name);
}

static void test_errors(void)
{
	static struct ofl_timer timer;
	struct shot shot;

	is(ofl_timer_start(&timer, 0, 0, NULL, NULL), -EINVAL, "no handler: EINVAL");
	ok(!timer.armed, "it is not armed then");
	is(ofl_timer_stop(&timer), -EINVAL, "stop of a timer never started: EINVAL");
	arm(&shot, ofl_now_ns() + 1000 * MS, 0);
	is(ofl_timer_start(&shot.timer, 0, 0, shoot, &shot), -EBUSY, "start of an armed one: EBUSY");
	ok(shot.timer.armed && shot.calls == 0, "it stays as it was");
	is(ofl_timer_stop(&shot.timer), 0, "stop");
	is(ofl_timer_stop(&shot.timer), -EINVAL, "stop of a stopped one: EINVAL");
	is(ofl_timer_start(&shot.timer, ofl_now_ns() + 1000 * MS, 0, shoot, &shot), 0,
	   "a stopped one can be started again");
	ofl_timer_stop(&shot.timer);
}

static void test_one_shot(void)
{
	struct shot shot;
	uint64_t now = ofl_now_ns();

	arm(&shot, now + 3 * MS, 0);
	pause_ns(1 * MS);
	if (ofl_now_ns() < now + 3 * MS)
		is(shot.calls, 0, "one-shot: not before its time");
	else
		ktap_skip("the machine was too slow", "one-shot: not before its time");
	while (!shot.calls)
		;
	ok(shot.at >= now + 3 * MS, "one-shot: not early");
	judge(shot.at - (now + 3 * MS), "one-shot");
	pause_ns(5 * MS);
	is(shot.calls, 1, "one-shot: once");
	is(shot.timer.expirations, 1, "one-shot: counted");
	is(shot.timer.overruns, 0, "one-shot: no overruns");
	ok(!shot.timer.armed, "one-shot: not armed any more");
	is(ofl_timer_stop(&shot.timer), -EINVAL, "one-shot: nothing to stop");

	now = ofl_now_ns();
	arm(&shot, now - 1, 0);
	wait_call(&shot);
	is(shot.calls, 1, "deadline in the past: it comes");
	judge(shot.at - now, "deadline in the past");
	now = ofl_now_ns();
	arm(&shot, 0, 0);
	wait_call(&shot);
	is(shot.calls, 1, "deadline 0: it comes");
	judge(shot.at - now, "deadline 0");
	arm(&shot, UINT64_MAX, 0);
	pause_ns(2 * MS);
	is(shot.calls, 0, "deadline at the end of time: not yet");
	is(ofl_timer_stop(&shot.timer), 0, "and it can be stopped");

	/* Longer than the hardware can count in one go, or nearly. */
	now = ofl_now_ns();
	arm(&shot, now + 60 * MS, 0);
	while (!shot.calls)
		ofl_platform_relax();
	ok(shot.at >= now + 60 * MS, "60 ms: not early");
	judge(shot.at - (now + 60 * MS), "60 ms");
}

static void test_periodic(void)
{
	struct shot shot;
	uint64_t start = ofl_now_ns() + MS, took, periods;
	unsigned long flags;

	arm(&shot, start, MS);
	while (shot.calls < 20)
		;
	ofl_timer_stop(&shot.timer);
	took = ofl_now_ns() - start;
	periods = took / MS + 1;
	is(shot.timer.expirations, shot.calls, "periodic: expirations are calls");
	ok(shot.at >= start, "periodic: the first is not early");
	judge(shot.at - start, "periodic");
	ok(shot.timer.expirations + shot.timer.overruns <= periods,
	   "periodic: not more than there were periods");
	if (exact)
		is(shot.timer.overruns, 0, "periodic: none is missed");
	else
		ktap_skip("time is not exact here", "periodic: none is missed");
	took = shot.calls;
	pause_ns(3 * MS);
	is(shot.calls, took, "periodic: stopped, it does not come again");

	/* Held back for some periods: one call, and the rest are overruns. */
	start = ofl_now_ns();
	flags = ofl_irq_save();
	arm(&shot, start, MS);
	pause_ns(5 * MS + MS / 2);
	ofl_irq_restore(flags);
	while (!shot.calls)
		;
	flags = ofl_irq_save();
	is_between(shot.timer.overruns, 5, 5 + 10000 * !exact, "held back: overruns are counted");
	is((shot.timer.deadline - start) % MS, 0, "held back: the phase is kept");
	if (exact)
		is(shot.timer.deadline, start + 6 * MS, "held back: the next one is the sixth");
	else
		ok(shot.timer.deadline >= start + 6 * MS, "held back: the next one is not earlier");
	ofl_timer_stop(&shot.timer);
	ofl_irq_restore(flags);

	memset(&shot, 0, sizeof(shot));
	shot.stop = true;
	ofl_timer_start(&shot.timer, ofl_now_ns(), MS, shoot, &shot);
	wait_call(&shot);
	pause_ns(4 * MS);
	is(shot.calls, 1, "a handler may stop its own timer");
	ok(!shot.timer.armed, "and it is stopped then");

	/* A period of nothing but interrupts still leaves the image running. */
	arm(&shot, ofl_now_ns(), 1);
	while (shot.calls < 1000)
		;
	ofl_timer_stop(&shot.timer);
	ok(shot.timer.overruns > 0, "a period of 1 ns does not stop the image");
}

static void test_order(void)
{
	static struct shot s[6];
	uint64_t now;
	unsigned long flags;

	ranks = 0;
	flags = ofl_irq_save();
	now = ofl_now_ns();
	arm(&s[0], now + 3 * MS, 0);
	arm(&s[1], now + 1 * MS, 0);
	arm(&s[2], now + 5 * MS, 0);
	arm(&s[3], now + 2 * MS, 0);
	arm(&s[4], now + 4 * MS, 0);
	arm(&s[5], now + 2 * MS, 0);
	is(ofl_timer_stop(&s[4].timer), 0, "order: stop one in the middle");
	ofl_irq_restore(flags);
	while (!s[2].calls)
		;
	is(s[1].rank, 1, "order: the earliest deadline first");
	is(s[3].rank, 2, "order: then the next");
	is(s[5].rank, 3, "order: equal deadlines in order of their start");
	is(s[0].rank, 4, "order: started first, due fourth");
	is(s[2].rank, 5, "order: the last");
	is(s[4].calls, 0, "order: the stopped one never came");
	ok(s[0].at >= now + 3 * MS && s[1].at >= now + MS && s[2].at >= now + 5 * MS,
	   "order: none was early");
	judge(s[1].at - (now + MS), "order: the first");
	judge(s[2].at - (now + 5 * MS), "order: the last");

	/* All overdue at once. */
	ranks = 0;
	flags = ofl_irq_save();
	now = ofl_now_ns();
	arm(&s[0], now + 2, 0);
	arm(&s[1], now + 1, 0);
	arm(&s[2], now, 0);
	pause_ns(MS);
	ofl_irq_restore(flags);
	while (!s[0].calls)
		;
	is(s[2].rank * 100 + s[1].rank * 10 + s[0].rank, 123, "order: overdue ones, too");

	/* Stopping the first moves the hardware to the second. */
	flags = ofl_irq_save();
	now = ofl_now_ns();
	arm(&s[0], now + 2 * MS, 0);
	arm(&s[1], now + 4 * MS, 0);
	is(ofl_timer_stop(&s[0].timer), 0, "stop the first of two");
	ofl_irq_restore(flags);
	while (!s[1].calls)
		;
	ok(s[0].calls == 0 && s[1].at >= now + 4 * MS, "the second comes in its own time");
	judge(s[1].at - (now + 4 * MS), "the second");
}

static struct shot chained;

static void chain(struct ofl_timer *timer, void *arg)
{
	(void)arg;
	if (timer->expirations && ++chained.calls < 5)
		ofl_timer_start(timer, ofl_now_ns() + MS, 0, chain, NULL);
}

static void test_restart(void)
{
	uint64_t start = ofl_now_ns();

	memset(&chained, 0, sizeof(chained));
	ofl_timer_start(&chained.timer, start + MS, 0, chain, NULL);
	while (chained.calls < 5)
		;
	ok(ofl_now_ns() >= start + 5 * MS, "a handler may start its timer again");
	pause_ns(2 * MS);
	is(chained.calls, 5, "as often as it likes");
}

static void test_sleep(void)
{
	struct timespec ts = { .tv_nsec = 2000000 }, rem = { 5, 5 };
	uint64_t start = ofl_now_ns(), took, irqs = ofl_boot->image.irqs;
	unsigned long flags;
	int err;

	err = nanosleep(&ts, &rem);
	took = ofl_now_ns() - start;
	is(err, 0, "nanosleep");
	ok(took >= 2 * MS, "nanosleep: not too short");
	judge(took - 2 * MS, "nanosleep");
	ok(rem.tv_sec == 0 && rem.tv_nsec == 0, "nanosleep: nothing remains");
	ok(ofl_boot->image.irqs > irqs, "nanosleep: by the timer, asleep");

	start = ofl_now_ns();
	usleep(300);
	ok(ofl_now_ns() - start >= 300 * US, "usleep: not too short");
	ts = (struct timespec){ .tv_nsec = 1000000000 };
	errno = 0;
	is(nanosleep(&ts, NULL), -1, "nanosleep: a nanosecond too many");
	is(errno, EINVAL, "nanosleep: EINVAL");
	ts = (struct timespec){ .tv_sec = -1 };
	is(nanosleep(&ts, NULL), -1, "nanosleep: less than nothing");

	start = ofl_now_ns() + 2 * MS;
	ts = (struct timespec){ (time_t)(start / 1000000000), (long)(start % 1000000000) };
	err = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	took = ofl_now_ns();
	is(err, 0, "clock_nanosleep to a point in time");
	ok(took >= start, "clock_nanosleep: not before it");
	judge(took - start, "clock_nanosleep");
	is(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0,
	   "clock_nanosleep: it is over at once when the point has passed");
	is(clock_nanosleep((clockid_t)77, 0, &ts, NULL), EINVAL, "clock_nanosleep: no such clock");

	flags = ofl_irq_save();
	irqs = ofl_boot->image.irqs;
	start = ofl_now_ns();
	usleep(500);
	ok(ofl_now_ns() - start >= 500 * US, "usleep with interrupts masked: not too short");
	is(ofl_boot->image.irqs, irqs, "and without an interrupt");
	ofl_irq_restore(flags);
}

static void test_clock(void)
{
	struct timespec a, b, res;
	struct timeval tv;
	uint64_t last = ofl_now_ns(), backwards = 0, same = 0, count = ofl_counter();

	for (unsigned int i = 0; i < 20000; i++) {
		uint64_t now = ofl_now_ns(), c = ofl_counter();

		backwards += now < last || c < count;
		same += now == last;
		last = now;
		count = c;
	}
	is(backwards, 0, "the clock never goes backwards");
	ok(same < 20000, "and moves");
	is(clock_gettime(CLOCK_MONOTONIC, &a), 0, "clock_gettime: monotonic");
	is(clock_gettime(CLOCK_REALTIME, &b), 0, "clock_gettime: wall clock");
	ok(a.tv_nsec >= 0 && a.tv_nsec < 1000000000 && b.tv_nsec >= 0 &&
	   b.tv_nsec < 1000000000, "clock_gettime: nanoseconds below a second");
	last = (uint64_t)a.tv_sec * 1000000000 + (uint64_t)a.tv_nsec;
	ok(last <= ofl_now_ns(), "clock_gettime: the same clock as ofl_now_ns");
	errno = 0;
	is(clock_gettime((clockid_t)77, &a), -1, "clock_gettime: no such clock");
	is(errno, EINVAL, "clock_gettime: EINVAL");
	is(clock_getres(CLOCK_MONOTONIC, &res), 0, "clock_getres");
	ok(res.tv_sec == 0 && res.tv_nsec >= 1 && res.tv_nsec <= 1000, "clock_getres: 1 ns to 1 us");
	is(gettimeofday(&tv, NULL), 0, "gettimeofday");
	ok(tv.tv_sec - b.tv_sec < 60 && tv.tv_sec >= b.tv_sec, "gettimeofday: the wall clock");
	ok(tv.tv_usec >= 0 && tv.tv_usec < 1000000, "gettimeofday: microseconds");
}

static void test_scale(void)
{
	struct ofl_scale up = ofl_scale_make(1000000000, 62500000);
	struct ofl_scale down = ofl_scale_make(62500000, 1000000000);
	struct ofl_scale odd = ofl_scale_make(1000000000, 2399999999ull);
	struct ofl_scale same = ofl_scale_make(1000, 1000);
	struct ofl_scale tiny = ofl_scale_make(1, UINT64_MAX / 4);
	uint64_t now = ofl_counter(), ns, last = 0, bad = 0;

	is(ofl_scale(up, 0), 0, "scale: nothing is nothing");
	is(ofl_scale(up, 1), 16, "scale: 62.5 MHz, one tick");
	is(ofl_scale(up, 62500000), 1000000000, "scale: 62.5 MHz, one second");
	is(ofl_scale(up, 1ull << 59), 1ull << 63, "scale: 292 years");
	is(ofl_scale(up, 1ull << 60), UINT64_MAX, "scale: what does not fit is the largest");
	is(ofl_scale(up, UINT64_MAX), UINT64_MAX, "scale: the counter before its wrap");
	is(ofl_scale(down, 1000000000), 62500000, "scale: back");
	is(ofl_scale(down, UINT64_MAX), 1152921504606846975ull, "scale: back, the largest");
	is(ofl_scale(same, 12345), 12345, "scale: one to one");
	is(ofl_scale(same, UINT64_MAX), UINT64_MAX, "scale: one to one, the largest");
	is(ofl_scale(tiny, 1000), 0, "scale: very little");
	is_between(ofl_scale(odd, 2399999999ull), 999999999, 1000000000,
		   "scale: an odd frequency, one second");
	is_between(ofl_scale(odd, 2399999999ull * 3600), 3600 * 1000000000ll - 1,
		   3600 * 1000000000ll, "scale: an odd frequency, one hour");
	is_between(ofl_scale(odd, 2399999999ull * 86400 * 3650),
		   86400ll * 3650 * 1000000000ll - 1, 86400ll * 3650 * 1000000000ll,
		   "scale: an odd frequency, ten years");
	/* Never backwards from one count to the next, wherever the counter is. */
	for (unsigned int i = 0; i < 64; i++) {
		uint64_t at = UINT64_MAX >> i;

		ns = ofl_scale(odd, at);
		bad += ofl_scale(odd, at - 1) > ns || ns - ofl_scale(odd, at - 1) > 1;
	}
	is(bad, 0, "scale: steps at powers of two, up to the wrap");
	for (uint64_t c = UINT64_MAX - 2000; c > 2000; c += 97) {
		ns = ofl_counter_to_ns(c);
		if (ns < last)
			bad++;
		last = ns;
		if (c > UINT64_MAX - 97)
			break;
	}
	is(bad, 0, "clock: the last counts before the wrap go forward");

	ns = ofl_counter_to_ns(now);
	is_between(ofl_ns_to_counter(ns), now - ofl_counter_hz() / 1000000000 - 1,
		   now + ofl_counter_hz() / 1000000000 + 1, "clock: there and back");
	is(ofl_ns_to_counter(UINT64_MAX) >= ofl_ns_to_counter(UINT64_MAX - 1), 1,
	   "clock: the largest deadline does not wrap");
	is(ofl_ns_to_counter(0), 1, "clock: deadlines are rounded up");
	/* A difference of two counts survives the wrap. */
	is((uint64_t)5 - (UINT64_MAX - 4), 10, "clock: a difference over the wrap");
	is(ofl_scale(up, (uint64_t)5 - (UINT64_MAX - 4)), 160, "clock: and its nanoseconds");
}

int main(int argc, char **argv)
{
	exact = argc > 1 && !strcmp(argv[1], "exact");
	ktap_begin();
	test_errors();
	test_one_shot();
	test_periodic();
	test_order();
	test_restart();
	test_sleep();
	test_clock();
	test_scale();
	timer_machine(exact);
	return ktap_end();
}
