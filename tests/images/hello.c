// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
#include <stdio.h>

int main(int argc, char **argv)
{
	(void)argc;
	printf("hello from %s\n", argv[0]);
	return 0;
}
