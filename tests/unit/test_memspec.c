// SPDX-License-Identifier: BSD-2-Clause
/* mem=, window=, cpu= and args= of the kernel module. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "kernel-module/memspec.c"
#undef SAY
#include "kernel-module/args.c"

static char msg[OFL_MSG_MAX];

static void mem_good(void **state)
{
	struct ofl_memspec s;

	(void)state;
	assert_int_equal(ofl_memspec_parse("auto", &s, msg), 0);
	assert_int_equal(s.kind, OFL_MEM_AUTO);
	assert_int_equal(s.size, 16 << 20);
	assert_int_equal(ofl_memspec_parse("auto:64M", &s, msg), 0);
	assert_int_equal(s.kind, OFL_MEM_AUTO);
	assert_int_equal(s.size, 64 << 20);
	assert_int_equal(ofl_memspec_parse("dt", &s, msg), 0);
	assert_int_equal(s.kind, OFL_MEM_DT);
	assert_int_equal(ofl_memspec_parse("64M@0x30000000", &s, msg), 0);
	assert_int_equal(s.kind, OFL_MEM_RANGE);
	assert_int_equal(s.size, 64 << 20);
	assert_int_equal(s.pa, 0x30000000);
	assert_int_equal(ofl_memspec_parse("0x200000@1G", &s, msg), 0);
	assert_int_equal(s.size, 2 << 20);
	assert_int_equal(s.pa, 1 << 30);
	assert_int_equal(ofl_memspec_parse("16384k@768m", &s, msg), 0);
	assert_int_equal(s.size, 16 << 20);
	assert_int_equal(s.pa, 768 << 20);
}

static void mem_malformed(void **state)
{
	static const char *const bad[] = {
		"", "lots", "auto:", "auto:x", "auto:16Mx", "auto:-1", "16M",
		"16M@", "@16M", "16M@0x", "16M@1G ", "16M@1Gx", "16Q@1G", "0x@0",
		"99999999999999999999@0", "16M@99999999999999999999",
		"20000000000000G@0", "16M@0x12345", "autox", "dtx", "16M@@1G",
	};
	struct ofl_memspec s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		msg[0] = 0;
		if (ofl_memspec_parse(bad[i], &s, msg) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(strstr(msg, "mem="));
	}
}

static void window(void **state)
{
	uint64_t size;

	(void)state;
	assert_int_equal(ofl_memspec_window("4M", &size, msg), 0);
	assert_int_equal(size, 4 << 20);
	assert_int_equal(ofl_memspec_window("0", &size, msg), 0);
	assert_int_equal(size, 0);
	assert_int_equal(ofl_memspec_window("128K", &size, msg), 0);
	assert_int_equal(ofl_memspec_window("64K", &size, msg), -EINVAL);
	assert_int_equal(ofl_memspec_window("131073", &size, msg), -EINVAL);
	assert_int_equal(ofl_memspec_window("", &size, msg), -EINVAL);
	assert_int_equal(ofl_memspec_window("4Mb", &size, msg), -EINVAL);
	assert_int_equal(ofl_memspec_window("-4M", &size, msg), -EINVAL);
}

static int check(uint64_t pa, uint64_t size, uint64_t win)
{
	msg[0] = 0;
	return ofl_memspec_check("mem=", pa, size, win, msg);
}

static void together(void **state)
{
	const uint64_t m = 1 << 20;

	(void)state;
	assert_int_equal(check(0x30000000, 16 * m, 4 * m), 0);
	assert_int_equal(check(0x30000000, 2 * m, m), 0);
	assert_int_equal(check(0x30000000, 1024 * m, 0), 0);
	assert_int_equal(check(0x30000000, 0, 0), -EINVAL);
	assert_int_equal(check(0x30000000, 3 * m, 0), -EINVAL);
	assert_non_null(strstr(msg, "2 MiB"));
	assert_int_equal(check(0x30100000, 16 * m, 4 * m), -EINVAL);
	assert_non_null(strstr(msg, "0x30100000"));
	assert_int_equal(check(0x30000000, 1026 * m, 4 * m), -EINVAL);
	assert_int_equal(check(0x30000000, 4 * m, 4 * m), -EINVAL);
	assert_int_equal(check(0x30000000, 2 * m, 4 * m), -EINVAL);
	assert_non_null(strstr(msg, "too little"));
	assert_int_equal(check(0x30000000, 2 * m, 2 * m - 0x10000), -EINVAL);
	assert_int_equal(check(-2 * m, 4 * m, m), -EINVAL);
	assert_non_null(strstr(msg, "64 bits"));
}

static void cpu_number(void **state)
{
	unsigned int cpu;

	(void)state;
	assert_int_equal(ofl_memspec_cpu("3", &cpu, msg), 0);
	assert_int_equal(cpu, 3);
	assert_int_equal(ofl_memspec_cpu("", &cpu, msg), -EINVAL);
	assert_int_equal(ofl_memspec_cpu("-5", &cpu, msg), -EINVAL);
	assert_int_equal(ofl_memspec_cpu("3,4", &cpu, msg), -EINVAL);
	assert_int_equal(ofl_memspec_cpu("three", &cpu, msg), -EINVAL);
	assert_int_equal(ofl_memspec_cpu("4294967296", &cpu, msg), -EINVAL);
	assert_non_null(strstr(msg, "cpu=4294967296"));
}

static void args_good(void **state)
{
	char most[OFL_ARGS_MAX];
	int i;

	(void)state;
	assert_int_equal(ofl_args_check("", msg), 0);
	assert_int_equal(ofl_args_check("a b\tc", msg), 0);
	assert_int_equal(ofl_args_check("'in put' \"out 'put'\" \\\" \\' ''", msg),
			 0);
	assert_int_equal(ofl_args_check("'\\'", msg), 0);
	assert_int_equal(ofl_args_check("\xc3\xa4", msg), 0);
	memset(most, 'x', sizeof(most));
	most[OFL_ARGS_MAX - 1] = 0;
	assert_int_equal(ofl_args_check(most, msg), 0);
	for (i = 0; i < 63; i++)
		memcpy(most + 2 * i, "x ", 2);
	most[126] = 0;
	assert_int_equal(ofl_args_check(most, msg), 0);
}

static void args_bad(void **state)
{
	char many[OFL_ARGS_MAX + 1];
	int i;

	(void)state;
	assert_int_equal(ofl_args_check("'open", msg), -EINVAL);
	assert_non_null(strstr(msg, "quote"));
	assert_int_equal(ofl_args_check("a \"b\\\"", msg), -EINVAL);
	assert_non_null(strstr(msg, "position 3"));
	assert_int_equal(ofl_args_check("end\\", msg), -EINVAL);
	assert_int_equal(ofl_args_check("a\nb", msg), -EINVAL);
	assert_int_equal(ofl_args_check("a\033[31m", msg), -EINVAL);
	for (i = 0; i < 64; i++)
		memcpy(many + 2 * i, "x ", 2);
	many[128] = 0;
	assert_int_equal(ofl_args_check(many, msg), -E2BIG);
	assert_non_null(strstr(msg, "64 words"));
	memset(many, 'x', sizeof(many));
	many[OFL_ARGS_MAX] = 0;
	assert_int_equal(ofl_args_check(many, msg), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mem_good),	cmocka_unit_test(mem_malformed),
		cmocka_unit_test(window),	cmocka_unit_test(together),
		cmocka_unit_test(cpu_number),	cmocka_unit_test(args_good),
		cmocka_unit_test(args_bad),
	};

	return cmocka_run_group_tests_name("memspec", tests, NULL, NULL);
}
