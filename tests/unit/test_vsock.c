// SPDX-License-Identifier: BSD-2-Clause
/* AF_VSOCK, from the socket calls down, against PMMs that serve, stall and lie. */
#define _GNU_SOURCE
#include "rt_mock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "baremetal/virtio.c"
#include "baremetal/vq.c"

/* This program has a libc with the same names already. */
#define socket t_socket
#define bind t_bind
#define listen t_listen
#define connect t_connect
#define accept t_accept
#define accept4 t_accept4
#define send t_send
#define sendto t_sendto
#define recv t_recv
#define recvfrom t_recvfrom
#define shutdown t_shutdown
#define getsockname t_getsockname
#define getpeername t_getpeername
#define getsockopt t_getsockopt
#define setsockopt t_setsockopt
#define ioctl t_ioctl
#define poll t_poll
#define fcntl t_fcntl
int t_fcntl(int fd, int command, ...);
int t_ioctl(int fd, unsigned long request, ...);
#include "baremetal/socket.c"
#include "baremetal/vsock.c"
#include "baremetal/vsock_conn.c"
#include "baremetal/vsock_socket.c"

#define CID 5u
#define HOST VMADDR_CID_HOST
#define MEMORY (64 * 1024)

/* --- what is around it --- */

int64_t ofl_rng_read(void *buf, size_t len)
{
	(void)buf;
	(void)len;
	return -ENOSYS;
}

#define FDS 100
static struct ofl_socket *fd_socket[FDS];
static int fd_flags[FDS];

int ofl_files_add_socket(struct ofl_socket *sk, int flags)
{
	for (int fd = 3; fd < FDS; fd++) {
		if (fd_socket[fd])
			continue;
		fd_socket[fd] = sk;
		fd_flags[fd] = flags;
		return fd;
	}
	return -EMFILE;
}

bool ofl_files_room(void)
{
	for (int fd = 3; fd < FDS; fd++)
		if (!fd_socket[fd])
			return true;
	return false;
}

int ofl_files_socket(int fd, struct ofl_socket **sk, int *flags)
{
	if (fd < 0 || fd >= FDS || (fd > 2 && !fd_socket[fd]))
		return -EBADF;
	if (fd < 3)
		return -ENOTSOCK;
	*sk = fd_socket[fd];
	*flags = fd_flags[fd];
	return 0;
}

int ofl_files_poll(int fd)
{
	return fd < FDS && fd_socket[fd] ? ofl_socket_poll(fd_socket[fd]) :
					   POLLNVAL;
}

void ofl_tty_arm(bool on)
{
	(void)on;
}

/* There are no consoles here. */
int ofl_tty_ioctl(int fd, unsigned long request, void *arg)
{
	(void)fd;
	(void)request;
	(void)arg;
	return -ENOTTY;
}

int t_fcntl(int fd, int command, ...)
{
	va_list ap;

	va_start(ap, command);
	if (command == F_SETFL)
		fd_flags[fd] = va_arg(ap, int);
	va_end(ap);
	return command == F_GETFL ? fd_flags[fd] : 0;
}

static void t_close(int fd)
{
	ofl_socket_close(fd_socket[fd]);
	fd_socket[fd] = NULL;
}

/* --- a PMM --- */

static struct ofl_virtio dev;
static struct ofl_vsock_hdr seen; /* the last packet of the image */
static uint8_t seen_data[65536];
static uint32_t peer_buf_alloc = 65536, peer_fwd_cnt;

static void set_cid(uint64_t cid)
{
	memcpy(sim_hdr()->config, &cid, sizeof(cid));
}

static int prepare(size_t memory, uint64_t cid)
{
	sim_reset(OFL_VIRTIO_ID_VSOCK, 3);
	sim_refuse = 0;
	set_cid(cid);
	peer_buf_alloc = 65536;
	peer_fwd_cnt = 0;
	memset(&dev, 0, sizeof(dev));
	dev.hdr = sim_hdr();
	dev.mem = (struct ofl_devmem){ window_mem + MEM_OFF, WIN_PA + MEM_OFF,
				       memory, 0 };
	dev.epoch = 1;
	strcpy(dev.name, "virtio@vsock");
	pmm_step = sim_ack;
	assert_int_equal(ofl_virtio_open(&dev), 0);
	return ofl_vsock_start(&dev);
}

static void set_up(void)
{
	assert_int_equal(prepare(MEMORY, CID), 0);
}

