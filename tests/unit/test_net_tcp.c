// SPDX-License-Identifier: BSD-2-Clause
/* Connections of AF_INET and AF_INET6, with peers that refuse, reset and are silent. */
#include "net_mock.h"

#define OUT (POLLOUT | POLLWRNORM)
#define IN (POLLIN | POLLRDNORM)
#define OVER (IN | OUT | POLLHUP | POLLRDHUP)

static uint8_t data[100000], back[100000];

/* Two sockets of the image, by way of the loopback. */
static void pair(int *a, int *b)
{
	int listener = new_listener(in4(INADDR_LOOPBACK, 0), LEN4, 1);
	uint16_t port = port_of(listener);

	*a = new_socket(AF_INET, SOCK_STREAM);
	assert_int_equal(t_connect(*a, in4(INADDR_LOOPBACK, port), LEN4), 0);
	*b = t_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_in_range(*b, 3, FDS - 1);
	t_close(listener);
}

static void test_states(void **state)
{
	int fd, other, listener;
	char c;

	(void)state;
	net_set_up(STATIC);
	fd = new_socket(AF_INET, SOCK_STREAM);
	assert_int_equal(ofl_files_poll(fd), OUT | POLLHUP);
	assert_fails(t_send(fd, "x", 1, 0), ENOTCONN);
	assert_fails(t_recv(fd, &c, 1, 0), ENOTCONN);
	assert_fails(t_shutdown(fd, SHUT_RDWR), ENOTCONN);
	assert_fails(t_accept(fd, NULL, NULL), EINVAL);
	assert_int_equal(error_of(fd), 0);
	listener = new_listener(in4(INADDR_ANY, 7), LEN4, 4);
	assert_int_equal(ofl_files_poll(listener), 0);
	assert_fails(t_accept(listener, NULL, NULL), EAGAIN);
	assert_fails(t_connect(listener, in4(THEIRS, 80), LEN4), EINVAL);
	assert_fails(t_send(listener, "x", 1, 0), ENOTCONN);
	assert_fails(t_recv(listener, &c, 1, 0), ENOTCONN);
	assert_fails(t_shutdown(listener, SHUT_RDWR), ENOTCONN);
	assert_fails(t_bind(listener, in4(INADDR_ANY, 8), LEN4), EINVAL);
	assert_int_equal(t_listen(listener, 1000), 0); /* once more: another backlog */
	assert_int_equal(fds[listener].socket->ops->accept(fds[fd].socket, NULL), -EINVAL);
	/* Under way, and there. */
	other = call_station(80);
	assert_fails(t_connect(other, in4(THEIRS, 80), LEN4), EALREADY);
	assert_fails(t_listen(other, 1), EISCONN);
	assert_fails(t_bind(other, in4(INADDR_ANY, 9), LEN4), EINVAL);
	assert_fails(t_send(other, "x", 1, 0), EAGAIN);
	assert_fails(t_recv(other, &c, 1, 0), EAGAIN);
	assert_fails(t_shutdown(other, SHUT_RDWR), ENOTCONN);
	assert_int_equal(ofl_files_poll(other), 0);
	t_close(other);
	assert_int_equal(t_connect(fd, in4(INADDR_LOOPBACK, 7), LEN4), 0);
	assert_int_equal(ofl_files_poll(listener), IN);
	assert_int_equal(ofl_files_poll(fd), OUT);
	assert_fails(t_connect(fd, in4(INADDR_LOOPBACK, 7), LEN4), EISCONN);
	assert_fails(t_listen(fd, 1), EISCONN);
	assert_fails(t_bind(fd, in4(INADDR_ANY, 9), LEN4), EINVAL);
	assert_fails(t_sendto(fd, "x", 1, 0, in4(INADDR_LOOPBACK, 7), LEN4), EISCONN);
	assert_fails(t_recv(fd, &c, 1, 0), EAGAIN);
	assert_int_equal(t_recv(fd, &c, 0, 0), 0);
	assert_int_equal(t_send(fd, "x", 0, 0), 0);
	other = t_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_int_equal(t_send(fd, "abc", 3, 0), 3);
	settle();
	assert_int_equal(ofl_files_poll(other), IN | OUT);
	assert_int_equal(t_recv(other, &c, 1, MSG_PEEK), 1);
	assert_int_equal(t_recv(other, back, 10, 0), 3);
	assert_memory_equal(back, "abc", 3);
	net_end();
}

