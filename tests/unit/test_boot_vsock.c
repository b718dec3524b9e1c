// SPDX-License-Identifier: BSD-2-Clause
/* The stand-in host's services on vsock, against an image that does as it likes. */
#include "pmm_device.h"

#include "pmm/vsock.c"
#include "pmm/vsock_conn.c"
#undef TODO
#include "boot/vsock.c"

#define SIZE 0x40000ull
#define RX_PA (WINDOW_PA + 0x20000)
#define TX_PA (WINDOW_PA + 0x30000)
#define RX_SIZE 2048u
#define QUEUE 16u
#define BIG (RING + 2 * VSOCK_BUF)

static struct ofl_mem mem;
static struct ofl_dev *dev;
static struct ring ring[3];
static struct ofl_vsock_hdr seen; /* the last packet for the image */
static uint8_t seen_data[RX_SIZE];
static uint32_t image_alloc, image_fwd;
static uint8_t bytes[BIG], back[BIG];

static void start_over(void)
{
	uint64_t pa = dev->memory;

	for (unsigned int i = 0; i < 3; i++)
		pa = ring_init(&ring[i], &mem, pa, QUEUE);
	bring_up(dev, ring, 3, F_ALL);
	for (unsigned int i = 0; i < QUEUE; i++) {
		ring_desc(&ring[OFL_VSOCK_RX], (uint16_t)i, RX_PA + i * RX_SIZE, RX_SIZE, WRITE, 0);
		ring_submit(&ring[OFL_VSOCK_RX], (uint16_t)i);
	}
	image_alloc = BIG;
	image_fwd = 0;
	assert_int_equal(vs->nr_conns, 0);
	for (unsigned int i = 0; i < CONNS; i++)
		assert_null(ends[i].ring);
}

static void settle(void)
{
	for (int turns = 0; ofl_dev_poll(dev); turns++)
		assert_true(turns < 10000);
}

static bool next_packet(void)
{
	uint32_t id, len;

	if (!ring_used(&ring[OFL_VSOCK_RX], &id, &len))
		return false;
	assert_in_range(len, OFL_VSOCK_HDR, RX_SIZE);
	memcpy(&seen, at(&mem, RX_PA + id * RX_SIZE), sizeof(seen));
	assert_int_equal(seen.len, len - OFL_VSOCK_HDR);
	memcpy(seen_data, at(&mem, RX_PA + id * RX_SIZE + OFL_VSOCK_HDR), seen.len);
	ring_submit(&ring[OFL_VSOCK_RX], (uint16_t)id);
	return true;
}

static void expect(unsigned int op)
{
	settle();
	assert_true(next_packet());
	assert_int_equal(seen.op, op);
}

/* One packet of the image's, to port `to`. */
static void put(uint32_t from, uint32_t to, unsigned int op, const void *data, uint32_t len,
		uint32_t flags)
{
	struct ofl_vsock_hdr hdr = {
		.src_cid = CID, .dst_cid = OFL_VSOCK_CID_HOST, .src_port = from,
		.dst_port = to, .len = len, .type = OFL_VSOCK_STREAM, .op = (uint16_t)op,
		.flags = flags, .buf_alloc = image_alloc, .fwd_cnt = image_fwd,
	};

	memcpy(at(&mem, TX_PA), &hdr, sizeof(hdr));
	if (len)
		memcpy(at(&mem, TX_PA + OFL_VSOCK_HDR), data, len);
	ring_desc(&ring[OFL_VSOCK_TX], 0, TX_PA, len + OFL_VSOCK_HDR, 0, 0);
	ring_submit(&ring[OFL_VSOCK_TX], 0);
	ofl_dev_poll(dev);
}

static void say(uint32_t from, uint32_t to, const char *text)
{
	put(from, to, OFL_VSOCK_OP_RW, text, (uint32_t)strlen(text), 0);
}

static void dial(uint32_t from, uint32_t to)
{
	put(from, to, OFL_VSOCK_OP_REQUEST, NULL, 0, 0);
	expect(OFL_VSOCK_OP_RESPONSE);
}

static void hears(const char *text)
{
	expect(OFL_VSOCK_OP_RW);
	assert_int_equal(seen.len, strlen(text));
	assert_memory_equal(seen_data, text, seen.len);
}

