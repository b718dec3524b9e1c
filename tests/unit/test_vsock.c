// SPDX-License-Identifier: BSD-2-Clause
/* AF_VSOCK, from the socket calls down, against PMMs that serve and stall. */
#include "vsock_mock.h"

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
	assert_non_null(orphans);
	assert_null(orphans->orphan_next);
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
	fds[fd].flags |= O_NONBLOCK;
	assert_fails(t_accept(fd, NULL, NULL), EAGAIN);
	end();
}

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
	fds[fd].flags = 0;
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

/* ofl_wait_spins() holds for a wait of sockets as for any other. */
static void test_spins(void **state)
{
	struct ofl_waiter w;

	(void)state;
	set_up();
	ofl_wait_sleep_at = 0;
	ofl_waiter_start(&w, 0);
	ofl_waiter_step(&w);
	assert_true(device.rx.armed);
	ofl_waiter_end(&w);
	assert_false(device.rx.armed);
	ofl_wait_sleep_at = OFL_SPIN_ONLY;
	ofl_waiter_start(&w, 0);
	for (unsigned int i = 0; i < 3 * OFL_WAIT_SPINS; i++) {
		ofl_waiter_step(&w);
		assert_false(device.rx.armed);
	}
	ofl_waiter_end(&w);
	ofl_wait_sleep_at = OFL_WAIT_SPINS;
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_small_memory),
		cmocka_unit_test(test_bad_device),
		cmocka_unit_test(test_stalled),
		cmocka_unit_test(test_spins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
