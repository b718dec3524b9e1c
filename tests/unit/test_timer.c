// SPDX-License-Identifier: BSD-2-Clause
/* Timers and clocks over a counter and a one-shot timer of the test's own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* The clock's POSIX names are the host's libc's here. */
#define clock test_clock
#define clock_gettime test_clock_gettime
#define clock_getres test_clock_getres
#define clock_nanosleep test_clock_nanosleep
#define gettimeofday test_gettimeofday
#define nanosleep test_nanosleep
#define usleep test_usleep
#define sleep test_sleep

#include "baremetal/clock.c"
#include "baremetal/timer.c"

static struct ofl_boot boot_page;
struct ofl_boot *ofl_boot = &boot_page;

static uint64_t counter; /* the machine's */
static uint64_t hw_deadline; /* 0: off */
static int masked;
static unsigned int calls;

uint64_t ofl_counter(void)
{
	return counter;
}

void ofl_timer_hw_set(uint64_t deadline_ns)
{
	assert_true(masked);
	hw_deadline = deadline_ns ? deadline_ns : 1;
}

void ofl_timer_hw_off(void)
{
	hw_deadline = 0;
}

unsigned long ofl_irq_save(void)
{
	int was = masked;

	masked = 1;
	return (unsigned long)was;
}

void ofl_irq_restore(unsigned long flags)
{
	masked = (int)flags;
}

bool ofl_irq_flags_enabled(unsigned long flags)
{
	return !flags;
}

static void interrupt(void)
{
	int was = masked;

	masked = 1;
	ofl_timer_interrupt();
	masked = was;
}

/* Time passes; the interrupt comes when the hardware's deadline does. */
static void run_to(uint64_t ns)
{
	while (hw_deadline && hw_deadline <= ns) {
		if (counter < hw_deadline)
			counter = hw_deadline;
		interrupt();
	}
	counter = ns;
}

void ofl_idle(void)
{
	assert_true(masked); /* else the wake-up could be lost */
	assert_true(hw_deadline);
	run_to(hw_deadline);
}

void ofl_platform_wait_until(unsigned int spins, uint64_t deadline)
{
	(void)spins;
	(void)deadline;
	counter += 100;
}

void ofl_panic(const char *fmt, ...)
{
	(void)fmt;
	function_called();
	abort();
}

static void count(struct ofl_timer *timer, void *arg)
{
	(void)timer;
	calls++;
	if (arg)
		*(uint64_t *)arg = counter;
}

static int setup(void **state)
{
	(void)state;
	boot_page.info.counter_hz = NS_PER_SEC;
	ofl_clock_init();
	counter = 1000;
	hw_deadline = 0;
	masked = 0;
	calls = 0;
	armed = NULL;
	return 0;
}

static void test_one_shot(void **state)
{
	struct ofl_timer t = { 0 };
	uint64_t when = 0;

	(void)state;
	assert_int_equal(ofl_timer_start(&t, 5000, 0, count, &when), 0);
	assert_int_equal(hw_deadline, 5000);
	assert_int_equal(ofl_timer_start(&t, 6000, 0, count, NULL), -EBUSY);
	run_to(4999);
	assert_int_equal(calls, 0);
	run_to(10000);
	assert_int_equal(calls, 1);
	assert_int_equal(when, 5000);
	assert_false(t.armed);
	assert_int_equal(hw_deadline, 0);
	assert_int_equal(t.expirations, 1);
	assert_int_equal(ofl_timer_stop(&t), -EINVAL);
	assert_int_equal(ofl_timer_start(&t, 0, 0, NULL, NULL), -EINVAL);
}