/* Everything closed, nothing forgotten. */
static void end(void)
{
	for (int fd = 3; fd < FDS; fd++)
		if (fd_socket[fd])
			t_close(fd);
	ofl_vsock_lost();
	assert_null(ofl_vsock_all);
	assert_int_equal(nr_sockets, 0);
	assert_int_equal(nr_orphans, 0);
}

/* The next packet of the image, in `seen`; false: there is none. */
static bool next_packet(void)
{
	int head = sim_pop(OFL_VSOCK_TX);
	struct sim_desc *desc;

	if (head < 0)
		return false;
	desc = sim_desc(OFL_VSOCK_TX, (unsigned int)head);
	assert_in_range(desc->len, OFL_VSOCK_HDR, sizeof(seen_data));
	memcpy(&seen, sim_at(desc->addr), sizeof(seen));
	memcpy(seen_data, (uint8_t *)sim_at(desc->addr) + OFL_VSOCK_HDR,
	       desc->len - OFL_VSOCK_HDR);
	assert_int_equal(seen.len, desc->len - OFL_VSOCK_HDR);
	assert_int_equal(seen.src_cid, CID);
	sim_push(OFL_VSOCK_TX, (uint32_t)head, 0);
	return true;
}

static void expect(unsigned int op)
{
	assert_true(next_packet());
	assert_int_equal(seen.op, op);
}

static void expect_nothing(void)
{
	ofl_vsock_progress();
	assert_false(next_packet());
}

/* Any packet; written: what the used ring says, 0 for the truth. */
static bool inject_raw(const struct ofl_vsock_hdr *hdr, const void *data,
		       uint32_t len, uint32_t written)
{
	int head = sim_pop(OFL_VSOCK_RX);
	struct sim_desc *desc;

	if (head < 0)
		return false;
	desc = sim_desc(OFL_VSOCK_RX, (unsigned int)head);
	assert_true(len + OFL_VSOCK_HDR <= desc->len);
	memcpy(sim_at(desc->addr), hdr, sizeof(*hdr));
	if (len)
		memcpy((uint8_t *)sim_at(desc->addr) + OFL_VSOCK_HDR, data, len);
	sim_push(OFL_VSOCK_RX, (uint32_t)head,
		 written ? written : len + OFL_VSOCK_HDR);
	return true;
}

static struct ofl_vsock_hdr header(uint32_t from, uint32_t to, unsigned int op)
{
	return (struct ofl_vsock_hdr){
		.src_cid = HOST, .dst_cid = CID, .src_port = from,
		.dst_port = to, .type = OFL_VSOCK_STREAM, .op = (uint16_t)op,
		.buf_alloc = peer_buf_alloc, .fwd_cnt = peer_fwd_cnt,
	};
}

static void inject(uint32_t from, uint32_t to, unsigned int op, const void *data,
		   uint32_t len)
{
	struct ofl_vsock_hdr hdr = header(from, to, op);

	hdr.len = len;
	assert_true(inject_raw(&hdr, data, len, 0));
}

static struct sockaddr *vm(uint32_t cid, uint32_t number)
{
	static struct sockaddr_vm addr;

	addr = (struct sockaddr_vm){ .svm_family = AF_VSOCK, .svm_cid = cid,
				     .svm_port = number };
	return (struct sockaddr *)&addr;
}

#define LEN ((socklen_t)sizeof(struct sockaddr_vm))
#define assert_fails(call, number)                                             \
	do {                                                                   \
		errno = 0;                                                     \
		assert_true((call) == -1);                                     \
		assert_int_equal(errno, number);                               \
	} while (0)

static uint32_t my_port; /* of the last connect */

/* A connection to port 80 of the host. */
static int connected(void)
{
	int fd = t_socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 3);
	assert_fails(t_connect(fd, vm(HOST, 80), LEN), EINPROGRESS);
	expect(OFL_VSOCK_OP_REQUEST);
	assert_int_equal(seen.dst_cid, HOST);
	assert_int_equal(seen.dst_port, 80);
	assert_int_equal(seen.type, OFL_VSOCK_STREAM);
	assert_int_equal(seen.fwd_cnt, 0);
	assert_int_equal(seen.buf_alloc, OFL_VSOCK_RX_DEFAULT);
	my_port = seen.src_port;
	peer_fwd_cnt = 0;
	inject(80, my_port, OFL_VSOCK_OP_RESPONSE, NULL, 0);
	ofl_vsock_progress();
	assert_int_equal(ofl_files_poll(fd), POLLOUT | POLLWRNORM);
	return fd;
}

