// SPDX-License-Identifier: BSD-2-Clause
/*
 * echo [ADDRESS [CONNECTIONS]]: send back what comes, on vsock port 7.
 *
 * One loop over poll() serves all clients; a client that does not read its bytes
 * is not read from either.  With CONNECTIONS, end after so many.
 */
#include "address.h"

#include <poll.h>

#define CLIENTS 200
#define CHUNK 16384

static struct pollfd polls[1 + CLIENTS];
static struct client {
	size_t at, len; /* of what is still to be sent back */
	int ended;	/* it will send no more */
	char data[CHUNK];
} *clients[1 + CLIENTS];
static int nr;

static void add_client(int fd)
{
	struct client *c = nr < CLIENTS ? calloc(1, sizeof(*c)) : NULL;

	if (!c) {
		fprintf(stderr, "no room for a client\n");
		close(fd);
		return;
	}
	never_wait(fd);
	nr++;
	polls[nr] = (struct pollfd){ .fd = fd, .events = POLLIN };
	clients[nr] = c;
}

static void drop_client(int i)
{
	close(polls[i].fd);
	free(clients[i]);
	polls[i] = polls[nr];
	clients[i] = clients[nr];
	nr--;
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
		n = send(p->fd, c->data + c->at, c->len - c->at, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return 0;
		c->at += n > 0 ? (size_t)n : 0;
	}
	p->events = c->at < c->len ? POLLOUT : POLLIN;
	return c->at < c->len || !c->ended;
}

int main(int argc, char **argv)
{
	const char *where = argc > 1 ? argv[1] : "7";
	long left = argc > 2 ? atol(argv[2]) : -1, served = 0;
	int fd;

	polls[0].fd = serve_on("echo", where);
	polls[0].events = POLLIN;
	if (polls[0].fd < 0)
		return 1;
	while (left != served || nr) {
		if (poll(polls, (nfds_t)nr + 1, -1) < 0) {
			perror("poll");
			return 1;
		}
		for (int i = nr; i > 0; i--)
			if (polls[i].revents && !serve(&polls[i], clients[i]))
				drop_client(i);
		if (!polls[0].revents)
			continue;
		fd = accept(polls[0].fd, NULL, NULL);
		if (fd >= 0) {
			add_client(fd);
			served++;
		}
	}
	printf("echo: %ld connections served\n", served);
	return 0;
}
