/* SPDX-License-Identifier: BSD-2-Clause */
/* The vsock device against images that lie and programs that stand still. */
#include "pmm_device.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "pmm/forward.c"
#undef BACKLOG
#include "pmm/options.h"
#include "pmm/vhost.c"
#include "pmm/vsock.c"
#include "pmm/vsock_conn.c"
#include "pmm/vsock_fd.c"
#include "pmm/vsock_options.c"
#include "pmm/vsock_place.c"
#include "pmm/vsock_unix.c"
#include "pmm/vsock_vhost.c"

#define SIZE 0x40000ull
#define RX_PA (WINDOW_PA + 0x20000)
#define TX_PA (WINDOW_PA + 0x30000)
#define RX_SIZE 2048u
#define RING 16u
#define CID 5u
#define HOST OFL_VSOCK_CID_HOST

int ofl_loop_watch(struct ofl_loop *loop, struct ofl_source *source,
		   uint32_t events)
{
	(void)loop;
	source->events = events;
	return 0;
}

int ofl_options_size(const char *text, uint64_t *size)
{
	*size = strtoull(text, NULL, 0);
	return 0;
}

static struct ofl_mem mem;
static struct ofl_vsock *vs;
static struct ofl_dev *dev;
static struct ring ring[3];
static struct ofl_options options;
static char dir[] = "/tmp/test-pmm-vsock-XXXXXX";
static struct ofl_vsock_hdr seen; /* the last packet for the image */
static uint8_t seen_data[RX_SIZE];
static uint32_t image_alloc, image_fwd;

static void bring_rings_up(void)
{
	uint64_t pa = dev->memory;
	unsigned int i;

	for (i = 0; i < 3; i++)
		pa = ring_init(&ring[i], &mem, pa, RING);
	bring_up(dev, ring, 3, F_ALL);
	for (i = 0; i < RING; i++) {
		ring_desc(&ring[OFL_VSOCK_RX], (uint16_t)i, RX_PA + i * RX_SIZE,
			  RX_SIZE, WRITE, 0);
		ring_submit(&ring[OFL_VSOCK_RX], (uint16_t)i);
	}
	image_alloc = 32768;
	image_fwd = 0;
}

static void set_up(void)
{
	static struct ofl_loop loop;
	static char socket[64], path[64], registry[64];
	struct ofl_dev *devs[1];

	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(socket, sizeof(socket), "%s/sock", dir);
	snprintf(path, sizeof(path), "cid=5,path=%s", dir);
	snprintf(registry, sizeof(registry), "registry=%s/cid", dir);
	options = (struct ofl_options){ .socket = socket };
	assert_int_equal(ofl_vsock_option(&options.vsock, path), 0);
	assert_int_equal(ofl_vsock_option(&options.vsock, registry), 0);
	vs = ofl_vsock_open(&options);
	assert_non_null(vs);
	assert_int_equal(ofl_vsock_watch(vs, &loop), 0);
	dev = ofl_vsock_dev(vs);
	devs[0] = dev;
	mem = window_new(SIZE);
	assert_int_equal(ofl_window_layout(&mem, devs, 1, true), 0);
	bring_rings_up();
}

static void tear_down(void)
{
	char path[96];

	ofl_vsock_close(vs);
	ofl_vsock_options_free(&options.vsock);
	window_free(&mem);
	snprintf(path, sizeof(path), "%s/cid", dir);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/vsock_80", dir);
	unlink(path);
	assert_int_equal(rmdir(dir), 0); /* nothing is left in it */
}

/* What the loop would do: everybody whose descriptor is ready, then the device. */
static bool loop_turn(void)
{
	bool work = false;
	unsigned int i;

	for (i = 0; i < vs->nr_listeners + OFL_VSOCK_CONNS_MAX; i++) {
		struct ofl_source *s = i < vs->nr_listeners ?
					       &vs->listener[i].source :
					       &vs->conn[i - vs->nr_listeners].source;
		struct pollfd p = { .fd = s->fd, .events = (short)s->events };

		if (!s->events || s->fd < 0 || poll(&p, 1, 0) < 1)
			continue;
		s->fn(s->arg, (uint32_t)p.revents);
		work = true;
	}
	return ofl_dev_poll(dev) || work;
}