static void test_order(void **state)
{
	struct ofl_timer a = { 0 }, b = { 0 }, c = { 0 };
	uint64_t wa = 0, wb = 0, wc = 0;

	(void)state;
	ofl_timer_start(&a, 3000, 0, count, &wa);
	ofl_timer_start(&b, 2000, 0, count, &wb);
	assert_int_equal(hw_deadline, 2000);
	ofl_timer_start(&c, 2500, 0, count, &wc);
	assert_int_equal(hw_deadline, 2000);
	assert_int_equal(ofl_timer_stop(&b), 0);
	assert_int_equal(hw_deadline, 2500);
	run_to(4000);
	assert_int_equal(wb, 0);
	assert_int_equal(wc, 2500);
	assert_int_equal(wa, 3000);
}

static void test_periodic_overruns(void **state)
{
	struct ofl_timer t = { 0 };

	(void)state;
	ofl_timer_start(&t, 2000, 1000, count, NULL);
	run_to(4500);
	assert_int_equal(calls, 3);
	assert_int_equal(t.overruns, 0);
	/* The core does nothing for a while: 5000 is served at 8700. */
	counter = 8700;
	interrupt();
	assert_int_equal(calls, 4);
	assert_int_equal(t.overruns, 3);
	assert_int_equal(t.deadline, 9000); /* the phase stays */
	run_to(9000);
	assert_int_equal(calls, 5);
	assert_int_equal(ofl_timer_stop(&t), 0);
	run_to(20000);
	assert_int_equal(calls, 5);
}

static void stop_self(struct ofl_timer *timer, void *arg)
{
	(void)arg;
	calls++;
	assert_int_equal(ofl_timer_stop(timer), 0);
}

static void restart_self(struct ofl_timer *timer, void *arg)
{
	if (++calls < 3)
		assert_int_equal(ofl_timer_start(timer, counter + 10, 0, restart_self, arg), 0);
}

static void test_handlers_use_timers(void **state)
{
	struct ofl_timer a = { 0 }, b = { 0 };

	(void)state;
	ofl_timer_start(&a, 2000, 1000, stop_self, NULL);
	run_to(9000);
	assert_int_equal(calls, 1);
	calls = 0;
	ofl_timer_start(&b, 10000, 0, restart_self, NULL);
	run_to(20000);
	assert_int_equal(calls, 3);
}

static void slow(struct ofl_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	calls++;
	counter += 50;
}

/* A handler slower than its period: the interrupted code gets its turn. */
static void test_storm(void **state)
{
	struct ofl_timer t = { 0 };

	(void)state;
	ofl_timer_start(&t, 2000, 10, slow, NULL);
	counter = 2000;
	interrupt();
	assert_int_equal(calls, ROUND_MAX);
	assert_true(hw_deadline != 0);
}

static void test_far_future(void **state)
{
	struct ofl_timer t = { 0 };

	(void)state;
	ofl_timer_start(&t, 2000, UINT64_MAX - 5, count, NULL);
	run_to(3000);
	assert_int_equal(calls, 1);
	assert_false(t.armed); /* the next period is past the end of time */
	ofl_timer_start(&t, UINT64_MAX, 0, count, NULL);
	run_to(5000);
	assert_int_equal(calls, 1);
	ofl_timer_stop(&t);
}

static void test_scale(void **state)
{
	const uint64_t rates[] = { 1, 1000, 24000000, 54000000, 62500000, 999999999,
				   1000000000, 2394454000, 4999999999ull, 1ull << 40 };

	(void)state;
	for (unsigned int i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		uint64_t hz = rates[i];
		struct ofl_scale to_ns = ofl_scale_make(NS_PER_SEC, hz);
		struct ofl_scale to_count = ofl_scale_make(hz, NS_PER_SEC);

		/* A century; by 128-bit division, which the runtime has not. */
		for (uint64_t s = 1; s < 3200000000ull; s = s * 7 + 3) {
			unsigned __int128 count = (unsigned __int128)s * hz + hz / 3;
			uint64_t exact, got;

			if (count > UINT64_MAX)
				break;
			exact = (uint64_t)(count * NS_PER_SEC / hz);
			got = ofl_scale(to_ns, (uint64_t)count);
			assert_true(exact - got <= 1);
			got = ofl_scale(to_count, exact);
			assert_true((uint64_t)count - got <= hz / NS_PER_SEC + 1);
		}
	}
	assert_int_equal(ofl_scale(ofl_scale_make(NS_PER_SEC, 1), UINT64_MAX), UINT64_MAX);
}

