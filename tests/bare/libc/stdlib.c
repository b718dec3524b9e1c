// SPDX-License-Identifier: BSD-2-Clause
#include "libc/libc.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "ktap.h"

static void test_numbers(void)
{
	char *end;

	is(strtol("  -123xyz", &end, 10), -123, "strtol");
	is_string(end, "xyz", "strtol: where it ended");
	is(strtol("0x7f", NULL, 0), 127, "strtol: base by prefix");
	is(strtol("zz", NULL, 36), 1295, "strtol: base 36");
	errno = 0;
	is(strtol("9223372036854775807", NULL, 10), LONG_MAX, "strtol: the largest");
	is(errno, 0, "strtol: is in range");
	is(strtol("9223372036854775808", NULL, 10), LONG_MAX, "strtol: one more");
	is(errno, ERANGE, "strtol: is out of range");
	errno = 0;
	is(strtol("-9223372036854775809", NULL, 10), LONG_MIN, "strtol: less than the least");
	is(errno, ERANGE, "strtol: is out of range, too");
	is(strtol("none", &end, 10), 0, "strtol: no number");
	is_string(end, "none", "strtol: nothing taken");
	is(strtoul("18446744073709551615", NULL, 10), ULONG_MAX, "strtoul: the largest");
	errno = 0;
	is(strtoul("18446744073709551616", NULL, 10), ULONG_MAX, "strtoul: one more");
	is(errno, ERANGE, "strtoul: is out of range");
	is(strtoul("-1", NULL, 10), ULONG_MAX, "strtoul: a negative number wraps");
	is_double(strtod("1.25e2abc", &end), 125.0, "strtod");
	is_string(end, "abc", "strtod: where it ended");
	is_double(strtod("0x1.8p1", NULL), 3.0, "strtod: hexadecimal");
	is_double(strtod("-inf", NULL), -__builtin_inf(), "strtod: infinity");
	is_double(strtod("nan", NULL), __builtin_nan(""), "strtod: NaN");
	is_double(strtod("0.1", NULL), 0.1, "strtod: to the nearest");
	is_double(strtod("4.9e-324", NULL), 4.9406564584124654e-324, "strtod: denormal");
	errno = 0;
	is_double(strtod("1e999", NULL), __builtin_inf(), "strtod: too large");
	is(errno, ERANGE, "strtod: is out of range");
	is(atoi("77"), 77, "atoi");
	is(abs(INT_MIN + 1), INT_MAX, "abs");
	is(div(-7, 2).quot, -3, "div: towards zero");
	is(div(-7, 2).rem, -1, "div: the rest");
	is(llabs(-5000000000ll), 5000000000ll, "llabs");
}

