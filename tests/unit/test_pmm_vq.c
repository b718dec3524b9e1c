/* SPDX-License-Identifier: BSD-2-Clause */
#include "pmm_driver.h"

#define SIZE 0x20000ull
#define RING_PA (WINDOW_PA + 0x10000)
#define BUF_PA (WINDOW_PA + 0x18000)

struct fixture {
	struct ofl_mem mem;
	struct ring ring;
	struct ofl_vq vq;
	struct ofl_vq_chain chain;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->mem = window_new(SIZE);
	ring_init(&f->ring, &f->mem, RING_PA, 8);
	assert_int_equal(ofl_vq_setup(&f->vq, &f->mem, &f->ring.line, 128, true),
			 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	window_free(&f->mem);
	free(f);
	return 0;
}

static void a_chain_goes_round(void **state)
{
	struct fixture *f = *state;
	uint32_t id, len;
	char text[16];

	assert_false(ofl_vq_pending(&f->vq));
	assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 0);
	memcpy(at(&f->mem, BUF_PA), "hello", 5);
	memcpy(at(&f->mem, BUF_PA + 0x100), "world", 5);
	ring_desc(&f->ring, 3, BUF_PA, 5, NEXT, 1);
	ring_desc(&f->ring, 1, BUF_PA + 0x100, 5, NEXT, 0);
	ring_desc(&f->ring, 0, BUF_PA + 0x200, 3, NEXT | WRITE, 7);
	ring_desc(&f->ring, 7, BUF_PA + 0x300, 100, WRITE, 99);
	ring_submit(&f->ring, 3);
	assert_true(ofl_vq_pending(&f->vq));
	assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 1);
	assert_int_equal(f->chain.nr_out, 2);
	assert_int_equal(f->chain.nr_in, 2);
	assert_int_equal(f->chain.out_len, 10);
	assert_int_equal(f->chain.in_len, 103);
	assert_int_equal(ofl_vq_copy_out(&f->vq, &f->chain, 0, text, 16), 10);
	assert_memory_equal(text, "helloworld", 10);
	assert_int_equal(ofl_vq_copy_out(&f->vq, &f->chain, 3, text, 4), 4);
	assert_memory_equal(text, "lowo", 4);
	assert_int_equal(ofl_vq_copy_out(&f->vq, &f->chain, 10, text, 4), 0);
	assert_int_equal(ofl_vq_copy_in(&f->vq, &f->chain, 1, "abcd", 4), 4);
	assert_memory_equal(at(&f->mem, BUF_PA + 0x201), "ab", 2);
	assert_memory_equal(at(&f->mem, BUF_PA + 0x300), "cd", 2);
	ofl_vq_push(&f->vq, f->chain.head, 5);
	assert_int_equal(ring_used(&f->ring, &id, &len), 1);
	assert_int_equal(id, 3);
	assert_int_equal(len, 5);
	assert_int_equal(ring_used(&f->ring, &id, &len), 0);
}

/* More than 2^16 chains, so that every index wraps. */
static void indices_wrap(void **state)
{
	struct fixture *f = *state;
	uint32_t id, len, i;

	ring_desc(&f->ring, 2, BUF_PA, 1, WRITE, 0);
	for (i = 0; i < 70000; i++) {
		ring_submit(&f->ring, 2);
		assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 1);
		ofl_vq_push(&f->vq, f->chain.head, i);
		assert_int_equal(ring_used(&f->ring, &id, &len), 1);
		assert_int_equal(len, i);
	}
}

static void event_idx(void **state)
{
	struct fixture *f = *state;
	uint16_t *used_event = at(&f->mem, f->ring.line.driver + 4 + 2 * 8);
	uint16_t *avail_event = at(&f->mem, f->ring.line.device + 4 + 8 * 8);
	int i;

	ring_desc(&f->ring, 0, BUF_PA, 1, WRITE, 0);
	assert_false(ofl_vq_should_call(&f->vq));
	*used_event = 2; /* tell me when the third is there */
	for (i = 0; i < 5; i++) {
		ring_submit(&f->ring, 0);
		assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 1);
		ofl_vq_push(&f->vq, 0, 0);
		assert_int_equal(ofl_vq_should_call(&f->vq), i == 2);
	}
	*used_event = 6;
	for (i = 0; i < 3; i++) {
		ring_submit(&f->ring, 0);
		assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 1);
		ofl_vq_push(&f->vq, 0, 0);
	}
	assert_true(ofl_vq_should_call(&f->vq));
	assert_int_equal(*avail_event, 0);
	ofl_vq_arm(&f->vq);
	assert_int_equal(*avail_event, 8);
}

static void flags_without_event_idx(void **state)
{
	struct fixture *f = *state;
	uint16_t *flags = at(&f->mem, f->ring.line.driver);
	int i;

	f->vq.event_idx = false;
	ring_desc(&f->ring, 0, BUF_PA, 1, WRITE, 0);
	for (i = 0; i < 2; i++) {
		*flags = (uint16_t)i;
		ring_submit(&f->ring, 0);
		assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 1);
		ofl_vq_push(&f->vq, 0, 0);
		assert_int_equal(ofl_vq_should_call(&f->vq), !i);
	}
}