/* What is sent when one side has ended its own half. */
static void test_shutdown(void **state)
{
	int a, b;

	(void)state;
	net_set_up(STATIC);
	pair(&a, &b);
	assert_int_equal(t_shutdown(a, SHUT_WR), 0);
	assert_int_equal(t_shutdown(a, SHUT_WR), 0);
	assert_fails(t_send(a, "x", 1, 0), EPIPE);
	assert_int_equal(ofl_files_poll(a), OUT);
	settle();
	assert_int_equal(ofl_files_poll(b), IN | OUT | POLLRDHUP);
	assert_int_equal(t_recv(b, back, 1, 0), 0);
	assert_int_equal(t_send(b, "late", 4, 0), 4);
	settle();
	/* What came is dropped, and so is what comes from now on. */
	assert_int_equal(t_shutdown(a, SHUT_RD), 0);
	assert_int_equal(ofl_files_poll(a), IN | OUT);
	assert_int_equal(t_recv(a, back, 4, 0), 0);
	assert_int_equal(t_send(b, data, 50000, 0), 50000);
	settle();
	pass(OFL_SEC);
	assert_int_equal(t_send(b, data, 50000, 0), 50000);
	settle();
	assert_int_equal(t_recv(a, back, 4, 0), 0);
	/* Both have: nothing of the connection is left, and nothing was wrong. */
	assert_int_equal(t_shutdown(b, SHUT_RDWR), 0);
	pass(OFL_SEC);
	assert_int_equal(ofl_files_poll(a), OVER);
	assert_int_equal(ofl_files_poll(b), OVER);
	assert_fails(t_send(a, "x", 1, 0), EPIPE);
	assert_fails(t_send(b, "x", 1, 0), EPIPE);
	assert_int_equal(t_shutdown(a, SHUT_RDWR), 0);
	assert_int_equal(t_recv(b, back, 4, 0), 0);
	assert_int_equal(error_of(a), 0);
	assert_fails(t_listen(a, 1), EINVAL);
	assert_fails(t_connect(a, in4(THEIRS, 80), LEN4), EINVAL);
	net_end();
}

static void test_refused(void **state)
{
	int fd, error;

	(void)state;
	net_set_up(STATIC);
	fd = call_station(80);
	assert_int_equal(ofl_files_poll(fd), 0);
	assert_int_equal(error_of(fd), 0);
	send_segment(RST | ACK, NULL, 0);
	assert_int_equal(ofl_files_poll(fd), OVER | POLLERR);
	assert_int_equal(error_of(fd), ECONNREFUSED);
	assert_int_equal(error_of(fd), 0);
	assert_fails(t_connect(fd, in4(THEIRS, 80), LEN4), EINVAL);
	assert_fails(t_shutdown(fd, SHUT_WR), ECONNREFUSED);
	assert_fails(t_send(fd, "x", 1, 0), ECONNREFUSED);
	assert_fails(t_recv(fd, back, 1, 0), ECONNREFUSED);
	t_close(fd);
	/* Waited for; nobody listens there. */
	fd = t_socket(AF_INET6, SOCK_STREAM, 0);
	error = t_connect(fd, in6("::1", 99), LEN6);
	assert_int_equal(error, -1);
	assert_int_equal(errno, ECONNREFUSED);
	t_close(fd);
	/* A reset that does not acknowledge the SYN is not the station's. */
	fd = call_station(80);
	station_ack += 1000;
	send_segment(RST | ACK, NULL, 0);
	assert_int_equal(ofl_files_poll(fd), 0);
	net_end();
}

