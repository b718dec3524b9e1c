// SPDX-License-Identifier: BSD-2-Clause
/*
 * Doorbells of a bare core, and its sleep; docs/doorbells.md has the protocol.
 *
 * The host rings with an interrupt, which does nothing but take back that the
 * image is about to sleep.  The look whether that still stands and hlt (wfi) are one
 * step for interrupts: they are masked at the look, and the instruction ends at
 * once if one is pending.  So a ring that comes after the caller's look at its
 * work is never slept through.
 */
#include "core.h"
#include "wait.h"

/* How many waits in a row pass before the host's requests are looked at. */
#define WAIT_POLL 1024u
/* Of a PMM that does not ring, and where nobody said until when. */
#define NAP OFL_MS
/* A place that changes more often than this while we ring is nonsense. */
#define RINGS_MAX 16

/* image_bell.asleep was stored as 1; changes with interrupts masked only */
static volatile bool announced;

void ofl_platform_ring(void)
{
	uint64_t place = __atomic_load_n(&ofl_boot->host.bell, __ATOMIC_RELAXED);

	for (unsigned int i = 0; place && i < RINGS_MAX; i++) {
		uint64_t rang = place;

		ofl_bell_hw_ring(place);
		/* It may have moved before the ring arrived. */
		place = __atomic_load_n(&ofl_boot->host.bell, __ATOMIC_RELAXED);
		if (place == rang)
			break;
	}
}

bool ofl_platform_rejoin(void)
{
	return false; /* the host tells */
}

void ofl_platform_state(enum ofl_image_state state)
{
	__atomic_store_n(&ofl_boot->image.state, state, __ATOMIC_RELEASE);
	ofl_platform_ring();
}

static void announce(bool on)
{
	struct ofl_window *win;

	announced = on;
	if (!ofl_window_va)
		return;
	win = (void *)(ofl_window_va + OFL_WIN_CTRL_OFF);
	__atomic_store_n(&win->image_bell.asleep, on, __ATOMIC_RELAXED);
	/* Before the caller's last look at its work; who wakes up looks anyway. */
	if (on)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void ofl_bell_interrupt(void)
{
	ofl_boot->image.irqs++;
	ofl_boot->image.bells++;
	if (announced)
		announce(false);
}

/* Will somebody ring for whatever an image can wait for? */
static bool somebody_rings(void)
{
	const struct ofl_window *win;

	if (!ofl_bell_irq() || !ofl_window_va)
		return false;
	if (!ofl_platform_pmm_epoch())
		return true; /* the host does when that changes */
	win = (void *)(ofl_window_va + OFL_WIN_CTRL_OFF);
	return __atomic_load_n(&win->pmm_bell.rings, __ATOMIC_RELAXED);
}

static void woken(struct ofl_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
}

/* Interrupts are masked, and nobody has rung since the announcement. */
static void doze(uint64_t deadline)
{
	static struct ofl_timer timer;

	if (!deadline || !somebody_rings())
		deadline = ofl_now_ns() + NAP;
	ofl_timer_start(&timer, deadline, 0, woken, NULL);
	ofl_boot->image.sleeps++;
	ofl_idle();
	ofl_timer_stop(&timer);
	announce(false);
}

/* A stop request brings an interrupt too; this look needs none that works. */
static void look_at_request(void)
{
	if (__atomic_load_n(&ofl_boot->host.request, __ATOMIC_ACQUIRE) == OFL_REQUEST_STOP)
		ofl_platform_leave(OFL_STATE_STOPPED, 0);
}

void ofl_platform_wait_until(unsigned int spins, uint64_t deadline)
{
	unsigned long flags;

	if (ofl_wait_may_sleep(spins)) {
		look_at_request();
		flags = ofl_irq_save();
		if (ofl_irq_flags_enabled(flags)) {
			if (announced)
				doze(deadline);
			else
				announce(true);
			ofl_irq_restore(flags);
			return;
		}
		ofl_irq_restore(flags);
	}
	for (unsigned int i = 0; i < (spins < WAIT_POLL ? 1 : 16); i++)
		ofl_platform_relax();
	if (spins % WAIT_POLL != WAIT_POLL - 1)
		return;
	look_at_request();
}
