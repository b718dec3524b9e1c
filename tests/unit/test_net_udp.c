// SPDX-License-Identifier: BSD-2-Clause
/* Datagrams of AF_INET and AF_INET6: what is refused, what is lost, and what waits. */
#include "net_mock.h"

#define OUT (POLLOUT | POLLWRNORM)
#define IN (POLLIN | POLLRDNORM)

static uint8_t data[70000], back[70000];

static int bound(uint16_t port)
{
	int fd = new_socket(AF_INET, SOCK_DGRAM);

	assert_int_equal(t_bind(fd, in4(INADDR_ANY, port), LEN4), 0);
	return fd;
}

static int connected(void)
{
	int fd = new_socket(AF_INET, SOCK_DGRAM);

	assert_int_equal(t_connect(fd, in4(THEIRS, 7), LEN4), 0);
	return fd;
}

static void test_not_connected(void **state)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	const uint8_t *udp;
	uint16_t port;
	int fd;

	(void)state;
	net_set_up(STATIC);
	fd = new_socket(AF_INET, SOCK_DGRAM);
	assert_int_equal(ofl_files_poll(fd), OUT);
	assert_int_equal(error_of(fd), 0);
	assert_fails(t_listen(fd, 1), EOPNOTSUPP);
	assert_fails(t_accept(fd, NULL, NULL), EINVAL);
	assert_int_equal(fds[fd].socket->ops->accept(fds[fd].socket, NULL), -EOPNOTSUPP);
	assert_fails(t_shutdown(fd, SHUT_RDWR), ENOTCONN);
	assert_fails(t_send(fd, "x", 1, 0), EDESTADDRREQ);
	assert_fails(t_recv(fd, back, 1, 0), EAGAIN);
	assert_fails(t_sendto(fd, "x", 1, 0, in4(THEIRS, 0), LEN4), EINVAL);
	assert_fails(t_sendto(fd, "x", 1, 0, in4(THEIRS, 7), LEN4 - 1), EINVAL);
	assert_fails(t_sendto(fd, "x", 1, 0, in6("::1", 7), LEN6), EAFNOSUPPORT);
	assert_fails(t_sendto(fd, "x", 1, MSG_OOB, in4(THEIRS, 7), LEN4), EOPNOTSUPP);
	assert_null(next_datagram());
	/* The first one takes a port. */
	assert_int_equal(t_sendto(fd, "hello", 5, 0, in4(THEIRS, 7), LEN4), 5);
	port = port_of(fd);
	assert_in_range(port, 1024, 65535);
	udp = next_datagram();
	assert_non_null(udp);
	assert_int_equal(get16(udp), port);
	assert_int_equal(get16(udp + 2), 7);
	assert_int_equal(get16(udp + 4), 13);
	assert_memory_equal(udp + 8, "hello", 5);
	assert_fails(t_bind(fd, in4(INADDR_ANY, 9), LEN4), EINVAL);
	/* An empty one is one, too. */
	assert_int_equal(t_sendto(fd, "", 0, 0, in4(THEIRS, 7), LEN4), 0);
	udp = next_datagram();
	assert_non_null(udp);
	assert_int_equal(get16(udp + 4), 8);
	/* The answer, looked at and taken, cut to what there is room for. */
	send_datagram(7, port, "answer", 6);
	assert_int_equal(ofl_files_poll(fd), IN | OUT);
	assert_int_equal(t_recv(fd, back, 2, MSG_PEEK), 2);
	assert_int_equal(fds[fd].socket->ops->readable(fds[fd].socket), 6);
	assert_int_equal(t_recvfrom(fd, back, 3, 0, (struct sockaddr *)&from, &len), 3);
	assert_memory_equal(back, "ans", 3);
	assert_int_equal(len, LEN4);
	assert_int_equal(ntohl(from.sin_addr.s_addr), THEIRS);
	assert_int_equal(ntohs(from.sin_port), 7);
	assert_fails(t_recv(fd, back, 3, 0), EAGAIN);
	assert_int_equal(fds[fd].socket->ops->readable(fds[fd].socket), 0);
	send_datagram(7, port, NULL, 0);
	assert_int_equal(ofl_files_poll(fd), IN | OUT);
	assert_int_equal(t_recv(fd, back, 3, 0), 0);
	assert_int_equal(ofl_files_poll(fd), OUT);
	net_end();
}