static void test_silent(void **state)
{
	uint64_t before;
	int fd;

	(void)state;
	net_set_up(STATIC);
	mock_sleep = 100 * OFL_MS;
	before = mock_now;
	fd = t_socket(AF_INET, SOCK_STREAM, 0);
	assert_fails(t_connect(fd, in4(THEIRS, 80), LEN4), ETIMEDOUT);
	for (int i = 0; i < 7; i++)
		expect_segment(SYN);
	expect_silence();
	assert_in_range(mock_now - before, 15 * OFL_SEC, 30 * OFL_SEC);
	assert_int_equal(error_of(fd), 0); /* connect() has told */
	assert_int_equal(ofl_files_poll(fd), OVER | POLLERR);
	/* One that is not even there. */
	no_arp = true;
	fd = t_socket(AF_INET, SOCK_STREAM, 0);
	assert_fails(t_connect(fd, in4(THEIRS + 7, 80), LEN4), ETIMEDOUT);
	expect_silence();
	pass(10 * OFL_SEC); /* ARP gives up, too */
	no_arp = false;
	/* One that was there: what was sent is repeated, and in the end given up. */
	fd = connect_station(80);
	assert_int_equal(t_send(fd, "hello", 5, 0), 5);
	expect_segment(ACK);
	assert_int_equal(seen.len, 5);
	pass(10 * OFL_SEC);
	expect_segment(ACK);
	assert_memory_equal(seen.data, "hello", 5);
	pass(5000 * OFL_SEC);
	assert_int_equal(ofl_files_poll(fd), OVER | POLLERR);
	assert_fails(t_recv(fd, back, 1, 0), ETIMEDOUT);
	frames_nr = 0;
	mock_sleep = OFL_MS;
	net_end();
}

static void test_reset(void **state)
{
	int fd;

	(void)state;
	net_set_up(STATIC);
	fd = connect_station(80);
	send_segment(ACK, "last words", 10);
	send_segment(RST | ACK, NULL, 0);
	assert_int_equal(ofl_files_poll(fd), OVER | POLLERR);
	assert_int_equal(t_recv(fd, back, 100, 0), 10);
	assert_memory_equal(back, "last words", 10);
	assert_fails(t_recv(fd, back, 1, 0), ECONNRESET);
	assert_fails(t_send(fd, "x", 1, 0), ECONNRESET);
	assert_fails(t_shutdown(fd, SHUT_WR), ECONNRESET);
	assert_int_equal(error_of(fd), 0);
	/* Behind its end, and ours. */
	fd = connect_station(81);
	send_segment(FIN | ACK, NULL, 0);
	expect_segment(ACK);
	assert_int_equal(ofl_files_poll(fd), IN | OUT | POLLRDHUP);
	send_segment(RST | ACK, NULL, 0);
	assert_int_equal(error_of(fd), ECONNRESET);
	assert_int_equal(error_of(fd), 0);
	/* Closed with data that were not read: the station is told so. */
	fd = connect_station(82);
	send_segment(ACK, "unread", 6);
	t_close(fd);
	assert_true(next_segment());
	if (!(seen.flags & RST))
		expect_segment(RST | ACK);
	net_end();
}

/* Each direction as far as the other side lets it go. */
/* More segments than its queue has: a part of it is taken. */
static void test_small_segments(void **state)
{
	ssize_t n;
	int fd;

	(void)state;
	net_set_up(STATIC);
	fd = connect_station(80);
	tcp_active_pcbs->mss = 100;
	n = t_send(fd, data, TCP_SND_BUF, MSG_DONTWAIT);
	assert_in_range(n, 100, TCP_SND_BUF - 1);
	assert_int_equal(tcp_sndbuf(tcp_active_pcbs), TCP_SND_BUF - n);
	t_close(fd);
	net_end();
}

