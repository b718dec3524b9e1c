// SPDX-License-Identifier: BSD-2-Clause
/* Addresses, names and options of AF_INET's and AF_INET6's sockets. */
#include "net_mock.h"

static void test_create(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };

	(void)state;
	net_set_up(STATIC);
	for (int i = 0; i < 2; i++) {
		int f = families[i];

		assert_fails(t_socket(f, SOCK_RAW, 0), EPROTOTYPE);
		assert_fails(t_socket(f, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
		assert_fails(t_socket(f, SOCK_DGRAM, IPPROTO_TCP), EPROTONOSUPPORT);
		assert_in_range(t_socket(f, SOCK_STREAM, IPPROTO_TCP), 3, FDS - 1);
		assert_in_range(t_socket(f, SOCK_DGRAM, IPPROTO_UDP), 3, FDS - 1);
	}
	assert_fails(t_socket(AF_UNIX, SOCK_STREAM, 0), EAFNOSUPPORT);
	net_end();
}

/* The same for both: addresses that are none, or are not of this machine. */
static void try_addresses(int type)
{
	struct sockaddr_storage any = { .ss_family = AF_INET };
	int four = new_socket(AF_INET, type), six = new_socket(AF_INET6, type), other;

	assert_fails(t_bind(four, NULL, LEN4), EFAULT);
	assert_fails(t_bind(four, in4(INADDR_ANY, 9), 1), EINVAL);
	assert_fails(t_bind(four, in4(INADDR_ANY, 9), LEN4 - 1), EINVAL);
	assert_fails(t_bind(four, in6("::", 9), LEN6), EAFNOSUPPORT);
	assert_fails(t_bind(six, in6("::", 9), LEN6 - 1), EINVAL);
	assert_fails(t_bind(six, in4(INADDR_ANY, 9), LEN4), EAFNOSUPPORT);
	assert_fails(t_connect(four, NULL, LEN4), EFAULT);
	assert_fails(t_connect(four, in4(THEIRS, 9), 1), EINVAL);
	assert_fails(t_connect(four, in4(THEIRS, 9), LEN4 - 1), EINVAL);
	assert_fails(t_connect(six, in6("::1", 9), LEN6 - 1), EINVAL);
	assert_fails(t_connect(six, in4(THEIRS, 9), LEN4), EAFNOSUPPORT);
	any.ss_family = AF_UNIX;
	assert_fails(t_connect(four, (struct sockaddr *)&any, sizeof(any)), EAFNOSUPPORT);
	assert_fails(t_bind(four, in4(THEIRS, 9), LEN4), EADDRNOTAVAIL);
	assert_fails(t_bind(six, in6("fd00::77", 9), LEN6), EADDRNOTAVAIL);
	assert_fails(t_bind(six, in6("::ffff:10.0.0.1", 9), LEN6), EADDRNOTAVAIL);
	/* What is ours; once. */
	assert_int_equal(t_bind(four, in4(OURS, 9), LEN4), 0);
	assert_int_equal(port_of(four), 9);
	assert_fails(t_bind(four, in4(OURS, 10), LEN4), EINVAL);
	other = new_socket(AF_INET, type);
	assert_fails(t_bind(other, in4(OURS, 9), LEN4), EADDRINUSE);
	assert_int_equal(t_bind(other, in4(INADDR_LOOPBACK, 9), LEN4), 0);
	assert_int_equal(t_bind(six, in6("fd00::2", 9), LEN6), 0);
	t_close(other);
	t_close(six);
	six = new_socket(AF_INET6, type);
	assert_int_equal(t_bind(six, in6("::ffff:127.0.0.1", 11), LEN6), 0);
	t_close(six);
	six = new_socket(AF_INET6, type);
	assert_int_equal(t_bind(six, in6("::1", 0), LEN6), 0);
	assert_in_range(port_of(six), 1024, 65535);
	t_close(six);
	t_close(four);
	/* It is free again. */
	four = new_socket(AF_INET, type);
	assert_int_equal(t_bind(four, in4(OURS, 9), LEN4), 0);
	t_close(four);
}

static void test_addresses(void **state)
{
	int fd;

	(void)state;
	net_set_up(STATIC);
	try_addresses(SOCK_STREAM);
	try_addresses(SOCK_DGRAM);
	fd = new_socket(AF_INET, SOCK_STREAM);
	assert_fails(t_connect(fd, in4(THEIRS, 0), LEN4), EADDRNOTAVAIL);
	/* Two listeners of one port. */
	new_listener(in4(INADDR_ANY, 80), LEN4, 1);
	assert_fails(t_bind(fd, in4(INADDR_ANY, 80), LEN4), EADDRINUSE);
	/* listen() without bind() takes a port. */
	assert_int_equal(t_listen(fd, 1), 0);
	assert_in_range(port_of(fd), 1024, 65535);
	net_end();
}

static void check_name(int fd, bool peer, const struct sockaddr *want, socklen_t want_len)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);

	memset(&addr, 0xff, sizeof(addr));
	assert_int_equal((peer ? t_getpeername : t_getsockname)(fd, (void *)&addr, &len), 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(&addr, want, want_len);
}