/* Until nothing happens any more; it must not go on for ever. */
static void settle(void)
{
	int turns = 0;

	while (loop_turn())
		assert_true(++turns < 10000);
}

/* The next packet for the image; its buffer goes back unless `keep`. */
static bool next_packet(void)
{
	uint32_t id, len;

	if (!ring_used(&ring[OFL_VSOCK_RX], &id, &len))
		return false;
	assert_in_range(len, OFL_VSOCK_HDR, RX_SIZE);
	memcpy(&seen, at(&mem, RX_PA + id * RX_SIZE), sizeof(seen));
	assert_int_equal(seen.len, len - OFL_VSOCK_HDR);
	assert_int_equal(seen.dst_cid, CID);
	memcpy(seen_data, at(&mem, RX_PA + id * RX_SIZE + OFL_VSOCK_HDR),
	       seen.len);
	ring_submit(&ring[OFL_VSOCK_RX], (uint16_t)id);
	return true;
}

static void expect(unsigned int op)
{
	settle();
	assert_true(next_packet());
	assert_int_equal(seen.op, op);
}

static void expect_nothing(void)
{
	settle();
	assert_false(next_packet());
}

static struct ofl_vsock_hdr header(uint32_t from, uint32_t to, unsigned int op)
{
	return (struct ofl_vsock_hdr){
		.src_cid = CID, .dst_cid = HOST, .src_port = from,
		.dst_port = to, .type = OFL_VSOCK_STREAM, .op = (uint16_t)op,
		.buf_alloc = image_alloc, .fwd_cnt = image_fwd,
	};
}

/* Any packet; len: what the descriptor says. */
static void submit(const struct ofl_vsock_hdr *hdr, const void *data,
		   uint32_t data_len, uint32_t len)
{
	memcpy(at(&mem, TX_PA), hdr, sizeof(*hdr));
	if (data_len)
		memcpy(at(&mem, TX_PA + OFL_VSOCK_HDR), data, data_len);
	ring_desc(&ring[OFL_VSOCK_TX], 0, TX_PA, len, 0, 0);
	ring_submit(&ring[OFL_VSOCK_TX], 0);
}

static void inject(uint32_t from, uint32_t to, unsigned int op, const void *data,
		   uint32_t len)
{
	struct ofl_vsock_hdr hdr = header(from, to, op);

	hdr.len = len;
	submit(&hdr, data, len, len + OFL_VSOCK_HDR);
	ofl_dev_poll(dev);
}

static struct sockaddr_un address(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", dir, name);
	return addr;
}

static int client(const char *line)
{
	struct sockaddr_un addr = address("vsock");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	return fd;
}