static int listening(uint32_t number, int backlog)
{
	int fd = t_socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(t_bind(fd, vm(VMADDR_CID_ANY, number), LEN), 0);
	assert_int_equal(t_listen(fd, backlog), 0);
	return fd;
}

/* --- it works --- */

static void test_connect(void **state)
{
	static uint8_t data[70000], back[70000];
	size_t sent = 0;
	ssize_t n;
	int fd;

	(void)state;
	set_up();
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 5 + i / 250);
	fd = connected();
	/* 64 KiB of credit, however many buffers that takes. */
	while ((n = t_send(fd, data + sent, sizeof(data) - sent, 0)) > 0) {
		sent += (size_t)n;
		while (next_packet()) {
			assert_int_equal(seen.op, OFL_VSOCK_OP_RW);
			memcpy(back + peer_fwd_cnt, seen_data, seen.len);
			peer_fwd_cnt += seen.len;
		}
	}
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(sent, 65536);
	assert_int_equal(peer_fwd_cnt, 65536);
	assert_memory_equal(back, data, 65536);
	assert_int_equal(ofl_files_poll(fd), 0);
	inject(80, my_port, OFL_VSOCK_OP_CREDIT_UPDATE, NULL, 0);
	ofl_vsock_progress();
	assert_int_equal(ofl_files_poll(fd), POLLOUT | POLLWRNORM);
	assert_int_equal(t_send(fd, data, 10, 0), 10);
	expect(OFL_VSOCK_OP_RW);
	/* Receiving; credit is given back at the half. */
	for (int i = 0; i < 16; i++) {
		inject(80, my_port, OFL_VSOCK_OP_RW, data + i * 1024, 1024);
		ofl_vsock_progress();
	}
	expect_nothing();
	assert_int_equal(t_recv(fd, back, 1, MSG_PEEK), 1);
	assert_int_equal(t_recv(fd, back, 16383, 0), 16383);
	expect_nothing();
	assert_int_equal(t_recv(fd, back + 16383, 100, 0), 1);
	assert_memory_equal(back, data, 16384);
	expect(OFL_VSOCK_OP_CREDIT_UPDATE);
	assert_int_equal(seen.fwd_cnt, 16384);
	inject(80, my_port, OFL_VSOCK_OP_CREDIT_REQUEST, NULL, 0);
	ofl_vsock_progress();
	expect(OFL_VSOCK_OP_CREDIT_UPDATE);
	/* The end: SHUTDOWN, then RST; until then it is an orphan. */
	t_close(fd);
	expect(OFL_VSOCK_OP_SHUTDOWN);
	assert_int_equal(seen.flags, OFL_VSOCK_SHUT_BOTH);
	inject(80, my_port, OFL_VSOCK_OP_RW, data, 100); /* was on its way */
	ofl_vsock_progress();
	assert_int_equal(nr_orphans, 1);
	inject(80, my_port, OFL_VSOCK_OP_RST, NULL, 0);
	expect_nothing();
	assert_int_equal(nr_sockets, 0);
	end();
}