static void test_names(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	struct sockaddr_in addr;
	socklen_t len;
	int fd, listener;
	uint16_t port;

	(void)state;
	net_set_up(STATIC);
	for (int i = 0; i < 2; i++) {
		fd = new_socket(AF_INET, types[i]);
		len = sizeof(addr);
		assert_fails(t_getpeername(fd, (struct sockaddr *)&addr, &len), ENOTCONN);
		assert_fails(t_getsockname(fd, NULL, &len), EFAULT);
		assert_fails(t_getsockname(fd, (struct sockaddr *)&addr, NULL), EFAULT);
		check_name(fd, false, in4(INADDR_ANY, 0), LEN4);
		t_close(fd);
		fd = new_socket(AF_INET6, types[i]);
		assert_fails(t_getpeername(fd, (struct sockaddr *)&addr, &len), ENOTCONN);
		check_name(fd, false, in6("::", 0), LEN6);
		assert_int_equal(t_bind(fd, in6("::", 5), LEN6), 0);
		check_name(fd, false, in6("::", 5), LEN6);
		/* Cut, but its length is told. */
		len = 4;
		memset(&addr, 0xff, sizeof(addr));
		assert_int_equal(t_getsockname(fd, (struct sockaddr *)&addr, &len), 0);
		assert_int_equal(len, LEN6);
		assert_int_equal(addr.sin_port, htons(5));
		assert_int_equal(addr.sin_addr.s_addr, INADDR_NONE);
		t_close(fd);
	}
	/* Both sides of a connection between the families. */
	listener = new_listener(in6("::", 7), LEN6, 2);
	check_name(listener, false, in6("::", 7), LEN6);
	len = sizeof(addr);
	assert_fails(t_getpeername(listener, (struct sockaddr *)&addr, &len), ENOTCONN);
	fd = new_socket(AF_INET, SOCK_STREAM);
	assert_int_equal(t_connect(fd, in4(INADDR_LOOPBACK, 7), LEN4), 0);
	port = port_of(fd);
	check_name(fd, false, in4(INADDR_LOOPBACK, port), LEN4);
	check_name(fd, true, in4(INADDR_LOOPBACK, 7), LEN4);
	t_close(fd);
	fd = t_accept(listener, NULL, NULL);
	check_name(fd, false, in6("::ffff:127.0.0.1", 7), LEN6);
	check_name(fd, true, in6("::ffff:127.0.0.1", port), LEN6);
	/* ... which stay when it is over. */
	assert_int_equal(t_shutdown(fd, SHUT_RDWR), 0);
	pass(OFL_SEC);
	check_name(fd, true, in6("::ffff:127.0.0.1", port), LEN6);
	check_name(fd, false, in6("::ffff:127.0.0.1", 7), LEN6);
	t_close(fd);
	fd = new_socket(AF_INET6, SOCK_STREAM);
	assert_int_equal(t_connect(fd, in6("::", 7), LEN6), 0);
	check_name(fd, true, in6("::1", 7), LEN6);
	fd = new_socket(AF_INET6, SOCK_STREAM);
	assert_int_equal(t_connect(fd, in6("::ffff:0.0.0.0", 7), LEN6), 0);
	check_name(fd, true, in6("::ffff:127.0.0.1", 7), LEN6);
	net_end();
}

/* --- options --- */

static int get(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -77;

	assert_int_equal(t_getsockopt(fd, level, name, &value, &len), 0);
	assert_int_equal(len, sizeof(int));
	return value;
}

static int set(int fd, int level, int name, int value)
{
	return t_setsockopt(fd, level, name, &value, sizeof(value));
}

static void assert_unknown(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = 1;

	assert_fails(t_getsockopt(fd, level, name, &value, &len), ENOPROTOOPT);
	assert_fails(set(fd, level, name, 1), ENOPROTOOPT);
}

