/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passt, which speaks for a network of its own to the sockets of an ordinary
 * user: a UNIX stream socket, and before each frame its length in four bytes, big
 * endian (the protocol of QEMU's stream and socket back ends, so whoever speaks
 * that can be connected).
 *
 * What the socket does not take is kept, whole frames up to NET_OUT_MAX bytes;
 * behind that, frames are lost.  What comes is collected until a frame is whole.
 * A length that no frame has means that the two no longer understand each
 * other: the connection is given up, and made anew.
 */
#define _GNU_SOURCE 1
#include "net_wire.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

#define LENGTH 4u
#define IN_MAX (LENGTH + NET_FRAME_MAX)

static uint32_t passt_length(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

/* At least `want` bytes of the stream at wire->in + in_at: 0, -EAGAIN, -errno. */
static int passt_collect(struct net_wire *wire, uint32_t want)
{
	if (wire->in_at && wire->in_at + want > IN_MAX) {
		memmove(wire->in, wire->in + wire->in_at, wire->in_len);
		wire->in_at = 0;
	}
	while (wire->in_len < want) {
		uint32_t end = wire->in_at + wire->in_len;
		ssize_t n = recv(wire->fd, wire->in + end, IN_MAX - end,
				 MSG_DONTWAIT);

		if (!n)
			return -EPIPE;
		if (n < 0)
			return errno == EINTR ? -EAGAIN : -errno;
		wire->in_len += (uint32_t)n;
	}
	return 0;
}

static int passt_recv(struct net_wire *wire, void *buf, uint32_t size)
{
	uint32_t len;
	int err = passt_collect(wire, LENGTH);

	if (err)
		return err;
	len = passt_length(wire->in + wire->in_at);
	if (!len || len > NET_FRAME_MAX) {
		ofl_log("net: %s sends a frame of %u bytes", wire->place, len);
		return -EPROTO;
	}
	err = passt_collect(wire, LENGTH + len);
	if (err)
		return err;
	memcpy(buf, wire->in + wire->in_at + LENGTH, len < size ? len : size);
	wire->in_len -= LENGTH + len;
	wire->in_at = wire->in_len ? wire->in_at + LENGTH + len : 0;
	return (int)len;
}

static bool passt_kept(const struct net_wire *wire)
{
	return wire->out_len;
}

static int passt_flush(struct net_wire *wire)
{
	while (wire->out_len) {
		ssize_t n = send(wire->fd, wire->out + wire->out_at,
				 wire->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0)
			return errno == EINTR ? -EAGAIN : -errno;
		wire->out_at += (uint32_t)n;
		wire->out_len -= (uint32_t)n;
	}
	wire->out_at = 0;
	return 0;
}

static int passt_send(struct net_wire *wire, const void *frame, uint32_t len)
{
	uint8_t head[LENGTH] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16),
				 (uint8_t)(len >> 8), (uint8_t)len };
	uint8_t *to;
	int err;

	if (wire->out_len + LENGTH + len > NET_OUT_MAX)
		return -EAGAIN;
	if (wire->out_at + wire->out_len + LENGTH + len > NET_OUT_MAX) {
		memmove(wire->out, wire->out + wire->out_at, wire->out_len);
		wire->out_at = 0;
	}
	to = wire->out + wire->out_at + wire->out_len;
	memcpy(to, head, LENGTH);
	memcpy(to + LENGTH, frame, len);
	wire->out_len += LENGTH + len;
	err = passt_flush(wire);
	return err == -EAGAIN ? 0 : err; /* it is kept */
}

static int passt_connect(struct net_wire *wire)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int err;

	strncpy(addr.sun_path, wire->place, sizeof(addr.sun_path) - 1);
	wire->in_at = 0;
	wire->in_len = 0;
	wire->out_at = 0;
	wire->out_len = 0;
	wire->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (wire->fd < 0)
		return -errno;
	if (!connect(wire->fd, (struct sockaddr *)&addr, sizeof(addr)))
		return 0;
	err = -errno;
	close(wire->fd);
	wire->fd = -1;
	return err;
}

static const struct net_wire_ops passt_ops = {
	.name = "passt",
	.recv = passt_recv,
	.send = passt_send,
	.kept = passt_kept,
	.flush = passt_flush,
	.again = passt_connect,
};

int ofl_net_passt_open(struct net_wire *wire, const char *path)
{
	int err;

	wire->ops = &passt_ops;
	wire->place = path;
	wire->fd = -1;
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		ofl_log("--net passt=%s: this path is too long for a socket",
			path);
		return -ENAMETOOLONG;
	}
	wire->in = malloc(IN_MAX);
	wire->out = malloc(NET_OUT_MAX);
	if (!wire->in || !wire->out) {
		ofl_log("out of memory");
		return -ENOMEM;
	}
	err = passt_connect(wire);
	if (err == -ENOENT || err == -ECONNREFUSED)
		ofl_log("--net passt=%s: nobody listens there (%s): start it with: passt --socket %s",
			path, strerror(-err), path);
	else if (err == -EAGAIN)
		ofl_log("--net passt=%s: it serves somebody else", path);
	else if (err)
		ofl_log("--net passt=%s: %s", path, strerror(-err));
	return err;
}

void ofl_net_wire_close(struct net_wire *wire)
{
	if (wire->fd >= 0)
		close(wire->fd);
	wire->fd = -1;
	free(wire->in);
	free(wire->out);
	wire->in = NULL;
	wire->out = NULL;
}