static void hang_up(uint32_t from, uint32_t to)
{
	put(from, to, OFL_VSOCK_OP_RST, NULL, 0, 0);
	settle();
	while (next_packet())
		;
	assert_int_equal(vs->nr_conns, 0);
}

static void test_ports(void **state)
{
	(void)state;
	start_over();
	put(100, 5, OFL_VSOCK_OP_REQUEST, NULL, 0, 0);
	expect(OFL_VSOCK_OP_RST);
	assert_int_equal(vs->nr_conns, 0);
	dial(100, SINK);
	say(100, SINK, "abc");
	put(100, SINK, OFL_VSOCK_OP_SHUTDOWN, NULL, 0, OFL_VSOCK_SHUT_SEND);
	put(100, SINK, OFL_VSOCK_OP_SHUTDOWN, NULL, 0, OFL_VSOCK_SHUT_SEND);
	hears("3 1a47e90b\n"); /* once */
	expect(OFL_VSOCK_OP_SHUTDOWN);
	hang_up(100, SINK);
	image_alloc = 300;
	dial(101, SOURCE);
	expect(OFL_VSOCK_OP_RW);
	assert_int_equal(seen.len, 300);
	assert_int_equal(seen_data[0x51], 0x51);
	assert_int_equal(seen_data[0x123], 0x23 ^ 1);
	settle();
	assert_false(next_packet());
	hang_up(101, SOURCE);
}

/* What the echo gives back, until it gives no more. */
static uint32_t gather(uint32_t had)
{
	for (settle(); next_packet(); settle()) {
		if (seen.op != OFL_VSOCK_OP_RW)
			continue;
		assert_true(had + seen.len <= BIG);
		memcpy(back + had, seen_data, seen.len);
		had += seen.len;
	}
	return had;
}

