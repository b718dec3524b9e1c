// SPDX-License-Identifier: BSD-2-Clause
/* No memory left: what sockets, lwIP and the resolver say, and that they go on afterwards. */
#include "net_mock.h"

static uint8_t data[4000], back[4000];

static void test_sockets(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };

	(void)state;
	net_set_up(STATIC);
	for (int i = 0; i < 2; i++) {
		unsigned int before = mem_live;
		int fd;

		/* The socket, lwIP's half of it, and that is all there is. */
		for (unsigned int left = 0; left < 2; left++) {
			memory_for(left);
			assert_fails(t_socket(AF_INET6, types[i], 0), ENOMEM);
			assert_int_equal(mem_live, before);
		}
		memory_for(2);
		fd = t_socket(AF_INET6, types[i], 0);
		assert_in_range(fd, 3, FDS - 1);
		memory_again();
		t_close(fd);
		assert_int_equal(mem_live, before);
	}
	net_end();
}

/* No descriptor: the socket is given back, a connection stays where it is. */
static void test_descriptors(void **state)
{
	int listener, fd = -1, left;
	unsigned int before;

	(void)state;
	net_set_up(STATIC);
	listener = new_listener(in4(INADDR_ANY, 7), LEN4, 4);
	station_connects(7, 1000);
	fds_error = -ENOMEM;
	assert_fails(t_accept(listener, NULL, NULL), ENOMEM);
	fds_error = 0;
	while (fds_free())
		fd = new_socket(AF_INET, SOCK_DGRAM);
	before = mem_live;
	assert_fails(t_socket(AF_INET, SOCK_STREAM, 0), EMFILE);
	assert_int_equal(mem_live, before);
	assert_fails(t_accept(listener, NULL, NULL), EMFILE);
	t_close(fd);
	assert_in_range(t_accept(listener, NULL, NULL), 3, FDS - 1);
	/* Nothing comes, or the family refuses: no descriptor is gone. */
	t_close(fd);
	left = fds_free();
	t_fcntl(listener, F_SETFL, O_NONBLOCK);
	assert_fails(t_accept(listener, NULL, NULL), EAGAIN);
	assert_fails(t_socket(AF_INET, SOCK_RAW, 0), EPROTOTYPE);
	assert_int_equal(fds_free(), left);
	net_end();
}

static void test_tcp(void **state)
{
	int fd, listener;
	ssize_t n;

	(void)state;
	net_set_up(STATIC);
	/* listen() makes another pcb, connect() a segment. */
	fd = new_socket(AF_INET, SOCK_STREAM);
	memory_for(0);
	assert_fails(t_listen(fd, 1), ENOBUFS);
	assert_fails(t_connect(fd, in4(THEIRS, 80), LEN4), ENOBUFS);
	assert_int_equal(ofl_files_poll(fd), POLLOUT | POLLWRNORM | POLLHUP);
	memory_again();
	t_close(fd);
	expect_silence();
	/* Nothing is on its way that would give memory back: an error.  Else: wait. */
	fd = connect_station(80);
	memory_for(0);
	assert_fails(t_send(fd, data, 100, 0), ENOBUFS);
	memory_again();
	assert_int_equal(t_send(fd, data, 100, 0), 100);
	memory_for(0);
	assert_fails(t_send(fd, data, 2000, 0), EAGAIN);
	memory_again();
	expect_segment(ACK);
	assert_int_equal(seen.len, 100);
	send_segment(ACK, NULL, 0);
	/* A frame for which there is no memory is as good as lost. */
	memory_for(0);
	send_segment(ACK, "lost", 4);
	memory_again();
	assert_fails(t_recv(fd, back, 4, 0), EAGAIN);
	station_seq -= 4;
	send_segment(ACK, "here", 4);
	assert_int_equal(t_recv(fd, back, 9, 0), 4);
	assert_memory_equal(back, "here", 4);
	/* A shutdown that has no memory says so, or is finished by lwIP later. */
	memory_for(0);
	n = t_shutdown(fd, SHUT_WR);
	if (n)
		assert_int_equal(errno, ENOBUFS);
	memory_again();
	assert_int_equal(t_shutdown(fd, SHUT_WR), 0);
	pass(OFL_SEC);
	do
		assert_true(next_segment());
	while (!(seen.flags & FIN));
	t_close(fd);
	/* No memory for a socket: who came is reset.  The next one is served. */
	frames_nr = 0;
	listener = new_listener(in4(INADDR_ANY, 7), LEN4, 4);
	station_calls(7, 1000);
	expect_segment(SYN | ACK);
	memory_for(1); /* the frame */
	send_segment(ACK, NULL, 0);
	memory_again();
	assert_fails(t_accept(listener, NULL, NULL), EAGAIN);
	frames_nr = 0;
	station_connects(7, 1001);
	assert_in_range(t_accept(listener, NULL, NULL), 3, FDS - 1);
	net_end();
}