static void test_ends(void **state)
{
	char buf[10];
	int fd, number;
	socklen_t len = sizeof(number);

	(void)state;
	set_up();
	/* The other side sends no more: what came is read, then the end. */
	fd = connected();
	inject(80, my_port, OFL_VSOCK_OP_RW, "abc", 3);
	struct ofl_vsock_hdr hdr = header(80, my_port, OFL_VSOCK_OP_SHUTDOWN);
	hdr.flags = OFL_VSOCK_SHUT_SEND;
	inject_raw(&hdr, NULL, 0, 0);
	ofl_vsock_progress();
	assert_int_equal(t_ioctl(fd, FIONREAD, &number), 0);
	assert_int_equal(number, 3);
	assert_int_equal(t_recv(fd, buf, 10, 0), 3);
	assert_int_equal(t_recv(fd, buf, 10, 0), 0);
	assert_int_equal(t_send(fd, "x", 1, 0), 1); /* the other way is open */
	expect(OFL_VSOCK_OP_RW);
	/* Then it receives no more either: a clean end, answered by RST. */
	hdr.flags = OFL_VSOCK_SHUT_RCV;
	inject_raw(&hdr, NULL, 0, 0);
	ofl_vsock_progress();
	expect(OFL_VSOCK_OP_RST);
	assert_int_equal(t_recv(fd, buf, 10, 0), 0);
	assert_fails(t_send(fd, "x", 1, 0), EPIPE);
	t_close(fd);
	expect_nothing();
	/* RST: what came is read, then the error, again and again. */
	fd = connected();
	inject(80, my_port, OFL_VSOCK_OP_RW, "abc", 3);
	inject(80, my_port, OFL_VSOCK_OP_RST, NULL, 0);
	ofl_vsock_progress();
	assert_true(ofl_files_poll(fd) & POLLERR);
	assert_int_equal(t_recv(fd, buf, 10, 0), 3);
	assert_fails(t_recv(fd, buf, 10, 0), ECONNRESET);
	assert_fails(t_recv(fd, buf, 10, 0), ECONNRESET);
	assert_fails(t_send(fd, "x", 1, 0), ECONNRESET);
	t_close(fd);
	/* Nobody there. */
	fd = t_socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_fails(t_connect(fd, vm(HOST, 80), LEN), EINPROGRESS);
	expect(OFL_VSOCK_OP_REQUEST);
	assert_int_equal(ofl_files_poll(fd), 0);
	inject(80, seen.src_port, OFL_VSOCK_OP_RST, NULL, 0);
	assert_int_equal(t_getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &len), 0);
	assert_int_equal(number, ECONNRESET);
	assert_int_equal(t_getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &len), 0);
	assert_int_equal(number, 0);
	expect_nothing();
	end();
}

static void test_accept(void **state)
{
	struct sockaddr_vm name;
	socklen_t len = sizeof(name);
	int a, b, fd;

	(void)state;
	set_up();
	a = listening(7, 2);
	b = listening(8, 2);
	assert_fails(t_accept(a, NULL, NULL), EAGAIN);
	for (uint32_t i = 0; i < 3; i++)
		inject(100 + i, 7, OFL_VSOCK_OP_REQUEST, NULL, 0);
	inject(100, 8, OFL_VSOCK_OP_REQUEST, NULL, 0);
	inject(100, 9, OFL_VSOCK_OP_REQUEST, NULL, 0);
	ofl_vsock_progress();
	/* Two fit the first one's queue; nobody listens on 9. */
	unsigned int responses = 0, resets = 0;
	while (next_packet()) {
		responses += seen.op == OFL_VSOCK_OP_RESPONSE;
		resets += seen.op == OFL_VSOCK_OP_RST;
		if (seen.op == OFL_VSOCK_OP_RST)
			assert_true(seen.src_port == 9 || seen.dst_port == 102);
	}
	assert_int_equal(responses, 3);
	assert_int_equal(resets, 2);
	assert_int_equal(ofl_files_poll(a), POLLIN | POLLRDNORM);
	fd = t_accept(a, (struct sockaddr *)&name, &len);
	assert_int_equal(name.svm_port, 100); /* the first first */
	assert_int_equal(name.svm_cid, HOST);
	inject(100, 7, OFL_VSOCK_OP_RW, "to the first", 12);
	inject(101, 7, OFL_VSOCK_OP_RW, "to the second", 13);
	char buf[20];
	assert_int_equal(t_recv(fd, buf, sizeof(buf), 0), 12);
	fd = t_accept(a, NULL, NULL);
	assert_int_equal(t_recv(fd, buf, sizeof(buf), 0), 13);
	assert_int_equal(t_send(fd, "answer", 6, 0), 6);
	expect(OFL_VSOCK_OP_RW);
	assert_int_equal(seen.dst_port, 101);
	assert_int_equal(seen.src_port, 7);
	/* Closing a listener resets what nobody accepted, and nothing else. */
	t_close(b);
	expect(OFL_VSOCK_OP_RST);
	assert_int_equal(seen.src_port, 8);
	expect_nothing();
	assert_fails(t_bind(t_socket(AF_VSOCK, SOCK_STREAM, 0),
			    vm(VMADDR_CID_ANY, 7), LEN), EADDRINUSE);
	end();
}

static void test_small_memory(void **state)
{
	int err = -1;

	(void)state;
	for (size_t size = 0; size < 16384; size += 64) {
		err = prepare(size, CID);
		assert_true(err == 0 || err == -ENOMEM);
		assert_int_equal(ofl_vsock_works(), !err);
		if (!err) {
			int fd = connected();
			assert_int_equal(t_send(fd, "abc", 3, 0), 3);
			expect(OFL_VSOCK_OP_RW);
		}
		end();
	}
	assert_int_equal(err, 0);
}

