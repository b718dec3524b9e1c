// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/* machines: hlt el2 */
/* crash: write to 0x8 \(null pointer\) */
/* backtrace: - outer middle main */
/* A bad pointer given to the C library. */
#include "lib/crash.h"

CRASH(clear)
{
	void *(*volatile fill)(void *, int, size_t) = memset;

	fill((void *)8, 0, 64);
	crash_calls++;
}
