// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/* Ends with a status of its own, through exit() and an atexit handler. */
#include <stdio.h>
#include <stdlib.h>

static void at_exit(void)
{
	printf("atexit handler ran\n");
}

int main(void)
{
	atexit(at_exit);
	exit(42);
}
