// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/*
 * hello [WHO]: the smallest image.  With a daemon it speaks on the console, without
 * one into the instance's log.
 */
#include <stdio.h>

int main(int argc, char **argv)
{
	printf("hello from %s\n", argc > 1 ? argv[1] : "a borrowed core");
	return 0;
}
