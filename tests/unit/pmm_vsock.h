/* SPDX-License-Identifier: BSD-2-Clause */
/* The vsock device between an image that a test plays and sockets of this machine. */
#ifndef PMM_VSOCK_H
#define PMM_VSOCK_H

#include "pmm_device.h"
#include "pmm_mocks.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "pmm/forward.c"
#undef BACKLOG
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

static struct ofl_mem mem;
static struct ofl_vsock *vs;
static struct ofl_dev *dev;
static struct ring ring[3];
static struct ofl_options options;
static char dir[] = "/tmp/test-pmm-vsock-XXXXXX";
static struct ofl_vsock_hdr seen; /* the last packet for the image */
static uint8_t seen_data[RX_SIZE];
static uint32_t image_alloc, image_fwd;

static inline void bring_rings_up(void)
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

static inline void set_up(void)
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

static inline void tear_down(void)
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

/*
 * Is it an event?  Of those that are watched by their edges: only when there is more than
 * at the last look, or it is watched anew.
 */
static inline bool is_event(const struct ofl_source *s, unsigned int i, short now)
{
	static struct edge {
		int fd, bytes;
		uint32_t events;
		short now;
	} last[OFL_VSOCK_CONNS_MAX + 8];
	struct edge *e = &last[i], edge = { s->fd, 0, s->events, now };
	bool news;

	if (!(s->events & EPOLLET))
		return now;
	ioctl(s->fd, FIONREAD, &edge.bytes);
	news = now && (e->fd != edge.fd || e->events != edge.events ||
		       (now & ~e->now) || edge.bytes > e->bytes);
	*e = edge;
	return news;
}

/* What the loop would do: everybody whose descriptor is ready, then the device. */
static inline bool loop_turn(void)
{
	bool work = false;
	unsigned int i;

	for (i = 0; i < vs->nr_listeners + OFL_VSOCK_CONNS_MAX; i++) {
		struct ofl_source *s = i < vs->nr_listeners ?
					       &vs->listener[i].source :
					       &vs->conn[i - vs->nr_listeners].source;
		struct pollfd p = { .fd = s->fd, .events = (short)s->events };

		if (!s->events || s->fd < 0 || poll(&p, 1, 0) < 0 ||
		    !is_event(s, i, p.revents))
			continue;
		s->fn(s->arg, (uint32_t)p.revents);
		work = true;
	}
	return ofl_dev_poll(dev) || work;
}

/* Until nothing happens any more; it must not go on for ever. */
static inline void settle(void)
{
	int turns = 0;

	while (loop_turn())
		assert_true(++turns < 10000);
}

/* The next packet for the image; its buffer goes back unless `keep`. */
static inline bool next_packet(void)
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

static inline void expect(unsigned int op)
{
	settle();
	assert_true(next_packet());
	assert_int_equal(seen.op, op);
}

static inline void expect_nothing(void)
{
	settle();
	assert_false(next_packet());
}

static inline struct ofl_vsock_hdr header(uint32_t from, uint32_t to, unsigned int op)
{
	return (struct ofl_vsock_hdr){
		.src_cid = CID, .dst_cid = HOST, .src_port = from,
		.dst_port = to, .type = OFL_VSOCK_STREAM, .op = (uint16_t)op,
		.buf_alloc = image_alloc, .fwd_cnt = image_fwd,
	};
}

/* Any packet; len: what the descriptor says. */
static inline void submit(const struct ofl_vsock_hdr *hdr, const void *data,
		   uint32_t data_len, uint32_t len)
{
	memcpy(at(&mem, TX_PA), hdr, sizeof(*hdr));
	if (data_len)
		memcpy(at(&mem, TX_PA + OFL_VSOCK_HDR), data, data_len);
	ring_desc(&ring[OFL_VSOCK_TX], 0, TX_PA, len, 0, 0);
	ring_submit(&ring[OFL_VSOCK_TX], 0);
}

static inline void inject(uint32_t from, uint32_t to, unsigned int op, const void *data,
		   uint32_t len)
{
	struct ofl_vsock_hdr hdr = header(from, to, op);

	hdr.len = len;
	submit(&hdr, data, len, len + OFL_VSOCK_HDR);
	ofl_dev_poll(dev);
}

static inline struct sockaddr_un address(const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", dir, name);
	return addr;
}

static inline int client(const char *line)
{
	struct sockaddr_un addr = address("vsock");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	return fd;
}

static inline int server(const char *name, int backlog)
{
	struct sockaddr_un addr = address(name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

/* What a client reads now; "" for nothing, "END" for the end. */
static inline const char *reads(int fd)
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
static inline int opened(void)
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

#endif
