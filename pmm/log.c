/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log lines.  A line is one write, so that lines of several processes do not
 * mix; a reader of standard error that stands still costs us 100 ms and
 * the line, not the service.
 */
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LOG_LINE 1024
#define LOG_PATIENCE_MS 100

void ofl_log(const char *fmt, ...)
{
	static const char prefix[] = "offload-pmm: ";
	struct pollfd pfd = { .fd = STDERR_FILENO, .events = POLLOUT };
	char line[LOG_LINE];
	size_t len = sizeof(prefix) - 1;
	va_list ap;
	int n;

	__builtin_memcpy(line, prefix, len);
	va_start(ap, fmt);
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	len += (size_t)n;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	do
		n = poll(&pfd, 1, LOG_PATIENCE_MS);
	while (n < 0 && errno == EINTR);
	if (n == 1 && (pfd.revents & POLLOUT) &&
	    write(STDERR_FILENO, line, len) < 0)
		return; /* nowhere left to complain */
}
