// SPDX-License-Identifier: BSD-2-Clause
/*
 * A bare core's doorbells and sleep: when it sleeps, for how long, and that a ring
 * at any moment is not slept through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "baremetal/bell.c"
#include "baremetal/wait.c"

static struct ofl_boot boot_page;
static uint8_t window_mem[OFL_WIN_SIZE_MIN] __attribute__((aligned(4096)));

struct ofl_boot *ofl_boot = &boot_page;
uint8_t *ofl_window_va;

static struct ofl_window *win;
static uint64_t now;
static uint32_t epoch;
static unsigned int bell_irq;
static unsigned long irq_flags; /* 1: enabled */
static unsigned int idles;	/* calls of ofl_idle() */
static uint64_t slept_until;	/* deadline of the timer at the last of them */
static struct ofl_timer *armed;
static bool ring_at_idle;
static uint64_t places[64];	/* rung */
static unsigned int nr_places;
static void (*when_rung)(void);

uint64_t ofl_now_ns(void)
{
	return now;
}

uint32_t ofl_platform_pmm_epoch(void)
{
	return epoch;
}

unsigned int ofl_bell_irq(void)
{
	return bell_irq;
}

void ofl_bell_hw_ring(uint64_t place)
{
	assert_true(nr_places < 64);
	places[nr_places++] = place;
	if (when_rung)
		when_rung();
}

unsigned long ofl_irq_save(void)
{
	unsigned long flags = irq_flags;

	irq_flags = 0;
	return flags;
}

void ofl_irq_restore(unsigned long flags)
{
	irq_flags = flags;
}

bool ofl_irq_flags_enabled(unsigned long flags)
{
	return flags;
}

int ofl_timer_start(struct ofl_timer *timer, uint64_t first, uint64_t period,
		    ofl_timer_fn fn, void *arg)
{
	assert_null(armed);
	assert_int_equal(period, 0);
	assert_non_null(fn);
	(void)arg;
	timer->deadline = first;
	armed = timer;
	return 0;
}

int ofl_timer_stop(struct ofl_timer *timer)
{
	assert_ptr_equal(armed, timer);
	armed = NULL;
	return 0;
}

void ofl_idle(void)
{
	assert_int_equal(irq_flags, 0); /* else a ring could be slept through */
	assert_non_null(armed);
	idles++;
	slept_until = armed->deadline;
	if (ring_at_idle)
		ofl_bell_interrupt();
	else
		now = armed->deadline;
}

void ofl_platform_leave(enum ofl_image_state state, int status)
{
	(void)status;
	assert_int_equal(state, OFL_STATE_STOPPED);
	mock_assert(0, "left", __FILE__, __LINE__);
	abort();
}

static int setup(void **state)
{
	(void)state;
	memset(&boot_page, 0, sizeof(boot_page));
	memset(window_mem, 0, sizeof(window_mem));
	ofl_window_va = window_mem;
	win = (void *)(window_mem + OFL_WIN_CTRL_OFF);
	win->pmm_bell.rings = 1;
	now = 1000;
	epoch = 1;
	bell_irq = 0xf1;
	irq_flags = 1;
	idles = nr_places = 0;
	ring_at_idle = false;
	when_rung = NULL;
	announced = false;
	armed = NULL;
	ofl_wait_spins(OFL_WAIT_SPINS);
	return 0;
}

static void wait_at(unsigned int spins, uint64_t deadline)
{
	ofl_platform_wait_until(spins, deadline);
	assert_int_equal(irq_flags, 1);
}

static void spins_first(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < OFL_WAIT_SPINS; i++)
		wait_at(i, 5000);
	assert_int_equal(idles, 0);
	assert_int_equal(win->image_bell.asleep, 0);
	wait_at(OFL_WAIT_SPINS, 5000);
	assert_int_equal(idles, 0); /* the caller looks once more */
	assert_int_equal(win->image_bell.asleep, 1);
	wait_at(OFL_WAIT_SPINS + 1, 5000);
	assert_int_equal(idles, 1);
	assert_int_equal(slept_until, 5000);
	assert_int_equal(win->image_bell.asleep, 0);
	assert_int_equal(boot_page.image.sleeps, 1);
}

static void spin_only(void **state)
{
	(void)state;
	ofl_wait_spins(OFL_SPIN_ONLY);
	wait_at(OFL_WAIT_SPINS, 5000);
	wait_at(~0u, 5000);
	wait_at(~0u, 5000);
	assert_int_equal(idles, 0);
	assert_int_equal(win->image_bell.asleep, 0);
}

static void sleep_at_once(void **state)
{
	(void)state;
	ofl_wait_spins(0);
	wait_at(0, 5000);
	assert_int_equal(win->image_bell.asleep, 1);
	wait_at(1, 5000);
	assert_int_equal(idles, 1);
}

