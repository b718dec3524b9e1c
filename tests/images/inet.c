// SPDX-License-Identifier: BSD-2-Clause
/*
 * AF_INET and AF_INET6, for tests/host/test_net.sh and tests/guest/test_net.sh.
 *
 * inet echo [PORT [CONNECTIONS]]: send back what comes by TCP and UDP, IPv4 and
 *	IPv6, on PORT (7); end after so many connections.
 * inet get HOST PORT PATH FILE: an HTTP request, its body into FILE.
 * inet ask NAME...: the addresses of each.
 * inet udp HOST PORT TEXT: a datagram, and the answer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define CLIENTS 100
#define CHUNK 16384

static struct pollfd polls[2 + CLIENTS]; /* TCP, UDP, clients */
static struct client {
	size_t at, len; /* of what is still to be sent back */
	int ended;	/* it will send no more */
	char data[CHUNK];
} *clients[2 + CLIENTS];
static nfds_t nr = 2;

static int failed(const char *what)
{
	printf("inet: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_any(int type, int port)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6,
				     .sin6_port = htons(port) };
	int fd = socket(AF_INET6, type | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		failed("bind");
	return fd;
}

static void take_client(void)
{
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);
	int fd = accept4(polls[0].fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK);
	struct client *c;

	if (fd < 0 && errno == EAGAIN)
		return;
	if (fd < 0)
		failed("accept");
	c = nr < 2 + CLIENTS ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		printf("inet: no room for a client\n");
		close(fd);
		return;
	}
	polls[nr] = (struct pollfd){ .fd = fd, .events = POLLIN };
	clients[nr++] = c;
}

static void echo_datagram(void)
{
	struct sockaddr_in6 from;
	socklen_t len = sizeof(from);
	static char data[65536];
	ssize_t n = recvfrom(polls[1].fd, data, sizeof(data), 0,
			     (struct sockaddr *)&from, &len);

	if (n < 0 && errno != EAGAIN)
		failed("recvfrom");
	if (n >= 0 && sendto(polls[1].fd, data, (size_t)n, 0, (struct sockaddr *)&from, len) < 0)
		printf("inet: sendto %zd: %s\n", n, strerror(errno));
}

/* 0: it is done. */
static int serve(struct pollfd *p, struct client *c)
{
	ssize_t n;

	if (c->at == c->len && (p->revents & (POLLIN | POLLHUP | POLLERR))) {
		n = recv(p->fd, c->data, sizeof(c->data), 0);
		if (n < 0 && errno != EAGAIN)
			return 0;
		if (!n)
			c->ended = 1;
		c->at = 0;
		c->len = n > 0 ? (size_t)n : 0;
	}
	if (c->at < c->len) {
		n = send(p->fd, c->data + c->at, c->len - c->at, 0);
		if (n < 0 && errno != EAGAIN)
			return 0;
		c->at += n > 0 ? (size_t)n : 0;
	}
	p->events = c->at < c->len ? POLLOUT : POLLIN;
	return c->at < c->len || !c->ended;
}

static int echo(int port, long left)
{
	long served = 0;

	polls[0] = (struct pollfd){ .fd = open_any(SOCK_STREAM, port), .events = POLLIN };
	polls[1] = (struct pollfd){ .fd = open_any(SOCK_DGRAM, port), .events = POLLIN };
	if (listen(polls[0].fd, SOMAXCONN))
		failed("listen");
	printf("inet: listening on port %d\n", port);
	while (served != left || nr > 2) {
		if (poll(polls, nr, -1) < 0)
			failed("poll");
		for (nfds_t i = nr; i-- > 2;) {
			if (!polls[i].revents || serve(&polls[i], clients[i]))
				continue;
			close(polls[i].fd);
			free(clients[i]);
			polls[i] = polls[--nr];
			clients[i] = clients[nr];
			served++;
		}
		if (polls[0].revents)
			take_client();
		if (polls[1].revents)
			echo_datagram();
	}
	printf("inet: %ld connections served\n", served);
	return 0;
}