static void test_connected(void **state)
{
	struct sockaddr_storage none = { .ss_family = AF_UNSPEC };
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	uint16_t port;
	int fd;

	(void)state;
	net_set_up(STATIC);
	fd = connected();
	assert_int_equal(fds[fd].socket->ops->connected(fds[fd].socket), 0);
	assert_int_equal(t_getpeername(fd, (struct sockaddr *)&peer, &len), 0);
	assert_int_equal(ntohl(peer.sin_addr.s_addr), THEIRS);
	port = port_of(fd);
	assert_fails(t_bind(fd, in4(INADDR_ANY, 9), LEN4), EINVAL);
	assert_int_equal(t_send(fd, "x", 1, 0), 1);
	assert_int_equal(get16(next_datagram() + 2), 7);
	/* What others send is not for it. */
	send_datagram(8, port, "other", 5);
	assert_fails(t_recv(fd, back, 5, 0), EAGAIN);
	send_datagram(7, port, "peer", 4);
	assert_int_equal(t_recv(fd, back, 5, 0), 4);
	/* To another one nevertheless; then another peer; then none. */
	assert_int_equal(t_sendto(fd, "x", 1, 0, in4(THEIRS, 9), LEN4), 1);
	assert_int_equal(get16(next_datagram() + 2), 9);
	assert_int_equal(t_connect(fd, in4(THEIRS, 10), LEN4), 0);
	assert_int_equal(t_send(fd, "x", 1, 0), 1);
	assert_int_equal(get16(next_datagram() + 2), 10);
	assert_int_equal(t_connect(fd, (struct sockaddr *)&none, sizeof(none)), 0);
	assert_fails(t_send(fd, "x", 1, 0), EDESTADDRREQ);
	assert_fails(t_getpeername(fd, (struct sockaddr *)&peer, &len), ENOTCONN);
	net_end();
}

static void test_shutdown(void **state)
{
	uint16_t port;
	int fd;

	(void)state;
	net_set_up(STATIC);
	fd = connected();
	port = port_of(fd);
	assert_fails(t_shutdown(fd, 3), EINVAL);
	assert_int_equal(t_shutdown(fd, SHUT_WR), 0);
	assert_fails(t_send(fd, "x", 1, 0), EPIPE);
	assert_null(next_datagram());
	send_datagram(7, port, "first", 5);
	assert_int_equal(t_shutdown(fd, SHUT_RD), 0);
	send_datagram(7, port, "late", 4);
	/* What was there is still read, then there is an end. */
	assert_int_equal(t_recv(fd, back, 9, 0), 5);
	assert_int_equal(t_recv(fd, back, 9, 0), 0);
	assert_int_equal(ofl_files_poll(fd), IN | OUT);
	net_end();
}

/* So many, or so many bytes, and what comes behind them is lost. */
static void test_overflow(void **state)
{
	int fd, other;

	(void)state;
	net_set_up(STATIC);
	fd = bound(7);
	for (unsigned int i = 0; i < QUEUE + 10; i++) {
		data[0] = (uint8_t)i;
		send_datagram(1000, 7, data, 10);
	}
	for (unsigned int i = 0; i < QUEUE; i++) {
		assert_int_equal(t_recv(fd, back, 20, 0), 10);
		assert_int_equal(back[0], i);
	}
	assert_fails(t_recv(fd, back, 20, 0), EAGAIN);
	/* One for which there is room again. */
	send_datagram(1000, 7, "again", 5);
	assert_int_equal(t_recv(fd, back, 20, 0), 5);
	/* By bytes: two of the largest, not three. */
	other = new_socket(AF_INET, SOCK_DGRAM);
	for (int i = 0; i < 3; i++)
		assert_int_equal(t_sendto(other, data, 65507, 0, in4(INADDR_LOOPBACK, 7), LEN4),
				 65507);
	send_datagram(1000, 7, "small", 5);
	assert_int_equal(t_recv(fd, back, sizeof(back), 0), 65507);
	assert_memory_equal(back, data, 65507);
	assert_int_equal(t_recv(fd, back, sizeof(back), 0), 65507);
	assert_int_equal(t_recv(fd, back, sizeof(back), 0), 5);
	assert_fails(t_recv(fd, back, sizeof(back), 0), EAGAIN);
	/* Closed with some of them. */
	send_datagram(1000, 7, "unread", 6);
	send_datagram(1000, 7, "unread", 6);
	t_close(fd);
	send_datagram(1000, 7, "nobody", 6);
	net_end();
}

static void test_sizes(void **state)
{
	const uint8_t *ip;
	size_t total = 0;
	int fd;

	(void)state;
	net_set_up(STATIC);
	fd = new_socket(AF_INET, SOCK_DGRAM);
	assert_fails(t_sendto(fd, data, 65508, 0, in4(THEIRS, 7), LEN4), EMSGSIZE);
	assert_fails(t_sendto(fd, data, sizeof(data), 0, in4(THEIRS, 7), LEN4), EMSGSIZE);
	assert_fails(t_sendto(fd, data, SIZE_MAX, 0, in4(THEIRS, 7), LEN4), EINVAL);
	assert_null(next_datagram());
	/* Whole in one frame, and in three. */
	assert_int_equal(t_sendto(fd, data, 1472, 0, in4(THEIRS, 7), LEN4), 1472);
	ip = next_ip4(17);
	assert_non_null(ip);
	assert_int_equal(get16(ip + 2), 1500);
	assert_int_equal(t_sendto(fd, data, 4000, 0, in4(THEIRS, 7), LEN4), 4000);
	for (int i = 0; i < 3; i++) {
		ip = next_ip4(17);
		assert_non_null(ip);
		assert_int_equal((get16(ip + 6) & 0x1fff) * 8u, total);
		assert_int_equal(!!(get16(ip + 6) & 0x2000), i < 2);
		total += get16(ip + 2) - 20u;
	}
	assert_int_equal(total, 4008);
	assert_null(next_datagram());
	net_end();
}

