// SPDX-License-Identifier: BSD-2-Clause
/* The driver's virtqueue against an honest and a hostile device. */
#include "rt_mock.h"

#include "baremetal/virtio.c"
#include "baremetal/vq.c"

#define SIZE 8

static struct ofl_virtio dev;
static struct ofl_vq vq;

static void set_up(bool event_idx)
{
	struct ofl_vq_driver *line;

	sim_reset(4, 1);
	memset(sim_queues, 0, sizeof(sim_queues));
	memset(&dev, 0, sizeof(dev));
	dev.hdr = sim_hdr();
	dev.mem = (struct ofl_devmem){ window_mem + MEM_OFF, WIN_PA + MEM_OFF,
				       0x4000, 0 };
	dev.epoch = 1;
	strcpy(dev.name, "virtio@test");
	assert_int_equal(ofl_virtio_open(&dev), 0);
	assert_int_equal(ofl_vq_init(&vq, &dev, 0, SIZE, event_idx), 0);
	line = &sim_hdr()->vq_driver[0];
	line->desc = vq.desc_pa;
	line->driver = vq.avail_pa;
	line->device = vq.used_pa;
	line->size = vq.size;
}

static int add(unsigned int out, unsigned int in, void *cookie)
{
	static const struct ofl_vq_buf bufs[SIZE + 1] = {
		{ WIN_PA + 0x80000, 16 }, { WIN_PA + 0x80100, 32 },
		{ WIN_PA + 0x80200, 64 }, { WIN_PA + 0x80300, 128 },
	};

	return ofl_vq_add(&vq, bufs, out, in, cookie);
}

static void test_layout(void **state)
{
	(void)state;
	set_up(true);
	/* Every ring on lines of its own, inside of the memory. */
	assert_int_equal(vq.desc_pa % 64, 0);
	assert_int_equal(vq.avail_pa % 64, 0);
	assert_int_equal(vq.used_pa % 64, 0);
	assert_true(vq.avail_pa >= vq.desc_pa + 16 * SIZE);
	assert_true(vq.used_pa >= vq.avail_pa + 6 + 2 * SIZE);
	assert_true(dev.mem.used <= ofl_vq_bytes(SIZE));
	assert_int_equal(ofl_vq_init(&vq, &dev, 0, 3, true), -EINVAL);
	assert_int_equal(ofl_vq_init(&vq, &dev, 0, 0, true), -EINVAL);
	assert_int_equal(ofl_vq_init(&vq, &dev, 0, 256, true), -EINVAL);
	dev.mem.size = dev.mem.used + 64;
	assert_int_equal(ofl_vq_init(&vq, &dev, 0, 8, true), -ENOMEM);
}

static void round_trips(bool event_idx)
{
	void *cookie;
	uint32_t len;

	set_up(event_idx);
	/* Long enough for every index to wrap. */
	for (uintptr_t i = 0; i < 70000; i++) {
		int head;

		assert_int_equal(add(2, 1, (void *)(i + 1)), 0);
		assert_int_equal(ofl_vq_get(&vq, &cookie, &len), 0);
		assert_int_equal(sim_pop(0), -1);
		ofl_vq_kick(&vq);
		head = sim_pop(0);
		assert_true(head >= 0);
		assert_int_equal(sim_desc(0, (unsigned int)head)->len, 16);
		assert_int_equal(sim_desc(0, (unsigned int)head)->flags, 1);
		sim_push(0, (uint32_t)head, (uint32_t)(i % 65));
		assert_int_equal(ofl_vq_get(&vq, &cookie, &len), 1);
		assert_ptr_equal(cookie, (void *)(i + 1));
		assert_int_equal(len, i % 65);
	}
	assert_int_equal(vq.nr_free, SIZE);
	assert_int_equal(vq.in_flight, 0);
}

static void test_round_trips(void **state)
{
	(void)state;
	round_trips(false);
	round_trips(true);
}

