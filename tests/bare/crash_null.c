// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/* machines: hlt gicv3 */
/* crash: write to 0x10 \(null pointer\) */
/* backtrace: touch_null outer middle main */
/* A write through a null pointer. */
#include "lib/crash.h"

CRASH(touch_null)
{
	uint32_t *volatile where = (uint32_t *)16;

	*(volatile uint32_t *)where = 1;
	crash_calls++;
}
