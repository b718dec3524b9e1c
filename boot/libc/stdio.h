/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFFLOAD_BOOT_STDIO_H
#define OFFLOAD_BOOT_STDIO_H

#include <stdarg.h>
#include <stddef.h>

/* C's, without floating point, %n and wide characters. */
int snprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

#endif