static void test_full(void **state)
{
	void *cookie;
	uint32_t len;
	int heads[4];

	(void)state;
	set_up(true);
	assert_int_equal(add(0, 0, NULL), -EINVAL);
	assert_int_equal(add(SIZE, 1, NULL), -ENOSPC);
	for (intptr_t i = 0; i < 4; i++)
		assert_int_equal(add(1, 1, (void *)i), 0);
	assert_int_equal(add(1, 0, NULL), -ENOSPC);
	ofl_vq_kick(&vq);
	for (int i = 0; i < 4; i++)
		heads[i] = sim_pop(0);
	/* Out of order is allowed. */
	for (intptr_t i = 3; i >= 0; i--) {
		sim_push(0, (uint32_t)heads[i], 0);
		assert_int_equal(ofl_vq_get(&vq, &cookie, &len), 1);
		assert_ptr_equal(cookie, (void *)i);
	}
	assert_int_equal(add(4, 4, NULL), 0);
}

static void test_kick_and_bell(void **state)
{
	struct ofl_vdev *hdr;
	uint16_t *used;

	(void)state;
	set_up(true);
	hdr = sim_hdr();
	used = sim_at(vq.used_pa);
	add(1, 0, NULL);
	ofl_vq_kick(&vq); /* avail_event 0: wants the first */
	assert_int_equal(hdr->kick[0], 1);
	add(1, 0, NULL);
	ofl_vq_kick(&vq); /* passed already: no kick */
	assert_int_equal(hdr->kick[0], 1);
	used[2 + 4 * SIZE] = 2;
	add(1, 0, NULL);
	ofl_vq_kick(&vq);
	assert_int_equal(hdr->kick[0], 2);
	assert_int_equal(mock_rings, 0);
	ofl_window()->pmm_bell.asleep = 1;
	add(1, 0, NULL);
	ofl_vq_kick(&vq);
	assert_int_equal(mock_rings, 1);

	set_up(false);
	used = sim_at(vq.used_pa);
	add(1, 0, NULL);
	ofl_vq_kick(&vq);
	assert_int_equal(hdr->kick[0], 1);
	used[0] = 1; /* NO_NOTIFY */
	add(1, 0, NULL);
	ofl_vq_kick(&vq);
	assert_int_equal(hdr->kick[0], 1);
}

/* --- hostile --- */

/* One chain is with the device; it answers with this element. */
static void bad_element(uint32_t id, uint32_t len, const char *why)
{
	void *cookie;
	uint32_t got;

	set_up(true);
	assert_int_equal(add(1, 2, NULL), 0);
	ofl_vq_kick(&vq);
	sim_push(0, id, len);
	assert_int_equal(ofl_vq_get(&vq, &cookie, &got), -EIO);
	assert_true(dev.broken);
	assert_true(log_has("virtio@test"));
	assert_true(log_has(why));
	/* And stays broken. */
	assert_int_equal(ofl_vq_get(&vq, &cookie, &got), -EIO);
	assert_int_equal(add(1, 0, NULL), -EIO);
	assert_int_equal(ofl_vq_get_wait(&vq, &cookie, &got, OFL_SEC), -EIO);
}

static void test_bad_elements(void **state)
{
	(void)state;
	bad_element(SIZE, 0, "used id");
	bad_element(0xffffffff, 0, "used id");
	bad_element(0x10000, 0, "used id");
	bad_element(1, 0, "used id"); /* inside of a chain, not its head */
	bad_element(5, 0, "used id"); /* free */
	bad_element(0, 32 + 64 + 1, "used length");
	bad_element(0, 0xffffffff, "used length");
}

static void test_twice(void **state)
{
	void *cookie;
	uint32_t len;

	(void)state;
	set_up(true);
	add(1, 1, NULL);
	add(1, 1, NULL);
	ofl_vq_kick(&vq);
	sim_push(0, 0, 0);
	sim_push(0, 0, 0); /* the same again */
	assert_int_equal(ofl_vq_get(&vq, &cookie, &len), 1);
	assert_int_equal(ofl_vq_get(&vq, &cookie, &len), -EIO);
}