static void test_windows(void **state)
{
	struct pollfd waiting;
	size_t sent = 0, heard = 0;
	ssize_t n;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	net_set_up(STATIC);
	station_window = 3000;
	fd = connect_station(80);
	while ((n = t_send(fd, data + sent, sizeof(data) - sent, 0)) > 0)
		sent += (size_t)n;
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(sent, TCP_SND_BUF);
	assert_int_equal(ofl_files_poll(fd), 0);
	waiting = (struct pollfd){ .fd = fd, .events = POLLOUT };
	assert_int_equal(t_poll(&waiting, 1, 100), 0);
	while (heard < sent) {
		while (next_segment()) {
			assert_int_equal(seen.seq, station_ack);
			assert_in_range(heard + seen.len, 0, sent);
			assert_memory_equal(seen.data, data + heard, seen.len);
			heard += seen.len;
			station_ack += (uint32_t)seen.len;
		}
		send_segment(ACK, NULL, 0);
	}
	assert_int_equal(ofl_files_poll(fd), OUT);
	assert_int_equal(t_poll(&waiting, 1, 100), 1);
	assert_int_equal(waiting.revents, POLLOUT);
	/* Byte by byte: they are joined, and the window is what was not read. */
	for (unsigned int i = 0; i < 200; i++)
		send_segment(ACK, data + i, 1);
	assert_in_range(((struct ofl_tcp *)(void *)fds[fd].socket)->pieces, 1, PIECES);
	while (next_segment())
		;
	assert_int_equal(seen.window, TCP_WND - 200);
	assert_int_equal(t_ioctl(fd, FIONREAD, &n), 0);
	assert_int_equal(*(int *)&n, 200);
	assert_int_equal(t_recv(fd, back, sizeof(back), 0), 200);
	assert_memory_equal(back, data, 200);
	assert_fails(t_recv(fd, back, 1, 0), EAGAIN);
	net_end();
}

static void test_backlog(void **state)
{
	int listener, first, second;
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);

	(void)state;
	net_set_up(STATIC);
	listener = new_listener(in4(INADDR_ANY, 7), LEN4, 0); /* means 1 */
	station_connects(7, 1000);
	assert_int_equal(ofl_files_poll(listener), IN);
	station_calls(7, 1001);
	expect_silence(); /* it is full: the station will repeat it */
	first = t_accept4(listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK);
	assert_in_range(first, 3, FDS - 1);
	assert_int_equal(len, LEN4);
	assert_int_equal(ntohs(peer.sin_port), 1000);
	assert_int_equal(ntohl(peer.sin_addr.s_addr), THEIRS);
	assert_fails(t_accept(listener, NULL, NULL), EAGAIN);
	station_connects(7, 1001);
	/* Reset before anybody took it. */
	send_segment(ACK, "gone", 4);
	send_segment(RST | ACK, NULL, 0);
	assert_int_equal(ofl_files_poll(listener), IN);
	second = t_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_int_equal(t_recv(second, back, 10, 0), 4);
	assert_fails(t_recv(second, back, 10, 0), ECONNRESET);
	/* The listener goes, and with it who waits there. */
	frames_nr = 0;
	station_connects(7, 1002);
	t_close(listener);
	expect_segment(RST | ACK);
	assert_int_equal(seen.to, 1002);
	station_calls(7, 1003);
	expect_segment(RST | ACK);
	assert_int_equal(seen.to, 1003);
	/* The one that was taken stays. */
	assert_int_equal(ofl_files_poll(first), OUT);
	net_end();
}

