// SPDX-License-Identifier: BSD-2-Clause
/* Buffers of the pool lent to the vsock device: when, until when, and what it may not do. */
#include "vsock_mock.h"

#define POOL_OFF 0x80000u
#define POOL_SIZE 0x60000u
static uint8_t *const pool = window_mem + POOL_OFF;

static uint8_t taken[POOL_SIZE]; /* what the PMM has read */
static size_t nr_taken, nr_lent;
static bool standing; /* it takes nothing */
static bool stingy;   /* it tells of no credit */

/* A PMM that reads one packet a step, and gives credit for it. */
static void step(void)
{
	sim_ack();
	if (standing || !next_packet() || seen.op != OFL_VSOCK_OP_RW)
		return;
	assert_true(nr_taken + seen.len <= sizeof(taken));
	memcpy(taken + nr_taken, seen_data, seen.len);
	nr_taken += seen.len;
	nr_lent += seen_lent ? seen.len : 0;
	peer_fwd_cnt += seen.len;
	if (!stingy)
		inject(80, my_port, OFL_VSOCK_OP_CREDIT_UPDATE, NULL, 0);
}

static int begin(void **state)
{
	(void)state;
	set_up();
	ofl_pool_range = (struct ofl_pool_range){ pool, WIN_PA + POOL_OFF, POOL_SIZE, 1 };
	for (size_t i = 0; i < POOL_SIZE; i++)
		pool[i] = (uint8_t)(i * 11 + i / 256);
	nr_taken = nr_lent = 0;
	standing = stingy = false;
	return 0;
}

static int finish(void **state)
{
	(void)state;
	pmm_step = sim_ack;
	end();
	ofl_pool_range.va = NULL;
	return 0;
}

static void until_taken(size_t n)
{
	for (int i = 0; nr_taken < n; i++) {
		assert_true(i < 1000);
		step();
		ofl_vsock_progress();
	}
	assert_int_equal(nr_taken, n);
}

static int blocking(void)
{
	int fd = connected();

	fds[fd].flags &= ~O_NONBLOCK;
	pmm_step = step;
	return fd;
}

/* All bytes of the pool, from there, and none of them with the device afterwards. */
static void test_lent(void **state)
{
	int fd = blocking();

	(void)state;
	assert_int_equal(t_send(fd, pool + 1, 300000, 0), 300000);
	assert_int_equal(nr_lent, 300000);
	assert_int_equal(nr_taken, 300000);
	assert_memory_equal(taken, pool + 1, 300000);
	assert_int_equal(device.tx.in_flight, 0);
	/* The last page of it, and from then on as before. */
	nr_taken = nr_lent = 0;
	assert_int_equal(t_send(fd, pool + POOL_SIZE - 4096, 4096, 0), 4096);
	assert_int_equal(nr_lent, 4096);
	assert_int_equal(t_send(fd, "abc", 3, 0), 3);
	until_taken(4099);
	assert_memory_equal(taken + 4096, "abc", 3);
}

/* Back with the caller means read: what it writes then, nobody sees. */
static void test_until_read(void **state)
{
	int fd = blocking();

	(void)state;
	for (int i = 0; i < 20; i++) {
		memset(pool, i, 8192);
		nr_taken = 0;
		assert_int_equal(t_send(fd, pool, 8192, 0), 8192);
		memset(pool, 0xff, 8192);
		assert_int_equal(nr_taken, 8192);
		assert_int_equal(taken[0] + taken[8191], 2 * i);
	}
}

