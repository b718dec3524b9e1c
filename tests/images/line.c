// SPDX-License-Identifier: BSD-2-Clause
/* Reads a line from the console and says it back; then the end of input. */
#include <stdio.h>
#include <string.h>

int main(void)
{
	char line[128];

	printf("your name?\n");
	if (!fgets(line, sizeof(line), stdin)) {
		printf("no input\n");
		return 1;
	}
	line[strcspn(line, "\n")] = '\0';
	printf("hello, %s\n", line);
	return 0;
}
