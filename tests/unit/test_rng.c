// SPDX-License-Identifier: BSD-2-Clause
/* virtio-entropy against PMMs that serve, stall and lie. */
#include "rt_mock.h"

#include <sys/random.h>

#define getentropy t_getentropy
#define getrandom t_getrandom
#include "baremetal/rng.c"
#include "baremetal/virtio.c"
#include "baremetal/vq.c"

static struct ofl_virtio dev;
static uint32_t give; /* at most so many bytes in one buffer */
static uint8_t next_byte;

static void serve(void)
{
	struct sim_desc *desc;
	int head;

	sim_ack();
	while ((head = sim_pop(0)) >= 0) {
		desc = sim_desc(0, (unsigned int)head);
		uint32_t n = desc->len < give ? desc->len : give;

		for (uint32_t i = 0; i < n; i++)
			((uint8_t *)sim_at(desc->addr))[i] = next_byte++;
		sim_push(0, (uint32_t)head, n);
	}
}

static int prepare(size_t memory)
{
	sim_reset(OFL_VIRTIO_ID_RNG, 1);
	sim_refuse = 0;
	give = 1000;
	next_byte = 0;
	memset(&dev, 0, sizeof(dev));
	dev.hdr = sim_hdr();
	dev.mem = (struct ofl_devmem){ window_mem + MEM_OFF, WIN_PA + MEM_OFF,
				       memory, 0 };
	dev.epoch = 1;
	strcpy(dev.name, "virtio@rng");
	pmm_step = serve;
	assert_int_equal(ofl_virtio_open(&dev), 0);
	return ofl_rng_start(&dev);
}

static void test_bytes(void **state)
{
	uint8_t buf[1000];

	(void)state;
	for (give = 1; give < 300; give += 37) {
		uint32_t piece = give;

		assert_int_equal(prepare(4096), 0);
		give = piece;
		assert_int_equal(t_getrandom(buf, sizeof(buf), 0), sizeof(buf));
		for (unsigned int i = 0; i < sizeof(buf); i++)
			assert_int_equal(buf[i], (uint8_t)i);
	}
	assert_int_equal(t_getentropy(buf, 256), 0);
	assert_int_equal(t_getentropy(buf, 0), 0);
	assert_int_equal(t_getentropy(buf, 257), -1);
	assert_int_equal(errno, EIO);
	assert_int_equal(t_getrandom(buf, 10, 0x80), -1);
	assert_int_equal(errno, EINVAL);
}

/* Ahead of what is wanted, in order, each byte once, and nothing left of it. */
static void test_ahead(void **state)
{
	uint8_t buf[5 * CHUNK], byte = 0;

	(void)state;
	assert_int_equal(prepare(4096), 0);
	give = CHUNK;
	for (size_t len = 0, n = 1; len + n <= 4 * CHUNK; len += n, n = (n * 3 + 1) % 700) {
		assert_int_equal(t_getrandom(buf, n, 0), n);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(buf[i], byte++);
		for (uint32_t i = 0; i < rng.have_end - rng.have_len; i++)
			assert_int_equal(rng.have[i], 0);
	}
	assert_int_equal(rng.vq.in_flight, BUFS);
	/* With the PMM they come from, they go. */
	assert_true(rng.have_len > 1);
	mock_epoch = 3;
	assert_int_equal(t_getrandom(buf, 1, 0), -1);
	assert_int_equal(errno, EIO);
	ofl_rng_lost();
	for (uint32_t i = 0; i < CHUNK; i++)
		assert_int_equal(rng.have[i], 0);
}

static void test_small_memory(void **state)
{
	(void)state;
	for (size_t size = 0; size < 1024; size += 64) {
		int err = prepare(size);

		assert_true(err == 0 || err == -ENOMEM);
	}
	assert_int_equal(prepare(4096), 0);
}

static void step_gone(void)
{
	if (mock_steps > 5000)
		mock_epoch = 3;
}

static void test_lies(void **state)
{
	uint8_t buf[100];

	(void)state;
	/* No device. */
	ofl_rng_lost();
	assert_int_equal(t_getentropy(buf, 4), -1);
	assert_int_equal(errno, ENOSYS);
	/* Empty answers for ever. */
	assert_int_equal(prepare(4096), 0);
	give = 0;
	assert_int_equal(t_getentropy(buf, 4), -1);
	assert_int_equal(errno, EIO);
	/* Later there are some. */
	give = 100;
	assert_int_equal(t_getentropy(buf, 4), 0);
	/* No answer. */
	assert_int_equal(prepare(4096), 0);
	pmm_step = NULL;
	assert_int_equal(t_getentropy(buf, 4), -1);
	assert_int_equal(errno, EIO);
	assert_in_range(mock_now, TIMEOUT, TIMEOUT + OFL_SEC);
	assert_int_equal(t_getentropy(buf, 4), -1);
	assert_in_range(mock_now, TIMEOUT, TIMEOUT + OFL_SEC);
	/* More than was asked for. */
	assert_int_equal(prepare(4096), 0);
	sim_push(0, 0, CHUNK + 1);
	pmm_step = NULL;
	assert_int_equal(t_getrandom(buf, 100, 0), -1);
	assert_int_equal(errno, EIO);
	/* Gone. */
	assert_int_equal(prepare(4096), 0);
	pmm_step = step_gone;
	assert_int_equal(t_getrandom(buf, 100, 0), -1);
	assert_int_equal(errno, EIO);
	assert_true(log_has("the PMM went away"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_ahead),
		cmocka_unit_test(test_small_memory),
		cmocka_unit_test(test_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
