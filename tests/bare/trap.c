// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=long-long */
/* machines: hlt mwait gicv3 el2 */
/*
 * Exceptions by class, each provoked and caught with the right vector and
 * error code; what an expected one leaves alone; FP and SIMD registers across
 * interrupts.
 */
#include <errno.h>

#include "caught.h"
#include "core.h"
#include "ktap.h"
#include "trap/trap.h"

#define MS 1000000ull

/* --- catching itself --- */

static void nothing(uintptr_t a, uintptr_t b)
{
	(void)a;
	(void)b;
}

static void read_null(uintptr_t a, uintptr_t b)
{
	(void)b;
	(void)*(volatile uint8_t *)a;
}

static volatile unsigned int ticks;

static void tick(struct ofl_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	ticks++;
}

static void test_probe(void)
{
	struct ofl_timer timer = { 0 };
	unsigned long flags = ofl_irq_save();
	uint64_t irqs = ofl_boot->image.irqs;
	bool both;

	ok(!caught(nothing, 0, 0), "nothing is caught of a function that does nothing");
	ok(!ofl_fault_probe.armed, "and the probe is off behind it");
	ok(caught(read_null, 0, 0), "a null pointer is caught");
	ok(!ofl_fault_probe.armed, "and the probe is off behind it");
	is(ofl_fault_probe.fault_address, 0, "with its address");
	errno = 7;
	ok(caught(read_null, 24, 0), "a second one, too");
	is(errno, 7, "thread-local variables are where they were");
	is(ofl_fault_probe.fault_address, 24, "with its own address");
	is(ofl_boot->image.state, OFL_STATE_RUNNING, "the image still runs");
	is(ofl_crash->nr_regs, 0, "no crash record was made");
	is(ofl_boot->image.irqs, irqs, "an exception is not counted as an interrupt");
	ofl_irq_restore(flags);

	ok(!ofl_fault_expected(0, 0, (uintptr_t)nothing, 0, 0),
	   "an exception that nobody waits for is not expected");
	ofl_fault_probe.armed = true;
	ofl_fault_probe.from = 100;
	ofl_fault_probe.to = 200;
	ok(!ofl_fault_expected(0, 0, 99, 0, 0), "nor one below the range");
	ok(!ofl_fault_expected(0, 0, 200, 0, 0), "nor one behind the range");
	ok(ofl_fault_probe.armed, "they leave the probe as it is");
	ok(ofl_fault_expected(0, 0, 199, 0, 0), "one in the range is");
	ok(!ofl_fault_expected(0, 0, 199, 0, 0), "but only one");

	flags = ofl_irq_save();
	both = caught(read_null, 0, 0);
	ok(both && !ofl_irq_flags_enabled(ofl_irq_save()), "masked interrupts stay masked");
	ofl_irq_restore(flags);
	both = caught(read_null, 0, 0);
	flags = ofl_irq_save();
	ok(both && ofl_irq_flags_enabled(flags), "interrupts that were on stay on");
	ofl_irq_restore(flags);

	ofl_timer_start(&timer, ofl_now_ns(), MS, tick, NULL);
	while (ticks < 5)
		both &= caught(read_null, 0, 0);
	ofl_timer_stop(&timer);
	ok(both, "exceptions are caught while timer interrupts come");
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	ktap_begin();
	test_probe();
	trap_classes();
	trap_fpu();
	return ktap_end();
}
