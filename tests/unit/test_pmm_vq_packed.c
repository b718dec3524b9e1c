/* SPDX-License-Identifier: BSD-2-Clause */
/* The PMM's packed virtqueue under a driver that does as it likes. */
#include "pmm_driver.h"

#define SIZE 0x20000ull
#define RING_PA (WINDOW_PA + 0x10000)
#define EVENT_PA (WINDOW_PA + 0x11000)
#define BUF_PA (WINDOW_PA + 0x18000)
#define ENTRIES 8u

#define AVAIL 0x80u
#define USED 0x8000u
#define LAP 0x8000u
#define DISABLE 0x10000u
#define DESC 0x20000u

struct packed_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t id, flags;
};

struct fixture {
	struct ofl_mem mem;
	struct ofl_vq_driver line;
	struct ofl_vq vq;
	struct ofl_vq_chain chain;
	uint32_t next; /* place, counted for ever */
};

static void start_layout(struct fixture *f, unsigned int layout)
{
	f->line = (struct ofl_vq_driver){ .desc = RING_PA, .driver = EVENT_PA,
					  .device = EVENT_PA + 64, .size = ENTRIES };
	memset(at(&f->mem, RING_PA), 0, 16 * ENTRIES);
	memset(at(&f->mem, EVENT_PA), 0, 128);
	f->next = 0;
	assert_int_equal(ofl_vq_setup(&f->vq, &f->mem, &f->line, 128, layout), 0);
}

static void start(struct fixture *f)
{
	start_layout(f, OFL_VQ_EVENT_IDX | OFL_VQ_PACKED);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->mem = window_new(SIZE);
	start(f);
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

static struct packed_desc *desc(struct fixture *f, uint32_t place)
{
	return at(&f->mem, RING_PA + 16 * (place % ENTRIES));
}

static uint32_t *event(struct fixture *f, bool devices)
{
	return at(&f->mem, EVENT_PA + (devices ? 64 : 0));
}

/* One descriptor at the next place; `flags` of NEXT, WRITE, INDIRECT. */
static void give(struct fixture *f, uint64_t addr, uint32_t len, uint16_t id, uint16_t flags)
{
	uint16_t mine = f->next / ENTRIES & 1 ? USED : AVAIL;

	*desc(f, f->next++) = (struct packed_desc){ addr, len, id, flags | mine };
}

static bool is_used(struct fixture *f, uint32_t place)
{
	uint16_t both = place / ENTRIES & 1 ? 0 : AVAIL | USED;

	return (desc(f, place)->flags & (AVAIL | USED)) == both;
}

static void a_chain_goes_round(void **state)
{
	struct fixture *f = *state;
	char text[16];

	assert_int_equal(*event(f, true), DISABLE);
	assert_false(ofl_vq_pending(&f->vq));
	assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 0);
	memcpy(at(&f->mem, BUF_PA), "hello", 5);
	give(f, BUF_PA, 5, 77, NEXT); /* an id counts in the last only */
	give(f, BUF_PA + 0x200, 3, 6, WRITE);
	assert_true(ofl_vq_pending(&f->vq));
	assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 1);
	assert_int_equal(f->chain.head, 6);
	assert_int_equal(f->chain.nr_out, 1);
	assert_int_equal(f->chain.nr_in, 1);
	assert_int_equal(f->chain.out_len, 5);
	assert_int_equal(f->chain.in_len, 3);
	assert_int_equal(ofl_vq_copy_out(&f->vq, &f->chain, 0, text, 16), 5);
	assert_memory_equal(text, "hello", 5);
	assert_false(ofl_vq_pending(&f->vq));
	assert_false(is_used(f, 0));
	ofl_vq_push(&f->vq, f->chain.head, 2);
	assert_true(is_used(f, 0));
	assert_int_equal(desc(f, 0)->id, 6);
	assert_int_equal(desc(f, 0)->len, 2);
	assert_int_equal(desc(f, 0)->flags & WRITE, WRITE);
	assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 0);
}

