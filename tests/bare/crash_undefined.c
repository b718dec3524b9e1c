// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/* machines: x2apic gicv2 */
/* crash: (invalid opcode|undefined instruction) */
/* backtrace: undefined_instruction outer middle main */
/* An instruction that is none. */
#include "lib/crash.h"

CRASH(undefined_instruction)
{
#if defined(__x86_64__)
	__asm__ volatile("ud2");
#else
	__asm__ volatile("udf #1");
#endif
	crash_mark();
}
