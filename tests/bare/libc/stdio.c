// SPDX-License-Identifier: BSD-2-Clause
#include "libc/libc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ktap.h"

/* One conversion: its name is the format. */
#define prints(want, fmt, ...) do { \
	char buf_[128]; \
	int n_ = snprintf(buf_, sizeof(buf_), fmt, __VA_ARGS__); \
	is_string(n_ == (int)strlen(buf_) ? buf_ : "wrong length", want, "printf %%%s", \
		  &(fmt)[1]); \
} while (0)

#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat-overflow"

void libc_printf(void)
{
	char buf[16];

	prints("42", "%d", 42);
	prints("-42", "%i", -42);
	prints("   42", "%5d", 42);
	prints("42   ", "%-5d", 42);
	prints("00042", "%05d", 42);
	prints("+42", "%+d", 42);
	prints(" 42", "% d", 42);
	prints("  042", "%5.3d", 42);
	prints("", "%.0d", 0);
	prints("4294967295", "%u", UINT_MAX);
	prints("-2147483648", "%d", INT_MIN);
	prints("9223372036854775807", "%lld", LLONG_MAX);
	prints("18446744073709551615", "%llu", ULLONG_MAX);
	prints("-1", "%hhd", 255);
	prints("-32768", "%hd", 32768);
	prints("12", "%zu", (size_t)12);
	prints("-7", "%jd", (intmax_t)-7);
	prints("-8", "%td", (ptrdiff_t)-8);
	prints("777", "%o", 0777);
	prints("0777", "%#o", 0777);
	prints("dead", "%x", 0xdead);
	prints("0XBEEF", "%#X", 0xbeef);
	prints("0x00ff", "%#06x", 255);
	prints("x", "%c", 'x');
	prints("word", "%s", "word");
	prints("wo", "%.2s", "word");
	prints("  word", "%6s", "word");
	prints("wor  ", "%-*.*s", 5, 3, "word");
	prints("0x1234", "%p", (void *)0x1234);
	prints("100%", "%d%%", 100);
	prints("3.141593", "%f", 3.14159265358979);
	prints("3.14", "%.2f", 3.14159);
	prints("-0.5", "%.1f", -0.5);
	prints("2", "%.0f", 2.5); /* to even */
	prints("4", "%.0f", 3.5);
	prints("1e+100", "%g", 1e100);
	prints("0.0001", "%g", 0.0001);
	prints("1e-05", "%g", 0.00001);
	prints("100000", "%g", 100000.0);
	prints("1.500000e+00", "%e", 1.5);
	prints("1.7976931348623157e+308", "%.16e", 1.7976931348623157e308);
	prints("0.1000000000000000", "%.16f", 0.1);
	prints("nan", "%f", (double)NAN);
	prints("-inf", "%f", -(double)INFINITY);
	prints("INF", "%F", (double)INFINITY);
	prints("0x1.8p+1", "%a", 3.0);
	prints("-0.000000", "%f", -0.0);

	is(snprintf(buf, 4, "%s", "longer"), 6, "snprintf: the length it would have");
	is_string(buf, "lon", "snprintf: cut, with its end");
	is(snprintf(NULL, 0, "%d", 12345), 5, "snprintf: into nothing");
	memset(buf, 'x', sizeof(buf));
	is(snprintf(buf, 0, "abc"), 3, "snprintf: size 0");
	is(buf[0], 'x', "snprintf: touches nothing then");
	is(sprintf(buf, "%d-%d", 1, 2), 3, "sprintf");
}

void libc_scanf(void)
{
	int a = 0, b = 0, n = 0;
	unsigned int u = 0;
	long long ll = 0;
	char word[16] = "", c = 0;
	float f = 0;
	double d = 0;

	is(sscanf("12 -34", "%d %d", &a, &b), 2, "scanf: two numbers");
	is(a, 12, "scanf: the first");
	is(b, -34, "scanf: the second");
	is(sscanf("0x1f", "%x", &u), 1, "scanf: hexadecimal");
	is(u, 31, "scanf: its value");
	is(sscanf("0755", "%i", &a), 1, "scanf: a base by its prefix");
	is(a, 493, "scanf: octal");
	is(sscanf("9000000000", "%lld", &ll), 1, "scanf: more than 32 bits");
	is(ll, 9000000000ll, "scanf: its value");
	is(sscanf("2.5 1e-3", "%f %lf", &f, &d), 2, "scanf: float and double");
	is_double(f, 2.5, "scanf: the float");
	is_double(d, 0.001, "scanf: the double");
	is(sscanf("  word next", "%15s", word), 1, "scanf: a word");
	is_string(word, "word", "scanf: without blanks");
	is(sscanf("abcdef", "%3s%n", word, &n), 1, "scanf: a width");
	is(n, 3, "scanf: characters so far");
	is_string(word, "abc", "scanf: not more than the width");
	is(sscanf("k=v", "%15[a-z]=%c", word, &c), 2, "scanf: a set");
	is(c, 'v', "scanf: a character");
	is(sscanf("x", "%d", &a), 0, "scanf: no number there");
	is(sscanf("", "%d", &a), EOF, "scanf: nothing there");
	is(sscanf("5 apples", "%*d %15s", word), 1, "scanf: skipped");
	is_string(word, "apples", "scanf: what follows it");
	is(sscanf("7,8", "%d;%d", &a, &b), 1, "scanf: text that does not match");

	errno = 0;
	is(write(99, "x", 1), -1, "write to a descriptor that is not open");
	is(errno, EBADF, "is EBADF");
	errno = 0;
	ok(!fopen("/no/such/file", "q"), "fopen with a mode that is none");
	is(errno, EINVAL, "is EINVAL");
	is(close(-1), -1, "close of -1");
	is(fflush(stdout), 0, "fflush of stdout");
}