static void test_bad_device(void **state)
{
	static const uint64_t cids[] = { 0, 1, 2, 0xffffffff, 1ull << 32,
					 UINT64_MAX };
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(cids) / sizeof(cids[0]); i++)
		assert_int_equal(prepare(MEMORY, cids[i]), -EINVAL);
	sim_reset(OFL_VIRTIO_ID_VSOCK, 2);
	/* No device: sockets can be made, and say so. */
	fd = t_socket(AF_VSOCK, SOCK_STREAM, 0);
	assert_true(fd >= 3);
	assert_fails(t_connect(fd, vm(HOST, 80), LEN), ENETDOWN);
	assert_int_equal(t_bind(fd, vm(VMADDR_CID_ANY, 80), LEN), 0);
	assert_int_equal(t_listen(fd, 1), 0);
	/* A device may come. */
	fd_flags[fd] |= O_NONBLOCK;
	assert_fails(t_accept(fd, NULL, NULL), EAGAIN);
	end();
}

/* --- hostile --- */

struct lie {
	const char *what;
	struct ofl_vsock_hdr change; /* added to an honest RW of 4 bytes */
	bool resets;
	bool answered; /* by RST, which is not the connection's */
};

static void test_lies(void **state)
{
	static const struct lie lies[] = {
		{ "the truth", { 0 }, false, false },
		{ "another CID", { .dst_cid = 1 }, false, false },
		{ "a CID of 64 bits", { .src_cid = 1ull << 32 }, false, false },
		{ "from CID_ANY", { .src_cid = 0xfffffffd }, false, false },
		{ "from another CID", { .src_cid = 1 }, false, true },
		{ "an unknown port", { .dst_port = 1 }, false, true },
		{ "from an unknown port", { .src_port = 1 }, false, true },
		{ "type 2", { .type = 1 }, false, true },
		{ "type 0", { .type = 0xffff }, false, true },
		{ "op 0", { .op = 0xfffb }, true, false },
		{ "op 8", { .op = 3 }, true, false },
		{ "a REQUEST", { .op = 0xfffc }, true, false },
		{ "a RESPONSE", { .op = 0xfffd }, true, false },
		{ "an RST", { .op = 0xfffe }, true, false },
		{ "a SHUTDOWN with bytes", { .op = 0xffff }, true, false },
		{ "a CREDIT_UPDATE with bytes", { .op = 1 }, true, false },
		{ "bytes read that were never sent", { .fwd_cnt = 11 }, true,
		  false },
		{ "bytes unread", { .fwd_cnt = 0xffffffff }, true, false },
		{ "no room any more", { .buf_alloc = 0 - 65536u }, false, false },
		{ "less room than there was", { .buf_alloc = 0 - 65530u }, false,
		  false },
		{ "all the room there is", { .buf_alloc = 0 - 65537u }, false,
		  false },
	};
	uint8_t buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		const struct ofl_vsock_hdr *change = &lies[i].change;
		struct ofl_vsock_hdr hdr;
		ssize_t n;
		int fd;

		set_up();
		fd = connected();
		assert_int_equal(t_send(fd, "0123456789", 10, 0), 10);
		expect(OFL_VSOCK_OP_RW);
		hdr = header(80, my_port, OFL_VSOCK_OP_RW);
		hdr.len = 4;
		hdr.src_cid += change->src_cid;
		hdr.dst_cid += change->dst_cid;
		hdr.src_port += change->src_port;
		hdr.dst_port += change->dst_port;
		hdr.type = (uint16_t)(hdr.type + change->type);
		hdr.op = (uint16_t)(hdr.op + change->op);
		hdr.buf_alloc += change->buf_alloc;
		hdr.fwd_cnt += change->fwd_cnt;
		assert_true(inject_raw(&hdr, "data", 4, 0));
		ofl_vsock_progress();
		n = t_recv(fd, buf, sizeof(buf), 0);
		if (lies[i].resets != (n < 0 && errno == ECONNRESET))
			fail_msg("%s: recv says %d", lies[i].what, (int)n);
		/* Only the truth, and what concerns the other direction, arrives. */
		if (!lies[i].resets)
			assert_int_equal(n, !i || change->buf_alloc ? 4 : -1);
		if (lies[i].resets && hdr.op != OFL_VSOCK_OP_RST)
			expect(OFL_VSOCK_OP_RST);
		if (lies[i].answered) {
			expect(OFL_VSOCK_OP_RST);
			assert_int_equal(seen.dst_port, hdr.src_port);
			assert_int_equal(seen.src_port, hdr.dst_port);
			assert_int_equal(seen.type, hdr.type);
		}
		/* However much credit it claims to have: never below 0. */
		if (!lies[i].resets && hdr.buf_alloc < 10)
			assert_fails(t_send(fd, "x", 1, 0), EAGAIN);
		expect_nothing();
		assert_false(dev.broken);
		end();
	}
}

