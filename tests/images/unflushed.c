// SPDX-License-Identifier: BSD-2-Clause
/*
 *	unflushed FILE
 *
 * Leaves FILE open with text in its buffer, and more text to come from a
 * handler of atexit(): exit must run the handler, then flush.
 */
#include <stdio.h>
#include <stdlib.h>

static FILE *file;

static void at_exit(void)
{
	fputs("from the handler\n", file);
	printf("bye"); /* without a newline */
}

int main(int argc, char **argv)
{
	file = argc == 2 ? fopen(argv[1], "w") : NULL;
	if (!file || atexit(at_exit))
		return 1;
	fputs("from main\n", file);
	exit(7);
}
