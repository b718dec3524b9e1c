// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=integer */
/* native: no */
/*
 * Is there anything of the last image in the heap?  Leaves a lot there itself, some of it
 * above where the heap ends when it does.  0: nothing was there.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIZE (1 << 20)

int main(int argc, char **argv)
{
	uint8_t *p = sbrk(SIZE);
	size_t found = 0;

	(void)argc;
	(void)argv;
	if (p == (void *)-1)
		return 2;
	for (size_t i = 0; i < SIZE; i++)
		found += p[i] != 0;
	memset(p, 0xa5, SIZE);
	sbrk(-SIZE / 2);
	printf("leavings: %u bytes\n", (unsigned int)found);
	return found ? 1 : 0;
}
