// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the socket calls promise (docs/api.md), as KTAP.  The other side is
 * tests/host/test_vsock.sh or tests/guest/test_vsock.sh: an echo server behind
 * port 7 of the host, nobody behind port 9, one that takes nothing behind 10.
 *
 * sockets [busy]: busy sends to port 10 and reads from port 7 until the PMM goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/vm_sockets.h>
#include <offload/pool.h>

static int nr, failed;
static char big[100000], back[100000];

static void result(int good, const char *what, int line)
{
	printf("%sok %d %s\n", good ? "" : "not ", ++nr, what);
	if (good)
		return;
	failed++;
	printf("# line %d, errno %d (%s)\n", line, errno, strerror(errno));
}

#define OK(condition, what) result(condition, what, __LINE__)
#define FAILS(call, error) \
	OK((errno = 0, (call) == -1 && errno == (error)), #call " is " #error)

static struct sockaddr *vm(unsigned int cid, unsigned int port)
{
	static struct sockaddr_vm addr;

	addr = (struct sockaddr_vm){ .svm_family = AF_VSOCK, .svm_cid = cid,
				     .svm_port = port };
	return (struct sockaddr *)&addr;
}

#define LEN ((socklen_t)sizeof(struct sockaddr_vm))
#define ANY VMADDR_CID_ANY
#define HOST VMADDR_CID_HOST

static int new_socket(void)
{
	return socket(AF_VSOCK, SOCK_STREAM, 0);
}

static int ready(int fd, int events, int ms)
{
	struct pollfd p = { .fd = fd, .events = (short)events };

	return poll(&p, 1, ms) == 1 ? p.revents : 0;
}

static void test_arguments(void)
{
	struct sockaddr_vm name;
	socklen_t len = sizeof(name);
	int fd = new_socket(), other = new_socket(), number = 7;
	struct stat st;

	FAILS(socket(4711, SOCK_STREAM, 0), EAFNOSUPPORT);
	FAILS(socket(AF_VSOCK, SOCK_DGRAM, 0), EPROTOTYPE);
	FAILS(bind(1, vm(ANY, 5), LEN), ENOTSOCK);
	FAILS(bind(99, vm(ANY, 5), LEN), EBADF);
	FAILS(bind(fd, vm(ANY, 5), 4), EINVAL);
	FAILS(bind(fd, vm(77777, 5), LEN), EADDRNOTAVAIL);
	FAILS(listen(fd, 1), EINVAL);
	FAILS((int)recv(fd, big, 1, 0), ENOTCONN);
	FAILS((int)send(fd, big, 1, 0), ENOTCONN);
	FAILS(shutdown(fd, SHUT_WR), ENOTCONN);
	FAILS(getpeername(fd, (struct sockaddr *)&name, &len), ENOTCONN);
	FAILS(accept(fd, NULL, NULL), EINVAL);
	OK(!bind(fd, vm(ANY, 500), LEN), "bind");
	FAILS(bind(other, vm(ANY, 500), LEN), EADDRINUSE);
	FAILS(bind(fd, vm(ANY, 501), LEN), EINVAL);
	OK(!listen(fd, 5), "listen");
	FAILS(connect(fd, vm(HOST, 7), LEN), EINVAL);
	OK(!getsockname(fd, (struct sockaddr *)&name, &len) &&
		   name.svm_port == 500 && name.svm_family == AF_VSOCK &&
		   len == sizeof(name), "getsockname");
	len = sizeof(number);
	OK(!getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &number, &len) && number,
	   "SO_ACCEPTCONN");
	OK(!getsockopt(fd, SOL_SOCKET, SO_TYPE, &number, &len) &&
		   number == SOCK_STREAM, "SO_TYPE");
	FAILS(getsockopt(fd, SOL_SOCKET, 4711, &number, &len), ENOPROTOOPT);
	FAILS((int)lseek(fd, 0, SEEK_SET), ESPIPE);
	OK(!fstat(fd, &st) && S_ISSOCK(st.st_mode), "fstat says socket");
	OK(!isatty(fd), "a socket is no terminal");
	number = 1;
	OK(!ioctl(fd, FIONBIO, &number), "FIONBIO");
	FAILS(accept(fd, NULL, NULL), EAGAIN);
	FAILS(ioctl(1, FIONREAD, &number), ENOTTY);
	OK(ready(1, POLLOUT, 0) == POLLOUT, "the console takes output");
	OK(ready(99, POLLIN, -1) == POLLNVAL, "poll of no descriptor");
	close(fd);
	OK(!bind(other, vm(ANY, 500), LEN), "a closed socket's port is free");
	close(other);
}

