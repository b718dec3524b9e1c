// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/*
 * Never ends and masks all that can be masked.  x86_64: the NMI still stops
 * it.  aarch64: nothing does; the host has to report it as stuck.
 */
#include <stdio.h>

int main(void)
{
	printf("masked\n");
	fflush(stdout);
#if defined(__x86_64__)
	__asm__ volatile("cli");
#else
	__asm__ volatile("msr daifset, #0xf");
#endif
	for (;;)
		__asm__ volatile("" : : : "memory");
}
