// SPDX-License-Identifier: BSD-2-Clause
/*
 * httpd [ADDRESS]: serve the files of the share by HTTP/1.1, on vsock port 80.
 *
 * GET and HEAD, any number of requests on a connection, many connections at once:
 * one loop over poll(), in which nothing waits for a client.  Of each client there
 * is a request that is being read, or a file that is being sent; while a client
 * does not take its bytes, nothing is read for it.
 */
#include "address.h"

#include <poll.h>
#include <strings.h>
#include <sys/stat.h>

#define CLIENTS 100
#define REQUEST 4096
#define CHUNK 16384

static struct pollfd polls[1 + CLIENTS];
static struct client {
	char in[REQUEST];
	size_t in_len;
	int file;	/* what is being sent; -1: nothing */
	long long left; /* of it */
	int last;	/* hang up when all is sent */
	char out[CHUNK];
	size_t at, len;
} *clients[1 + CLIENTS];
static int nr;

/* --- requests --- */

static void answer(struct client *c, const char *status, long long length)
{
	c->at = 0;
	c->len = (size_t)snprintf(c->out, sizeof(c->out),
				  "HTTP/1.1 %s\r\nContent-Length: %lld\r\n%s\r\n",
				  status, length,
				  c->last ? "Connection: close\r\n" : "");
}

static void refuse(struct client *c, const char *status)
{
	c->last = 1;
	answer(c, status, 0);
}

static int hex(char c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) % 16 : -1;
}

/* "/a%20b?query" to "a b", in place.  NULL: not a name, or one outside. */
static const char *file_name(char *target)
{
	char *to = target, *from = target;

	if (*from != '/')
		return NULL;
	for (from++; *from && *from != '?'; from++) {
		if (*from == '%') {
			int high = hex(from[1]);
			int low = high < 0 ? -1 : hex(from[2]);

			if (low < 0 || !(high | low))
				return NULL;
			*to++ = (char)(high * 16 + low);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	for (to = target; (to = strstr(to, "..")); to += 2)
		if ((to == target || to[-1] == '/') && (!to[2] || to[2] == '/'))
			return NULL;
	return *target ? target : "index.html";
}

/* The value of a header line, "" if there is none.  lines: where the first one ends. */
static const char *header(const char *lines, const char *name)
{
	size_t len = strlen(name);

	for (; lines; lines = strstr(lines, "\r\n")) {
		lines += 2;
		if (strncasecmp(lines, name, len) || lines[len] != ':')
			continue;
		return lines + len + 1 + strspn(lines + len + 1, " \t");
	}
	return "";
}

static void open_file(struct client *c, const char *name, int with_body)
{
	int fd = name ? open(name, O_RDONLY) : -1;
	struct stat st;

	if (!name) {
		refuse(c, "400 Bad Request");
		return;
	}
	if (fd < 0 && errno == EMFILE) {
		answer(c, "503 Service Unavailable", 0);
		return;
	}
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		answer(c, "404 Not Found", 0);
		return;
	}
	answer(c, "200 OK", (long long)st.st_size);
	if (with_body && st.st_size) {
		c->file = fd;
		c->left = (long long)st.st_size;
	} else {
		close(fd);
	}
}

/* The head of a request: `head` bytes, its blank line included. */
static void request(struct client *c, size_t head)
{
	char *lines, *target, *version;
	int get, only_head;

	c->in[head - 2] = '\0';
	lines = strstr(c->in, "\r\n");
	if (lines)
		*lines = '\0';
	target = strchr(c->in, ' ');
	version = target ? strchr(target + 1, ' ') : NULL;
	if (!lines || !version || strncmp(version, " HTTP/1.", 8)) {
		refuse(c, "400 Bad Request");
		return;
	}
	*target++ = '\0';
	*version++ = '\0';
	c->last = !strcmp(version, "HTTP/1.0") ||
		  !strncasecmp(header(lines, "Connection"), "close", 5);
	get = !strcmp(c->in, "GET");
	only_head = !strcmp(c->in, "HEAD");
	if (!get && !only_head)
		refuse(c, "501 Not Implemented");
	else if (*header(lines, "Content-Length") || *header(lines, "Transfer-Encoding"))
		refuse(c, "413 Content Too Large");
	else
		open_file(c, file_name(target), get);
}

/* --- clients --- */

static void add_client(int fd)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return;
	}
	never_wait(fd);
	c->file = -1;
	nr++;
	polls[nr] = (struct pollfd){ .fd = fd, .events = POLLIN };
	clients[nr] = c;
}

static void drop_client(int i)
{
	if (clients[i]->file >= 0)
		close(clients[i]->file);
	close(polls[i].fd);
	free(clients[i]);
	polls[i] = polls[nr];
	clients[i] = clients[nr];
	nr--;
}

/* The next part of the file.  0: the client must be dropped. */
static int refill(struct client *c)
{
	ssize_t n = read(c->file, c->out,
			 c->left < CHUNK ? (size_t)c->left : CHUNK);

	if (n <= 0) /* it is shorter than we said, or gone */
		return 0;
	c->at = 0;
	c->len = (size_t)n;
	c->left -= n;
	if (!c->left) {
		close(c->file);
		c->file = -1;
	}
	return 1;
}

/* Bytes of the client, and a request if there is one whole.  0: it is done. */
static int receive(int fd, struct client *c)
{
	char *end = strstr(c->in, "\r\n\r\n");
	size_t head;
	ssize_t n;

	if (!end) {
		if (c->in_len == REQUEST - 1) {
			refuse(c, "431 Request Header Fields Too Large");
			return 1;
		}
		n = recv(fd, c->in + c->in_len, REQUEST - 1 - c->in_len, 0);
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		c->in_len += (size_t)n;
		c->in[c->in_len] = '\0';
		end = strstr(c->in, "\r\n\r\n");
		if (!end)
			return 1;
	}
	head = (size_t)(end - c->in) + 4;
	request(c, head);
	c->in_len -= head;
	memmove(c->in, c->in + head, c->in_len + 1);
	return 1;
}

/* One step.  0: it is done. */
static int serve(struct pollfd *p, struct client *c)
{
	ssize_t n;

	if (c->at == c->len && c->file >= 0 && !refill(c))
		return 0;
	if (c->at == c->len && !receive(p->fd, c))
		return 0;
	if (c->at < c->len) {
		n = send(p->fd, c->out + c->at, c->len - c->at, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return 0;
		c->at += n > 0 ? (size_t)n : 0;
	}
	if (c->at < c->len || c->file >= 0) {
		p->events = POLLOUT;
		return 1;
	}
	/* The next request may be there already. */
	p->events = strstr(c->in, "\r\n\r\n") ? POLLOUT : POLLIN;
	return !c->last;
}

int main(int argc, char **argv)
{
	const char *where = argc > 1 ? argv[1] : "80";
	int listener = serve_on("httpd", where), fd;

	if (listener < 0)
		return 1;
	polls[0].events = POLLIN;
	for (;;) {
		/* Clients that have no room here wait in the queue. */
		polls[0].fd = nr < CLIENTS ? listener : -1;
		if (poll(polls, (nfds_t)nr + 1, -1) < 0) {
			perror("poll");
			return 1;
		}
		for (int i = nr; i > 0; i--)
			if (polls[i].revents && !serve(&polls[i], clients[i]))
				drop_client(i);
		if (polls[0].fd >= 0 && polls[0].revents) {
			fd = accept(listener, NULL, NULL);
			if (fd >= 0)
				add_client(fd);
		}
	}
}