static int by_value(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

static void test_sort(void)
{
	static int v[500];
	unsigned int wrong = 0, x = 12345;
	int key = 0, none = -1;
	long sum = 0, sorted = 0;

	for (unsigned int i = 0; i < 500; i++) {
		x = x * 1103515245 + 12345;
		v[i] = (int)(x >> 16 & 0x7fff) * 2;
		sum += v[i];
	}
	key = v[250];
	qsort(v, 500, sizeof(v[0]), by_value);
	for (unsigned int i = 1; i < 500; i++)
		wrong += v[i - 1] > v[i];
	for (unsigned int i = 0; i < 500; i++)
		sorted += v[i];
	is(wrong, 0, "qsort: sorted");
	is(sorted, sum, "qsort: nothing lost");
	qsort(v, 500, sizeof(v[0]), by_value);
	ok(v[0] <= v[1] && v[498] <= v[499], "qsort: of what is sorted");
	qsort(v, 0, sizeof(v[0]), by_value);
	qsort(v, 1, sizeof(v[0]), by_value);
	ok(v[0] <= v[1], "qsort: of nothing, of one");
	ok(bsearch(&key, v, 500, sizeof(v[0]), by_value) != NULL, "bsearch: found");
	ok(!bsearch(&none, v, 500, sizeof(v[0]), by_value), "bsearch: not there");

	srand(1);
	x = (unsigned int)rand();
	ok((unsigned int)rand() != x, "rand: another one each time");
	srand(1);
	is(rand(), (int)x, "srand: the same again");
}

void libc_stdlib(void)
{
	test_numbers();
	test_sort();
	ok(!getenv("PATH"), "getenv: there is no environment");
	is(getpid(), 1, "getpid: the only one");
}

static bool in_heap(const void *p, size_t len)
{
	return (uintptr_t)p >= (uintptr_t)ofl_heap_start &&
	       (uintptr_t)p + len <= (uintptr_t)ofl_heap_end;
}

void libc_heap(void)
{
	size_t room = (size_t)(ofl_heap_end - ofl_heap_start), total = 0;
	volatile size_t uncountable = SIZE_MAX;
	void *volatile huge;
	uint8_t *a, *b, *c;
	void **list = NULL, **p;
	bool clean = true;

	a = malloc(100);
	b = malloc(100);
	ok(a && b && (a + 100 <= b || b + 100 <= a), "malloc: two pieces that do not overlap");
	ok(in_heap(a, 100) && in_heap(b, 100), "malloc: in the heap");
	is((uintptr_t)a % 16 | (uintptr_t)b % 16, 0, "malloc: aligned to 16");
	memset(a, 1, 100);
	memset(b, 2, 100);
	a = realloc(a, 5000);
	ok(a && a[0] == 1 && a[99] == 1, "realloc: larger, with its content");
	is(b[0], 2, "realloc: the neighbour is untouched");
	a = realloc(a, 10);
	ok(a && a[9] == 1, "realloc: smaller");
	free(a);
	c = calloc(50, 20);
	for (unsigned int i = 0; c && i < 1000; i++)
		clean &= !c[i];
	ok(c && clean, "calloc: zeroed");
	free(c);
	free(b);
	free(NULL);
	huge = realloc(NULL, 32);
	ok(huge, "realloc of NULL is malloc");
	free(huge);
	errno = 0;
	huge = malloc(room * 2);
	ok(!huge, "malloc: more than there is");
	is(errno, ENOMEM, "malloc: ENOMEM");
	huge = malloc(uncountable - 8);
	ok(!huge, "malloc: more than can be counted");
	huge = (void *)1;
	huge = calloc(uncountable / 4, 8);
	ok(!huge, "calloc: a product that overflows");
	a = malloc(64);
	memset(a, 7, 64);
	huge = realloc(a, room * 2);
	ok(!huge && a[63] == 7, "realloc: a failure leaves the old piece");
	free(a);
	a = aligned_alloc(4096, 8192);
	ok(a && !((uintptr_t)a % 4096), "aligned_alloc: a page");
	free(a);

	/* All of it, piece by piece, and again. */
	while ((p = malloc(65536))) {
		*p = list;
		list = p;
		total += 65536;
	}
	ok(total > room / 2, "malloc: more than half of the heap can be had");
	is(errno, ENOMEM, "malloc: then ENOMEM");
	while (list) {
		p = *list;
		free(list);
		list = p;
	}
	huge = malloc(total / 2);
	ok(huge, "free: pieces become one again");
	free(huge);
	ok(sbrk(0) != (void *)-1, "sbrk: where the heap ends");
	errno = 0;
	ok(sbrk((ptrdiff_t)room * 2) == (void *)-1, "sbrk: not behind the memory");
	is(errno, ENOMEM, "sbrk: ENOMEM");
	ok(sbrk(-(ptrdiff_t)room * 2) == (void *)-1, "sbrk: nor before it");
}

static jmp_buf env;
static volatile unsigned int deep;

static void dive(unsigned int n)
{
	deep++;
	if (!n)
		longjmp(env, 42);
	if (n < 100)
		dive(n - 1);
	deep += 1000;
}

void libc_jump(void)
{
	volatile unsigned int kept = 5;
	int value = setjmp(env);

	if (!value) {
		kept = 6;
		dive(10);
	}
	is(value, 42, "longjmp: its value");
	is(deep, 11, "longjmp: out of eleven calls, none returned");
	is(kept, 6, "longjmp: volatile variables keep their value");
	value = setjmp(env);
	if (!value)
		longjmp(env, 0);
	is(value, 1, "longjmp: 0 becomes 1");
}
