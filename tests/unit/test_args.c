// SPDX-License-Identifier: BSD-2-Clause
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "baremetal/args.c"

static char buf[256];
static char *argv[8];
static size_t where;

static int split(const char *line)
{
	where = 999;
	return ofl_args_split(line, strlen(line), buf, sizeof(buf), argv, 8,
			      &where);
}

static void test_blanks(void **state)
{
	(void)state;
	assert_int_equal(split(""), 0);
	assert_null(argv[0]);
	assert_int_equal(split(" \t\n "), 0);
	assert_int_equal(split("  one  two\tthree\n"), 3);
	assert_string_equal(argv[0], "one");
	assert_string_equal(argv[1], "two");
	assert_string_equal(argv[2], "three");
	assert_null(argv[3]);
}

static void test_quotes(void **state)
{
	(void)state;
	assert_int_equal(split("'a b' \"c d\" e\\ f"), 3);
	assert_string_equal(argv[0], "a b");
	assert_string_equal(argv[1], "c d");
	assert_string_equal(argv[2], "e f");
	assert_int_equal(split("a'b'\"c\"d"), 1);
	assert_string_equal(argv[0], "abcd");
	assert_int_equal(split("'' \"\" x"), 3);
	assert_string_equal(argv[0], "");
	assert_string_equal(argv[1], "");
	assert_int_equal(split("'it'\\''s' \"say \\\"hi\\\"\""), 2);
	assert_string_equal(argv[0], "it's");
	assert_string_equal(argv[1], "say \"hi\"");
	/* Inside "..." a backslash quotes only the quote and itself. */
	assert_int_equal(split("\"a\\nb\\\\\" '\\'"), 2);
	assert_string_equal(argv[0], "a\\nb\\");
	assert_string_equal(argv[1], "\\");
}

static void test_errors(void **state)
{
	(void)state;
	assert_int_equal(split("a 'bc"), -EINVAL);
	assert_int_equal(where, 2);
	assert_int_equal(split("\"x"), -EINVAL);
	assert_int_equal(where, 0);
	assert_int_equal(split("ab\\"), -EINVAL);
	assert_int_equal(where, 2);
	assert_int_equal(split("1 2 3 4 5 6 7"), 7);
	assert_null(argv[7]);
	assert_int_equal(split("1 2 3 4 5 6 7 8"), -E2BIG);
}

static void test_bounds(void **state)
{
	char small[4];

	(void)state;
	assert_int_equal(ofl_args_split("abc", 3, small, 4, argv, 8, &where), 1);
	assert_string_equal(small, "abc");
	assert_int_equal(ofl_args_split("abcd", 4, small, 4, argv, 8, &where),
			 -E2BIG);
	assert_int_equal(ofl_args_split("a b c", 5, small, 4, argv, 8, &where),
			 -E2BIG);
	/* Not terminated: only len bytes are looked at; a NUL ends it too. */
	assert_int_equal(ofl_args_split("abXX", 2, small, 4, argv, 8, &where), 1);
	assert_string_equal(small, "ab");
	assert_int_equal(ofl_args_split("a\0b", 3, small, 4, argv, 8, &where), 1);
	assert_int_equal(ofl_args_split("a\\\0b", 4, small, 4, argv, 8, &where),
			 -EINVAL);
	assert_int_equal(ofl_args_split("", 0, small, 0, argv, 1, &where), 0);
	assert_int_equal(ofl_args_split("a", 1, small, 0, argv, 8, &where),
			 -E2BIG);
}

/* Any text at all: an answer, every word terminated inside of the buffer. */
static void test_mutations(void **state)
{
	static const char alphabet[] = "ab '\"\\\t\n";
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char line[24], out[16];
		size_t len;
		int n;

		for (size_t i = 0; i < sizeof(line); i++) {
			seed = seed * 1664525u + 1013904223u;
			line[i] = alphabet[(seed >> 16) % (sizeof(alphabet))];
		}
		seed = seed * 1664525u + 1013904223u;
		len = (seed >> 16) % (sizeof(line) + 1);
		n = ofl_args_split(line, len, out, (seed >> 8) % 17, argv, 8,
				   &where);
		assert_true(n >= 0 || n == -E2BIG || n == -EINVAL);
		for (int i = 0; i < n; i++)
			assert_non_null(memchr(argv[i], '\0',
					       (size_t)(out + 16 - argv[i])));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blanks),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
