// SPDX-License-Identifier: BSD-2-Clause
/* The serial line over registers that are memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "baremetal/serial.c"

static uint32_t regs[1024];

static void test_none(void **state)
{
	(void)state;
	assert_false(ofl_serial_init(OFL_SERIAL_NONE, 0));
	assert_false(ofl_serial_init(77, 0));
	ofl_serial_write("x", 1); /* nowhere */
	assert_int_equal(ofl_serial_read(), -1);
}

static void test_16550(void **state)
{
	(void)state;
	memset(regs, 0, sizeof(regs));
	regs[UART_LSR] = 0xff;
	assert_false(ofl_serial_init(OFL_SERIAL_16550_MMIO, (uintptr_t)regs));
	regs[UART_LSR] = LSR_THR_EMPTY;
	regs[UART_IER] = 0xf;
	assert_true(ofl_serial_init(OFL_SERIAL_16550_MMIO, (uintptr_t)regs));
	assert_int_equal(regs[UART_IER], 0);
	ofl_serial_write("ab", 2);
	assert_int_equal(regs[UART_DATA], 'b');
	ofl_serial_write("\n", 1);
	assert_int_equal(regs[UART_DATA], '\n');
	assert_int_equal(ofl_serial_read(), -1);
	regs[UART_LSR] |= LSR_DATA_READY;
	regs[UART_DATA] = 0x1e5;
	assert_int_equal(ofl_serial_read(), 0xe5);
}

static void test_pl011(void **state)
{
	(void)state;
	memset(regs, 0, sizeof(regs));
	regs[PL011_FR / 4] = FR_RX_EMPTY;
	regs[PL011_IMSC / 4] = 0x7ff;
	assert_true(ofl_serial_init(OFL_SERIAL_PL011, (uintptr_t)regs));
	assert_int_equal(regs[PL011_IMSC / 4], 0);
	ofl_serial_write("xyz", 3);
	assert_int_equal(regs[PL011_DR / 4], 'z');
	assert_int_equal(ofl_serial_read(), -1);
	regs[PL011_FR / 4] = 0;
	regs[PL011_DR / 4] = 0xf41; /* error bits above the byte */
	assert_int_equal(ofl_serial_read(), 0x41);
}

/* Nobody empties it: given up after a bounded wait, and never tried again. */
static void test_dead(void **state)
{
	(void)state;
	memset(regs, 0, sizeof(regs));
	assert_true(ofl_serial_init(OFL_SERIAL_PL011, (uintptr_t)regs));
	regs[PL011_FR / 4] = FR_TX_FULL;
	ofl_serial_write("lost", 4);
	assert_int_equal(regs[PL011_DR / 4], 0);
	regs[PL011_FR / 4] = 0;
	ofl_serial_write("late", 4);
	assert_int_equal(regs[PL011_DR / 4], 0);
	assert_int_equal(ofl_serial_read(), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_16550),
		cmocka_unit_test(test_pl011),
		cmocka_unit_test(test_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