static void test_clocks(void **state)
{
	struct timespec ts;

	(void)state;
	boot_page.info.wall_offset_ns = -5000000001ll;
	counter = 1500000000;
	assert_int_equal(test_clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	assert_int_equal(ts.tv_sec, 1);
	assert_int_equal(ts.tv_nsec, 500000000);
	assert_int_equal(test_clock_gettime(CLOCK_REALTIME, &ts), 0);
	assert_int_equal(ts.tv_sec, -4);
	assert_int_equal(ts.tv_nsec, 499999999);
	boot_page.info.start_counter = 250000000;
	assert_int_equal(test_clock(), 5 * CLOCKS_PER_SEC / 4);
	boot_page.info.start_counter = 0;
	errno = 0;
	assert_int_equal(test_clock_gettime(1234, &ts), -1);
	assert_int_equal(errno, EINVAL);
}

static void test_sleeps(void **state)
{
	struct timespec ts = { .tv_sec = 2, .tv_nsec = 5 };
	uint64_t start = counter;

	(void)state;
	assert_int_equal(test_nanosleep(&ts, NULL), 0);
	assert_true(counter >= start + 2000000005ull && counter < start + 2000001000ull);
	start = counter;
	test_usleep(3);
	assert_true(counter >= start + 3000 && counter < start + 4000);
	/* With interrupts masked it spins. */
	masked = 1;
	start = counter;
	test_usleep(1000);
	assert_true(counter >= start + 1000000);
	assert_int_equal(hw_deadline, 0);
	masked = 0;
	ts.tv_nsec = 1000000000;
	errno = 0;
	assert_int_equal(test_nanosleep(&ts, NULL), -1);
	assert_int_equal(errno, EINVAL);
}

/* An absolute time further away than a signed count of ns is not the past. */
static void test_sleep_until(void **state)
{
	const struct timespec never = { .tv_sec = INT64_MAX, .tv_nsec = 0 };
	const struct timespec far = { .tv_sec = 10000000000, .tv_nsec = 0 };
	struct timespec ts = { .tv_sec = 1, .tv_nsec = 0 };
	uint64_t ns;

	(void)state;
	assert_int_equal(timespec_to_ns(&never, &ns), 0);
	assert_true(absolute_deadline(ns, 0) == UINT64_MAX);
	assert_true(absolute_deadline(ns, 1700000000000000000) == UINT64_MAX);
	assert_int_equal(timespec_to_ns(&far, &ns), 0);
	assert_true(absolute_deadline(ns, 0) == 10000000000000000000ull);
	/* wall-clock times before the counter began are the past */
	assert_int_equal(timespec_to_ns(&ts, &ns), 0);
	assert_true(absolute_deadline(ns, 1700000000000000000) == 0);
	assert_true(absolute_deadline(ns, 400000000) == 600000000);
	/* and a clock that is behind the counter */
	assert_true(absolute_deadline(ns, -5) == 1000000005);
	assert_true(absolute_deadline(UINT64_MAX - 2, -5) == UINT64_MAX);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_one_shot, setup),
		cmocka_unit_test_setup(test_order, setup),
		cmocka_unit_test_setup(test_periodic_overruns, setup),
		cmocka_unit_test_setup(test_handlers_use_timers, setup),
		cmocka_unit_test_setup(test_storm, setup),
		cmocka_unit_test_setup(test_far_future, setup),
		cmocka_unit_test_setup(test_scale, setup),
		cmocka_unit_test_setup(test_clocks, setup),
		cmocka_unit_test_setup(test_sleeps, setup),
		cmocka_unit_test_setup(test_sleep_until, setup),
	};

	(void)argc;
	(void)argv;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