static void bad_set_up(void **state)
{
	static const struct {
		struct ofl_vq_driver line;
		int err;
	} bad[] = {
		{ { RING_PA, RING_PA + 0x1000, RING_PA + 0x2000, 0, { 0 } },
		  -EINVAL },
		{ { RING_PA, RING_PA + 0x1000, RING_PA + 0x2000, 3, { 0 } },
		  -EINVAL },
		{ { RING_PA, RING_PA + 0x1000, RING_PA + 0x2000, 256, { 0 } },
		  -EINVAL },
		{ { RING_PA, RING_PA + 0x1000, RING_PA + 0x2000, 1u << 31, { 0 } },
		  -EINVAL },
		{ { RING_PA + 8, RING_PA + 0x1000, RING_PA + 0x2000, 8, { 0 } },
		  -EINVAL },
		{ { RING_PA, RING_PA + 0x1001, RING_PA + 0x2000, 8, { 0 } },
		  -EINVAL },
		{ { RING_PA, RING_PA + 0x1000, RING_PA + 0x2002, 8, { 0 } },
		  -EINVAL },
		{ { 0, RING_PA + 0x1000, RING_PA + 0x2000, 8, { 0 } }, -EFAULT },
		{ { WINDOW_PA + SIZE - 16 * 7, RING_PA, RING_PA, 8, { 0 } },
		  -EFAULT },
		{ { RING_PA, WINDOW_PA + SIZE - 20, RING_PA, 8, { 0 } }, -EFAULT },
		{ { RING_PA, RING_PA, WINDOW_PA + SIZE - 68, 8, { 0 } }, -EFAULT },
		{ { 0 - 16ull, RING_PA, RING_PA, 8, { 0 } }, -EFAULT },
		{ { RING_PA, 0 - 2ull, RING_PA, 8, { 0 } }, -EFAULT },
		{ { RING_PA, RING_PA, 0 - 4ull, 8, { 0 } }, -EFAULT },
	};
	struct fixture *f = *state;
	struct ofl_vq vq;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(ofl_vq_setup(&vq, &f->mem, &bad[i].line, 128,
					      true),
				 bad[i].err);
		assert_non_null(vq.why);
		assert_int_equal(vq.size, 0);
		assert_int_equal(ofl_vq_pop(&vq, &f->chain), 0);
	}
}

static void assert_pop_broken(struct fixture *f, const char *why)
{
	assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), -EPROTO);
	assert_non_null(f->vq.why);
	assert_string_equal(f->vq.why, why);
}

static void broken_loop(void **state)
{
	struct fixture *f = *state;

	ring_desc(&f->ring, 0, BUF_PA, 1, NEXT, 1);
	ring_desc(&f->ring, 1, BUF_PA, 1, NEXT, 0);
	ring_submit(&f->ring, 0);
	assert_pop_broken(f, "descriptor loop");
}

static void broken_index(void **state)
{
	struct fixture *f = *state;

	ring_desc(&f->ring, 0, BUF_PA, 1, NEXT, 8);
	ring_submit(&f->ring, 0);
	assert_pop_broken(f, "descriptor index outside the ring");
	ring_submit(&f->ring, 0xffff);
	assert_pop_broken(f, "descriptor index outside the ring");
}

static void broken_addresses(void **state)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
	} bad[] = {
		{ 0, 16 },
		{ WINDOW_PA - 1, 16 },
		{ WINDOW_PA + SIZE, 1 },
		{ WINDOW_PA + SIZE - 1, 2 },
		{ WINDOW_PA, SIZE + 1 },
		{ WINDOW_PA + 1, UINT32_MAX },
		{ UINT64_MAX, 1 },
		{ UINT64_MAX - 10, UINT32_MAX },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ring_desc(&f->ring, 0, bad[i].addr, bad[i].len, i & 1 ? WRITE : 0,
			  0);
		ring_submit(&f->ring, 0);
		assert_pop_broken(f, "buffer is not whole in the window");
	}
}

static void broken_rest(void **state)
{
	struct fixture *f = *state;

	ring_desc(&f->ring, 0, BUF_PA, 0, 0, 0);
	ring_submit(&f->ring, 0);
	assert_pop_broken(f, "buffer of length 0");
	ring_desc(&f->ring, 0, RING_PA, 16, INDIRECT, 0);
	ring_submit(&f->ring, 0);
	assert_pop_broken(f, "indirect descriptor, not offered");
	ring_desc(&f->ring, 0, BUF_PA, 4, WRITE | NEXT, 1);
	ring_desc(&f->ring, 1, BUF_PA, 4, 0, 0);
	ring_submit(&f->ring, 0);
	assert_pop_broken(f, "readable buffer behind a writable one");
	ring_desc(&f->ring, 0, WINDOW_PA, SIZE, NEXT, 1);
	ring_submit(&f->ring, 0);
	assert_pop_broken(f, "chain is longer than the window");
	ring_set_avail(&f->ring, f->ring.avail_idx + 9);
	assert_pop_broken(f, "available index is more than the ring ahead");
}

/* As long as the ring is the longest chain. */
static void longest_chain(void **state)
{
	struct fixture *f = *state;
	uint16_t i;

	for (i = 0; i < 8; i++)
		ring_desc(&f->ring, i, BUF_PA + i, 1, i < 7 ? NEXT : 0,
			  (uint16_t)(i + 1));
	ring_submit(&f->ring, 0);
	assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 1);
	assert_int_equal(f->chain.nr_out, 8);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_chain_goes_round), T(indices_wrap),
		T(event_idx),	       T(flags_without_event_idx),
		T(bad_set_up),	       T(broken_loop),
		T(broken_index),       T(broken_addresses),
		T(broken_rest),	       T(longest_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