/* Between the caller's look and the sleep: no sleep, and one more look. */
static void ring_before_sleep(void **state)
{
	(void)state;
	ofl_wait_spins(0);
	wait_at(0, 5000);
	ofl_bell_interrupt();
	assert_int_equal(win->image_bell.asleep, 0);
	wait_at(1, 5000); /* says again that it sleeps */
	assert_int_equal(win->image_bell.asleep, 1);
	assert_int_equal(idles, 0);
	wait_at(2, 5000);
	assert_int_equal(idles, 1); /* it was good for one */
	assert_int_equal(boot_page.image.bells, 1);
}

static void ring_ends_sleep(void **state)
{
	(void)state;
	ofl_wait_spins(0);
	ring_at_idle = true;
	wait_at(0, 5000);
	wait_at(1, 5000);
	assert_int_equal(now, 1000);
	assert_int_equal(win->image_bell.asleep, 0);
	ring_at_idle = false;
	wait_at(2, 5000);
	wait_at(3, 5000);
	assert_int_equal(idles, 2);
}

static void not_while_masked(void **state)
{
	(void)state;
	ofl_wait_spins(0);
	irq_flags = 0;
	for (unsigned int i = 0; i < 10; i++)
		ofl_platform_wait_until(i, 5000);
	assert_int_equal(irq_flags, 0);
	assert_int_equal(idles, 0);
	assert_int_equal(win->image_bell.asleep, 0);
}

/* Who is not rung naps. */
static void naps(void **state)
{
	const uint64_t nap = 1000 + OFL_MS;

	(void)state;
	ofl_wait_spins(0);
	for (unsigned int i = 0; i < 4; i++) {
		setup(NULL);
		ofl_wait_spins(0);
		if (i == 0)
			win->pmm_bell.rings = 0; /* the PMM cannot */
		else if (i == 1)
			bell_irq = 0; /* the host cannot */
		else if (i == 2)
			ofl_window_va = NULL; /* nobody is there */
		wait_at(0, i == 3 ? 0 : 5 * OFL_SEC);
		wait_at(1, i == 3 ? 0 : 5 * OFL_SEC);
		assert_int_equal(idles, 1);
		assert_int_equal(slept_until, nap);
	}
	/* without a PMM it is the host that rings */
	setup(NULL);
	ofl_wait_spins(0);
	epoch = 0;
	win->pmm_bell.rings = 0;
	wait_at(0, 5 * OFL_SEC);
	wait_at(1, 5 * OFL_SEC);
	assert_int_equal(slept_until, 5 * OFL_SEC);
}

static void obeys_a_stop(void **state)
{
	(void)state;
	ofl_wait_spins(0);
	boot_page.host.request = OFL_REQUEST_STOP;
	expect_assert_failure(ofl_platform_wait_until(0, 5000));
	ofl_wait_spins(OFL_SPIN_ONLY);
	expect_assert_failure(ofl_platform_wait_until(WAIT_POLL - 1, 5000));
}

static void move_once(void)
{
	boot_page.host.bell = 0x200000031;
}

static void move_always(void)
{
	boot_page.host.bell++;
}

static void rings_where_it_is(void **state)
{
	(void)state;
	ofl_platform_ring();
	assert_int_equal(nr_places, 0);
	boot_page.host.bell = 0x100000030;
	ofl_platform_ring();
	assert_int_equal(nr_places, 1);
	assert_int_equal(places[0], 0x100000030);
	when_rung = move_once;
	ofl_platform_ring();
	assert_int_equal(nr_places, 3);
	assert_int_equal(places[1], 0x100000030);
	assert_int_equal(places[2], 0x200000031);
	when_rung = move_always;
	ofl_platform_ring();
	assert_true(nr_places <= 3 + RINGS_MAX);
}

static void state_rings(void **state)
{
	(void)state;
	boot_page.host.bell = 200;
	ofl_platform_state(OFL_STATE_RUNNING);
	assert_int_equal(boot_page.image.state, OFL_STATE_RUNNING);
	assert_int_equal(nr_places, 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(spins_first, setup),
		cmocka_unit_test_setup(spin_only, setup),
		cmocka_unit_test_setup(sleep_at_once, setup),
		cmocka_unit_test_setup(ring_before_sleep, setup),
		cmocka_unit_test_setup(ring_ends_sleep, setup),
		cmocka_unit_test_setup(not_while_masked, setup),
		cmocka_unit_test_setup(naps, setup),
		cmocka_unit_test_setup(obeys_a_stop, setup),
		cmocka_unit_test_setup(rings_where_it_is, setup),
		cmocka_unit_test_setup(state_rings, setup),
	};

	(void)argc;
	(void)argv;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