/* No address that could reach it: for a while that may change, then it is an error. */
static void test_no_way(void **state)
{
	struct pollfd waiting;
	uint64_t before;
	int fd[4];

	(void)state;
	net_set_up(""); /* and no DHCP server */
	for (int i = 0; i < 4; i++) {
		fd[i] = new_socket(AF_INET, SOCK_STREAM);
		assert_fails(t_connect(fd[i], in4(0x08080808, 80), LEN4), EINPROGRESS);
	}
	assert_int_equal(ofl_files_poll(fd[0]), 0);
	assert_fails(t_send(fd[1], "x", 1, 0), EAGAIN);
	assert_fails(t_recv(fd[2], back, 1, 0), EAGAIN);
	before = mock_now;
	waiting = (struct pollfd){ .fd = fd[0], .events = POLLIN };
	assert_int_equal(t_poll(&waiting, 1, 60000), 1);
	assert_in_range(mock_now - before, SETTLE / 2, 2 * SETTLE);
	assert_int_equal(waiting.revents, POLLIN | POLLERR | POLLHUP);
	assert_int_equal(error_of(fd[0]), ENETUNREACH);
	assert_fails(t_send(fd[1], "x", 1, 0), ENETUNREACH);
	assert_fails(t_recv(fd[2], back, 1, 0), ENETUNREACH);
	assert_int_equal(error_of(fd[3]), ENETUNREACH);
	expect_silence();
	/* From now on at once, and the socket may try again. */
	t_close(fd[0]);
	fd[0] = new_socket(AF_INET, SOCK_STREAM);
	assert_fails(t_connect(fd[0], in4(0x08080808, 80), LEN4), ENETUNREACH);
	assert_int_equal(ofl_files_poll(fd[0]), OUT | POLLHUP);
	assert_fails(t_connect(fd[0], in4(INADDR_LOOPBACK, 80), LEN4), ECONNREFUSED);
	net_end();
}

/* An address, but no router: lwIP would send it to nobody, and be silent. */
static void test_no_router(void **state)
{
	int fd, six;

	(void)state;
	net_set_up("ip=10.0.0.2/24,ip=fd00::2/64");
	fd = new_socket(AF_INET, SOCK_STREAM);
	assert_fails(t_connect(fd, in4(0x08080808, 80), LEN4), EINPROGRESS);
	six = new_socket(AF_INET6, SOCK_STREAM);
	assert_fails(t_connect(six, in6("2001:db8::1", 80), LEN6), EINPROGRESS);
	pass(SETTLE / 2);
	assert_int_equal(ofl_files_poll(fd), 0);
	pass(SETTLE / 2);
	assert_int_equal(error_of(fd), ENETUNREACH);
	assert_int_equal(error_of(six), ENETUNREACH);
	expect_silence();
	fd = new_socket(AF_INET6, SOCK_STREAM);
	assert_fails(t_connect(fd, in6("2001:db8::1", 80), LEN6), ENETUNREACH);
	assert_fails(t_connect(fd, in6("::ffff:8.8.8.8", 80), LEN6), ENETUNREACH);
	/* On the link there is one, and to ourselves. */
	assert_fails(t_connect(fd, in6("fd00::2", 80), LEN6), ECONNREFUSED);
	fd = new_socket(AF_INET6, SOCK_STREAM);
	assert_fails(t_connect(fd, in6("fd00::3", 80), LEN6), EINPROGRESS);
	fd = new_socket(AF_INET6, SOCK_STREAM);
	assert_fails(t_connect(fd, in6("fe80::3", 80), LEN6), EINPROGRESS);
	fd = new_socket(AF_INET, SOCK_STREAM);
	assert_fails(t_connect(fd, in4(THEIRS, 80), LEN4), EINPROGRESS);
	expect_segment(SYN);
	net_end();
	net_set_up("ip=10.0.0.2/24,ip=fd00::2/64,gw=10.0.0.1,gw=fd00::1");
	pass(SETTLE);
	fd = new_socket(AF_INET6, SOCK_STREAM);
	assert_fails(t_connect(fd, in6("2001:db8::1", 80), LEN6), EINPROGRESS);
	fd = new_socket(AF_INET, SOCK_STREAM);
	assert_fails(t_connect(fd, in4(0x08080808, 80), LEN4), EINPROGRESS);
	expect_segment(SYN);
	net_end();
}