static void test_refused(void)
{
	int fd = new_socket(), number = 0;
	socklen_t len = sizeof(number);

	FAILS(connect(fd, vm(HOST, 9), LEN), ECONNRESET);
	FAILS(connect(fd, vm(HOST, 7), LEN), EINVAL);
	close(fd);
	fd = new_socket();
	FAILS(connect(fd, vm(4000000, 7), LEN), ECONNRESET);
	close(fd);
	/* The same without waiting. */
	fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);
	FAILS(connect(fd, vm(HOST, 9), LEN), EINPROGRESS);
	OK(ready(fd, POLLOUT, 20000) & POLLERR, "poll notices");
	OK(!getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &len) &&
		   number == ECONNRESET, "SO_ERROR says why");
	OK(!getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &len) && !number,
	   "once");
	close(fd);
}

static int echo_server(void)
{
	int fd = new_socket();

	OK(!connect(fd, vm(HOST, 7), LEN), "connect to the echo server");
	return fd;
}

static void test_stream(void)
{
	struct timeval tv = { .tv_usec = 20000 };
	struct sockaddr_vm name;
	socklen_t len = sizeof(name);
	int fd = echo_server(), copy, n = 0;
	size_t sent = 0, got = 0;

	OK(!getpeername(fd, (struct sockaddr *)&name, &len) &&
		   name.svm_port == 7 && name.svm_cid == HOST, "getpeername");
	FAILS(connect(fd, vm(HOST, 7), LEN), EISCONN);
	FAILS((int)recv(fd, big, 1, MSG_DONTWAIT), EAGAIN);
	OK(!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)),
	   "SO_RCVTIMEO");
	FAILS((int)recv(fd, big, 1, 0), EAGAIN);
	tv.tv_usec = 0;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	OK(!ready(fd, POLLIN, 0), "nothing to read");
	OK(ready(fd, POLLIN | POLLOUT, 0) == POLLOUT, "room to write");
	OK(write(fd, "hello world", 11) == 11, "write");
	OK(recv(fd, back, 11, MSG_WAITALL) == 11 &&
		   !memcmp(back, "hello world", 11), "and back, MSG_WAITALL");
	OK(send(fd, "abc", 3, 0) == 3, "send");
	OK(recv(fd, back, 2, MSG_PEEK) > 0 && back[0] == 'a', "MSG_PEEK");
	while (!ioctl(fd, FIONREAD, &n) && n < 3)
		ready(fd, POLLPRI, 1);
	OK(n == 3, "FIONREAD");
	OK(read(fd, back, sizeof(back)) == 3 && !memcmp(back, "abc", 3), "read");
	copy = dup(fd);
	close(fd);
	/* More than all buffers hold, both ways at once. */
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7 + i / 251);
	fcntl(copy, F_SETFL, fcntl(copy, F_GETFL) | O_NONBLOCK);
	while (got < sizeof(big)) {
		ssize_t m;

		if (!ready(copy, POLLIN | (sent < sizeof(big) ? POLLOUT : 0),
			   20000))
			break;
		m = send(copy, big + sent, sizeof(big) - sent, 0);
		sent += m > 0 ? (size_t)m : 0;
		m = recv(copy, back + got, sizeof(back) - got, 0);
		got += m > 0 ? (size_t)m : 0;
	}
	OK(got == sizeof(big) && !memcmp(big, back, got), "both ways at once");
	/* Half-close: the server still answers. */
	fcntl(copy, F_SETFL, fcntl(copy, F_GETFL) & ~O_NONBLOCK);
	OK(send(copy, "last", 4, 0) == 4 && !shutdown(copy, SHUT_WR),
	   "shutdown for writing");
	FAILS((int)send(copy, "x", 1, 0), EPIPE);
	OK(recv(copy, back, 4, MSG_WAITALL) == 4 && !memcmp(back, "last", 4),
	   "the other direction is open");
	OK(recv(copy, back, 4, 0) == 0, "then it ends");
	OK(recv(copy, back, 4, 0) == 0, "for good");
	OK(!close(copy), "close");
}

/* From and to buffers of the pool, which send() does not copy. */
static void test_pool(void)
{
	const size_t size = 100000;
	char *out = ofl_pool_alloc(size), *in = ofl_pool_alloc(size);
	int fd = echo_server(), good = 0;

	OK(out && in, "buffers of the pool");
	for (int i = 0; i < 20 && out && in; i++) {
		memset(in, 0, 30000);
		for (int k = 0; k < 30000; k++)
			out[i * 100 + k] = (char)(k * 3 + k / 256 + i);
		if (send(fd, out + i * 100, 30000, 0) != 30000)
			break;
		memcpy(back, out + i * 100, 30000);
		memset(out, 0x55, size); /* it is ours again */
		if (recv(fd, in, 30000, MSG_WAITALL) != 30000 || memcmp(in, back, 30000))
			break;
		good++;
	}
	OK(good == 20, "send() from a buffer of the pool, 20 times");
	ofl_pool_free(out);
	ofl_pool_free(in);
	close(fd);
}

