// SPDX-License-Identifier: BSD-2-Clause
/*
 * How long the daemon looks before it sleeps: pmm/spin.c with a clock of the test's,
 * and an image that sends its next request a given time after each answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "pmm/spin.c"

#define MAX_US 50u
#define LOOK_NS 50u	/* one takes so long */
#define WAKE_NS 40000u	/* a sleep lasts so much longer than it should */
#define US 1000ull

static char said[512];
static uint64_t now_ns, clocks, looked_ns, waited_ns;
static struct ofl_spin spin;

void ofl_log(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(said + strlen(said), sizeof(said) - strlen(said), fmt, args);
	va_end(args);
}

static uint64_t now(void)
{
	clocks++;
	return now_ns;
}

static void sleep_until(uint64_t ns)
{
	ofl_spin_sleep(&spin);
	now_ns = (ns > now_ns ? ns : now_ns) + WAKE_NS;
	ofl_spin_wake(&spin);
}

/* The image wants something `gap` ns from now.  True: it was met without a sleep. */
static bool request(uint64_t gap)
{
	uint64_t due = now_ns + gap, began = now_ns;
	bool met = true;

	while (now_ns < due) {
		if (ofl_spin_on(&spin)) {
			now_ns += LOOK_NS;
			looked_ns += LOOK_NS;
			continue;
		}
		met = false;
		sleep_until(due);
		break;
	}
	if (spin.looks)
		ofl_spin_found(&spin);
	waited_ns += now_ns - began - gap;
	return met;
}

static unsigned int requests(unsigned int n, uint64_t gap)
{
	unsigned int met = 0;

	looked_ns = waited_ns = clocks = 0;
	while (n--)
		met += request(gap);
	return met;
}

static int setup(void **state)
{
	(void)state;
	now_ns = 1000000000;
	memset(said, 0, sizeof(said));
	ofl_spin_init(&spin, MAX_US, now);
	return 0;
}

/* Requests that follow each other need no clock, and no sleep. */
static void busy(void **state)
{
	(void)state;
	assert_int_equal(requests(1000, 3 * LOOK_NS), 1000);
	assert_int_equal(clocks, 0);
	assert_int_equal(requests(1000, 2 * US), 1000);
	/* One in SPIN_LOOKS looks reads it. */
	assert_in_range(clocks, 1, 1000 * 2 * US / LOOK_NS / SPIN_LOOKS + 2000);
	assert_int_equal(requests(1000, 40 * US), 1000);
	/* Gaps of all sizes do not make it forget the long ones. */
	for (int i = 0; i < 100; i++) {
		assert_int_equal(requests(50, 1 * US), 50);
		assert_int_equal(requests(1, 45 * US), 1);
	}
	assert_int_equal(spin.limit, MAX_US * US);
	assert_int_equal(spin.count.spins, 3000 + 5100);
	assert_int_equal(spin.count.spins_paid, 3000 + 5100);
	assert_int_equal(spin.count.sleeps, 0);
}

/* Nobody comes: it has looked for the longest time once. */
static void idle(void **state)
{
	unsigned int i;

	(void)state;
	requests(10, 40 * US);
	looked_ns = 0;
	while (ofl_spin_on(&spin)) {
		now_ns += LOOK_NS;
		looked_ns += LOOK_NS;
	}
	assert_in_range(looked_ns, MAX_US * US, MAX_US * US + 2 * SPIN_LOOKS * LOOK_NS);
	/* Woken for nothing, by a descriptor or a time limit: it does not look. */
	for (i = 0; i < 100; i++) {
		sleep_until(now_ns + 1000 * US);
		assert_false(ofl_spin_on(&spin));
	}
	assert_int_equal(spin.count.sleeps, 100);
	assert_int_equal(spin.count.wakes_paid, 0);
}

/* One request a millisecond: after a few it looks for next to nothing. */
static void periodic(void **state)
{
	static const uint64_t gaps[] = { 60 * US, 70 * US, 100 * US, 150 * US, 240 * US,
					 300 * US, 1000 * US, 10000 * US };
	unsigned int i;

	for (i = 0; i < sizeof(gaps) / sizeof(*gaps); i++) {
		setup(state);
		requests(1000, gaps[i]); /* learns */
		assert_int_equal(requests(1000, gaps[i]), 0);
		/* A try now and then, where one could be worth it. */
		assert_in_range(looked_ns / 1000, SPIN_FLOOR_NS,
				SPIN_FLOOR_NS + 2 * SPIN_LOOKS * LOOK_NS +
					(gaps[i] < 300 * US ? MAX_US * US * 2 / SPIN_DOUBT_MAX :
							      0));
	}
}

/* Gaps that can be looked through are, also when everything was forgotten. */
static void short_gaps(void **state)
{
	static const uint64_t gaps[] = { 1 * US, 5 * US, 10 * US, 20 * US, 30 * US, 45 * US };
	unsigned int i;

	for (i = 0; i < sizeof(gaps) / sizeof(*gaps); i++) {
		setup(state);
		requests(1000, 1000 * US);
		assert_int_equal(spin.limit, SPIN_FLOOR_NS);
		/* Sleeps that were too long until then make it doubt nothing. */
		assert_in_range(requests(100, gaps[i]), 90, 100);
		assert_int_equal(requests(1000, gaps[i]), 1000);
	}
}

