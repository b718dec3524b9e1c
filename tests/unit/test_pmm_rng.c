/* SPDX-License-Identifier: BSD-2-Clause */
/* The entropy device. */
#include "pmm_device.h"

#include "pmm/rng.c"

#define SIZE 0x20000ull
#define BUF_PA (WINDOW_PA + 0x18000)

static struct ofl_mem mem;
static struct ofl_dev *dev;
static struct ring ring;

static void set_up(void)
{
	struct ofl_dev *devs[1];

	mem = window_new(SIZE);
	dev = ofl_rng_dev();
	devs[0] = dev;
	assert_int_equal(ofl_window_layout(&mem, devs, 1, true), 0);
	ring_init(&ring, &mem, dev->memory, 8);
	bring_up(dev, &ring, 1, F_ALL);
}

static void bytes(void **state)
{
	static const uint32_t sizes[] = { 1, 16, 256, 1024, 5000 };
	uint8_t *buf;
	uint32_t id, len;

	(void)state;
	set_up();
	buf = at(&mem, BUF_PA);
	assert_false(ofl_dev_poll(dev));
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned int zeros = 0;

		memset(buf, 0, 0x2000);
		ring_desc(&ring, 0, BUF_PA, sizes[i], WRITE, 0);
		ring_submit(&ring, 0);
		assert_true(ofl_dev_poll(dev));
		assert_true(ring_used(&ring, &id, &len));
		assert_int_equal(len, sizes[i] < RNG_BYTES ? sizes[i] : RNG_BYTES);
		for (uint32_t j = 0; j < len; j++)
			zeros += !buf[j];
		assert_true(zeros <= 1 + len / 32);
		for (uint32_t j = len; j < 0x2000; j++)
			assert_int_equal(buf[j], 0);
	}
	window_free(&mem);
}

static void hostile(void **state)
{
	(void)state;
	set_up();
	ring_desc(&ring, 0, BUF_PA, 16, 0, 0);
	ring_submit(&ring, 0);
	ofl_dev_poll(dev);
	assert_broken(dev, "readable buffer");
	window_free(&mem);
	set_up();
	ring_desc(&ring, 0, WINDOW_PA + SIZE - 8, 16, WRITE, 0);
	ring_submit(&ring, 0);
	ofl_dev_poll(dev);
	assert_broken(dev, "not whole in the window");
	window_free(&mem);
	/* One that wants all the time gets its turns, and no more. */
	set_up();
	for (uint16_t i = 0; i < 8; i++)
		ring_desc(&ring, i, BUF_PA, 64, WRITE | NEXT, (uint16_t)(i + 1));
	ring_desc(&ring, 7, BUF_PA, 64, WRITE, 0);
	ring_submit(&ring, 0);
	assert_true(ofl_dev_poll(dev));
	assert_false(ofl_dev_poll(dev));
	window_free(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
