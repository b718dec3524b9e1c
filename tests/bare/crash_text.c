// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/* machines: mwait gicv2 */
/* crash: write to 0x7000000[0-9a-f]* \(text\) */
/* backtrace: write_text outer middle main */
/* A write to code. */
#include "lib/crash.h"

CRASH(write_text)
{
	crash_mark();
	*(volatile uint32_t *)(uintptr_t)outer = 1;
	crash_mark();
}