/* A PMM that takes nothing; an address that is still to come; no device. */
static void test_no_way(void **state)
{
	struct pollfd waiting;
	unsigned int n = 0;
	int fd, server;
	uint64_t before;

	(void)state;
	net_set_up(STATIC);
	fd = connected();
	assert_int_equal(t_send(fd, "x", 1, 0), 1);
	assert_non_null(next_datagram());
	stalled = true;
	while (t_send(fd, "x", 1, 0) == 1)
		assert_in_range(++n, 1, BUFS_MAX);
	assert_int_equal(errno, EAGAIN);
	assert_in_range(n, BUFS_MIN, BUFS_MAX);
	stalled = false;
	for (unsigned int i = 0; i < n; i++)
		assert_non_null(next_datagram());
	assert_int_equal(t_send(fd, "x", 1, 0), 1);
	assert_non_null(next_datagram());
	/* The device goes: its one peer cannot be heard any more. */
	server = bound(9);
	net_driver.lost();
	assert_fails(t_send(fd, "x", 1, 0), ENETDOWN);
	assert_fails(t_recv(fd, back, 1, 0), ENETDOWN);
	assert_int_equal(ofl_files_poll(fd), IN | OUT | POLLERR);
	waiting = (struct pollfd){ .fd = fd, .events = 0 };
	assert_int_equal(t_poll(&waiting, 1, 1000), 1);
	assert_int_equal(waiting.revents, POLLERR);
	/* A server waits for the next one, and the loopback goes on. */
	assert_fails(t_recv(server, back, 1, 0), EAGAIN);
	assert_int_equal(ofl_files_poll(server), OUT);
	assert_int_equal(t_sendto(fd, "near", 4, 0, in4(INADDR_LOOPBACK, 9), LEN4), 4);
	assert_int_equal(t_recv(server, back, 9, 0), 4);
	assert_memory_equal(back, "near", 4);
	net_end();
	/* No address yet. */
	net_set_up("");
	fd = new_socket(AF_INET, SOCK_DGRAM);
	assert_fails(t_sendto(fd, "x", 1, 0, in4(THEIRS, 7), LEN4), EAGAIN);
	before = mock_now;
	fd = t_socket(AF_INET, SOCK_DGRAM, 0);
	assert_fails(t_sendto(fd, "x", 1, 0, in4(THEIRS, 7), LEN4), ENETUNREACH);
	assert_in_range(mock_now - before, SETTLE / 2, 2 * SETTLE);
	net_end();
	/* An address, but none of the way there. */
	net_set_up("ip=10.0.0.2/24");
	pass(SETTLE);
	fd = t_socket(AF_INET, SOCK_DGRAM, 0);
	assert_fails(t_sendto(fd, "x", 1, 0, in4(0x08080808, 7), LEN4), ENETUNREACH);
	assert_int_equal(t_sendto(fd, "x", 1, 0, in4(THEIRS, 7), LEN4), 1);
	assert_non_null(next_datagram());
	net_end();
}

/* A receive that has a time of its own; and one that a datagram ends. */
static void test_waits(void **state)
{
	struct timeval tv = { 0, 300000 };
	uint64_t before;
	int fd;

	(void)state;
	net_set_up(STATIC);
	fd = t_socket(AF_INET6, SOCK_DGRAM, 0);
	assert_int_equal(t_bind(fd, in6("::", 7), LEN6), 0);
	assert_int_equal(t_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	before = mock_now;
	assert_fails(t_recv(fd, back, 1, 0), EAGAIN);
	assert_in_range(mock_now - before, 300 * OFL_MS, 400 * OFL_MS);
	assert_fails(t_recv(fd, back, 1, MSG_DONTWAIT), EAGAIN);
	assert_int_equal(t_sendto(fd, "self", 4, 0, in6("::1", 7), LEN6), 4);
	assert_int_equal(t_recv(fd, back, 9, 0), 4);
	net_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_connected), cmocka_unit_test(test_connected),
		cmocka_unit_test(test_shutdown),      cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_sizes),	      cmocka_unit_test(test_no_way),
		cmocka_unit_test(test_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
