// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal stack=16K */
/* machines: mwait gicv3 */
/* crash: guard page: the stack has overflowed */
/* backtrace: deeper deeper deeper */
/* Recursion without an end. */
#include "lib/crash.h"

KEEP static unsigned int deeper(unsigned int n)
{
	volatile uint8_t block[200];

	block[n % sizeof(block)] = (uint8_t)n;
	crash_calls++;
	return n ? deeper(n - 1) + block[n % sizeof(block)] : 0;
}

CRASH(overflow)
{
	crash_calls += deeper(1000000);
}
