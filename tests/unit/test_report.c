// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a hostile image may leave in its boot page, crash record and log: no
 * overrun, and nothing that a terminal would obey.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "kernel-module/report.c"

static bool harmless(const char *s, size_t len, bool lines)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = s[i];

		if (c == '\n' || c == '\t' ? !lines : c < ' ' || c > '~')
			return false;
	}
	return true;
}

static void states(void **state)
{
	uint32_t s;

	(void)state;
	for (s = OFL_STATE_NONE; s <= OFL_STATE_STOPPED; s++)
		assert_int_equal(ofl_report_state(s), s);
	assert_int_equal(ofl_report_state(7), -1);
	assert_int_equal(ofl_report_state(0x80000000), -1);
	assert_int_equal(ofl_report_state(0xffffffff), -1);
}

static void line(void **state)
{
	/* not terminated: a block of exactly this length */
	char *text = malloc(8), out[9];

	(void)state;
	memcpy(text, "ab\033[1m\ncd", 8);
	assert_int_equal(ofl_report_line(out, text, 8), 8);
	assert_string_equal(out, "ab?[1m c");
	free(text);
	assert_int_equal(ofl_report_line(out, "x \n", 8), 1);
	assert_string_equal(out, "x");
	assert_int_equal(ofl_report_line(out, "", 8), 0);
	assert_string_equal(out, "");
}

static void crash_good(void **state)
{
	struct ofl_crash *c = calloc(1, sizeof(*c));
	char out[4096];
	size_t len;

	(void)state;
	c->vector = 14;
	c->error = 2;
	c->pc = 0x700000041234;
	c->fault_address = 0x10;
	c->nr_regs = 22;
	c->regs[7] = 0x700000100000;
	c->nr_trace = 2;
	c->trace[1] = 0x700000045678;
	strcpy(c->text, "a line\n");
	len = ofl_report_crash(out, sizeof(out), c, OFL_MACHINE_X86_64);
	assert_int_equal(len, strlen(out));
	assert_non_null(strstr(out, "vector 14 (page fault), error 0x2, pc 0x700000041234, fault address 0x10: a line\n"));
	assert_non_null(strstr(out, "rsp 0000700000100000"));
	assert_non_null(strstr(out, "cr4 0000000000000000\n"));
	assert_non_null(strstr(out, "trace  0000700000045678\n"));
	assert_null(strstr(out, "claims"));

	c->nr_regs = 36;
	ofl_report_crash(out, sizeof(out), c, OFL_MACHINE_AARCH64);
	assert_non_null(strstr(out, "x30 0"));
	assert_non_null(strstr(out, "pstate 0"));
	assert_non_null(strstr(out, "far 0"));
	free(c);
}

static void crash_garbage(void **state)
{
	struct ofl_crash *c = malloc(sizeof(*c));
	char *out = malloc(4096);
	size_t size, len;
	int fill;

	(void)state;
	for (fill = 0; fill < 256; fill++) {
		memset(c, fill, sizeof(*c));
		len = ofl_report_crash(out, 4096, c, OFL_MACHINE_X86_64);
		assert_int_equal(len, strlen(out));
		assert_true(harmless(out, len, true));
		ofl_report_crash(out, 4096, c, OFL_MACHINE_AARCH64);
		ofl_report_crash(out, 4096, c, 0);
	}
	assert_non_null(strstr(out, "claims 4294967295 registers"));
	free(out);
	/* any room, however small */
	for (size = 1; size < 3000; size += 7) {
		out = malloc(size);
		len = ofl_report_crash(out, size, c, OFL_MACHINE_AARCH64);
		assert_true(len < size);
		assert_int_equal(len, strlen(out));
		free(out);
	}
	free(c);
}

static void log_order(void **state)
{
	struct ofl_log *log = calloc(1, sizeof(*log));
	const size_t size = sizeof(log->text);
	char *out = malloc(size);
	size_t i;

	(void)state;
	assert_int_equal(ofl_report_log(out, log), 0);
	memcpy(log->text, "hello\nworld", 11);
	log->head = 11;
	assert_int_equal(ofl_report_log(out, log), 11);
	assert_memory_equal(out, "hello\nworld", 11);

	/* wrapped by 5: the oldest byte is text[5] */
	for (i = 0; i < size; i++)
		log->text[i] = 'a' + i % 26;
	memcpy(log->text, "12345", 5);
	log->head = size + 5;
	assert_int_equal(ofl_report_log(out, log), size);
	assert_int_equal(out[0], 'f');
	assert_memory_equal(out + size - 5, "12345", 5);
	log->head = size;
	assert_int_equal(ofl_report_log(out, log), size);
	assert_int_equal(out[0], '1');
	free(out);
	free(log);
}

static void log_garbage(void **state)
{
	struct ofl_log *log = malloc(sizeof(*log));
	char *out = malloc(sizeof(log->text));
	size_t len;
	int fill;

	(void)state;
	for (fill = 0; fill < 256; fill++) {
		memset(log, fill, sizeof(*log));
		len = ofl_report_log(out, log);
		assert_true(len <= sizeof(log->text));
		assert_true(harmless(out, len, true));
	}
	free(out);
	free(log);
}

static void log_utf8(void **state)
{
	static const struct {
		const char *in, *out;
	} text[] = {
		{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80.",
		  "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80." },
		{ "\x9b" "31m", "?31m" },
		{ "\xc2\x9b" "31m", "??31m" },
		{ "a\xe2\x82", "a??" },
		{ "\xe2(\xa1", "?(?" },
		{ "\xff\xfe\xc0\x80", "????" },
		/* longer than needed (the second is U+009B), a surrogate, too high */
		{ "\xe0\x9f\xbf", "???" },
		{ "\xe0\x82\x9b" "31m", "???31m" },
		{ "\xf0\x80\x82\x9b", "????" },
		{ "\xed\xa0\x80", "???" },
		{ "\xf4\x90\x80\x80", "????" },
		{ "\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
		  "\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
	};
	struct ofl_log *log = calloc(1, sizeof(*log));
	char *out = malloc(sizeof(log->text));
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		len = strlen(text[i].in);
		memset(log->text, 0, sizeof(log->text));
		memcpy(log->text, text[i].in, len);
		log->head = len;
		assert_int_equal(ofl_report_log(out, log), len);
		assert_memory_equal(out, text[i].out, len);
	}
	free(out);
	free(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states),	 cmocka_unit_test(line),
		cmocka_unit_test(crash_good),	 cmocka_unit_test(crash_garbage),
		cmocka_unit_test(log_order),	 cmocka_unit_test(log_garbage),
		cmocka_unit_test(log_utf8),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
