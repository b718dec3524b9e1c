// SPDX-License-Identifier: BSD-2-Clause
/* Waits for lines on the console and repeats them, until one says "quit". */
#include <stdio.h>
#include <string.h>

int main(void)
{
	char line[80];

	printf("idle: ready\n");
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\r\n")] = '\0';
		printf("idle: %s\n", line);
		if (!strcmp(line, "quit"))
			return 0;
	}
	return 1;
}
