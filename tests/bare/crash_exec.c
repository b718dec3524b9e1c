// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/* machines: hlt el2 */
/* crash: execution of 0x7000000[0-9a-f]* \(data\) */
/* backtrace: - outer middle main */
/* A call of data. */
#include "lib/crash.h"

static uint32_t code[16];

CRASH(call_data)
{
	void (*volatile fn)(void) = (void (*)(void))(uintptr_t)code;

#if defined(__x86_64__)
	code[0] = 0xc3c3c3c3; /* ret */
#else
	code[0] = 0xd65f03c0; /* ret */
#endif
	fn();
	crash_calls++;
}
