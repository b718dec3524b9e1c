// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/* Never ends, interrupts enabled: has to be stopped. */
#include <stdio.h>

int main(void)
{
	printf("spinning\n");
	fflush(stdout);
	for (;;)
		__asm__ volatile("" : : : "memory");
}
