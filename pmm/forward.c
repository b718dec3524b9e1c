/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The port proxy's TCP side: what --forward says, and its sockets.  The bytes
 * go the way of all vsock connections (vsock_conn.c).
 */
#define _GNU_SOURCE 1
#include "forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#define BACKLOG 128
#define ADDRESS_MAX 64

/* Decimal digits and nothing else, 0 to max; *text moves behind them. */
static int forward_number(const char **text, uint64_t max, uint64_t *value)
{
	const char *p = *text;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (*value = 0; *p >= '0' && *p <= '9'; p++) {
		*value = *value * 10 + (uint64_t)(*p - '0');
		if (*value > max)
			return -ERANGE;
	}
	*text = p;
	return 0;
}

static bool forward_word(const char **text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*text, word, len))
		return false;
	*text += len;
	return true;
}

static const char *forward_port(const char **text, uint16_t *port)
{
	uint64_t value;

	if (forward_number(text, 65535, &value) || !value)
		return "a TCP port is a number from 1 to 65535";
	*port = htons((uint16_t)value);
	return NULL;
}

/* [ADDRESS:]PORT */
static const char *forward_tcp(const char **text, struct ofl_forward *fwd)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)(void *)&fwd->addr;
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)&fwd->addr;
	const char *end, *start = *text;
	char address[ADDRESS_MAX];

	if (*start == '[') {
		start++;
		end = strchr(start, ']');
		if (!end || end[1] != ':' || end - start >= ADDRESS_MAX)
			return "an IPv6 address is written [ADDRESS]:PORT";
		memcpy(address, start, (size_t)(end - start));
		address[end - start] = '\0';
		in6->sin6_family = AF_INET6;
		if (inet_pton(AF_INET6, address, &in6->sin6_addr) != 1)
			return "not an IPv6 address";
		fwd->addr_len = sizeof(*in6);
		*text = end + 2;
		return forward_port(text, &in6->sin6_port);
	}
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fwd->addr_len = sizeof(*in);
	end = start + strspn(start, "0123456789.");
	if (memchr(start, '.', (size_t)(end - start))) {
		if (*end != ':' || end - start >= ADDRESS_MAX)
			return "after the address, :PORT is missing";
		memcpy(address, start, (size_t)(end - start));
		address[end - start] = '\0';
		if (inet_pton(AF_INET, address, &in->sin_addr) != 1)
			return "not an IPv4 address";
		*text = end + 1;
	} else if (end == start) {
		return "an address must be numeric";
	}
	return forward_port(text, &in->sin_port);
}

static const char *forward_vsock(const char **text, struct ofl_forward *fwd)
{
	uint64_t value;

	if (forward_number(text, UINT32_MAX - 1, &value))
		return "a vsock port is a number below 4294967295";
	fwd->port = (uint32_t)value;
	return NULL;
}

const char *ofl_forward_parse(const char *text, struct ofl_forward *fwd)
{
	static const char syntax[] =
		"use tcp:[ADDRESS:]PORT:vsock:PORT or vsock:PORT:tcp:[ADDRESS:]PORT";
	const char *why;

	memset(fwd, 0, sizeof(*fwd));
	fwd->text = text;
	if (forward_word(&text, "tcp:")) {
		fwd->to_image = true;
		why = forward_tcp(&text, fwd);
		if (!why && !forward_word(&text, ":vsock:"))
			why = syntax;
		if (!why)
			why = forward_vsock(&text, fwd);
	} else if (forward_word(&text, "vsock:")) {
		why = forward_vsock(&text, fwd);
		if (!why && !forward_word(&text, ":tcp:"))
			why = syntax;
		if (!why)
			why = forward_tcp(&text, fwd);
	} else {
		why = syntax;
	}
	if (!why && *text)
		why = syntax;
	return why;
}

bool ofl_forward_same(const struct ofl_forward *a, const struct ofl_forward *b)
{
	if (a->to_image != b->to_image)
		return false;
	if (!a->to_image)
		return a->port == b->port;
	return a->addr_len == b->addr_len &&
	       !memcmp(&a->addr, &b->addr, a->addr_len);
}

/* Small messages must not wait for an acknowledgement of the one before. */
static void forward_nodelay(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

int ofl_forward_listen(const struct ofl_forward *fwd)
{
	int fd, one = 1, err;

	fd = socket(fwd->addr.ss_family,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err = -errno;
		goto err_log;
	}
	forward_nodelay(fd); /* accepted ones inherit it */
	/* Old connections that linger do not keep the port. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (const struct sockaddr *)&fwd->addr, fwd->addr_len) ||
	    listen(fd, BACKLOG)) {
		err = -errno;
		goto err_close;
	}
	return fd;

err_close:
	close(fd);
err_log:
	ofl_log("--forward %s: cannot listen: %s%s", fwd->text, strerror(-err),
		err == -EACCES	   ? "; ports below 1024 need root" :
		err == -EADDRINUSE ? "; another program has this port" :
				     "");
	return err;
}

int ofl_forward_dial(const struct ofl_forward *fwd)
{
	int fd, err;

	fd = socket(fwd->addr.ss_family,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	forward_nodelay(fd);
	if (!connect(fd, (const struct sockaddr *)&fwd->addr, fwd->addr_len) ||
	    errno == EINPROGRESS)
		return fd;
	err = -errno;
	close(fd);
	return err;
}
