// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal stack=16K */
/* Recurses until the stack meets its guard page. */
#include <string.h>

static volatile unsigned int depth;

static __attribute__((noinline)) unsigned int deeper(unsigned int n)
{
	volatile char block[256];

	memset((char *)block, (int)n, sizeof(block));
	depth++;
	if (n == 0)
		return block[0];
	return deeper(n - 1) + block[n % sizeof(block)];
}

int main(void)
{
	return (int)deeper(1000000) & 1;
}