/* A router of fd00:1::/64 says that it is there. */
static void advertise(void)
{
	static const uint8_t head[14] = { 0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x86, 0xdd };
	uint8_t frame[14 + 40 + 56] = { 0 }, *ip = frame + 14, *icmp = ip + 40;
	uint32_t sum = 58 + 56;

	memcpy(frame, head, sizeof(head));
	ip[0] = 0x60;
	put16(ip + 4, 56);
	ip[6] = 58;
	ip[7] = 255;
	put16(ip + 8, 0xfe80);
	ip[23] = 1;
	put16(ip + 24, 0xff02);
	ip[39] = 1;
	icmp[0] = 134;
	icmp[4] = 64;
	put16(icmp + 6, 1800); /* seconds that it is one */
	icmp[16] = 1;	       /* its MAC address */
	icmp[17] = 1;
	memcpy(icmp + 18, station, 6);
	icmp[24] = 3; /* its prefix */
	icmp[25] = 4;
	icmp[26] = 64;
	icmp[27] = 0xc0;
	put32(icmp + 28, 3600);
	put32(icmp + 32, 3600);
	put32(icmp + 40, 0xfd000001);
	for (int i = 8; i < 40; i += 2)
		sum += get16(ip + i);
	put16(icmp + 2, sum_of(sum, icmp, 56));
	assert_true(transmit(frame, sizeof(frame)));
	settle();
}

/* SLAAC takes a second or two: the SYN waits for an address that can be answered. */
static void test_no_router_yet(void **state)
{
	struct sockaddr_in6 addr;
	socklen_t len = sizeof(addr);
	struct ofl_tcp *ts;
	int fd;

	(void)state;
	net_set_up("ip=10.0.0.2/24");
	fd = new_socket(AF_INET6, SOCK_STREAM);
	assert_fails(t_connect(fd, in6("2001:db8::1", 80), LEN6), EINPROGRESS);
	ts = (struct ofl_tcp *)(void *)fds[fd].socket;
	pass(3 * OFL_SEC); /* the link-local address is there */
	assert_int_equal(ofl_files_poll(fd), 0);
	assert_false(ts->begun);
	advertise();
	assert_int_equal(ofl_files_poll(fd), 0);
	assert_false(ts->begun);
	pass(3 * OFL_SEC);
	assert_int_equal(ofl_files_poll(fd), 0);
	assert_true(ts->begun);
	assert_int_equal(t_getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	assert_memory_equal(&addr.sin6_addr, "\xfd\0\0\1\0\0\0", 8);
	net_end();
}

static void test_lost(void **state)
{
	int fd, calling, listener, a, b;

	(void)state;
	net_set_up(STATIC);
	pair(&a, &b);
	fd = connect_station(80);
	calling = call_station(81);
	listener = new_listener(in4(INADDR_ANY, 7), LEN4, 1);
	t_close(connect_station(82)); /* its end is still to be acknowledged */
	net_driver.lost();
	assert_int_equal(ofl_files_poll(fd), OVER | POLLERR);
	assert_fails(t_recv(fd, back, 1, 0), ECONNRESET);
	assert_int_equal(error_of(calling), ECONNRESET);
	assert_fails(t_send(a, "x", 1, 0), ECONNRESET);
	assert_int_equal(error_of(b), ECONNRESET);
	assert_null(tcp_active_pcbs);
	t_close(fd);
	fd = new_socket(AF_INET, SOCK_STREAM);
	assert_fails(t_connect(fd, in4(THEIRS, 80), LEN4), ENETDOWN);
	/* The loopback needs no device; any address is this machine. */
	assert_int_equal(t_connect(fd, in4(INADDR_ANY, 7), LEN4), 0);
	assert_int_equal(ofl_files_poll(fd), OUT);
	assert_int_equal(ofl_files_poll(listener), IN);
	net_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),	cmocka_unit_test(test_shutdown),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_silent),
		cmocka_unit_test(test_small_segments),
		cmocka_unit_test(test_reset),	cmocka_unit_test(test_windows),
		cmocka_unit_test(test_backlog), cmocka_unit_test(test_no_way),
		cmocka_unit_test(test_no_router), cmocka_unit_test(test_no_router_yet),
		cmocka_unit_test(test_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
