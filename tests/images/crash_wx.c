// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/* Writes to its own text. */
#include <stdint.h>

static __attribute__((noinline)) void store(volatile uint8_t *p)
{
	*p = 0;
}

int main(void)
{
	store((volatile uint8_t *)(uintptr_t)main);
	return 0;
}
