// SPDX-License-Identifier: BSD-2-Clause
/*
 * Several consoles: says on each who it is and how large, then echoes the lines
 * of the second one until "quit" or its end.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void introduce(int fd, const char *name)
{
	struct winsize ws;
	char text[80];

	if (ioctl(fd, TIOCGWINSZ, &ws))
		perror(name);
	snprintf(text, sizeof(text), "%s: %ux%u\n", name, ws.ws_col, ws.ws_row);
	if (write(fd, text, strlen(text)) < 0)
		perror(name);
}

int main(void)
{
	char line[256], answer[264];
	int fd, hvc;
	FILE *in;

	introduce(1, "first");
	fd = open("/dev/second", O_RDWR);
	hvc = open("/dev/hvc2", O_RDWR);
	if (fd < 0 || hvc < 0) {
		perror("open");
		return 1;
	}
	introduce(fd, "second");
	introduce(hvc, "third");
	in = fdopen(fd, "r");
	while (in && fgets(line, sizeof(line), in)) {
		printf("got %s", line);
		snprintf(answer, sizeof(answer), "echo %s", line);
		if (write(fd, answer, strlen(answer)) < 0)
			perror("write");
		if (!strcmp(line, "quit\n"))
			break;
	}
	introduce(1, "first");
	return 0;
}
