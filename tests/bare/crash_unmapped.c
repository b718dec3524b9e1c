// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/* machines: hlt gicv2 */
/* crash: read of 0x123456789000 \(outside the image's memory\) */
/* backtrace: read_nowhere outer middle main */
/* A read of nothing. */
#include "lib/crash.h"

CRASH(read_nowhere)
{
	crash_mark();
	crash_calls += *(volatile uint32_t *)0x123456789000;
	crash_mark();
}
