/* SPDX-License-Identifier: BSD-2-Clause */
/* The vsock device: clients, servers, forwards. */
#include "pmm_vsock.h"

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
		cmocka_unit_test(forwards),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
