// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/* machines: x2apic el2 */
/* crash: write to 0x7000000[0-9a-f]* \(read-only data\) */
/* backtrace: write_constant outer middle main */
/* A write to a constant. */
#include "lib/crash.h"

static const uint32_t constant[16] = { 1, 2, 3 };

CRASH(write_constant)
{
	crash_mark();
	*(volatile uint32_t *)(uintptr_t)&constant[2] = 1;
	crash_mark();
}