static void test_udp(void **state)
{
	int fd, i;

	(void)state;
	net_set_up(STATIC);
	fd = new_socket(AF_INET, SOCK_DGRAM);
	assert_int_equal(t_bind(fd, in4(INADDR_ANY, 7), LEN4), 0);
	assert_int_equal(t_sendto(fd, data, 4, 0, in4(THEIRS, 7), LEN4), 4);
	assert_non_null(next_datagram());
	memory_for(0);
	assert_fails(t_sendto(fd, data, 4, 0, in4(THEIRS, 7), LEN4), ENOBUFS);
	/* Fragments need more: none of it stays behind, wherever it ends. */
	for (i = 1; i < 20; i++) {
		unsigned int before;

		memory_again();
		settle();
		before = mem_live;
		frames_nr = 0;
		memory_for((unsigned int)i);
		if (t_sendto(fd, data, sizeof(data), 0, in4(THEIRS, 7), LEN4) > 0)
			break;
		assert_int_equal(errno, ENOBUFS);
		assert_int_equal(mem_live, before);
	}
	assert_in_range(i, 3, 15);
	memory_for(0);
	send_datagram(1000, 7, "lost", 4);
	memory_again();
	assert_fails(t_recv(fd, back, 4, 0), EAGAIN);
	send_datagram(1000, 7, "here", 4);
	assert_int_equal(t_recv(fd, back, 9, 0), 4);
	net_end();
}

static void test_resolver(void **state)
{
	struct addrinfo hints = { 0 }, *res = NULL;
	unsigned int before;

	(void)state;
	net_set_up(STATIC);
	before = mem_live;
	/* Two addresses of two types: four answers, all or none. */
	for (unsigned int left = 0; left < 4; left++) {
		memory_for(left);
		assert_int_equal(t_getaddrinfo("localhost", "http", &hints, &res), EAI_MEMORY);
		assert_null(res);
		assert_int_equal(mem_live, before);
	}
	memory_for(4);
	assert_int_equal(t_getaddrinfo("localhost", "http", &hints, &res), 0);
	assert_int_equal(mem_live, before + 4);
	t_freeaddrinfo(res);
	assert_int_equal(mem_live, before);
	/* A question that cannot be asked. */
	memory_for(0);
	assert_int_equal(t_getaddrinfo("a.test", NULL, &hints, &res), EAI_MEMORY);
	memory_again();
	assert_int_equal(mem_live, before);
	net_end();
}

/* Time goes on without memory, too: nothing panics, and connections are still there. */
static void test_time(void **state)
{
	int fd;

	(void)state;
	net_set_up(STATIC);
	fd = connect_station(80);
	assert_int_equal(t_send(fd, data, 1000, 0), 1000);
	for (int i = 0; i < 200; i++) {
		memory_for(0);
		pass(50 * OFL_MS);
		memory_again();
	}
	while (next_segment())
		station_ack = seen.seq + (uint32_t)seen.len;
	send_segment(ACK, "still here", 10);
	assert_int_equal(t_recv(fd, back, 20, 0), 10);
	net_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sockets), cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_tcp),	cmocka_unit_test(test_udp),
		cmocka_unit_test(test_resolver), cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