static int server(const char *name, int backlog)
{
	struct sockaddr_un addr = address(name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

/* What a client reads now; "" for nothing, "END" for the end. */
static const char *reads(int fd)
{
	static char buf[256];
	ssize_t n;

	settle();
	n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);
	if (!n)
		return "END";
	buf[n < 0 ? 0 : n] = '\0';
	return buf;
}

/* An open connection from a client to port 7 of the image. */
static uint32_t host_port;
static int opened(void)
{
	int fd = client("CONNECT 7\n");
	char ok[40];

	expect(OFL_VSOCK_OP_REQUEST);
	assert_int_equal(seen.src_cid, HOST);
	assert_int_equal(seen.dst_port, 7);
	assert_int_equal(seen.buf_alloc, VSOCK_BUF);
	assert_int_equal(seen.fwd_cnt, 0);
	host_port = seen.src_port;
	image_fwd = 0;
	assert_string_equal(reads(fd), "");
	inject(7, host_port, OFL_VSOCK_OP_RESPONSE, NULL, 0);
	snprintf(ok, sizeof(ok), "OK %u\n", host_port);
	assert_string_equal(reads(fd), ok);
	return fd;
}

/* --- it works --- */

static void clients_connect(void **state)
{
	int fd, other;

	(void)state;
	set_up();
	fd = opened();
	inject(7, host_port, OFL_VSOCK_OP_RW, "hello", 5);
	assert_string_equal(reads(fd), "hello");
	assert_int_equal(write(fd, "answer", 6), 6);
	expect(OFL_VSOCK_OP_RW);
	assert_memory_equal(seen_data, "answer", 6);
	/* Half-closed by the client, then closed by the image. */
	shutdown(fd, SHUT_WR);
	expect(OFL_VSOCK_OP_SHUTDOWN);
	assert_int_equal(seen.flags, OFL_VSOCK_SHUT_SEND);
	inject(7, host_port, OFL_VSOCK_OP_RW, "last", 4);
	struct ofl_vsock_hdr hdr = header(7, host_port, OFL_VSOCK_OP_SHUTDOWN);
	hdr.flags = OFL_VSOCK_SHUT_BOTH;
	submit(&hdr, NULL, 0, OFL_VSOCK_HDR);
	expect(OFL_VSOCK_OP_RST);
	assert_string_equal(reads(fd), "last");
	assert_string_equal(reads(fd), "END");
	assert_int_equal(vs->nr_conns, 0);
	close(fd);
	/* Nobody listens: hung up. */
	fd = client("CONNECT 8\n");
	expect(OFL_VSOCK_OP_REQUEST);
	inject(8, seen.src_port, OFL_VSOCK_OP_RST, NULL, 0);
	assert_string_equal(reads(fd), "END");
	close(fd);
	/* The image half-closes; the client gives up in the middle. */
	fd = opened();
	hdr = header(7, host_port, OFL_VSOCK_OP_SHUTDOWN);
	hdr.flags = OFL_VSOCK_SHUT_SEND;
	submit(&hdr, NULL, 0, OFL_VSOCK_HDR);
	assert_string_equal(reads(fd), "END");
	assert_int_equal(write(fd, "more", 4), 4);
	expect(OFL_VSOCK_OP_RW);
	close(fd);
	expect(OFL_VSOCK_OP_SHUTDOWN);
	/* A client that is gone is RST for an image that sends. */
	other = opened();
	close(other);
	expect(OFL_VSOCK_OP_SHUTDOWN);
	inject(7, host_port, OFL_VSOCK_OP_RW, "x", 1);
	expect(OFL_VSOCK_OP_RST);
	tear_down();
}

static void lines(void **state)
{
	static const char *const bad[] = {
		"CONNECT\n", "CONNECT \n", "CONNECT x\n", "CONNECT 7 \n",
		"CONNECT -7\n", "CONNECT 4294967295\n", "connect 7\n", "\n",
		"CONNECT 99999999999999999\n", "CONNECT 7\r\n", " CONNECT 7\n",
		"CONNECT 00000000000000000000000000000000000000007\n",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	static const char slow[] = "CONNECT 7\nearly";
	unsigned int i;
	int fd;

	(void)state;
	set_up();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fd = client(bad[i]);
		settle();
		if (vs->nr_conns)
			fail_msg("not refused: %s", bad[i]);
		close(fd);
	}
	expect_nothing();
	/* Byte by byte, and bytes behind the line are not part of it. */
	fd = client("");
	for (i = 0; slow[i]; i++) {
		settle();
		assert_int_equal(write(fd, &slow[i], 1), 1);
	}
	expect(OFL_VSOCK_OP_REQUEST);
	inject(7, seen.src_port, OFL_VSOCK_OP_RESPONSE, NULL, 0);
	expect(OFL_VSOCK_OP_RW);
	assert_memory_equal(seen_data, "early", 5);
	/* The same in one piece. */
	settle();
	int whole = client(slow);
	expect(OFL_VSOCK_OP_REQUEST);
	inject(7, seen.src_port, OFL_VSOCK_OP_RESPONSE, NULL, 0);
	expect(OFL_VSOCK_OP_RW);
	assert_int_equal(seen.len, 5);
	assert_memory_equal(reads(whole), "OK ", 3);
	shutdown(whole, SHUT_RDWR);
	expect(OFL_VSOCK_OP_SHUTDOWN);
	inject(7, seen.src_port, OFL_VSOCK_OP_RST, NULL, 0);
	settle();
	close(whole);
	/* Gone without having read its OK: no clean end. */
	close(fd);
	expect(OFL_VSOCK_OP_RST);
	/* A hang-up in the middle. */
	fd = client("CONN");
	settle();
	assert_int_equal(vs->nr_conns, 1);
	close(fd);
	settle();
	assert_int_equal(vs->nr_conns, 0);
	tear_down();
}

static void image_connects(void **state)
{
	int listener, fd;

	(void)state;
	set_up();
	inject(1000, 80, OFL_VSOCK_OP_REQUEST, NULL, 0);
	expect(OFL_VSOCK_OP_RST);
	assert_int_equal(seen.src_port, 80);
	assert_int_equal(seen.dst_port, 1000);
	listener = server("vsock_80", 0);
	inject(1000, 80, OFL_VSOCK_OP_REQUEST, NULL, 0);
	expect(OFL_VSOCK_OP_RESPONSE);
	/* Its queue is full: wait for room. */
	inject(1001, 80, OFL_VSOCK_OP_REQUEST, NULL, 0);
	expect_nothing();
	assert_int_equal(vs->nr_timed, 1);
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	usleep(2 * VSOCK_TICK_MS * 1000);
	ofl_vsock_tick(vs, 0);
	expect(OFL_VSOCK_OP_RESPONSE);
	assert_int_equal(seen.dst_port, 1001);
	assert_false(vs->ticking);
	inject(1000, 80, OFL_VSOCK_OP_RW, "request", 7);
	assert_string_equal(reads(fd), "request");
	/* These ports are in use. */
	inject(1000, 80, OFL_VSOCK_OP_REQUEST, NULL, 0);
	expect(OFL_VSOCK_OP_RST);
	assert_string_equal(reads(fd), "END");
	close(fd);
	close(listener);
	tear_down();
}

/* A client that does not read: its own connection waits, no other. */
static void slow_client(void **state)
{
	static uint8_t data[VSOCK_BUF], back[VSOCK_BUF];
	uint32_t port, sent = 0, free_bytes = VSOCK_BUF, got = 0;
	ssize_t n;
	int slow, fd;

	(void)state;
	set_up();
	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 3 + i / 199);
	slow = opened();
	port = host_port;
	fd = opened();
	while (free_bytes) {
		n = free_bytes < 4096 ? free_bytes : 4096;
		n = n < VSOCK_BUF - sent % VSOCK_BUF ?
			    n : (ssize_t)(VSOCK_BUF - sent % VSOCK_BUF);
		inject(7, port, OFL_VSOCK_OP_RW, data + sent % VSOCK_BUF,
		       (uint32_t)n);
		sent += (uint32_t)n;
		settle();
		while (next_packet())
			assert_int_equal(seen.op, OFL_VSOCK_OP_CREDIT_UPDATE);
		free_bytes = VSOCK_BUF - (sent - seen.fwd_cnt);
		if (seen.src_port != port)
			free_bytes = VSOCK_BUF - sent;
		assert_true(sent < 8 * 1024 * 1024);
	}
	inject(7, host_port, OFL_VSOCK_OP_RW, "another", 7);
	assert_string_equal(reads(fd), "another");
	/* The image starts over: what the slow one was sent still arrives. */
	ask(dev, 0);
	assert_string_equal(reads(fd), "END");
	while ((n = recv(slow, back, sizeof(back), MSG_DONTWAIT)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(back[i], data[(got + i) % VSOCK_BUF]);
		got += (uint32_t)n;
		settle();
	}
	assert_int_equal(n, 0);
	assert_int_equal(got, sent);
	assert_int_equal(vs->nr_conns, 0);
	close(slow);
	close(fd);
	/* One byte more than its credit ends the connection. */
	bring_rings_up();
	slow = opened();
	for (sent = 0; sent < 64 && vs->nr_conns; sent++)
		inject(7, host_port, OFL_VSOCK_OP_RW, data, 60000);
	do {
		settle();
		assert_true(next_packet());
	} while (seen.op == OFL_VSOCK_OP_CREDIT_UPDATE);
	assert_int_equal(seen.op, OFL_VSOCK_OP_RST);
	close(slow);
	tear_down();
}

/* What the image has no room for stays where it is. */
static void slow_image(void **state)
{
	static uint8_t data[100000];
	uint32_t got = 0;
	int fd;

	(void)state;
	set_up();
	image_alloc = 3000;
	fd = opened();
	assert_int_equal(write(fd, data, sizeof(data)), sizeof(data));
	settle();
	while (next_packet())
		got += seen.len;
	assert_int_equal(got, 3000);
	assert_false(ofl_dev_pending(dev));
	assert_null(vs->ready_first);
	image_fwd = 1000;
	inject(7, host_port, OFL_VSOCK_OP_CREDIT_UPDATE, NULL, 0);
	expect(OFL_VSOCK_OP_RW);
	assert_int_equal(seen.len, 1000);
	/* It takes its room back: no credit, and not four thousand millions. */
	image_alloc = 10;
	inject(7, host_port, OFL_VSOCK_OP_CREDIT_UPDATE, NULL, 0);
	expect_nothing();
	image_alloc = 0xffffffff;
	inject(7, host_port, OFL_VSOCK_OP_CREDIT_UPDATE, NULL, 0);
	for (got = 4000; got < sizeof(data); got += seen.len)
		expect(OFL_VSOCK_OP_RW);
	expect_nothing();
	close(fd);
	tear_down();
}

/* --- hostile --- */

enum answer { NONE, RESETS, REFUSES, BREAKS };

static void lies(void **state)
{
	static const struct {
		const char *what;
		struct ofl_vsock_hdr change; /* added to an honest RW of 4 bytes */
		enum answer answer;
	} cases[] = {
		{ "the truth", { 0 }, NONE },
		{ "from another CID", { .src_cid = 1 }, NONE },
		{ "from a CID of 64 bits", { .src_cid = 1ull << 32 }, NONE },
		{ "to a CID of 64 bits", { .dst_cid = 1ull << 32 }, REFUSES },
		{ "to another CID", { .dst_cid = 1 }, REFUSES },
		{ "to an unknown port", { .dst_port = 1 }, REFUSES },
		{ "from an unknown port", { .src_port = 1 }, REFUSES },
		{ "type 2", { .type = 1 }, REFUSES },
		{ "type 0", { .type = 0xffff }, REFUSES },
		{ "shorter than it is", { .len = 0xffffffff }, BREAKS },
		{ "longer than it is", { .len = 1 }, BREAKS },
		{ "much longer", { .len = 0xfffffff0 }, BREAKS },
		{ "op 0", { .op = 0xfffb }, RESETS },
		{ "op 8", { .op = 3 }, RESETS },
		{ "REQUEST", { .op = 0xfffc }, RESETS },
		{ "RESPONSE", { .op = 0xfffd }, RESETS },
		{ "SHUTDOWN with bytes", { .op = 0xffff }, RESETS },
		{ "CREDIT_UPDATE with bytes", { .op = 1 }, RESETS },
		{ "bytes read that were never sent", { .fwd_cnt = 7 }, RESETS },
		{ "bytes unread", { .fwd_cnt = 0xffffffff }, RESETS },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ofl_vsock_hdr *change = &cases[i].change;
		struct ofl_vsock_hdr hdr;
		const char *got;
		int fd;

		set_up();
		fd = opened();
		assert_int_equal(write(fd, "sixsix", 6), 6);
		expect(OFL_VSOCK_OP_RW);
		hdr = header(7, host_port, OFL_VSOCK_OP_RW);
		hdr.len = 4;
		hdr.src_cid += change->src_cid;
		hdr.dst_cid += change->dst_cid;
		hdr.src_port += change->src_port;
		hdr.dst_port += change->dst_port;
		hdr.len += change->len;
		hdr.type = (uint16_t)(hdr.type + change->type);
		hdr.op = (uint16_t)(hdr.op + change->op);
		hdr.fwd_cnt += change->fwd_cnt;
		submit(&hdr, "data", 4, OFL_VSOCK_HDR + 4);
		settle();
		got = reads(fd);
		switch (cases[i].answer) {
		case BREAKS:
			assert_broken(dev, "says that it has");
			break;
		case RESETS:
			if (strcmp(got, "END"))
				fail_msg("%s: the client reads %s",
					 cases[i].what, got);
			expect(OFL_VSOCK_OP_RST);
			break;
		case REFUSES:
			expect(OFL_VSOCK_OP_RST);
			assert_int_equal(seen.dst_port, hdr.src_port);
			assert_int_equal(seen.src_port, hdr.dst_port);
			/* fall through */
		case NONE:
			assert_string_equal(got, i ? "" : "data");
			break;
		}
		expect_nothing();
		close(fd);
		tear_down();
	}
}

static void broken_rings(void **state)
{
	struct ofl_vsock_hdr hdr;
	int fd;

	(void)state;
	set_up();
	hdr = header(1, 2, OFL_VSOCK_OP_RW);
	submit(&hdr, NULL, 0, OFL_VSOCK_HDR - 1);
	ofl_dev_poll(dev);
	assert_broken(dev, "shorter than its header");
	bring_rings_up();
	ring_desc(&ring[OFL_VSOCK_TX], 0, TX_PA, 100, WRITE, 0);
	ring_submit(&ring[OFL_VSOCK_TX], 0);
	ofl_dev_poll(dev);
	assert_broken(dev, "writable buffer");
	bring_rings_up();
	fd = opened(); /* of a device that was broken twice */
	close(fd);
	settle();
	/* A receive buffer without room for a byte. */
	for (unsigned int i = 0; i < RING; i++)
		ring_desc(&ring[OFL_VSOCK_RX], (uint16_t)i, RX_PA, OFL_VSOCK_HDR,
			  WRITE, 0);
	fd = client("CONNECT 7\n");
	for (unsigned int i = 0; i < 3 && !(dev->status & OFL_STATUS_NEEDS_RESET); i++) {
		inject(7, host_port, OFL_VSOCK_OP_CREDIT_REQUEST, NULL, 0);
		settle();
	}
	assert_broken(dev, "too small");
	close(fd);
	/* Nobody is there to connect to. */
	fd = client("CONNECT 7\n");
	assert_string_equal(reads(fd), "END");
	close(fd);
	tear_down();
}

static void floods(void **state)
{
	struct ofl_vsock_hdr hdr;
	unsigned int i, resets = 0, responses = 0;
	int listener;

	(void)state;
	set_up();
	/* RST is never answered. */
	for (i = 0; i < 5000; i++) {
		inject(i, i * 7, OFL_VSOCK_OP_RST, NULL, 0);
		assert_false(next_packet());
	}
	/* REQUESTs for nobody, as fast as they are refused. */
	for (i = 0; i < 5000; i++) {
		inject(i, 81, OFL_VSOCK_OP_REQUEST, NULL, 0);
		while (next_packet())
			resets += seen.op == OFL_VSOCK_OP_RST;
	}
	assert_int_equal(resets, 5000);
	assert_int_equal(vs->nr_conns, 0);
	/* An image that asks for answers and takes none stalls itself. */
	ask(dev, 0);
	bring_rings_up();
	for (i = 0; i < 5000; i++) {
		hdr = header(i, 81, OFL_VSOCK_OP_RW);
		submit(&hdr, NULL, 0, OFL_VSOCK_HDR);
		if (!ofl_dev_poll(dev))
			break;
	}
	assert_int_equal(i, RING + VSOCK_REFUSALS);
	assert_false(ofl_dev_pending(dev)); /* and nobody spins for it */
	for (resets = 0; next_packet(); ofl_dev_poll(dev))
		resets++;
	assert_int_equal(resets, i + 1);
	/* More connections than there may be. */
	listener = server("vsock_80", 4096);
	for (i = 0, resets = 0; i < OFL_VSOCK_CONNS_MAX + 100; i++) {
		inject(10 + i, 80, OFL_VSOCK_OP_REQUEST, NULL, 0);
		close(accept4(listener, NULL, NULL, SOCK_NONBLOCK));
		ofl_dev_poll(dev);
		while (next_packet()) {
			resets += seen.op == OFL_VSOCK_OP_RST;
			responses += seen.op == OFL_VSOCK_OP_RESPONSE;
		}
	}
	assert_int_equal(responses, OFL_VSOCK_CONNS_MAX);
	assert_int_equal(resets, 100);
	assert_int_equal(vs->nr_conns, OFL_VSOCK_CONNS_MAX);
	close(listener);
	tear_down();
}

/* Anything at all, in any order, with clients that come and go. */
static void noise(void **state)
{
	static uint8_t data[3000];
	unsigned int seed = 5, round, i;

	(void)state;
	for (round = 0; round < 40; round++) {
		int fd[3];

		set_up();
		for (i = 0; i < 3; i++)
			fd[i] = opened();
		for (i = 0; i < 300; i++) {
			struct ofl_vsock_hdr hdr;
			int which = rand_r(&seed) % 3;

			hdr = header(rand_r(&seed) % 16 ? 7 : 8,
				     host_port - (uint32_t)(rand_r(&seed) % 4),
				     (unsigned int)rand_r(&seed) % 9);
			if (hdr.op == OFL_VSOCK_OP_RST && rand_r(&seed) % 4)
				hdr.op = OFL_VSOCK_OP_RW;
			hdr.len = hdr.op == OFL_VSOCK_OP_RW || rand_r(&seed) % 9 == 0 ?
					  (uint32_t)rand_r(&seed) % 3000 : 0;
			hdr.flags = (uint32_t)rand_r(&seed) % 4;
			if (rand_r(&seed) % 16 == 0)
				hdr.fwd_cnt = (uint32_t)rand_r(&seed) % 3000;
			submit(&hdr, data, hdr.len, OFL_VSOCK_HDR + hdr.len);
			if (rand_r(&seed) % 4 == 0 && fd[which] >= 0)
				(void)!write(fd[which], data, 500);
			if (rand_r(&seed) % 4 == 0 && fd[which] >= 0)
				(void)!read(fd[which], data, 3000);
			if (rand_r(&seed) % 64 == 0 && fd[which] >= 0) {
				close(fd[which]);
				fd[which] = -1;
			}
			loop_turn();
			if (rand_r(&seed) % 2)
				while (next_packet())
					;
		}
		for (i = 0; i < 3; i++)
			if (fd[i] >= 0)
				close(fd[i]);
		tear_down();
	}
}

/* --- --forward --- */

static void forwards(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ "tcp:8023:vsock:23", true },
		{ "tcp:127.0.0.1:8023:vsock:23", true },
		{ "tcp:0.0.0.0:8023:vsock:0", true },
		{ "tcp:[::1]:8023:vsock:4294967294", true },
		{ "vsock:80:tcp:8080", true },
		{ "vsock:80:tcp:10.1.2.3:65535", true },
		{ "vsock:80:tcp:[fe80::1]:1", true },
		{ "", false },
		{ "tcp", false },
		{ "tcp:", false },
		{ "tcp:1", false },
		{ "tcp:1:vsock", false },
		{ "tcp:1:vsock:", false },
		{ "tcp:1:vsock:2:", false },
		{ "tcp:1:vsock:2x", false },
		{ "tcp:0:vsock:2", false },
		{ "tcp:65536:vsock:2", false },
		{ "tcp:99999999999999999999999:vsock:2", false },
		{ "tcp:1:vsock:4294967295", false },
		{ "tcp:1:tcp:2", false },
		{ "vsock:1:vsock:2", false },
		{ "tcp:1.2.3.4:vsock:2", false },
		{ "tcp:1.2.3:4:vsock:2", false },
		{ "tcp:::1:4:vsock:2", false },
		{ "tcp:[::1]4:vsock:2", false },
		{ "tcp:[]:4:vsock:2", false },
		{ "tcp:[::1:4:vsock:2", false },
		{ "vsock:-1:tcp:2", false },
		{ "vsock:1:tcp:", false },
		{ "vsock:1:tcp:2 ", false },
		{ "TCP:1:vsock:2", false },
		{ "tcp:1111111111111111111111111111111111111111111111111111111.1:1:vsock:2",
		  false },
	};
	struct ofl_forward a, b;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!ofl_forward_parse(cases[i].text, &a) != cases[i].good)
			fail_msg("%s", cases[i].text);
	assert_null(ofl_forward_parse("tcp:80:vsock:1", &a));
	assert_null(ofl_forward_parse("tcp:127.0.0.1:80:vsock:2", &b));
	assert_true(ofl_forward_same(&a, &b));
	assert_null(ofl_forward_parse("tcp:127.0.0.2:80:vsock:1", &b));
	assert_false(ofl_forward_same(&a, &b));
	assert_null(ofl_forward_parse("vsock:1:tcp:80", &b));
	assert_false(ofl_forward_same(&a, &b));
	assert_null(ofl_forward_parse("vsock:1:tcp:81", &a));
	assert_true(ofl_forward_same(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_connect),
		cmocka_unit_test(lines),
		cmocka_unit_test(image_connects),
		cmocka_unit_test(slow_client),
		cmocka_unit_test(slow_image),
		cmocka_unit_test(lies),
		cmocka_unit_test(broken_rings),
		cmocka_unit_test(floods),
		cmocka_unit_test(noise),
		cmocka_unit_test(forwards),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
