/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KTAP for images: results go to stdout, which is the console, the serial line
 * or the log, wherever the image runs.
 *
 *	int main(void)
 *	{
 *		ktap_begin();
 *		ok(p != NULL, "malloc gives memory");
 *		is(strlen("abc"), 3, "strlen");
 *		return ktap_end();
 *	}
 *
 * A name is one line without '#', in the style of printf.  A failed result
 * shows the expression, its value, the file and the line.
 */
#ifndef OFL_TEST_KTAP_H
#define OFL_TEST_KTAP_H

#include <stdbool.h>
#include <stdint.h>

void ktap_begin(void);
/* The plan; main's return value. */
int ktap_end(void);
/* A line that is no result. */
void ktap_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A result that cannot be had here. */
void ktap_skip(const char *reason, const char *name);

#define ok(condition, ...) \
	ktap_ok((condition), #condition, __FILE__, __LINE__, __VA_ARGS__)
/* Integers of any size and sign. */
#define is(got, want, ...) \
	ktap_is((uint64_t)(got), (uint64_t)(want), #got, __FILE__, __LINE__, __VA_ARGS__)
#define is_string(got, want, ...) \
	ktap_is_string((got), (want), #got, __FILE__, __LINE__, __VA_ARGS__)
/* The same bits, so that NaN is NaN and -0 is not 0. */
#define is_double(got, want, ...) \
	ktap_is_double((got), (want), #got, __FILE__, __LINE__, __VA_ARGS__)
/* low <= got <= high, signed. */
#define is_between(got, low, high, ...) \
	ktap_is_between((int64_t)(got), (int64_t)(low), (int64_t)(high), #got, \
			__FILE__, __LINE__, __VA_ARGS__)

bool ktap_ok(bool good, const char *what, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
bool ktap_is(uint64_t got, uint64_t want, const char *what, const char *file, int line,
	     const char *fmt, ...) __attribute__((format(printf, 6, 7)));
bool ktap_is_string(const char *got, const char *want, const char *what, const char *file,
		    int line, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
bool ktap_is_double(double got, double want, const char *what, const char *file, int line,
		    const char *fmt, ...) __attribute__((format(printf, 6, 7)));
bool ktap_is_between(int64_t got, int64_t low, int64_t high, const char *what,
		     const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 7, 8)));

#endif
