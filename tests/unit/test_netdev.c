// SPDX-License-Identifier: BSD-2-Clause
/* virtio-net's driver against PMMs that serve, stall and lie. */
#include "netdev_mock.h"

static bool serving; /* take what is sent, at once */
static uint8_t sent[100][2048];
static uint32_t sent_len[100];
static unsigned int nr_sent;

static void serve(void)
{
	struct sim_desc *desc;
	int head;

	sim_ack();
	while (serving && (head = sim_pop(TX)) >= 0) {
		desc = sim_desc(TX, (unsigned int)head);
		assert_in_range(desc->len, HDR, sizeof(sent[0]));
		assert_int_equal(desc->flags, 0);
		memcpy(sent[nr_sent], sim_at(desc->addr), desc->len);
		sent_len[nr_sent++ % 100] = desc->len;
		sim_push(TX, (uint32_t)head, 0);
	}
}

static void prepare(size_t memory)
{
	nr_sent = 0;
	serving = true;
	netdev_prepare(memory, serve);
}

static void start(void)
{
	prepare(65536);
	assert_int_equal(ofl_netdev_start(&dev), 0);
	assert_true(ofl_netdev_works());
}

/* A frame of len bytes behind its header, all of them `fill`; says `says`. */
static void deliver(uint32_t len, uint8_t fill, uint32_t says)
{
	int head = sim_pop(RX);
	struct sim_desc *desc;

	assert_true(head >= 0);
	desc = sim_desc(RX, (unsigned int)head);
	assert_int_equal(desc->flags, 2); /* the device writes */
	assert_in_range(HDR + len, HDR, desc->len);
	memset(sim_at(desc->addr), 0, HDR);
	memset((uint8_t *)sim_at(desc->addr) + HDR, fill, len);
	sim_push(RX, (uint32_t)head, says);
}

static unsigned int taken;
static uint32_t last_len;
static uint8_t last_byte;

static void take(const uint8_t *frame, uint32_t len)
{
	assert_true(frame >= window_mem && frame + len <= window_mem + WIN_SIZE);
	assert_in_range(len, ETH, 1536 - HDR);
	taken++;
	last_len = len;
	last_byte = frame[len - 1];
}

static void test_frames(void **state)
{
	uint8_t *to;

	(void)state;
	start();
	assert_memory_equal(ofl_netdev_mac(), config->mac, 6);
	assert_int_equal(ofl_netdev_mtu(), 1500);
	assert_true(ofl_netdev_link());
	for (unsigned int i = 0; i < 300; i++) {
		deliver(ETH + i, (uint8_t)i, HDR + ETH + i);
		assert_int_equal(ofl_netdev_poll(take), 1);
		assert_int_equal(last_len, ETH + i);
		assert_int_equal(last_byte, (uint8_t)i);
		ofl_netdev_kick();
	}
	assert_int_equal(ofl_netdev_poll(take), 0);
	for (unsigned int i = 0; i < 90; i++) {
		to = ofl_netdev_room(60 + i);
		assert_non_null(to);
		memset(to, (int)i, 60 + i);
		ofl_netdev_send(60 + i);
		ofl_netdev_kick();
		serve();
		assert_int_equal(sent_len[i], HDR + 60 + i);
		assert_int_equal(sent[i][HDR + 59 + i], (uint8_t)i);
		for (unsigned int j = 0; j < HDR; j++)
			assert_int_equal(sent[i][j], 0);
	}
	assert_null(ofl_netdev_room(4000));
	assert_int_equal(ofl_netdev_counters.tx_full, 0);
}

/* A device that takes nothing: no room, and the rest goes on. */
static void test_slow(void **state)
{
	unsigned int n = 0;

	(void)state;
	start();
	serving = false;
	while (ofl_netdev_room(100)) {
		ofl_netdev_send(100);
		assert_in_range(++n, 1, 64);
	}
	assert_in_range(n, BUFS_MIN, 64);
	ofl_netdev_kick();
	assert_true(ofl_netdev_busy());
	assert_false(ofl_netdev_room_again());
	assert_int_equal(ofl_netdev_counters.tx_full, 1);
	deliver(100, 1, HDR + 100);
	assert_int_equal(ofl_netdev_poll(take), 1);
	serving = true;
	serve();
	assert_true(ofl_netdev_room_again());
	assert_false(ofl_netdev_room_again());
	assert_false(ofl_netdev_busy());
	assert_non_null(ofl_netdev_room(100));
}

