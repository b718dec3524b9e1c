// SPDX-License-Identifier: BSD-2-Clause
/* AF_VSOCK with the services of boot/vsock.h. */
#include "devices.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "ktap.h"

#define DOOR 1u
#define ECHO 7u
#define SINK 9u
#define SOURCE 19u
#define NOBODY 5u
#define HOST VMADDR_CID_HOST

#define MUCH (256u * 1024)
#define HOST_CONNS 32 /* boot/vsock.c */
/*
 * What an echo takes that nobody listens to: its ring, our credit, our buffer; less what
 * the host need not have told yet, which is half of the credit.
 */
#define ECHO_MOST ((64u + 128 + 32) * 1024)
#define ECHO_LEAST (ECHO_MOST - 64 * 1024)

static uint8_t there[MUCH], back[MUCH];

static struct sockaddr *vm(unsigned int cid, unsigned int port)
{
	static struct sockaddr_vm addr;

	addr = (struct sockaddr_vm){ .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = port };
	return (struct sockaddr *)&addr;
}

#define LEN ((socklen_t)sizeof(struct sockaddr_vm))

static int dial(unsigned int cid, unsigned int port)
{
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0), err;

	if (fd < 0 || !connect(fd, vm(cid, port), LEN))
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

static void set_flags(int fd, int flags)
{
	fcntl(fd, F_SETFL, O_RDWR | flags);
}

static bool refused(unsigned int cid, unsigned int port)
{
	errno = 0;
	return dial(cid, port) < 0 && errno == ECONNRESET;
}

static void test_refused(void)
{
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0), error = 0;
	socklen_t len = sizeof(error);

	ok(refused(HOST, NOBODY), "vsock: nobody at this port: ECONNRESET");
	ok(refused(4, ECHO), "vsock: nobody has this CID: ECONNRESET");
	errno = 0;
	ok(connect(fd, vm(HOST, NOBODY), LEN) == -1 && errno == EINPROGRESS,
	   "vsock: the same without waiting");
	ok(ready(fd, POLLOUT, PATIENCE_MS) & POLLERR, "vsock: poll notices");
	ok(!getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) && error == ECONNRESET,
	   "vsock: SO_ERROR says it");
	close(fd);
}

/* `there` goes into `in` while it comes out of `out` into `back`: how much came. */
static size_t pump(int in, int out, size_t much)
{
	size_t sent = 0, got = 0;

	set_flags(in, O_NONBLOCK);
	set_flags(out, O_NONBLOCK);
	while (got < much) {
		struct pollfd p[2] = {
			{ .fd = out, .events = POLLIN },
			{ .fd = in, .events = sent < much ? POLLOUT : 0 },
		};
		ssize_t n;

		if (poll(p, 2, PATIENCE_MS) < 1)
			break;
		n = send(in, there + sent, much - sent, 0);
		sent += n > 0 ? (size_t)n : 0;
		n = recv(out, back + got, much - got, 0);
		got += n > 0 ? (size_t)n : 0;
		if (!n || (n < 0 && errno != EAGAIN))
			break;
	}
	set_flags(in, 0);
	set_flags(out, 0);
	return got;
}

static void test_echo(void)
{
	int fd = dial(HOST, ECHO);
	struct sockaddr_vm name;
	socklen_t len = LEN;

	ok(fd >= 0, "vsock: the echo answers");
	ok(!getpeername(fd, (struct sockaddr *)&name, &len) && name.svm_cid == HOST &&
	   name.svm_port == ECHO, "vsock: getpeername");
	is(pump(fd, fd, MUCH), MUCH, "vsock: 256 KiB there and back");
	ok(!memcmp(there, back, MUCH), "vsock: and none has changed");
	is(send(fd, "the end", 7, 0), 7, "vsock: some more");
	ok(!shutdown(fd, SHUT_WR), "vsock: half-closed");
	errno = 0;
	ok(send(fd, "x", 1, 0) == -1 && errno == EPIPE, "vsock: this half");
	is(recv(fd, back, 7, MSG_WAITALL), 7, "vsock: what was on its way comes");
	ok(!memcmp(back, "the end", 7), "vsock: as it was");
	is(recv(fd, back, 1, 0), 0, "vsock: then the other half ends");
	ok(!close(fd), "vsock: closed");
}

static void test_sink(void)
{
	int fd = dial(HOST, SINK);
	uint32_t sum = 0x811c9dc5;
	char want[32], got[32] = "";
	size_t sent = 0;
	ssize_t n;

	for (size_t i = 0; i < MUCH; i++)
		sum = (sum ^ there[i]) * 0x1000193;
	snprintf(want, sizeof(want), "%u %08lx\n", MUCH, (unsigned long)sum);
	while (sent < MUCH && (n = send(fd, there + sent, MUCH - sent, 0)) > 0)
		sent += (size_t)n;
	is(sent, MUCH, "vsock: 256 KiB for one who only takes");
	shutdown(fd, SHUT_WR);
	for (size_t at = 0; (n = recv(fd, got + at, sizeof(got) - 1 - at, 0)) > 0;)
		at += (size_t)n;
	is_string(got, want, "vsock: who has had them all");
	close(fd);
}

static void test_source(void)
{
	int fd = dial(HOST, SOURCE);
	size_t wrong = 0;

	is(recv(fd, back, MUCH, MSG_WAITALL), MUCH, "vsock: 256 KiB from one who only gives");
	for (size_t i = 0; i < MUCH; i++)
		wrong += back[i] != (uint8_t)(i ^ i >> 8);
	is(wrong, 0, "vsock: the right ones");
	ok(!shutdown(fd, SHUT_WR), "vsock: it is told to stop");
	while (recv(fd, back, MUCH, 0) > 0)
		;
	is(recv(fd, back, 1, 0), 0, "vsock: and does");
	close(fd);
}

