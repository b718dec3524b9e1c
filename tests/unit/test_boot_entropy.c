// SPDX-License-Identifier: BSD-2-Clause
/* The stand-in host's random bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <cmocka.h>

#define getrandom boot_getrandom
ssize_t boot_getrandom(void *buf, size_t len, unsigned int flags);
#include "boot/entropy.c"
#undef getrandom

static void unseeded(void **state)
{
	uint8_t byte = 0;

	(void)state;
	assert_int_equal(boot_getrandom(&byte, 1, 0), -1);
	assert_int_equal(byte, 0);
}

/* RFC 8439, 2.3.2: its key, block 1, and its nonce in place of ours. */
static void vector(void **state)
{
	static const uint32_t want[16] = {
		0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
		0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
		0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2,
	};
	/* RFC 8439, A.1, number 1 and 2: all zero, blocks 0 and 1. */
	static const uint8_t zero0[8] = { 0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90 };
	static const uint8_t zero1[8] = { 0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a };
	uint32_t x[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, 0x03020100,
			   0x07060504, 0x0b0a0908, 0x0f0e0d0c, 0x13121110, 0x17161514,
			   0x1b1a1918, 0x1f1e1d1c, 0x00000001, 0x09000000, 0x4a000000, 0 };
	uint32_t y[16];

	(void)state;
	memcpy(y, x, sizeof(y));
	for (int i = 0; i < 10; i++) {
		quarter(y, 0, 4, 8, 12);
		quarter(y, 1, 5, 9, 13);
		quarter(y, 2, 6, 10, 14);
		quarter(y, 3, 7, 11, 15);
		quarter(y, 0, 5, 10, 15);
		quarter(y, 1, 6, 11, 12);
		quarter(y, 2, 7, 8, 13);
		quarter(y, 3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		assert_int_equal(x[i] + y[i], want[i]);
	memset(key, 0, sizeof(key));
	block(0, y);
	assert_memory_equal(y, zero0, sizeof(zero0));
	block(1, y);
	assert_memory_equal(y, zero1, sizeof(zero1));
}

static void bytes(void **state)
{
	uint8_t seed[OFL_SEED_SIZE] = { 0 }, none[OFL_SEED_SIZE] = { 0 }, a[300], b[300];
	uint32_t next[16], first[16];

	(void)state;
	ofl_entropy_seed(seed);
	block(0, next);
	block(1, first);
	memset(a, 0xa5, sizeof(a));
	assert_int_equal(boot_getrandom(a, 200, 0), 200);
	assert_memory_equal(a, first, sizeof(first));
	assert_int_equal(a[200], 0xa5);
	assert_memory_equal(key, next, sizeof(key)); /* and the old one is gone */
	assert_int_equal(boot_getrandom(b, 200, 0), 200);
	assert_memory_not_equal(a, b, 200);
	assert_int_equal(boot_getrandom(b, 0, 0), 0);

	memset(seed, 7, sizeof(seed));
	ofl_entropy_seed(seed);
	assert_memory_equal(seed, none, sizeof(seed));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unseeded),
		cmocka_unit_test(vector),
		cmocka_unit_test(bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