/* The first request after a pause wakes it, the second one is met. */
static void returns(void **state)
{
	(void)state;
	requests(100, 5000 * US);
	assert_false(request(1000000 * US));
	assert_int_equal(requests(100, 2 * US), 100);
	assert_int_equal(waited_ns / 100 / LOOK_NS, 0);
}

/* Gaps that vary: it looks through more than the last one. */
static void jitter(void **state)
{
	(void)state;
	requests(100, 5000 * US);
	assert_int_equal(requests(1, 3 * US), 1);
	assert_int_equal(requests(1, 10 * US), 1);
	assert_int_equal(requests(1, 35 * US), 1);
}

/* Bursts with pauses: a pause costs what the gaps in a burst ask for, not the most. */
static void bursts(void **state)
{
	unsigned int i, met = 0;
	uint64_t looked = 0;

	(void)state;
	for (i = 0; i < 200; i++) {
		request(1000 * US);
		met += requests(9, 1 * US);
		looked += looked_ns;
		looked_ns = 0;
	}
	assert_int_equal(met, 200 * 9);
	requests(1, 1000 * US);
	assert_in_range(looked_ns, SPIN_FLOOR_NS, 10 * US);
}

/* Short and long gaps in turn, the long ones too long to be met: no try is believed
 * for the short ones' sake. */
static void mixed(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		request(2 * US);
		request(80 * US);
	}
	looked_ns = 0;
	for (i = 0; i < 1000; i++) {
		request(2 * US);
		request(80 * US);
	}
	assert_in_range(looked_ns / 1000, 0, 16 * US);
}

/* Sleeping takes longer than it may be looked for: it is found out all the same. */
static void slow_wake(void **state)
{
	unsigned int i;

	(void)state;
	ofl_spin_init(&spin, 20, now);
	requests(100, 1000 * US);
	for (i = 0; i < 20 && !request(15 * US); i++)
		;
	assert_in_range(i, 1, 19);
	/* The long sleeps before had spoilt that figure. */
	assert_in_range(spin.cost, WAKE_NS, SPIN_COST_MAX_NS - 1);
	assert_int_equal(requests(1000, 15 * US), 1000);
}

static void never(void **state)
{
	(void)state;
	ofl_spin_init(&spin, 0, now);
	assert_int_equal(requests(100, 1 * US), 0);
	assert_int_equal(looked_ns, 0);
	assert_int_equal(spin.limit, 0);
	assert_int_equal(spin.count.spins, 0);
	/* Work that came between announcement and sleep. */
	assert_false(ofl_spin_on(&spin));
	ofl_spin_found(&spin);
	assert_false(ofl_spin_on(&spin));
	assert_int_equal(spin.count.spins_paid, 0);
}

static void always(void **state)
{
	(void)state;
	ofl_spin_init(&spin, OFL_SPIN_ALWAYS, now);
	assert_int_equal(requests(3, 10000 * US), 3);
	/* The counter of looks comes around. */
	spin.looks = UINT32_MAX;
	assert_true(ofl_spin_on(&spin));
	assert_int_equal(requests(3, 10000 * US), 3);
	assert_int_equal(spin.count.sleeps, 0);
}

/* Less than the floor is asked for. */
static void little(void **state)
{
	(void)state;
	ofl_spin_init(&spin, 2, now);
	requests(100, 1000 * US);
	requests(100, 1 * US);
	requests(100, 100 * US);
	assert_in_range(looked_ns / 100, 0, 2 * US + 2 * SPIN_LOOKS * LOOK_NS);
}

static void counters(void **state)
{
	(void)state;
	request(2 * US);
	request(1000 * US);
	ofl_spin_stats(&spin);
	assert_non_null(strstr(said, "looked on 2 times, 1 times for something; slept 1 times, woken for work 1 times"));
	assert_non_null(strstr(said, "looks on for 25 us now"));
	memset(said, 0, sizeof(said));
	ofl_spin_init(&spin, OFL_SPIN_ALWAYS, now);
	ofl_spin_stats(&spin);
	assert_non_null(strstr(said, "slept 0 times"));
	assert_non_null(strstr(said, "looks on without an end"));
	assert_null(strstr(said, " us "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(busy, setup),
		cmocka_unit_test_setup(idle, setup),
		cmocka_unit_test_setup(periodic, setup),
		cmocka_unit_test_setup(short_gaps, setup),
		cmocka_unit_test_setup(returns, setup),
		cmocka_unit_test_setup(jitter, setup),
		cmocka_unit_test_setup(bursts, setup),
		cmocka_unit_test_setup(mixed, setup),
		cmocka_unit_test_setup(slow_wake, setup),
		cmocka_unit_test_setup(never, setup),
		cmocka_unit_test_setup(always, setup),
		cmocka_unit_test_setup(little, setup),
		cmocka_unit_test_setup(counters, setup),
	};

	return cmocka_run_group_tests_name("pmm_spin", tests, NULL, NULL);
}