static void test_lying_lengths(void **state)
{
	struct ofl_vsock_hdr hdr;
	char buf[10];
	int fd;

	(void)state;
	set_up();
	fd = connected();
	hdr = header(80, my_port, OFL_VSOCK_OP_RW);
	inject_raw(&hdr, NULL, 0, OFL_VSOCK_HDR - 1);
	assert_fails(t_recv(fd, buf, 10, 0), ECONNRESET);
	assert_true(log_has("shorter than its header"));
	end();

	set_up();
	fd = connected();
	hdr = header(80, my_port, OFL_VSOCK_OP_RW);
	hdr.len = 5;
	inject_raw(&hdr, "data", 4, 0);
	assert_fails(t_recv(fd, buf, 10, 0), ECONNRESET);
	assert_true(log_has("shorter than it says"));
	end();

	set_up();
	fd = connected();
	hdr = header(80, my_port, OFL_VSOCK_OP_RW);
	hdr.len = 0xffffffff;
	inject_raw(&hdr, "data", 4, 0);
	assert_fails(t_recv(fd, buf, 10, 0), ECONNRESET);
	end();

	set_up();
	fd = connected();
	sim_push(OFL_VSOCK_RX, 3, 0xffffffff);
	assert_fails(t_recv(fd, buf, 10, 0), ECONNRESET);
	assert_fails(t_connect(fd, vm(HOST, 80), LEN), EINVAL);
	end();
}

/* More than the receive buffer holds. */
static void test_credit_lie(void **state)
{
	static uint8_t data[1024];
	int fd;

	(void)state;
	set_up();
	fd = connected();
	for (unsigned int i = 0; i < OFL_VSOCK_RX_DEFAULT / 1024; i++) {
		inject(80, my_port, OFL_VSOCK_OP_RW, data, 1024);
		ofl_vsock_progress();
	}
	expect_nothing();
	inject(80, my_port, OFL_VSOCK_OP_RW, data, 1);
	ofl_vsock_progress();
	expect(OFL_VSOCK_OP_RST);
	assert_int_equal(t_recv(fd, data, 1024, 0), 1024);
	/* And bytes behind the end. */
	fd = connected();
	struct ofl_vsock_hdr hdr = header(80, my_port, OFL_VSOCK_OP_SHUTDOWN);
	hdr.flags = OFL_VSOCK_SHUT_SEND;
	inject_raw(&hdr, NULL, 0, 0);
	inject(80, my_port, OFL_VSOCK_OP_RW, data, 1);
	ofl_vsock_progress();
	expect(OFL_VSOCK_OP_RST);
	assert_fails(t_recv(fd, data, 1, 0), ECONNRESET);
	/* And ends that there are not. */
	fd = connected();
	hdr = header(80, my_port, OFL_VSOCK_OP_SHUTDOWN);
	hdr.flags = 7;
	inject_raw(&hdr, NULL, 0, 0);
	ofl_vsock_progress();
	expect(OFL_VSOCK_OP_RST);
	end();
}

static void test_floods(void **state)
{
	struct ofl_vsock_hdr hdr;
	unsigned int resets = 0, taken = 0;

	(void)state;
	set_up();
	listening(7, 100);
	/* More REQUESTs than any queue takes: refused, not kept. */
	for (uint32_t i = 0; i < 10000; i++) {
		hdr = header(1000 + i, 7, OFL_VSOCK_OP_REQUEST);
		assert_true(inject_raw(&hdr, NULL, 0, 0));
		ofl_vsock_progress();
		while (next_packet())
			resets += seen.op == OFL_VSOCK_OP_RST;
	}
	assert_int_equal(resets, 10000 - 100);
	assert_int_equal(nr_sockets, 1 + 100);
	end();

	/* RST is never answered. */
	set_up();
	for (uint32_t i = 0; i < 10000; i++) {
		hdr = header(i, i * 3, OFL_VSOCK_OP_RST);
		assert_true(inject_raw(&hdr, NULL, 0, 0));
		ofl_vsock_progress();
		assert_false(next_packet());
	}
	end();

	/* A PMM that asks for answers and takes none stalls itself alone. */
	set_up();
	for (uint32_t i = 0; i < 10000; i++) {
		hdr = header(i, 9, OFL_VSOCK_OP_RW);
		if (!inject_raw(&hdr, NULL, 0, 0))
			break;
		taken++;
		ofl_vsock_progress();
	}
	assert_int_equal(taken, BUFS + REFUSALS + BUFS);
	for (resets = 0; next_packet(); ofl_vsock_progress())
		resets++;
	assert_int_equal(resets, taken);
	end();
}

