// SPDX-License-Identifier: BSD-2-Clause
/* virtio-console against PMMs that serve, stall and lie. */
#include "rt_mock.h"

#include <sys/types.h>

#include "baremetal/console.c"
#include "baremetal/virtio.c"
#include "baremetal/vq.c"

static struct ofl_virtio dev;
static struct ofl_console con;
static char output[65536];
static size_t output_len;
static bool stalled;

/* Take all output; refuse nothing. */
static void serve(void)
{
	int head;

	sim_ack();
	if (stalled)
		return;
	while ((head = sim_pop(TX_QUEUE)) >= 0) {
		struct sim_desc *desc = sim_desc(TX_QUEUE, (unsigned int)head);

		assert_true(output_len + desc->len <= sizeof(output));
		memcpy(output + output_len, sim_at(desc->addr), desc->len);
		output_len += desc->len;
		sim_push(TX_QUEUE, (uint32_t)head, 0);
	}
}

static void prepare(size_t memory)
{
	sim_reset(OFL_VIRTIO_ID_CONSOLE, 2);
	sim_refuse = 0;
	stalled = false;
	output_len = 0;
	memset(&dev, 0, sizeof(dev));
	dev.hdr = sim_hdr();
	dev.mem = (struct ofl_devmem){ window_mem + MEM_OFF, WIN_PA + MEM_OFF,
				       memory, 0 };
	dev.epoch = 1;
	strcpy(dev.name, "virtio@con");
	pmm_step = serve;
	assert_int_equal(ofl_virtio_open(&dev), 0);
}

static void set_up(void)
{
	prepare(24 * 1024);
	assert_int_equal(ofl_console_start(&con, &dev), 0);
}

static void input(const char *text, uint32_t len)
{
	int head = sim_pop(RX_QUEUE);

	assert_true(head >= 0);
	memcpy(sim_at(sim_desc(RX_QUEUE, (unsigned int)head)->addr), text,
	       strlen(text));
	sim_push(RX_QUEUE, (uint32_t)head, len);
}

static void test_output(void **state)
{
	static char big[40000];

	(void)state;
	set_up();
	assert_int_equal(ofl_console_write(&con, "hello\n", 6), 6);
	ofl_console_drain(&con);
	assert_int_equal(output_len, 6);
	assert_memory_equal(output, "hello\n", 6);
	/* More than all buffers take at once, in order. */
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7 + i / 256);
	output_len = 0;
	assert_int_equal(ofl_console_write(&con, big, sizeof(big)), sizeof(big));
	ofl_console_drain(&con);
	assert_int_equal(output_len, sizeof(big));
	assert_memory_equal(output, big, sizeof(big));
	assert_int_equal(ofl_console_write(&con, big, 0), 0);
}

static void test_input(void **state)
{
	char buf[300];

	(void)state;
	set_up();
	assert_int_equal(ofl_console_read(&con, buf, sizeof(buf), true), -EAGAIN);
	input("line\n", 5);
	assert_int_equal(ofl_console_read(&con, buf, 2, true), 2);
	assert_int_equal(ofl_console_read(&con, buf + 2, 200, true), 3);
	assert_memory_equal(buf, "line\n", 5);
	/* Buffers go back: more lines than there are buffers. */
	for (int i = 0; i < 50; i++) {
		input("x", 1);
		assert_int_equal(ofl_console_read(&con, buf, 10, false), 1);
	}
	input("", 0);
	assert_int_equal(ofl_console_read(&con, buf, 10, false), 0);
	assert_int_equal(ofl_console_read(&con, buf, 0, false), 0);
}

static void test_small_memory(void **state)
{
	int err;

	(void)state;
	for (size_t size = 0; size < 4096; size += 64) {
		prepare(size);
		err = ofl_console_start(&con, &dev);
		assert_true(err == 0 || err == -ENOMEM);
		if (err)
			assert_false(ofl_console_works(&con));
		else
			assert_int_equal(ofl_console_write(&con, "abc", 3), 3);
	}
	assert_int_equal(err, 0);
}

