/* SPDX-License-Identifier: BSD-2-Clause */
#include "pmm_device.h"

#define SIZE 0x20000ull

static unsigned int resets, serves;

static void fake_reset(struct ofl_dev *dev)
{
	(void)dev;
	resets++;
}

/* Gives back every chain of queue 0. */
static bool fake_serve(struct ofl_dev *dev)
{
	struct ofl_vq_chain chain;
	bool work = false;
	int got;

	serves++;
	while ((got = ofl_vq_pop(&dev->vq[0], &chain)) > 0) {
		ofl_vq_push(&dev->vq[0], chain.head, 0);
		work = true;
	}
	if (got < 0)
		ofl_dev_break(dev, "%s", dev->vq[0].why);
	else
		ofl_dev_call(dev, 0);
	return work;
}

static const struct ofl_dev_ops fake_ops = { .reset = fake_reset,
					     .serve = fake_serve };

struct fixture {
	struct ofl_mem mem;
	struct ofl_dev dev;
	struct ofl_dev *devs[1];
	struct ring ring[2];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	uint64_t pa;

	f->mem = window_new(SIZE);
	f->dev.ops = &fake_ops;
	strcpy(f->dev.name, "fake");
	f->dev.device_id = 4;
	f->dev.offered = 0x30;
	f->dev.nr_queues = 2;
	f->dev.config[0] = 0x5a;
	f->dev.config_size = 1;
	f->dev.mem_size = 2 * OFL_PAGE;
	f->devs[0] = &f->dev;
	assert_int_equal(ofl_window_layout(&f->mem, f->devs, 1, true), 0);
	pa = ring_init(&f->ring[0], &f->mem, f->dev.memory, 8);
	ring_init(&f->ring[1], &f->mem, pa, 8);
	resets = 0;
	serves = 0;
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

static void header_says_what_it_is(void **state)
{
	struct fixture *f = *state;
	struct ofl_vdev *h = header_of(&f->dev);

	assert_int_equal(h->id.magic, OFL_VDEV_MAGIC);
	assert_int_equal(h->id.version, OFL_VDEV_VERSION);
	assert_int_equal(h->id.device_id, 4);
	assert_true(h->id.features == (0x30 | F_ALL | OFL_F_RING_PACKED));
	assert_int_equal(h->id.nr_queues, 2);
	assert_int_equal(h->config[0], 0x5a);
	assert_int_equal(h->vq_device[1].size_max, 128);
	assert_int_equal(h->vq_device[2].size_max, 0);
	assert_false(ofl_dev_pending(&f->dev));
	assert_false(ofl_dev_poll(&f->dev));
	/* A promise of the device's own, and of nobody who serves its rings instead. */
	f->dev.in_order = true;
	ofl_dev_publish(&f->dev, true);
	assert_true(h->id.features == (0x30 | F_ALL | OFL_F_RING_PACKED | OFL_F_IN_ORDER));
	f->dev.split_only = true;
	ofl_dev_publish(&f->dev, true);
	assert_true(h->id.features == (0x30 | F_ALL));
}

static void comes_up_serves_and_resets(void **state)
{
	struct fixture *f = *state;
	struct ofl_vdev *h = header_of(&f->dev);
	uint32_t id, len;

	bring_up(&f->dev, f->ring, 2, F_ALL);
	assert_int_equal(resets, 1);
	ring_desc(&f->ring[0], 5, f->dev.memory, 1, 0, 0);
	ring_submit(&f->ring[0], 5);
	assert_true(ofl_dev_pending(&f->dev));
	assert_true(ofl_dev_poll(&f->dev));
	assert_int_equal(ring_used(&f->ring[0], &id, &len), 1);
	assert_int_equal(id, 5);
	assert_int_equal(h->call[0], 1);
	assert_false(ofl_dev_pending(&f->dev));

	assert_int_equal(ask(&f->dev, 0), 0);
	assert_int_equal(h->vq_device[0].state, OFL_VQ_OFF);
	assert_int_equal(resets, 2);
	ring_submit(&f->ring[0], 5);
	assert_false(ofl_dev_poll(&f->dev));
	assert_int_equal(ring_used_idx(&f->ring[0]), 1);
}

static void refuses_features(void **state)
{
	struct fixture *f = *state;
	struct ofl_vdev *h = header_of(&f->dev);

	assert_int_equal(ask(&f->dev, S_ACK), S_ACK);
	h->driver.features = OFL_F_EVENT_IDX; /* without VERSION_1 */
	assert_int_equal(ask(&f->dev, S_FEATURES), S_ACK);
	h->driver.features = F_ALL | 1ull << 40; /* not offered */
	assert_int_equal(ask(&f->dev, S_FEATURES), S_ACK);
	assert_int_equal(ask(&f->dev, S_OK), S_ACK); /* and so no DRIVER_OK */
	h->driver.features = F_ALL | 0x10;
	assert_int_equal(ask(&f->dev, S_FEATURES), S_FEATURES);
}

static void refuses_queues(void **state)
{
	struct fixture *f = *state;
	struct ofl_vdev *h = header_of(&f->dev);

	negotiate(&f->dev, F_ALL);
	h->vq_driver[0] = f->ring[0].line;
	h->vq_driver[1] = f->ring[1].line;
	h->vq_driver[1].device = f->mem.pa + f->mem.size - 4;
	assert_int_equal(ask(&f->dev, S_OK), S_FEATURES);
	assert_int_equal(h->vq_device[0].state, OFL_VQ_OFF);
	assert_int_equal(h->vq_device[1].state, OFL_VQ_REFUSED);
	assert_non_null(strstr(last_log, "used ring"));
	ring_submit(&f->ring[0], 0);
	assert_false(ofl_dev_poll(&f->dev));
	/* A better try, without reset; only one queue of the two. */
	ring_set_avail(&f->ring[0], 0);
	h->vq_driver[1].size = 0;
	assert_int_equal(ask(&f->dev, S_OK), S_OK);
	assert_int_equal(h->vq_device[0].state, OFL_VQ_ON);
	assert_int_equal(h->vq_device[1].state, OFL_VQ_OFF);
}

static void lines_of_a_live_queue_are_not_read_again(void **state)
{
	struct fixture *f = *state;
	struct ofl_vdev *h = header_of(&f->dev);
	uint32_t id, len;

	bring_up(&f->dev, f->ring, 2, F_ALL);
	memset(h->vq_driver, 0xff, sizeof(h->vq_driver));
	memset(h->vq_device, 0xff, sizeof(h->vq_device));
	assert_int_equal(ask(&f->dev, S_OK), S_OK);
	ring_desc(&f->ring[0], 1, f->dev.memory, 1, 0, 0);
	ring_submit(&f->ring[0], 1);
	ofl_dev_poll(&f->dev);
	assert_int_equal(ring_used(&f->ring[0], &id, &len), 1);
}

static void status_garbage_breaks(void **state)
{
	static const uint32_t garbage[] = { 0x10, 0x20, 0x100, 0xffffffff,
					    1u << 31 };
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		bring_up(&f->dev, f->ring, 1, F_ALL);
		ask(&f->dev, garbage[i]);
		assert_broken(&f->dev, "unknown bits");
		assert_int_equal(header_of(&f->dev)->vq_device[0].state,
				 OFL_VQ_BROKEN);
		/* Nothing but a reset helps. */
		assert_true(ask(&f->dev, S_OK) & OFL_STATUS_NEEDS_RESET);
		assert_false(ofl_dev_poll(&f->dev));
	}
	bring_up(&f->dev, f->ring, 1, F_ALL);
	ask(&f->dev, S_ACK);
	assert_broken(&f->dev, "takes back");
	bring_up(&f->dev, f->ring, 1, F_ALL);
}

