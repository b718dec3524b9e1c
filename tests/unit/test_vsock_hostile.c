// SPDX-License-Identifier: BSD-2-Clause
/* AF_VSOCK, from the socket calls down, against PMMs that lie, flood and go. */
#include "vsock_mock.h"

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
		fds[fd].flags = fds[listener].flags = 0;
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
			fds[listener].flags |= O_NONBLOCK;
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
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_lying_lengths),
		cmocka_unit_test(test_credit_lie),
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_transport_reset),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
