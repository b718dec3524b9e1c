// SPDX-License-Identifier: BSD-2-Clause
#include "say.h"

#include <stdarg.h>
#include <stdio.h>

#include <baremetal/serial.h>

#define LINE_MAX_LEN 512

static SIMPLE_TEXT_OUTPUT_INTERFACE *out;

void ofl_say_console(SIMPLE_TEXT_OUTPUT_INTERFACE *console)
{
	out = console;
}

void ofl_say_serial(void)
{
	out = NULL;
}

void ofl_say(const char *fmt, ...)
{
	static const char prefix[] = "offload: ";
	static char line[LINE_MAX_LEN];
	static CHAR16 wide[LINE_MAX_LEN + 2];
	unsigned int n = 0, len;
	va_list ap;

	len = (unsigned int)snprintf(line, sizeof(line), "%s", prefix);
	va_start(ap, fmt);
	len += (unsigned int)vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	va_end(ap);
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	if (!out) {
		ofl_serial_write(line, len);
		return;
	}
	for (unsigned int i = 0; i < len; i++) {
		if (line[i] == '\n')
			wide[n++] = '\r';
		/* no more than ASCII: other bytes may be the half of something */
		wide[n++] = (unsigned char)line[i] < 0x7f ? (CHAR16)line[i] : '?';
	}
	wide[n] = 0;
	out->OutputString(out, wide);
}