/* Who does not wait, and what is not worth it or not whole in the pool: a copy. */
static void test_copied(void **state)
{
	struct timeval tv = { .tv_sec = 5 };
	static uint8_t plain[8192];
	int fd = blocking();

	(void)state;
	assert_int_equal(t_send(fd, plain, sizeof(plain), 0), sizeof(plain));
	assert_int_equal(t_send(fd, pool, 4095, 0), 4095);
	assert_int_equal(t_send(fd, pool + POOL_SIZE - 8192, 8193, 0), 8193);
	until_taken(8192 + 4095 + 8193);
	assert_int_equal(t_send(fd, pool, 8192, MSG_DONTWAIT), 8192);
	fds[fd].flags |= O_NONBLOCK;
	assert_int_equal(t_send(fd, pool, 8192, 0), 8192);
	fds[fd].flags &= ~O_NONBLOCK;
	assert_int_equal(t_setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
	assert_int_equal(t_send(fd, pool, 8192, 0), 8192);
	assert_int_equal(nr_lent, 0);
	ofl_pool_range.va = NULL;
	tv.tv_sec = 0;
	assert_int_equal(t_setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
	assert_int_equal(t_send(fd, pool, 8192, 0), 8192);
	until_taken(8192 + 4095 + 8193 + 4 * 8192);
	assert_int_equal(nr_lent, 0);
}

static void test_credit(void **state)
{
	int fd;

	(void)state;
	peer_buf_alloc = 5000;
	fd = blocking();
	assert_int_equal(t_send(fd, pool, 33333, 0), 33333);
	until_taken(33333);
	assert_int_equal(nr_lent, 30000); /* six times all the credit, and a little rest */
	assert_memory_equal(taken, pool, 33333);
}

/* All packets are with the device: the next waits for one, and then is whole. */
static void test_back_pressure(void **state)
{
	static uint8_t plain[100000];
	unsigned int held = 0;
	int other, fd;

	(void)state;
	peer_buf_alloc = 1 << 20;
	other = connected();
	fd = blocking();
	standing = true;
	fds[other].flags |= O_NONBLOCK;
	while (t_send(other, plain, 100, 0) > 0)
		held++;
	assert_int_equal(held, BUFS);
	standing = false;
	stingy = true;
	assert_int_equal(t_send(fd, pool, 50000, 0), 50000);
	assert_int_equal(nr_lent, 50000);
	assert_memory_equal(taken + held * 100, pool, 50000);
}

/* A ring that has no room for two pieces of each packet: a copy. */
static void test_small_ring(void **state)
{
	int fd;

	finish(state);
	sim_reset(OFL_VIRTIO_ID_VSOCK, 3);
	for (int q = 0; q < 3; q++)
		sim_hdr()->vq_device[q].size_max = BUFS;
	set_cid(CID);
	memset(&dev, 0, sizeof(dev));
	dev.hdr = sim_hdr();
	dev.mem = (struct ofl_devmem){ window_mem + MEM_OFF, WIN_PA + MEM_OFF, MEMORY, 0 };
	dev.epoch = 1;
	pmm_step = sim_ack;
	assert_int_equal(ofl_virtio_open(&dev), 0);
	assert_int_equal(ofl_vsock_start(&dev), 0);
	ofl_pool_range = (struct ofl_pool_range){ pool, WIN_PA + POOL_OFF, POOL_SIZE, 1 };
	fd = blocking();
	assert_int_equal(t_send(fd, pool, 20000, 0), 20000);
	until_taken(20000);
	assert_int_equal(nr_lent, 0);
}

/* --- a PMM that keeps what it was lent --- */

static unsigned int steps;

static void step_reset(void)
{
	sim_ack();
	if (++steps == 50)
		inject(80, my_port, OFL_VSOCK_OP_RST, NULL, 0);
}

static void step_leave(void)
{
	sim_ack();
	if (++steps == 50)
		mock_epoch++;
}

static void step_twice(void)
{
	sim_ack();
	if (++steps == 50) {
		int head = sim_pop(OFL_VSOCK_TX);

		sim_push(OFL_VSOCK_TX, (uint32_t)head, 0);
		sim_push(OFL_VSOCK_TX, (uint32_t)head, 0);
	}
}

static void test_kept(void **state)
{
	static const struct {
		void (*step)(void);
		uint64_t least, most;
		const char *why;
	} how[] = {
		{ step_reset, LEND_TIME, LEND_TIME + OFL_SEC, "vsock packets are not taken" },
		{ step_leave, 0, OFL_SEC, NULL },
		{ step_twice, 0, OFL_SEC, "used i" },
	};

	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++) {
		int fd = blocking();
		uint64_t before = mock_now;

		steps = 0;
		pmm_step = how[i].step;
		assert_int_equal(t_send(fd, pool, 65536, 0), 65536);
		assert_in_range(mock_now - before, how[i].least, how[i].most);
		assert_true(!how[i].why || log_has(how[i].why));
		assert_fails(t_send(fd, pool, 65536, 0), ECONNRESET);
		assert_false(ofl_vsock_works());
		for (const struct ofl_vsock *vs = ofl_vsock_all; vs; vs = vs->next)
			assert_int_equal(vs->lent, 0);
		finish(state);
		begin(state);
	}
}

#define P(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		P(test_lent),
		P(test_until_read),
		P(test_copied),
		P(test_credit),
		P(test_back_pressure),
		P(test_small_ring),
		P(test_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