static void test_stalled(void)
{
	int stalled = new_socket(), fd;
	size_t stuck = 0;
	ssize_t n;

	OK(!connect(stalled, vm(HOST, 10), LEN), "connect to one that reads nothing");
	fcntl(stalled, F_SETFL, O_RDWR | O_NONBLOCK);
	/* Until neither it nor the PMM has room. */
	do {
		n = send(stalled, big, sizeof(big), 0);
		stuck += n > 0 ? (size_t)n : 0;
	} while (n > 0 || ready(stalled, POLLOUT, stuck > 65536 ? 1000 : 20000));
	OK(n == -1 && errno == EAGAIN && stuck > 65536, "it fills up");
	OK(!ready(stalled, POLLOUT, 0), "poll says so");
	fd = echo_server();
	for (int i = 0; i < 20; i++) {
		if (send(fd, big, 30000, 0) != 30000 ||
		    recv(fd, back, 30000, MSG_WAITALL) != 30000 ||
		    memcmp(big, back, 30000))
			break;
		n = i;
	}
	OK(n == 19, "another connection goes on");
	close(fd);
	close(stalled);
}

static void test_many(void)
{
	int fd[64], good = 0;
	char c;

	for (int i = 0; i < 64; i++) {
		fd[i] = new_socket();
		good += !connect(fd[i], vm(HOST, 7), LEN);
	}
	OK(good == 64, "64 connections at once");
	good = 0;
	for (int i = 0; i < 64; i++) {
		c = (char)i;
		good += send(fd[i], &c, 1, 0) == 1;
	}
	for (int i = 63; i >= 0; i--)
		good += recv(fd[i], &c, 1, 0) == 1 && c == i;
	OK(good == 128, "each with its own bytes");
	for (int i = 0; i < 64; i++)
		close(fd[i]);
}

static void test_random(void)
{
	unsigned char a[256] = { 0 }, b[256] = { 0 };

	OK(!getentropy(a, sizeof(a)) && !getentropy(b, sizeof(b)) &&
		   memcmp(a, b, sizeof(a)), "getentropy");
	FAILS(getentropy(a, 257), EIO);
	OK(getrandom(big, 3000, 0) == 3000, "getrandom");
}

/* Until the PMM goes; the connections hear of it, the listener waits on. */
static int busy(void)
{
	int out = new_socket(), in = new_socket(), listener = new_socket();
	int silent = new_socket();
	struct pollfd p[2];
	ssize_t n;

	if (bind(listener, vm(ANY, 11), LEN) || listen(listener, 1) ||
	    connect(out, vm(HOST, 10), LEN) || connect(in, vm(HOST, 7), LEN) ||
	    connect(silent, vm(HOST, 7), LEN)) {
		perror("busy");
		return 1;
	}
	printf("busy\n");
	do {
		n = send(in, big, 5000, 0);
		if (n > 0)
			n = recv(in, big, 5000, 0);
	} while (n > 0);
	OK(n == -1 && errno == ECONNRESET, "under load: ECONNRESET");
	while (recv(in, big, sizeof(big), 0) > 0)
		; /* what had come before */
	FAILS((int)recv(in, big, 1, 0), ECONNRESET);
	FAILS((int)send(out, big, 1, 0), ECONNRESET);
	FAILS((int)recv(silent, big, 1, 0), ECONNRESET);
	p[0] = (struct pollfd){ .fd = silent, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = listener, .events = POLLIN };
	OK(poll(p, 2, -1) == 1 && (p[0].revents & POLLHUP), "poll notices");
	fcntl(listener, F_SETFL, O_NONBLOCK);
	FAILS(accept(listener, NULL, NULL), EAGAIN);
	close(out);
	out = new_socket();
	FAILS(connect(out, vm(HOST, 7), LEN), ENETDOWN);
	FAILS(getentropy(big, 4), EIO);
	return failed != 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "busy"))
		return busy();
	printf("KTAP version 1\n");
	test_arguments();
	test_refused();
	test_stream();
	test_pool();
	test_stalled();
	test_many();
	test_random();
	printf("1..%d\n", nr);
	return failed != 0;
}