/* Out of order, more than 2^16 descriptors, chains of one to three. */
static void counters_wrap(void **state)
{
	struct fixture *f = *state;
	uint32_t used = 0;

	for (uint32_t i = 0; i < 30000; i++) {
		uint32_t n = 1 + i % 3;

		give(f, BUF_PA, 1, 4, 0);
		for (uint32_t k = 0; k < n; k++)
			give(f, BUF_PA, 1, 5, k + 1 < n ? NEXT : 0);
		assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 1);
		assert_int_equal(f->chain.head, 4);
		assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 1);
		assert_int_equal(f->chain.head, 5);
		assert_int_equal(f->chain.nr_out, n);
		assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 0);
		/* The later one first: its used descriptor stands first, too. */
		ofl_vq_push(&f->vq, 5, 0);
		assert_true(is_used(f, used));
		assert_int_equal(desc(f, used)->id, 5);
		used += n;
		ofl_vq_push(&f->vq, 4, 0);
		assert_true(is_used(f, used));
		assert_int_equal(desc(f, used)->id, 4);
		used++;
	}
}

static void one(struct fixture *f)
{
	give(f, BUF_PA, 1, 0, 0);
	assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 1);
	ofl_vq_push(&f->vq, 0, 0);
}

static void events(void **state)
{
	struct fixture *f = *state;

	assert_false(ofl_vq_should_call(&f->vq));
	for (uint32_t i = 0; i < 40; i++) {
		/* Every 11th: at a place of its lap. */
		*event(f, false) = DESC | (i - i % 11) % ENTRIES |
				   ((i - i % 11) / ENTRIES & 1 ? 0 : LAP);
		one(f);
		assert_int_equal(ofl_vq_should_call(&f->vq), i % 11 == 0);
		assert_false(ofl_vq_should_call(&f->vq));
	}
	*event(f, false) = 0;
	one(f);
	assert_true(ofl_vq_should_call(&f->vq));
	*event(f, false) = DISABLE;
	one(f);
	assert_false(ofl_vq_should_call(&f->vq));
	*event(f, false) = 0xffffffff; /* no such flags: nobody is called */
	one(f);
	assert_false(ofl_vq_should_call(&f->vq));
	ofl_vq_arm(&f->vq);
	assert_int_equal(*event(f, true), DESC | 43 % ENTRIES | (43 / ENTRIES & 1 ? 0 : LAP));
}

static void bad_set_up(void **state)
{
	static const struct {
		struct ofl_vq_driver line;
		int err;
	} bad[] = {
		{ { RING_PA + 8, EVENT_PA, EVENT_PA, 8, { 0 } }, -EINVAL },
		{ { RING_PA, EVENT_PA + 2, EVENT_PA, 8, { 0 } }, -EINVAL },
		{ { RING_PA, EVENT_PA, EVENT_PA + 2, 8, { 0 } }, -EINVAL },
		{ { RING_PA, EVENT_PA, EVENT_PA, 5, { 0 } }, -EINVAL },
		{ { WINDOW_PA + SIZE - 16 * 7, EVENT_PA, EVENT_PA, 8, { 0 } }, -EFAULT },
		{ { RING_PA, WINDOW_PA + SIZE, EVENT_PA, 8, { 0 } }, -EFAULT },
		{ { RING_PA, EVENT_PA, WINDOW_PA - 4, 8, { 0 } }, -EFAULT },
		{ { RING_PA, 0 - 4ull, EVENT_PA, 8, { 0 } }, -EFAULT },
	};
	struct fixture *f = *state;
	struct ofl_vq vq;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(ofl_vq_setup(&vq, &f->mem, &bad[i].line, 128, OFL_VQ_PACKED),
				 bad[i].err);
		assert_non_null(vq.why);
		assert_int_equal(vq.size, 0);
		assert_int_equal(ofl_vq_pop(&vq, &f->chain), 0);
	}
}

static void assert_pop_broken(struct fixture *f, const char *why)
{
	assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), -EPROTO);
	assert_string_equal(f->vq.why, why);
	start(f);
}

