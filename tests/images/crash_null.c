// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/* Writes through a null pointer: a page fault with address 8. */
#include <stdint.h>

static uint64_t *volatile null;

static __attribute__((noinline)) void store(uint64_t *p)
{
	p[1] = 0x5eed;
}

int main(void)
{
	store(null);
	return 0;
}
