// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast the TSC counts.
 *
 * Where CPUID does not tell, Linux measures it at boot, against the PIT; on a
 * virtual machine that is short of time, that has come out 18 times too slow.
 * Linux hardly notices, its clock is then another one (HPET, ACPI PM), but an
 * image has no other.  So the number is compared with Linux's clock once, and
 * where they differ, the clock counts.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/timekeeping.h>
#include <asm/tsc.h>

#include "core.h"

#define TRIES 8
/*
 * How long to compare: at first, and before the number is called wrong; with both
 * ends together known to 0.1 ms, that is to 1 % and to 0.1 %.
 */
#define LOOK_MS 10
#define MEASURE_MS 100
#define ROUNDS 3

/* Both clocks at one moment, which is known to `width` TSC ticks. */
struct moment {
	u64 tsc, ns, width;
};

static u64 counter_hz;

static void now_by_both(struct moment *best)
{
	struct moment m;
	unsigned long flags;
	unsigned int i;

	best->width = U64_MAX;
	for (i = 0; i < TRIES; i++) {
		local_irq_save(flags);
		m.tsc = rdtsc_ordered();
		m.ns = ktime_get_raw_ns();
		m.width = rdtsc_ordered() - m.tsc;
		local_irq_restore(flags);
		if (m.width < best->width)
			*best = m;
	}
}

/* Over that time or longer; 0: not possible. */
static u64 measure_khz(unsigned int ms)
{
	struct moment from, to;
	unsigned int i;
	u64 ticks;

	for (i = 0; i < ROUNDS; i++) {
		migrate_disable(); /* the TSCs of two CPUs may be apart */
		now_by_both(&from);
		msleep(ms);
		now_by_both(&to);
		migrate_enable();
		ticks = to.tsc - from.tsc;
		if (to.ns - from.ns >= ms * NSEC_PER_MSEC / 2 &&
		    from.width + to.width <= div_u64(ticks, ms * 10))
			return mul_u64_u64_div_u64(ticks, USEC_PER_SEC,
						   to.ns - from.ns);
	}
	return 0;
}

/* More than a clock that is well calibrated, and disciplined, can be off by. */
static bool differs(u64 khz)
{
	s64 off = khz - tsc_khz;

	return khz && abs(off) > tsc_khz / 100;
}

void ofl_arch_init(void)
{
	u64 khz;

	counter_hz = (u64)tsc_khz * 1000;
	if (!tsc_khz || !differs(measure_khz(LOOK_MS)))
		return;
	khz = measure_khz(MEASURE_MS);
	if (!differs(khz))
		return;
	pr_warn("the TSC counts %llu kHz by Linux's clock, not %u kHz as was measured at boot: images go by the clock\n",
		khz, tsc_khz);
	counter_hz = khz * 1000;
}

u64 ofl_arch_counter_hz(void)
{
	return counter_hz;
}