static int open_to(const char *host, const char *port, int type)
{
	struct addrinfo hints = { .ai_socktype = type }, *res;
	int err = getaddrinfo(host, port, &hints, &res), fd;

	if (err) {
		printf("inet: %s: %s\n", host, gai_strerror(err));
		exit(2);
	}
	fd = socket(res->ai_family, type, 0);
	if (fd < 0 || connect(fd, res->ai_addr, res->ai_addrlen))
		failed("connect");
	freeaddrinfo(res);
	return fd;
}

static int get(const char *host, const char *port, const char *path, const char *file)
{
	int fd = open_to(host, port, SOCK_STREAM), body = 0;
	static char data[65536], head[4096], stream[65536];
	size_t have = 0, total = 0;
	FILE *to = fopen(file, "w");
	ssize_t n;

	if (!to)
		failed(file);
	setvbuf(to, stream, _IOFBF, sizeof(stream));
	snprintf(head, sizeof(head), "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", path, host);
	if (send(fd, head, strlen(head), 0) < 0)
		failed("send");
	while ((n = recv(fd, data, sizeof(data), 0)) > 0) {
		char *from = data, *end;

		if (!body) {
			size_t room = sizeof(head) - 1 - have;
			size_t part = (size_t)n < room ? (size_t)n : room;

			memcpy(head + have, data, part);
			head[have + part] = '\0';
			end = strstr(head, "\r\n\r\n");
			if (!end && part < room) {
				have += part;
				continue;
			}
			if (!end || !strstr(head, " 200 ")) {
				printf("inet: answer: %.60s\n", head);
				return 1;
			}
			body = 1;
			from = data + (end + 4 - head - (ptrdiff_t)have);
			n -= from - data;
		}
		total += (size_t)n;
		if (n && fwrite(from, 1, (size_t)n, to) != (size_t)n)
			failed("fwrite");
	}
	if (n < 0)
		failed("recv");
	if (fclose(to))
		failed("fclose");
	printf("inet: %zu bytes\n", total);
	return !body;
}

static int ask(const char *name)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *res, *a;
	char text[INET6_ADDRSTRLEN];
	int err = getaddrinfo(name, NULL, &hints, &res);

	if (err) {
		printf("inet: %s: %s\n", name, gai_strerror(err));
		return 0;
	}
	printf("inet: %s is", name);
	for (a = res; a; a = a->ai_next) {
		const void *at = a->ai_family == AF_INET ?
			(const void *)&((struct sockaddr_in *)a->ai_addr)->sin_addr :
			(const void *)&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr;

		printf(" %s", inet_ntop(a->ai_family, at, text, sizeof(text)));
	}
	printf("\n");
	freeaddrinfo(res);
	return 0;
}

static int udp(const char *host, const char *port, const char *text)
{
	int fd = open_to(host, port, SOCK_DGRAM);
	struct timeval second = { .tv_sec = 1 };
	char answer[2000];

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	for (int i = 0; i < 30; i++) {
		ssize_t n;

		if (send(fd, text, strlen(text), 0) < 0)
			failed("send");
		n = recv(fd, answer, sizeof(answer) - 1, 0);
		if (n >= 0) {
			answer[n] = '\0';
			printf("inet: answer %s\n", answer);
			return 0;
		}
	}
	failed("recv");
	return 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "echo";

	if (!strcmp(what, "echo"))
		return echo(argc > 2 ? atoi(argv[2]) : 7, argc > 3 ? atol(argv[3]) : -1);
	if (!strcmp(what, "get") && argc == 6)
		return get(argv[2], argv[3], argv[4], argv[5]);
	if (!strcmp(what, "udp") && argc == 5)
		return udp(argv[2], argv[3], argv[4]);
	for (int i = 2; !strcmp(what, "ask") && i < argc; i++)
		ask(argv[i]);
	return 0;
}
