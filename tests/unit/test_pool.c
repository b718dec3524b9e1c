// SPDX-License-Identifier: BSD-2-Clause
/* The pool's allocator. */
#include "rt_mock.h"

struct ofl_vq;
#include "baremetal/pool.c"

struct ofl_pool_range ofl_pool_range;
void (*ofl_pool_lost)(uint64_t pa);

#define PAGES 32u

static uint8_t memory[PAGES * OFL_PAGE] __attribute__((aligned(OFL_PAGE)));

static int begin(void **state)
{
	(void)state;
	free(run);
	run = NULL;
	ofl_pool_range = (struct ofl_pool_range){ memory, 0x1000000, sizeof(memory), 1 };
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(run);
	run = NULL;
	return 0;
}

static void assert_fails(size_t size, int error)
{
	errno = 0;
	assert_null(ofl_pool_alloc(size));
	assert_int_equal(errno, error);
}

static void test_errors(void **state)
{
	(void)state;
	assert_fails(0, EINVAL);
	assert_fails(sizeof(memory) + 1, ENOMEM);
	assert_fails(SIZE_MAX, ENOMEM);
	assert_int_equal(ofl_pool_size(), sizeof(memory));
	ofl_pool_range.va = NULL;
	assert_fails(1, ENODEV);
	assert_int_equal(ofl_pool_size(), 0);
}

static void test_address(void **state)
{
	(void)state;
	assert_true(ofl_pool_pa(memory, 1) == 0x1000000);
	assert_true(ofl_pool_pa(memory + 5, sizeof(memory) - 5) == 0x1000005);
	assert_true(ofl_pool_pa(memory + 5, sizeof(memory) - 4) == 0);
	assert_true(ofl_pool_pa(memory - 1, 2) == 0);
	assert_true(ofl_pool_pa(memory + sizeof(memory), 0) == 0);
	assert_true(ofl_pool_pa(memory, SIZE_MAX) == 0);
}

/* Random traffic against a plain map of who has which page. */
static void test_random(void **state)
{
	struct { uint8_t *at; size_t n; } have[PAGES] = { 0 };
	uint8_t owner[PAGES] = { 0 };
	unsigned int again = 0;
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		unsigned int slot = random_next(&seed) % PAGES;
		size_t bytes = 1 + random_next(&seed) % (8 * OFL_PAGE), longest = 0, got = 0;

		if (have[slot].at) {
			memset(owner + (have[slot].at - memory) / OFL_PAGE, 0, have[slot].n);
			ofl_pool_free(have[slot].at);
			have[slot].at = NULL;
			continue;
		}
		have[slot].n = (bytes + OFL_PAGE - 1) / OFL_PAGE;
		have[slot].at = ofl_pool_alloc(bytes);
		if (!have[slot].at) {
			/* Then there is no such run. */
			assert_int_equal(errno, EAGAIN);
			for (size_t i = 0; i < PAGES; i++) {
				got = owner[i] ? 0 : got + 1;
				longest = got > longest ? got : longest;
			}
			assert_true(longest < have[slot].n);
			again++;
			continue;
		}
		assert_int_equal((uintptr_t)have[slot].at % OFL_PAGE, 0);
		assert_true(ofl_pool_pa(have[slot].at, have[slot].n * OFL_PAGE));
		for (size_t i = 0; i < have[slot].n; i++) {
			uint8_t *page = &owner[(have[slot].at - memory) / OFL_PAGE + i];

			assert_int_equal(*page, 0);
			*page = 1;
		}
	}
	assert_true(again > 100);
}

static void test_bad_frees(void **state)
{
	uint8_t *a = ofl_pool_alloc(2 * OFL_PAGE);

	(void)state;
	ofl_pool_free(NULL);
	ofl_pool_free(a + 1);
	ofl_pool_free(a + OFL_PAGE);
	ofl_pool_free(memory - OFL_PAGE);
	ofl_pool_free(memory + sizeof(memory));
	ofl_pool_free(a + 4 * OFL_PAGE);
	assert_fails((PAGES - 1) * OFL_PAGE, EAGAIN);
	ofl_pool_free(a);
	ofl_pool_free(a);
	assert_non_null(ofl_pool_alloc(sizeof(memory)));
}

/* What a silent device may still write to is nobody else's until it is gone. */
static void test_lost(void **state)
{
	uint8_t *a = ofl_pool_alloc(3 * OFL_PAGE), *b = ofl_pool_alloc(OFL_PAGE);

	(void)state;
	ofl_pool_lost(ofl_pool_pa(a + 2 * OFL_PAGE + 9, 1));
	ofl_pool_lost(0x1000000 + sizeof(memory));
	ofl_pool_lost(0x1000000 - 1);
	ofl_pool_free(a);
	ofl_pool_free(b);
	assert_ptr_equal(ofl_pool_alloc(OFL_PAGE), b);
	ofl_pool_range.epoch = 2;
	assert_ptr_equal(ofl_pool_alloc(3 * OFL_PAGE), a);
	/* Elsewhere: nothing is known any more. */
	ofl_pool_range.va += OFL_PAGE;
	ofl_pool_range.size -= OFL_PAGE;
	assert_ptr_equal(ofl_pool_alloc(OFL_PAGE), memory + OFL_PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_errors, begin, end),
		cmocka_unit_test_setup_teardown(test_address, begin, end),
		cmocka_unit_test_setup_teardown(test_random, begin, end),
		cmocka_unit_test_setup_teardown(test_bad_frees, begin, end),
		cmocka_unit_test_setup_teardown(test_lost, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
