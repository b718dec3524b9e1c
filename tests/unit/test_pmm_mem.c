/* SPDX-License-Identifier: BSD-2-Clause */
#include "pmm_driver.h"

#define SIZE 0x20000ull

static void has_checks_address_and_length(void **state)
{
	struct ofl_mem mem = { .pa = WINDOW_PA, .size = SIZE };

	(void)state;
	assert_true(ofl_mem_has(&mem, WINDOW_PA, SIZE));
	assert_true(ofl_mem_has(&mem, WINDOW_PA, 0));
	assert_true(ofl_mem_has(&mem, WINDOW_PA + SIZE - 1, 1));
	assert_true(ofl_mem_has(&mem, WINDOW_PA + SIZE, 0));
	assert_false(ofl_mem_has(&mem, WINDOW_PA + SIZE, 1));
	assert_false(ofl_mem_has(&mem, WINDOW_PA + SIZE - 1, 2));
	assert_false(ofl_mem_has(&mem, WINDOW_PA, SIZE + 1));
	assert_false(ofl_mem_has(&mem, WINDOW_PA - 1, 1));
	assert_false(ofl_mem_has(&mem, WINDOW_PA - 1, SIZE));
	assert_false(ofl_mem_has(&mem, 0, 0));
	assert_false(ofl_mem_has(&mem, WINDOW_PA + SIZE + 1, 0));
}

static void has_does_not_wrap(void **state)
{
	struct ofl_mem mem = { .pa = WINDOW_PA, .size = SIZE };
	struct ofl_mem top = { .pa = 0 - SIZE, .size = SIZE };

	(void)state;
	assert_false(ofl_mem_has(&mem, WINDOW_PA + 16, UINT64_MAX));
	assert_false(ofl_mem_has(&mem, WINDOW_PA + 16, UINT64_MAX - 15));
	assert_false(ofl_mem_has(&mem, WINDOW_PA + 16, 0 - WINDOW_PA));
	assert_false(ofl_mem_has(&mem, UINT64_MAX, 1));
	assert_false(ofl_mem_has(&mem, UINT64_MAX, UINT64_MAX));
	/* A window at the very top of the address space. */
	assert_true(ofl_mem_has(&top, 0 - SIZE, SIZE));
	assert_true(ofl_mem_has(&top, UINT64_MAX, 1));
	assert_false(ofl_mem_has(&top, UINT64_MAX, 2));
	assert_false(ofl_mem_has(&top, 0, 1));
}

static void copies_touch_nothing_outside(void **state)
{
	struct ofl_mem mem = window_new(SIZE);
	uint8_t buf[64];

	(void)state;
	memset(buf, 0xaa, sizeof(buf));
	assert_int_equal(ofl_mem_write(&mem, WINDOW_PA + SIZE - 64, buf, 64), 0);
	memset(buf, 0, sizeof(buf));
	assert_int_equal(ofl_mem_read(&mem, WINDOW_PA + SIZE - 64, buf, 64), 0);
	assert_int_equal(buf[63], 0xaa);
	assert_int_equal(ofl_mem_write(&mem, WINDOW_PA + SIZE - 63, "x", 64),
			 -EFAULT);
	assert_int_equal(ofl_mem_read(&mem, WINDOW_PA + SIZE - 63, buf, 64),
			 -EFAULT);
	assert_int_equal(ofl_mem_read(&mem, WINDOW_PA - 1, buf, 64), -EFAULT);
	assert_int_equal(ofl_mem_zero(&mem, WINDOW_PA + 1, SIZE), -EFAULT);
	assert_int_equal(mem.base[SIZE - 1], 0xaa);
	assert_int_equal(ofl_mem_zero(&mem, WINDOW_PA, SIZE), 0);
	assert_int_equal(mem.base[SIZE - 1], 0);
	window_free(&mem);
}

static void fields(void **state)
{
	struct ofl_mem mem = window_new(SIZE);

	(void)state;
	ofl_mem_store16(&mem, WINDOW_PA + 2, 0x1234);
	ofl_mem_store32(&mem, WINDOW_PA + 4, 0x12345678);
	ofl_mem_store64(&mem, WINDOW_PA + 8, 0x123456789abcdef0ull);
	assert_int_equal(ofl_mem_load16(&mem, WINDOW_PA + 2), 0x1234);
	assert_int_equal(ofl_mem_load32(&mem, WINDOW_PA + 4), 0x12345678);
	assert_true(ofl_mem_load64(&mem, WINDOW_PA + 8) ==
		    0x123456789abcdef0ull);
	/* misaligned, before, behind, across the end */
	assert_int_equal(ofl_mem_load32(&mem, WINDOW_PA + 5), 0);
	assert_int_equal(ofl_mem_load16(&mem, WINDOW_PA - 2), 0);
	assert_int_equal(ofl_mem_load64(&mem, WINDOW_PA + SIZE), 0);
	assert_int_equal(ofl_mem_load64(&mem, UINT64_MAX - 7), 0);
	ofl_mem_store64(&mem, WINDOW_PA + SIZE, 1);
	ofl_mem_store32(&mem, WINDOW_PA + SIZE - 2, 1);
	ofl_mem_store16(&mem, WINDOW_PA - 2, 1);
	window_free(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_checks_address_and_length),
		cmocka_unit_test(has_does_not_wrap),
		cmocka_unit_test(copies_touch_nothing_outside),
		cmocka_unit_test(fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