/* What both kinds of sockets have. */
static void try_common(int fd, int family, int type)
{
	socklen_t len = sizeof(int);
	struct timeval tv = { 3, 250000 }, back = { 0 };
	int value = 0;

	assert_int_equal(get(fd, SOL_SOCKET, SO_TYPE), type);
	assert_int_equal(get(fd, SOL_SOCKET, SO_DOMAIN), family);
	assert_int_equal(get(fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
	assert_int_equal(get(fd, SOL_SOCKET, SO_ERROR), 0);
	assert_int_equal(get(fd, SOL_SOCKET, SO_PROTOCOL),
			 type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP);
	assert_int_equal(get(fd, SOL_SOCKET, SO_REUSEADDR), 0);
	for (int i = 1; i >= 0; i--) {
		assert_int_equal(set(fd, SOL_SOCKET, SO_REUSEADDR, i), 0);
		assert_int_equal(get(fd, SOL_SOCKET, SO_REUSEADDR), i);
	}
	/* Too short, or nothing. */
	assert_fails(t_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, 3), EINVAL);
	assert_fails(t_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, NULL, 4), EFAULT);
	assert_fails(t_setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, 3), EINVAL);
	assert_fails(t_getsockopt(fd, SOL_SOCKET, SO_TYPE, NULL, &len), EFAULT);
	assert_fails(t_getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, NULL), EFAULT);
	len = 3;
	assert_fails(t_getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, &len), EINVAL);
	/* Time-outs. */
	assert_int_equal(t_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	len = sizeof(back);
	assert_int_equal(t_getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &back, &len), 0);
	assert_memory_equal(&back, &tv, sizeof(tv));
	assert_int_equal(t_getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &back, &len), 0);
	assert_int_equal(back.tv_sec, 0);
	tv.tv_usec = 1000000;
	assert_fails(t_setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), EDOM);
	assert_unknown(fd, SOL_SOCKET, SO_RCVBUF);
	assert_unknown(fd, SOL_SOCKET, SO_LINGER);
	assert_unknown(fd, IPPROTO_IP, IP_TTL);
	assert_unknown(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS);
	if (family == AF_INET) {
		assert_fails(set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1), ENOPROTOOPT);
		return;
	}
	assert_int_equal(get(fd, IPPROTO_IPV6, IPV6_V6ONLY), 0);
	assert_int_equal(set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
	assert_int_equal(get(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	assert_int_equal(t_bind(fd, in6("::", 7), LEN6), 0);
	assert_fails(set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0), EINVAL);
	assert_int_equal(get(fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
}

static void test_options(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };

	(void)state;
	net_set_up(STATIC);
	for (int i = 0; i < 2; i++) {
		try_common(new_socket(AF_INET, types[i]), AF_INET, types[i]);
		try_common(new_socket(AF_INET6, types[i]), AF_INET6, types[i]);
	}
	net_end();
}

static void test_tcp_options(void **state)
{
	static const int keep[] = { TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT };
	int fd, value = 1, listener, conn;

	(void)state;
	net_set_up(STATIC);
	listener = new_listener(in4(INADDR_ANY, 7), LEN4, 2);
	assert_int_equal(get(listener, SOL_SOCKET, SO_ACCEPTCONN), 1);
	fd = new_socket(AF_INET, SOCK_STREAM);
	for (int i = 1; i >= 0; i--) {
		assert_int_equal(set(fd, SOL_SOCKET, SO_KEEPALIVE, i), 0);
		assert_int_equal(get(fd, SOL_SOCKET, SO_KEEPALIVE), i);
		assert_int_equal(set(fd, IPPROTO_TCP, TCP_NODELAY, i), 0);
		assert_int_equal(get(fd, IPPROTO_TCP, TCP_NODELAY), i);
	}
	for (int i = 0; i < 3; i++) {
		assert_fails(set(fd, IPPROTO_TCP, keep[i], 0), EINVAL);
		assert_fails(set(fd, IPPROTO_TCP, keep[i], 32768), EINVAL);
		assert_int_equal(set(fd, IPPROTO_TCP, keep[i], 10 + i), 0);
		assert_int_equal(get(fd, IPPROTO_TCP, keep[i]), 10 + i);
		/* A listener has none to change. */
		assert_int_equal(set(listener, IPPROTO_TCP, keep[i], 10), 0);
		assert_int_equal(get(listener, IPPROTO_TCP, keep[i]), 0);
	}
	assert_int_equal(get(listener, IPPROTO_TCP, TCP_MAXSEG), TCP_MSS);
	assert_int_equal(get(fd, IPPROTO_TCP, TCP_MAXSEG), 536); /* until the peer tells */
	assert_fails(set(fd, IPPROTO_TCP, TCP_MAXSEG, 500), ENOPROTOOPT);
	assert_unknown(fd, IPPROTO_TCP, TCP_CORK);
	assert_fails(t_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, 2), EINVAL);
	/* Those who come get the listener's. */
	assert_int_equal(set(listener, IPPROTO_TCP, TCP_NODELAY, 1), 0);
	assert_int_equal(t_connect(fd, in4(INADDR_LOOPBACK, 7), LEN4), 0);
	conn = t_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_int_equal(get(conn, IPPROTO_TCP, TCP_NODELAY), 1);
	assert_fails(set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1), ENOPROTOOPT);
	/* When it is over there is nothing to keep alive. */
	net_driver.lost();
	assert_int_equal(get(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
	assert_int_equal(get(fd, SOL_SOCKET, SO_REUSEADDR), 0);
	assert_int_equal(get(fd, IPPROTO_TCP, TCP_KEEPCNT), 0);
	assert_int_equal(set(fd, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	assert_int_equal(set(fd, IPPROTO_TCP, TCP_NODELAY, 1), 0);
	assert_int_equal(get(fd, IPPROTO_TCP, TCP_MAXSEG), TCP_MSS);
	net_end();
}

/* Keepalive finds out that the station is gone. */
static void test_keepalive(void **state)
{
	int fd;

	(void)state;
	net_set_up(STATIC);
	fd = connect_station(80);
	assert_int_equal(set(fd, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	assert_int_equal(set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 5), 0);
	assert_int_equal(set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 2), 0);
	assert_int_equal(set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3), 0);
	pass(4 * OFL_SEC);
	expect_silence();
	pass(2 * OFL_SEC);
	assert_true(next_segment());
	assert_int_equal(seen.seq, station_ack - 1);
	pass(20 * OFL_SEC);
	assert_int_equal(error_of(fd), ETIMEDOUT);
	frames_nr = 0;
	net_end();
}

/* A v6-only listener leaves the port of IPv4 to others. */
static void test_v6only(void **state)
{
	int six, four, fd;

	(void)state;
	net_set_up(STATIC);
	six = new_socket(AF_INET6, SOCK_STREAM);
	assert_int_equal(set(six, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
	assert_int_equal(t_listen(six, 1), 0);
	fd = new_socket(AF_INET, SOCK_STREAM);
	assert_fails(t_connect(fd, in4(INADDR_LOOPBACK, port_of(six)), LEN4), ECONNREFUSED);
	fd = new_socket(AF_INET6, SOCK_STREAM);
	assert_int_equal(t_connect(fd, in6("::1", port_of(six)), LEN6), 0);
	/* The other way round: of both families, unless it says so. */
	four = new_socket(AF_INET6, SOCK_STREAM);
	assert_int_equal(t_listen(four, 1), 0);
	fd = new_socket(AF_INET, SOCK_STREAM);
	assert_int_equal(t_connect(fd, in4(INADDR_LOOPBACK, port_of(four)), LEN4), 0);
	net_end();
}

static void test_errors(void **state)
{
	static const struct {
		err_t err;
		int number;
	} known[] = {
		{ ERR_OK, 0 }, { ERR_MEM, ENOBUFS }, { ERR_BUF, ENOBUFS },
		{ ERR_RTE, ENETUNREACH }, { ERR_IF, ENETUNREACH }, { ERR_USE, EADDRINUSE },
		{ ERR_ISCONN, EISCONN }, { ERR_ALREADY, EALREADY },
		{ ERR_INPROGRESS, EALREADY }, { ERR_CONN, ENOTCONN }, { ERR_CLSD, EPIPE },
		{ ERR_RST, ECONNRESET }, { ERR_ABRT, ETIMEDOUT }, { ERR_TIMEOUT, ETIMEDOUT },
		{ ERR_VAL, EINVAL }, { ERR_ARG, EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_int_equal(ofl_inet_errno(known[i].err), -known[i].number);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),	    cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_names),	    cmocka_unit_test(test_options),
		cmocka_unit_test(test_tcp_options), cmocka_unit_test(test_keepalive),
		cmocka_unit_test(test_v6only),	    cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