static void test_no_queue(void **state)
{
	(void)state;
	prepare(24 * 1024);
	sim_hdr()->vq_device[TX_QUEUE].size_max = 0;
	assert_int_equal(ofl_console_start(&con, &dev), -ENOENT);
	prepare(24 * 1024);
	sim_hdr()->vq_device[TX_QUEUE].size_max = 2;
	assert_int_equal(ofl_console_start(&con, &dev), -ENOSPC);
	assert_false(ofl_console_works(&con));
}

/* --- hostile --- */

static void test_stalled(void **state)
{
	static char big[40000];

	(void)state;
	set_up();
	stalled = true;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)('a' + i / 1000);
	/* What was given to the device and never taken is in the log. */
	assert_int_equal(ofl_console_write(&con, big, sizeof(big)),
			 OFL_CONSOLE_TX * con.tx_size);
	log_ring.text[log_ring.head] = '\0';
	assert_non_null(strstr(log_ring.text, "aaabbb"));
	assert_memory_equal(log_ring.text + log_ring.head -
				    OFL_CONSOLE_TX * con.tx_size,
			    big, OFL_CONSOLE_TX * con.tx_size);
	assert_in_range(mock_now, TX_TIMEOUT, TX_TIMEOUT + OFL_SEC);
	assert_false(ofl_console_works(&con));
	assert_true(log_has("output is not taken"));
	mock_now = 0;
	assert_int_equal(ofl_console_write(&con, "x", 1), -EIO);
	ofl_console_drain(&con);
	assert_true(mock_now < OFL_MS);
}

static void test_drain_stalled(void **state)
{
	(void)state;
	set_up();
	stalled = true;
	assert_int_equal(ofl_console_write(&con, "last ", 5), 5);
	assert_int_equal(ofl_console_write(&con, "words", 5), 5);
	ofl_console_drain(&con);
	assert_true(log_has("last words"));
	assert_in_range(mock_now, TX_TIMEOUT, TX_TIMEOUT + OFL_SEC);
}

static void step_gone(void)
{
	if (mock_steps > 50000)
		mock_epoch = 3;
}

static void test_gone(void **state)
{
	char buf[4];

	(void)state;
	set_up();
	pmm_step = step_gone;
	assert_int_equal(ofl_console_read(&con, buf, 4, false), -EIO);
	assert_int_equal(ofl_console_write(&con, "x", 1), -EIO);
	assert_int_equal(ofl_console_read(&con, buf, 4, false), -EIO);
}

static void test_lying_input(void **state)
{
	char buf[600];

	(void)state;
	set_up();
	input("", RX_SIZE + 1);
	assert_int_equal(ofl_console_read(&con, buf, sizeof(buf), false), -EIO);
	set_up();
	sim_push(RX_QUEUE, 3, 0xffffffff);
	assert_int_equal(ofl_console_read(&con, buf, sizeof(buf), false), -EIO);
	set_up();
	sim_push(RX_QUEUE, 4711, 1);
	assert_int_equal(ofl_console_read(&con, buf, sizeof(buf), true), -EIO);
	set_up();
	input("", RX_SIZE); /* all of it is fine */
	assert_int_equal(ofl_console_read(&con, buf, sizeof(buf), false),
			 RX_SIZE);
}

/* Used elements for nothing, after every possible number of writes. */
static void test_lying_output(void **state)
{
	uint32_t seed = 3;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		ssize_t n = 1;

		set_up();
		for (int i = 0; i < 20 && n > 0; i++) {
			if (random_next(&seed) % 8 == 0)
				sim_push(TX_QUEUE, random_next(&seed) % 12,
					 random_next(&seed) % 2);
			n = ofl_console_write(&con, "abc", 3);
			assert_true(n == 3 || n == -EIO);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_small_memory),
		cmocka_unit_test(test_no_queue),
		cmocka_unit_test(test_stalled),
		cmocka_unit_test(test_drain_stalled),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_lying_input),
		cmocka_unit_test(test_lying_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
