// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/* machines: x2apic gicv3 */
/* crash: read of 0x18 \(null pointer\) */
/* backtrace: tick wait_for_it outer middle main */
/* A fault in a timer's handler. */
#include "lib/crash.h"

#include <offload/rt.h>

static void tick(struct ofl_timer *timer, void *arg)
{
	(void)timer;
	crash_calls += *(volatile uint32_t *)((uintptr_t)arg + 24);
}

CRASH(wait_for_it)
{
	static struct ofl_timer timer;

	ofl_timer_start(&timer, ofl_now_ns(), 0, tick, NULL);
	for (;;)
		crash_calls++;
}