static void test_transport_reset(void **state)
{
	int head, fd, listener, waiting;
	struct sockaddr_vm name;
	socklen_t len = sizeof(name);
	char buf[4];

	(void)state;
	set_up();
	listener = listening(7, 1);
	fd = connected();
	waiting = t_socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_fails(t_connect(waiting, vm(HOST, 81), LEN), EINPROGRESS);
	expect(OFL_VSOCK_OP_REQUEST);
	/* An unknown event and half of one do nothing. */
	head = sim_pop(OFL_VSOCK_EVENT);
	*(uint32_t *)sim_at(sim_desc(OFL_VSOCK_EVENT, (unsigned int)head)->addr) = 1;
	sim_push(OFL_VSOCK_EVENT, (uint32_t)head, 4);
	head = sim_pop(OFL_VSOCK_EVENT);
	sim_push(OFL_VSOCK_EVENT, (uint32_t)head, 2);
	assert_fails(t_recv(fd, buf, 4, 0), EAGAIN);
	/* The real one, and the CID is another now. */
	set_cid(77);
	head = sim_pop(OFL_VSOCK_EVENT);
	sim_push(OFL_VSOCK_EVENT, (uint32_t)head, 4);
	assert_fails(t_recv(fd, buf, 4, 0), ECONNRESET);
	assert_true(ofl_files_poll(waiting) & POLLERR);
	assert_int_equal(t_getsockname(listener, (struct sockaddr *)&name, &len), 0);
	assert_int_equal(name.svm_cid, 77);
	struct ofl_vsock_hdr hdr = header(100, 7, OFL_VSOCK_OP_REQUEST);
	hdr.dst_cid = 77;
	inject_raw(&hdr, NULL, 0, 0);
	assert_true(t_accept(listener, NULL, NULL) >= 3);
	/* To a CID that no image can have. */
	set_cid(2);
	head = sim_pop(OFL_VSOCK_EVENT);
	sim_push(OFL_VSOCK_EVENT, (uint32_t)head, 4);
	ofl_vsock_progress();
	ofl_vsock_progress();
	assert_false(ofl_vsock_works());
	end();
}

static void step_gone(void)
{
	sim_ack();
	if (mock_steps > 20000)
		mock_epoch = 3;
}

/* Every blocking call ends when the PMM goes. */
static void test_gone(void **state)
{
	static char big[200000];
	struct pollfd p;
	int fd, listener;

	(void)state;
	for (int i = 0; i < 5; i++) {
		set_up();
		listener = listening(7, 1);
		fd = connected();
		fd_flags[fd] = fd_flags[listener] = 0;
		pmm_step = step_gone;
		switch (i) {
		case 0:
			assert_fails(t_recv(fd, big, 1, 0), ECONNRESET);
			break;
		case 1: /* what was taken counts */
			assert_in_range(t_send(fd, big, sizeof(big), 0), 1, 65536);
			assert_fails(t_send(fd, big, 1, 0), ECONNRESET);
			break;
		case 2:
			/* It stays, for the next PMM's clients. */
			mock_epoch = 2;
			fd_flags[listener] |= O_NONBLOCK;
			assert_fails(t_accept(listener, NULL, NULL), EAGAIN);
			p = (struct pollfd){ .fd = listener, .events = POLLIN };
			assert_int_equal(t_poll(&p, 1, 100), 0);
			break;
		case 3:
			p = (struct pollfd){ .fd = fd, .events = POLLIN };
			assert_int_equal(t_poll(&p, 1, -1), 1);
			assert_true(p.revents & POLLHUP);
			break;
		case 4:
			fd = t_socket(AF_VSOCK, SOCK_STREAM, 0);
			assert_fails(t_connect(fd, vm(HOST, 80), LEN), ECONNRESET);
			break;
		}
		assert_true(log_has("the PMM went away"));
		end();
	}
}