static void failed_driver_is_left_alone(void **state)
{
	struct fixture *f = *state;

	bring_up(&f->dev, f->ring, 1, F_ALL);
	assert_int_equal(ask(&f->dev, S_OK | OFL_STATUS_FAILED),
			 S_OK | OFL_STATUS_FAILED);
	ring_submit(&f->ring[0], 0);
	assert_false(ofl_dev_poll(&f->dev));
	ring_set_avail(&f->ring[0], 0);
	bring_up(&f->dev, f->ring, 1, F_ALL);
}

static void log_of_breaks_is_bounded(void **state)
{
	struct fixture *f = *state;
	unsigned int i, before = logs;

	for (i = 0; i < 200; i++) {
		bring_up(&f->dev, f->ring, 1, F_ALL);
		ask(&f->dev, 0x10);
	}
	assert_true(logs - before <= 20);
}

/* A PMM that comes while an image runs does not touch the image's lines. */
static void a_new_pmm_leaves_the_images_lines(void **state)
{
	struct fixture *f = *state;
	struct ofl_vdev *h = header_of(&f->dev);
	uint32_t seq, epoch;
	struct ofl_window *win = at(&f->mem, f->mem.pa + OFL_WIN_CTRL_OFF);

	bring_up(&f->dev, f->ring, 2, F_ALL);
	seq = h->driver.req_seq;
	epoch = win->pmm.epoch;
	assert_int_equal(ofl_window_layout(&f->mem, f->devs, 1, false), 0);
	assert_int_equal(h->driver.req_seq, seq);
	assert_int_equal(h->driver.status, S_OK);
	assert_int_equal(h->vq_driver[0].size, 8);
	assert_int_equal(h->device.ack_seq, seq);
	assert_int_equal(h->device.status, 0);
	assert_int_equal(h->vq_device[0].state, OFL_VQ_OFF);
	assert_int_equal(win->pmm.epoch, epoch + 1);
	assert_false(ofl_dev_poll(&f->dev));
	bring_up(&f->dev, f->ring, 2, F_ALL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(header_says_what_it_is),
		T(comes_up_serves_and_resets),
		T(refuses_features),
		T(refuses_queues),
		T(lines_of_a_live_queue_are_not_read_again),
		T(status_garbage_breaks),
		T(failed_driver_is_left_alone),
		T(log_of_breaks_is_bounded),
		T(a_new_pmm_leaves_the_images_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