static void test_memory(void **state)
{
	(void)state;
	for (size_t size = 0; size < 65536; size += 704) {
		int err;

		prepare(size & ~63ul);
		err = ofl_netdev_start(&dev);
		assert_true(err == 0 || err == -ENOMEM);
		if (!err && device.nr_rx < BUFS_MIN)
			fail_msg("%u buffers", device.nr_rx);
		if (err && size > 24576)
			fail_msg("%zu bytes are not enough", size);
	}
	prepare(65536);
	config->mtu = 65535;
	assert_int_equal(ofl_netdev_start(&dev), -ENOMEM);
	assert_true(log_has("use a larger window="));
	/* Without one of its own, and with the largest. */
	prepare(65536);
	sim_hdr()->id.features &= ~F_MTU;
	assert_int_equal(ofl_virtio_open(&dev), 0);
	assert_int_equal(ofl_netdev_start(&dev), 0);
	assert_int_equal(ofl_netdev_mtu(), 1500);
	prepare(800000);
	config->mtu = 65500;
	assert_int_equal(ofl_netdev_start(&dev), 0);
	deliver(65514, 7, HDR + 65514);
}

static void test_refused(void **state)
{
	(void)state;
	prepare(65536);
	config->mac[0] = 3;
	assert_int_equal(ofl_netdev_start(&dev), -EPROTO);
	prepare(65536);
	config->mtu = 68;
	assert_int_equal(ofl_netdev_start(&dev), -EPROTO);
	assert_false(ofl_netdev_works());
	prepare(65536);
	sim_hdr()->id.features &= ~F_MAC;
	assert_int_equal(ofl_virtio_open(&dev), 0);
	assert_int_equal(ofl_netdev_start(&dev), -EPROTO);
	prepare(65536);
	sim_hdr()->id.nr_queues = 1;
	assert_int_equal(ofl_virtio_open(&dev), 0);
	assert_int_equal(ofl_netdev_start(&dev), -ENOENT);
	prepare(65536);
	sim_hdr()->id.config_size = 4;
	assert_int_equal(ofl_virtio_open(&dev), 0);
	assert_int_equal(ofl_netdev_start(&dev), -EINVAL);
	/* A small ring is used as it is. */
	prepare(65536);
	sim_hdr()->vq_device[RX].size_max = 8;
	sim_hdr()->vq_device[TX].size_max = 4;
	assert_int_equal(ofl_netdev_start(&dev), 0);
	assert_int_equal(device.nr_rx, 8);
	assert_int_equal(device.nr_tx, 4);
	/* No answer. */
	prepare(65536);
	pmm_step = NULL;
	assert_int_equal(ofl_netdev_start(&dev), -ETIMEDOUT);
}

static void test_lies(void **state)
{
	static const uint32_t small[] = { 0, 1, HDR - 1, HDR, HDR + ETH - 1 };

	(void)state;
	start();
	taken = 0;
	for (unsigned int i = 0; i < 5; i++) {
		deliver(100, 1, small[i]);
		assert_int_equal(ofl_netdev_poll(take), 1);
	}
	assert_int_equal(taken, 0);
	assert_int_equal(ofl_netdev_counters.rx_bad, 5);
	assert_true(ofl_netdev_works());
	/* Longer than the buffer. */
	deliver(100, 1, 1537);
	assert_int_equal(ofl_netdev_poll(take), 0);
	assert_false(ofl_netdev_works());
	assert_null(ofl_netdev_room(100));
	ofl_netdev_kick();
	ofl_netdev_arm(true);
	/* One that is not with it; one twice. */
	start();
	sim_push(RX, 63, HDR + 100);
	ofl_netdev_poll(take);
	assert_false(ofl_netdev_works());
	start();
	sim_push(TX, 63, 0);
	assert_non_null(ofl_netdev_room(100));
	ofl_netdev_send(100);
	ofl_netdev_busy();
	ofl_netdev_poll(take);
	assert_false(ofl_netdev_works());
	/* The link, which is one bit and may change all the time. */
	start();
	config->status = 0xfffe;
	sim_hdr()->device.config_generation++;
	ofl_netdev_poll(take);
	assert_false(ofl_netdev_link());
	config->status = 1;
	ofl_netdev_poll(take);
	assert_false(ofl_netdev_link());
	sim_hdr()->device.config_generation++;
	ofl_netdev_poll(take);
	assert_true(ofl_netdev_link());
	/* Broken, and gone. */
	sim_hdr()->device.status |= OFL_VIRTIO_NEEDS_RESET;
	ofl_netdev_poll(take);
	assert_false(ofl_netdev_works());
	start();
	mock_epoch = 2;
	assert_int_equal(ofl_netdev_poll(take), 0);
	assert_false(ofl_netdev_works());
	assert_true(log_has("the PMM went away"));
}

/* No byte of a ring or header that the PMM writes does more than break it. */
static void test_noise(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (unsigned int round = 0; round < 300; round++) {
		start();
		for (unsigned int i = 0; i < 40 && ofl_netdev_works(); i++) {
			uint8_t *used = sim_at(sim_hdr()->vq_driver[i & 1].device);

			used[random_next(&seed) % 512] = (uint8_t)random_next(&seed);
			ofl_netdev_poll(take);
			if (ofl_netdev_room(100))
				ofl_netdev_send(100);
			ofl_netdev_kick();
			ofl_netdev_arm(i & 2);
			ofl_netdev_busy();
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