static void broken(void **state)
{
	struct fixture *f = *state;

	give(f, BUF_PA, 1, 8, 0);
	assert_pop_broken(f, "buffer id outside the ring");
	give(f, BUF_PA, 1, 0xffff, 0);
	assert_pop_broken(f, "buffer id outside the ring");
	give(f, BUF_PA, 1, 3, 0);
	assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 1);
	give(f, BUF_PA, 1, 3, 0);
	assert_pop_broken(f, "buffer id is with the device already");
	give(f, BUF_PA, 1, 3, NEXT);
	assert_pop_broken(f, "chain goes on in a descriptor that is not ours");
	for (unsigned int i = 0; i < ENTRIES; i++)
		give(f, BUF_PA, 1, 3, NEXT);
	assert_pop_broken(f, "chain is longer than the ring");
	/* The first is made available again before it was used. */
	for (unsigned int i = 0; i < ENTRIES; i++) {
		give(f, BUF_PA, 1, (uint16_t)i, 0);
		assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 1);
	}
	give(f, BUF_PA, 1, 0, 0);
	assert_pop_broken(f, "more descriptors than the ring has");
	give(f, BUF_PA, 0, 0, 0);
	assert_pop_broken(f, "buffer of length 0");
	give(f, BUF_PA, 16, 0, INDIRECT);
	assert_pop_broken(f, "indirect descriptor, not offered");
	give(f, WINDOW_PA + SIZE - 1, 2, 0, WRITE);
	assert_pop_broken(f, "buffer is not whole in the window");
	give(f, UINT64_MAX, 1, 0, 0);
	assert_pop_broken(f, "buffer is not whole in the window");
	give(f, BUF_PA, 4, 0, WRITE | NEXT);
	give(f, BUF_PA, 4, 0, 0);
	assert_pop_broken(f, "readable buffer behind a writable one");
	give(f, WINDOW_PA, SIZE, 0, NEXT);
	give(f, WINDOW_PA, SIZE, 0, 0);
	assert_pop_broken(f, "chain is longer than the window");
}

/* As long as the ring is the longest chain. */
static void longest_chain(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < ENTRIES; i++)
		give(f, BUF_PA + i, 1, 2, i < ENTRIES - 1 ? NEXT : 0);
	assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 1);
	assert_int_equal(f->chain.nr_out, ENTRIES);
	ofl_vq_push(&f->vq, 2, 0);
	for (unsigned int i = 0; i < ENTRIES; i++)
		give(f, BUF_PA + i, 1, 2, i < ENTRIES - 1 ? NEXT : 0);
	assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 1);
}

static void give_and_push(struct fixture *f, uint16_t id, uint16_t flags, uint32_t written)
{
	give(f, BUF_PA, 4, id, flags);
	assert_int_equal(ofl_vq_pop(&f->vq, &f->chain), 1);
	ofl_vq_push(&f->vq, id, written);
}

/* In order: one used descriptor for a batch, with the last one's id, at the first one's place. */
static void batches(void **state)
{
	struct fixture *f = *state;

	start_layout(f, OFL_VQ_IN_ORDER);
	assert_false(f->vq.in_order);
	start_layout(f, OFL_VQ_EVENT_IDX | OFL_VQ_PACKED | OFL_VQ_IN_ORDER);
	*event(f, false) = DESC | LAP | 1;
	for (uint16_t i = 0; i < 3; i++)
		give_and_push(f, i, 0, 0);
	for (uint32_t i = 0; i < 3; i++)
		assert_false(is_used(f, i));
	assert_true(ofl_vq_should_call(&f->vq)); /* the event is within it */
	assert_true(is_used(f, 0));
	assert_int_equal(desc(f, 0)->id, 2);
	assert_int_equal(desc(f, 0)->len, 0);
	assert_false(is_used(f, 1) || is_used(f, 2));
	assert_false(ofl_vq_should_call(&f->vq));
	/* What can be written to ends it, and has its length told; even if that is 0. */
	give_and_push(f, 3, 0, 0);
	assert_false(is_used(f, 3));
	give_and_push(f, 4, WRITE, 0);
	assert_true(is_used(f, 3));
	assert_int_equal(desc(f, 3)->id, 4);
	assert_int_equal(desc(f, 3)->len, 0);
	give_and_push(f, 5, WRITE, 4);
	assert_true(is_used(f, 5));
	assert_int_equal(desc(f, 5)->id, 5);
	assert_int_equal(desc(f, 5)->len, 4);
	ofl_vq_should_call(&f->vq);
	/* Sixteen at most: the ring has eight, so two laps. */
	for (uint16_t i = 6; i < 21; i++)
		give_and_push(f, i % ENTRIES, 0, 0);
	assert_int_equal(f->vq.batch, 15);
	give_and_push(f, 21 % ENTRIES, 0, 0);
	assert_int_equal(f->vq.batch, 0);
	assert_int_equal(desc(f, 6)->id, 21 % ENTRIES);
	/* A queue that is set up anew keeps nothing. */
	give_and_push(f, 0, 0, 0);
	start_layout(f, OFL_VQ_EVENT_IDX | OFL_VQ_PACKED | OFL_VQ_IN_ORDER);
	assert_false(ofl_vq_should_call(&f->vq));
	assert_int_equal(desc(f, 0)->flags, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_chain_goes_round), T(counters_wrap), T(events), T(bad_set_up), T(broken),
		T(longest_chain), T(batches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
