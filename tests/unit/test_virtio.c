// SPDX-License-Identifier: BSD-2-Clause
/* Transactions with a device header, and a device that does not play along. */
#include "rt_mock.h"

#include "baremetal/virtio.c"
#include "baremetal/vq.c"

static struct ofl_virtio dev;

static void set_up(void)
{
	sim_reset(OFL_VIRTIO_ID_9P, 2);
	sim_refuse = 0;
	memset(&dev, 0, sizeof(dev));
	dev.hdr = sim_hdr();
	dev.mem = (struct ofl_devmem){ window_mem + MEM_OFF, WIN_PA + MEM_OFF,
				       0x4000, 0 };
	dev.epoch = 1;
	strcpy(dev.name, "virtio@test");
	pmm_step = sim_ack;
}

static void test_open(void **state)
{
	(void)state;
	set_up();
	assert_int_equal(ofl_virtio_open(&dev), 0);
	assert_int_equal(dev.device_id, OFL_VIRTIO_ID_9P);
	sim_hdr()->id.magic = 1;
	assert_int_equal(ofl_virtio_open(&dev), -ENODEV);
	set_up();
	sim_hdr()->id.version = 9;
	assert_int_equal(ofl_virtio_open(&dev), -EPROTONOSUPPORT);
	assert_true(log_has("version 9, this runtime has 1"));
	set_up();
	sim_hdr()->id.nr_queues = OFL_VDEV_QUEUES + 1;
	assert_int_equal(ofl_virtio_open(&dev), -ENODEV);
	set_up();
	sim_hdr()->id.config_size = OFL_VDEV_CONFIG + 1;
	assert_int_equal(ofl_virtio_open(&dev), -ENODEV);
}

static void test_start(void **state)
{
	static struct ofl_vq vq;

	(void)state;
	set_up();
	sim_hdr()->driver.req_seq = 0xfffffffe; /* goes on, and wraps */
	sim_hdr()->device.ack_seq = 0xfffffffe;
	sim_hdr()->vq_driver[1].size = 99; /* of a former image */
	assert_int_equal(ofl_virtio_open(&dev), 0);
	assert_int_equal(ofl_virtio_start(&dev, OFL_VIRTIO_F_EVENT_IDX), 0);
	assert_int_equal(sim_hdr()->driver.req_seq, 1);
	assert_int_equal(sim_hdr()->driver.features,
			 OFL_VIRTIO_F_EVENT_IDX | OFL_VIRTIO_F_VERSION_1);
	assert_int_equal(sim_hdr()->vq_driver[1].size, 0);
	assert_int_equal(ofl_virtio_queue(&dev, &vq, 0, 128), 0);
	assert_int_equal(vq.size, 64);
	assert_int_equal(sim_hdr()->vq_driver[0].size, 64);
	assert_int_equal(ofl_virtio_queue(&dev, &vq, 2, 8), -ENOENT);
	sim_hdr()->vq_device[1].size_max = 0;
	assert_int_equal(ofl_virtio_queue(&dev, &vq, 1, 8), -ENOENT);
	assert_int_equal(ofl_virtio_ready(&dev), 0);
	assert_int_equal(sim_hdr()->device.status, 15);
	assert_true(ofl_virtio_alive(&dev));
}

/* IN_ORDER comes with packed rings only, wanted or not. */
static void test_layout(void **state)
{
	const uint64_t both = OFL_VIRTIO_F_RING_PACKED | OFL_VIRTIO_F_IN_ORDER;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		uint64_t layout = (i & 1 ? OFL_VIRTIO_F_RING_PACKED : 0) |
				  (i & 2 ? OFL_VIRTIO_F_IN_ORDER : 0);

		set_up();
		sim_hdr()->id.features = OFL_VIRTIO_F_VERSION_1 | layout;
		assert_int_equal(ofl_virtio_open(&dev), 0);
		assert_int_equal(ofl_virtio_start(&dev, 0), 0);
		assert_int_equal(sim_hdr()->driver.features & both, i == 2 ? 0 : layout);
	}
}