static void test_full(void **state)
{
	uint32_t sent, got;

	(void)state;
	start_over();
	for (uint32_t i = 0; i < BIG; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	image_alloc = 1000;
	dial(100, ECHO);
	/* We have taken 1000; the ring and the credit are the rest. */
	for (sent = 0; sent < 1000 + RING + VSOCK_BUF; sent += 1000) {
		uint32_t len = 1000 + RING + VSOCK_BUF - sent;

		put(100, ECHO, OFL_VSOCK_OP_RW, bytes + sent, len < 1000 ? len : 1000, 0);
	}
	sent = 1000 + RING + VSOCK_BUF;
	got = gather(0);
	assert_int_equal(got, 1000);
	assert_int_equal(vs->nr_conns, 1);
	image_alloc = BIG;
	image_fwd = got;
	put(100, ECHO, OFL_VSOCK_OP_CREDIT_UPDATE, NULL, 0, 0);
	got = gather(got);
	assert_int_equal(got, sent);
	assert_memory_equal(bytes, back, sent);
	/* One byte more than there is credit for. */
	image_fwd = got;
	image_alloc = 0;
	for (uint32_t i = 0; i < RING + VSOCK_BUF; i += 1024)
		put(100, ECHO, OFL_VSOCK_OP_RW, bytes, 1024, 0);
	assert_int_equal(gather(got), got);
	assert_int_equal(vs->nr_conns, 1);
	put(100, ECHO, OFL_VSOCK_OP_RW, bytes, 1, 0);
	expect(OFL_VSOCK_OP_RST);
	assert_int_equal(vs->nr_conns, 0);
}

static void test_door(void **state)
{
	char ok[32];
	uint32_t port;

	(void)state;
	start_over();
	/* A line in pieces, more behind it. */
	dial(100, DOOR);
	say(100, DOOR, "CONN");
	say(100, DOOR, "ECT 700\nhel");
	say(100, DOOR, "lo");
	expect(OFL_VSOCK_OP_REQUEST);
	assert_int_equal(seen.dst_port, 700);
	port = seen.src_port;
	assert_true(port >= VSOCK_FIRST_PORT);
	put(700, port, OFL_VSOCK_OP_RESPONSE, NULL, 0, 0);
	snprintf(ok, sizeof(ok), "OK %u\n", port);
	settle();
	assert_true(next_packet());
	if (seen.dst_port == 700) {
		assert_memory_equal(seen_data, "hello", 5);
		hears(ok);
	} else {
		assert_memory_equal(seen_data, ok, strlen(ok));
		hears("hello");
	}
	say(700, port, "and back");
	hears("and back");
	assert_int_equal(seen.dst_port, 100);
	/* One end goes: so does the other. */
	put(700, port, OFL_VSOCK_OP_RST, NULL, 0, 0);
	expect(OFL_VSOCK_OP_SHUTDOWN);
	assert_int_equal(seen.dst_port, 100);
	say(100, DOOR, "x");
	expect(OFL_VSOCK_OP_RST);
	hang_up(100, DOOR);

	/* Nobody there. */
	dial(101, DOOR);
	say(101, DOOR, "CONNECT 9\n");
	expect(OFL_VSOCK_OP_REQUEST);
	put(9, seen.src_port, OFL_VSOCK_OP_RST, NULL, 0, 0);
	expect(OFL_VSOCK_OP_SHUTDOWN);
	hang_up(101, DOOR);

	/* No such line; one too long. */
	dial(102, DOOR);
	say(102, DOOR, "CONNECT 99999999999\n");
	expect(OFL_VSOCK_OP_RST);
	dial(103, DOOR);
	say(103, DOOR, "CONNECT 1111111111111111111111111");
	expect(OFL_VSOCK_OP_RST);
	assert_int_equal(vs->nr_conns, 0);
}

/* The image ends while all is under way. */
static void test_reset(void **state)
{
	(void)state;
	start_over();
	image_alloc = 0;
	for (uint32_t i = 0; i < CONNS / 2 - 1; i++) {
		dial(i, DOOR);
		say(i, DOOR, "CONNECT 700\nhello");
		expect(OFL_VSOCK_OP_REQUEST);
	}
	dial(99, ECHO);
	dial(98, SINK);
	for (uint32_t i = 0; i < RING + VSOCK_BUF; i += 1024)
		put(99, ECHO, OFL_VSOCK_OP_RW, bytes, 1024, 0);
	put(97, ECHO, OFL_VSOCK_OP_REQUEST, NULL, 0, 0);
	settle();
	while (next_packet() && seen.op != OFL_VSOCK_OP_RST)
		; /* credit */
	assert_int_equal(seen.op, OFL_VSOCK_OP_RST); /* no more room */
	assert_int_equal(seen.dst_port, 97);
	start_over();
	dial(99, ECHO);
	hang_up(99, ECHO);
}

/* Any packets, some of them right. */
static void test_random(void **state)
{
	static const char *const words[] = { "CONNECT 3\n", "CONNECT 4", "\n", "CONNECT 3\nmore" };
	static const uint32_t ports[] = { DOOR, ECHO, SINK, SOURCE, DOOR, 5 };
	uint32_t asked = VSOCK_FIRST_PORT, len;
	unsigned int seed = 1;

	(void)state;
	start_over();
	for (int i = 0; i < 300000; i++) {
		uint32_t r = (uint32_t)rand_r(&seed), from = r % 5, to = ports[(r >> 4) % 6];
		unsigned int op = 1 + (r >> 8) % 7;
		const void *data = bytes;

		len = 0;
		if (r >> 12 & 1) {
			op = OFL_VSOCK_OP_RW;
			len = (r >> 16) % 2000;
		}
		if (!(r >> 13 & 7)) {
			op = OFL_VSOCK_OP_RW;
			data = words[(r >> 20) % 4];
			len = (uint32_t)strlen(data);
			to = DOOR;
		}
		if (!(r >> 14 & 3))
			to = asked;
		image_alloc = (r >> 18 & 7) * 20000;
		put(from, to, op, data, len, (r >> 24) % 4);
		while (next_packet()) {
			if (seen.op == OFL_VSOCK_OP_REQUEST)
				asked = seen.src_port;
			if (seen.op == OFL_VSOCK_OP_REQUEST && r >> 28 & 1)
				put(seen.dst_port, asked, OFL_VSOCK_OP_RESPONSE, NULL, 0, 0);
		}
		assert_true(dev->status & OFL_STATUS_DRIVER_OK);
		if (r % 1024 == 0)
			start_over();
	}
}

static int set_up(void **state)
{
	(void)state;
	dev = ofl_boot_vsock();
	if (!dev)
		return -1;
	mem = window_new(SIZE);
	return ofl_window_layout(&mem, &dev, 1, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports), cmocka_unit_test(test_full),
		cmocka_unit_test(test_door),  cmocka_unit_test(test_reset),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