static void test_index_jump(void **state)
{
	static const uint16_t jumps[] = { 2, 9, 0x8000, 0xffff };
	void *cookie;
	uint32_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		set_up(true);
		add(1, 1, NULL);
		ofl_vq_kick(&vq);
		((uint16_t *)sim_at(vq.used_pa))[1] = jumps[i];
		assert_int_equal(ofl_vq_get(&vq, &cookie, &len), -EIO);
		assert_true(log_has("used index jumped"));
	}
	set_up(true); /* nothing with the device, and yet something is used */
	((uint16_t *)sim_at(vq.used_pa))[1] = 1;
	assert_int_equal(ofl_vq_get(&vq, &cookie, &len), -EIO);
}

static void test_timeout(void **state)
{
	void *cookie;
	uint32_t len;

	(void)state;
	set_up(true);
	add(1, 1, NULL);
	ofl_vq_kick(&vq);
	assert_int_equal(ofl_vq_get_wait(&vq, &cookie, &len, 3 * OFL_SEC),
			 -ETIMEDOUT);
	assert_in_range(mock_now, 3 * OFL_SEC, 4 * OFL_SEC);
	/* Asleep it wanted a call; afterwards it does not. */
	assert_false(vq.armed);
}

static void step_new_epoch(void)
{
	if (mock_steps > 100)
		mock_epoch = 2;
}

static void step_needs_reset(void)
{
	if (mock_steps > 100)
		sim_hdr()->device.status = OFL_VIRTIO_NEEDS_RESET;
}

static void test_pmm_gone(void **state)
{
	void *cookie;
	uint32_t len;

	(void)state;
	set_up(true);
	pmm_step = step_new_epoch;
	assert_int_equal(ofl_vq_get_wait(&vq, &cookie, &len, 3 * OFL_SEC), -EIO);
	assert_true(log_has("the PMM went away"));
	set_up(true);
	pmm_step = step_needs_reset;
	assert_int_equal(ofl_vq_get_wait(&vq, &cookie, &len, 3 * OFL_SEC), -EIO);
	assert_true(log_has("needs a reset"));
}

static void step_late(void)
{
	uint16_t *used_event = (uint16_t *)sim_at(vq.avail_pa) + 2 + SIZE;

	/* The call is asked for before the platform may sleep. */
	if (mock_steps == OFL_WAIT_SPINS)
		assert_int_equal(*used_event, vq.last_used);
	if (mock_steps == OFL_WAIT_SPINS + 10)
		sim_push(0, 0, 1);
}

static void test_armed_before_sleep(void **state)
{
	void *cookie;
	uint32_t len;

	(void)state;
	set_up(true);
	add(1, 1, NULL);
	ofl_vq_kick(&vq);
	pmm_step = step_late;
	assert_int_equal(ofl_vq_get_wait(&vq, &cookie, &len, OFL_SEC), 1);
	assert_false(vq.armed);
}

/* Garbage all over the used ring: an answer, never a fault. */
static void test_garbage(void **state)
{
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		uint8_t *used;
		void *cookie;
		uint32_t len;
		int ret, n = 0;

		set_up(round & 1);
		for (int i = 0; i < 3; i++)
			add(1, 1, NULL);
		ofl_vq_kick(&vq);
		used = sim_at(vq.used_pa);
		for (int i = 0; i < 8; i++)
			used[random_next(&seed) % 40] =
				(uint8_t)(random_next(&seed) % 5);
		while ((ret = ofl_vq_get(&vq, &cookie, &len)) > 0) {
			assert_true(len <= 32);
			n++;
		}
		assert_true(ret == 0 || ret == -EIO);
		assert_true(n <= 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_kick_and_bell),
		cmocka_unit_test(test_bad_elements),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_index_jump),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_pmm_gone),
		cmocka_unit_test(test_armed_before_sleep),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