/* size_max is no power of two, or huge: the queue has a size of ours. */
static void test_queue_sizes(void **state)
{
	static const uint32_t max[] = { 1, 3, 5, 33, 0x80000000, 0xffffffff };
	static struct ofl_vq vq;

	(void)state;
	for (size_t i = 0; i < sizeof(max) / sizeof(max[0]); i++) {
		set_up();
		assert_int_equal(ofl_virtio_open(&dev), 0);
		assert_int_equal(ofl_virtio_start(&dev, 0), 0);
		sim_hdr()->vq_device[0].size_max = max[i];
		assert_int_equal(ofl_virtio_queue(&dev, &vq, 0, 16), 0);
		assert_true(vq.size && vq.size <= 16 && vq.size <= max[i]);
		assert_int_equal(vq.size & (vq.size - 1), 0);
	}
}

static void test_never_acks(void **state)
{
	(void)state;
	set_up();
	pmm_step = NULL;
	assert_int_equal(ofl_virtio_open(&dev), 0);
	assert_int_equal(ofl_virtio_start(&dev, 0), -ETIMEDOUT);
	assert_in_range(mock_now, OFL_VIRTIO_TIMEOUT, OFL_VIRTIO_TIMEOUT + OFL_SEC);
	assert_true(log_has("no answer"));
	assert_false(ofl_virtio_alive(&dev));
}

static void step_wrong_ack(void)
{
	sim_hdr()->device.ack_seq = sim_hdr()->driver.req_seq + 1;
}

static void step_gone(void)
{
	mock_epoch = 0;
}

static void test_wrong_answers(void **state)
{
	(void)state;
	set_up();
	pmm_step = step_wrong_ack;
	ofl_virtio_open(&dev);
	assert_int_equal(ofl_virtio_start(&dev, 0), -ETIMEDOUT);

	set_up();
	pmm_step = step_gone;
	ofl_virtio_open(&dev);
	assert_int_equal(ofl_virtio_start(&dev, 0), -EIO);
	assert_true(mock_now < OFL_SEC);
	assert_true(log_has("the PMM went away"));
}

static void test_refusals(void **state)
{
	(void)state;
	set_up();
	sim_refuse = OFL_VIRTIO_FEATURES_OK;
	ofl_virtio_open(&dev);
	assert_int_equal(ofl_virtio_start(&dev, 0), -EPROTO);
	assert_true(log_has("refuses the features"));

	set_up();
	sim_refuse = OFL_VIRTIO_DRIVER_OK;
	ofl_virtio_open(&dev);
	assert_int_equal(ofl_virtio_start(&dev, 0), 0);
	assert_int_equal(ofl_virtio_ready(&dev), -EPROTO);
	assert_true(log_has("refuses its queues"));

	set_up();
	sim_hdr()->id.features = 0;
	ofl_virtio_open(&dev);
	assert_int_equal(ofl_virtio_start(&dev, 0), -EPROTO);
	assert_true(log_has("VERSION_1"));
}

/* Acks, then changes everything that it answered. */
static void step_changing(void)
{
	struct ofl_vdev *hdr = sim_hdr();

	sim_ack();
	hdr->id.features = mock_steps * 0x9e3779b97f4a7c15ull;
	hdr->id.nr_queues = 0xffffffff;
	hdr->id.config_size = 0xffffffff;
	hdr->driver.req_seq = (uint32_t)mock_steps * 77; /* not its to write */
	hdr->device.ack_seq = hdr->driver.req_seq;
}

static void step_generation(void)
{
	sim_hdr()->device.config_generation++;
}

static void test_changing(void **state)
{
	static struct ofl_vq vq;
	uint8_t raw[8];

	(void)state;
	set_up();
	ofl_virtio_open(&dev);
	pmm_step = step_changing;
	/* Times out or gets through; what was copied does not change. */
	ofl_virtio_start(&dev, 0);
	assert_int_equal(dev.nr_queues, 2);
	assert_int_equal(ofl_virtio_queue(&dev, &vq, 2, 8), -ENOENT);
	assert_int_equal(ofl_virtio_config(&dev, 250, raw, 8), -EINVAL);
	assert_int_equal(ofl_virtio_config(&dev, 0xffffffff, raw, 8), -EINVAL);
	assert_int_equal(ofl_virtio_config(&dev, 248, raw, 8), 0);
	pmm_step = step_generation;
	assert_int_equal(ofl_virtio_config(&dev, 0, raw, 8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_queue_sizes),
		cmocka_unit_test(test_never_acks),
		cmocka_unit_test(test_wrong_answers),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_changing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
