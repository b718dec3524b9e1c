// SPDX-License-Identifier: BSD-2-Clause
#include "ktap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static unsigned int results, failures;

void ktap_begin(void)
{
	printf("KTAP version 1\n");
}

int ktap_end(void)
{
	printf("1..%u\n", results);
	return failures ? 1 : 0;
}

void ktap_note(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

void ktap_skip(const char *reason, const char *name)
{
	printf("ok %u %s # SKIP %s\n", ++results, name, reason);
}

static bool result(bool good, const char *file, int line, const char *fmt, va_list ap)
{
	printf("%s %u ", good ? "ok" : "not ok", ++results);
	vprintf(fmt, ap);
	printf("\n");
	if (!good) {
		failures++;
		printf("# %s:%d\n", file, line);
	}
	return good;
}

bool ktap_ok(bool good, const char *what, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	result(good, file, line, fmt, ap);
	va_end(ap);
	if (!good)
		printf("# false: %s\n", what);
	return good;
}

bool ktap_is(uint64_t got, uint64_t want, const char *what, const char *file, int line,
	     const char *fmt, ...)
{
	bool good = got == want;
	va_list ap;

	va_start(ap, fmt);
	result(good, file, line, fmt, ap);
	va_end(ap);
	if (!good)
		printf("# %s is %lld (0x%llx), should be %lld (0x%llx)\n", what,
		       (long long)got, (unsigned long long)got, (long long)want,
		       (unsigned long long)want);
	return good;
}

bool ktap_is_string(const char *got, const char *want, const char *what, const char *file,
		    int line, const char *fmt, ...)
{
	bool good = got && !strcmp(got, want);
	va_list ap;

	va_start(ap, fmt);
	result(good, file, line, fmt, ap);
	va_end(ap);
	if (!good)
		printf("# %s is \"%s\", should be \"%s\"\n", what, got ? got : "(null)", want);
	return good;
}

bool ktap_is_double(double got, double want, const char *what, const char *file, int line,
		    const char *fmt, ...)
{
	bool good = !memcmp(&got, &want, sizeof(got)) || (got != got && want != want);
	va_list ap;

	va_start(ap, fmt);
	result(good, file, line, fmt, ap);
	va_end(ap);
	if (!good)
		printf("# %s is %.17g (%a), should be %.17g (%a)\n", what, got, got, want,
		       want);
	return good;
}

bool ktap_is_between(int64_t got, int64_t low, int64_t high, const char *what,
		     const char *file, int line, const char *fmt, ...)
{
	bool good = got >= low && got <= high;
	va_list ap;

	va_start(ap, fmt);
	result(good, file, line, fmt, ap);
	va_end(ap);
	if (!good)
		printf("# %s is %lld, should be %lld to %lld\n", what, (long long)got,
		       (long long)low, (long long)high);
	return good;
}