/* Nobody reads: it must stop where credit ends, and hold up nobody else. */
static void test_credit(void)
{
	int fd = dial(HOST, ECHO), other, error;
	size_t sent = 0, got = 0, wrong = 0;
	ssize_t n;

	set_flags(fd, O_NONBLOCK);
	do {
		while ((n = send(fd, there + sent, MUCH - sent, 0)) > 0)
			sent += (size_t)n;
		error = errno;
	} while (error == EAGAIN &&
		 ready(fd, POLLOUT, sent < ECHO_LEAST ? PATIENCE_MS : SILENCE_MS));
	is_between(sent, ECHO_LEAST, ECHO_MOST, "vsock: an echo that is not read takes so much");
	is(error, EAGAIN, "vsock: and no more");
	other = dial(HOST, ECHO);
	is(pump(other, other, 100000), 100000, "vsock: another one goes on");
	close(other);
	set_flags(fd, 0);
	memset(back, 0, sizeof(back));
	while (got < sent && (n = recv(fd, back + got, sent - got, 0)) > 0)
		got += (size_t)n;
	for (size_t i = 0; i < sent; i++)
		wrong += there[i] != back[i];
	is(got, sent, "vsock: when it is read, all of it comes");
	is(wrong, 0, "vsock: unchanged");
	is(send(fd, there, 1000, 0), 1000, "vsock: and there is room again");
	is(recv(fd, back, 1000, MSG_WAITALL), 1000, "vsock: both ways");
	close(fd);
}

/* Connections of before may still be there, for a moment. */
static int dial_again(unsigned int port)
{
	for (int tries = 0; tries < PATIENCE_MS / 10; tries++) {
		int fd = dial(HOST, port);

		if (fd >= 0)
			return fd;
		usleep(10000);
	}
	return -1;
}

static void test_many(void)
{
	int fd[HOST_CONNS], nr = 0, good = 0;
	char c;

	for (nr = 0; nr < HOST_CONNS; nr++) {
		fd[nr] = dial_again(ECHO);
		if (fd[nr] < 0)
			break;
	}
	is(nr, HOST_CONNS, "vsock: as many connections as the host has room for");
	ok(refused(HOST, ECHO), "vsock: one more: ECONNRESET");
	for (int i = 0; i < nr; i++) {
		c = (char)i;
		good += send(fd[i], &c, 1, 0) == 1;
	}
	for (int i = nr - 1; i >= 0; i--)
		good += recv(fd[i], &c, 1, 0) == 1 && c == i;
	is(good, 2 * nr, "vsock: each with bytes of its own");
	while (nr--)
		close(fd[nr]);
	fd[0] = dial_again(ECHO);
	ok(fd[0] >= 0, "vsock: their places are free again");
	close(fd[0]);
}

/* We are the server: the host connects to us. */
static void test_accept(void)
{
	int listener = socket(AF_VSOCK, SOCK_STREAM, 0), fd, peer;
	struct sockaddr_vm name = { 0 };
	char want[32], got[32] = "";
	socklen_t len = LEN;
	size_t at = 0;

	ok(!bind(listener, vm(VMADDR_CID_ANY, 700), LEN) && !listen(listener, 5),
	   "vsock: a listener");
	set_flags(listener, O_NONBLOCK);
	fd = dial_again(DOOR);
	is(send(fd, "CONNECT 700\nhello", 17, 0), 17, "vsock: the host is asked to connect to it");
	ok(ready(listener, POLLIN, PATIENCE_MS) & POLLIN, "vsock: there is a client");
	peer = accept(listener, (struct sockaddr *)&name, &len);
	ok(peer >= 0 && name.svm_cid == HOST, "vsock: of the host's");
	snprintf(want, sizeof(want), "OK %u\n", name.svm_port);
	while (at < strlen(want) && recv(fd, got + at, 1, 0) == 1)
		at++;
	is_string(got, want, "vsock: it says who it is");
	is(recv(peer, got, 5, MSG_WAITALL), 5, "vsock: what was said before that");
	ok(!memcmp(got, "hello", 5), "vsock: is for the listener");
	is(pump(fd, peer, MUCH), MUCH, "vsock: 256 KiB from one to the other");
	ok(!memcmp(there, back, MUCH), "vsock: unchanged");
	memset(back, 0, MUCH);
	is(pump(peer, fd, MUCH), MUCH, "vsock: and back");
	ok(!memcmp(there, back, MUCH), "vsock: unchanged");
	shutdown(peer, SHUT_WR);
	is(recv(fd, got, 1, 0), 0, "vsock: an end there is an end here");
	is(send(fd, "bye", 3, 0), 3, "vsock: of one half");
	is(recv(peer, got, 3, MSG_WAITALL), 3, "vsock: the other one works");
	close(fd);
	is(recv(peer, got, 1, 0), 0, "vsock: until it is closed");
	close(peer);

	close(listener);
	fd = dial_again(DOOR);
	send(fd, "CONNECT 700\n", 12, 0);
	is(recv(fd, got, 1, 0), 0, "vsock: nobody listens any more: the host hangs up");
	close(fd);
	fd = dial_again(DOOR);
	send(fd, "CONNECT me\n", 11, 0);
	errno = 0;
	ok(recv(fd, got, 1, 0) == -1 && errno == ECONNRESET, "vsock: that was no number: ECONNRESET");
	close(fd);
}

void devices_vsock(void)
{
	for (size_t i = 0; i < MUCH; i++)
		there[i] = (uint8_t)(i * 7 + i / 251);
	test_refused();
	test_echo();
	test_sink();
	test_source();
	test_credit();
	test_accept();
	test_many();
}