/* One that is there and does nothing: only what POSIX lets wait for ever does. */
static void test_stalled(void **state)
{
	struct timeval tv = { .tv_sec = 2 };
	struct pollfd p;
	char buf[4];
	int fd;

	(void)state;
	set_up();
	fd = t_socket(AF_VSOCK, SOCK_STREAM, 0);
	assert_fails(t_connect(fd, vm(HOST, 80), LEN), ETIMEDOUT);
	assert_in_range(mock_now, OFL_VSOCK_CONNECT_TIMEOUT * OFL_SEC,
			(OFL_VSOCK_CONNECT_TIMEOUT + 1) * OFL_SEC);
	end();

	set_up();
	fd = connected();
	fd_flags[fd] = 0;
	mock_now = 0;
	assert_int_equal(t_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv,
				      sizeof(tv)), 0);
	assert_fails(t_recv(fd, buf, 4, 0), EAGAIN);
	assert_in_range(mock_now, 2 * OFL_SEC, 3 * OFL_SEC);
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	mock_now = 0;
	assert_int_equal(t_poll(&p, 1, 300), 0);
	assert_in_range(mock_now, 300 * OFL_MS, 302 * OFL_MS);
	/* A device that may sleep is asked to call, and not any more afterwards. */
	assert_false(device.rx.armed);
	/* An orphan that nobody answers goes after a while. */
	t_close(fd);
	expect(OFL_VSOCK_OP_SHUTDOWN);
	mock_now += ORPHAN_TIME;
	ofl_vsock_progress();
	ofl_vsock_progress();
	expect(OFL_VSOCK_OP_RST);
	expect_nothing();
	assert_int_equal(nr_sockets, 0);
	/* The end of a program waits for what is under way, but not for ever. */
	fd = connected();
	assert_int_equal(t_send(fd, "abc", 3, 0), 3);
	mock_now = 0;
	ofl_vsock_drain();
	assert_in_range(mock_now, DRAIN_TIME, DRAIN_TIME + OFL_SEC);
	end();
}

/* Anything at all, in any order. */
static void test_noise(void **state)
{
	static const uint32_t ports[] = { 7, 8, 80, 100, 101, 102 };
	static uint8_t data[2048];
	uint32_t seed = 11;

	(void)state;
	for (int round = 0; round < 300; round++) {
		int fd[4] = { 0 };

		set_up();
		fd[0] = listening(7, 3);
		fd[1] = connected();
		uint32_t mine = my_port;

		for (int i = 0; i < 200; i++) {
			struct ofl_vsock_hdr hdr;
			uint32_t r = random_next(&seed);

			hdr = header(ports[r % 6], r & 64 ? mine : ports[r / 8 % 6],
				     random_next(&seed) % 9);
			hdr.len = r & 128 ? random_next(&seed) % 1000 : 0;
			hdr.flags = random_next(&seed) % 5;
			if (random_next(&seed) % 8 == 0)
				hdr.fwd_cnt = random_next(&seed) % 100;
			if (random_next(&seed) % 16 == 0)
				hdr.buf_alloc = random_next(&seed);
			inject_raw(&hdr, data, hdr.len, 0);
			switch (random_next(&seed) % 8) {
			case 0:
				if (!fd[2])
					fd[2] = t_accept4(fd[0], NULL, NULL,
							  SOCK_NONBLOCK);
				if (fd[2] < 0)
					fd[2] = 0;
				break;
			case 1:
				t_recv(fd[1], data, 100, 0);
				break;
			case 2:
				t_send(fd[1], data, 500, 0);
				break;
			case 3:
				if (fd[2])
					t_recv(fd[2], data, 2000, 0);
				break;
			case 4:
				if (fd[2] && random_next(&seed) % 4 == 0) {
					t_close(fd[2]);
					fd[2] = 0;
				}
				break;
			case 5:
				if (random_next(&seed) % 8 == 0)
					t_shutdown(fd[1], SHUT_WR);
				break;
			case 6:
				while (next_packet())
					;
				break;
			default:
				ofl_vsock_progress();
				break;
			}
		}
		assert_false(dev.broken);
		end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_small_memory),
		cmocka_unit_test(test_bad_device),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_lying_lengths),
		cmocka_unit_test(test_credit_lie),
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_transport_reset),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_stalled),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
