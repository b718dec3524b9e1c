/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The other end of a vsock connection: a descriptor of a stream socket, which the
 * loop watches.
 *
 * An open one is watched by its edges, so that no message costs an epoll_ctl(): an
 * event says that there may be bytes, and holds until a read finds fewer than it asked
 * for.  Their end (hung_up) is an edge that may have come with the last bytes: then only a
 * read that finds nothing will do.
 */
#define _GNU_SOURCE 1
#include "vsock_conn.h"

#include <errno.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(VSOCK_IN == EPOLLIN && VSOCK_OUT == EPOLLOUT, "epoll's bits");

static void fd_event(void *arg, uint32_t events)
{
	struct vsock_conn *c = arg;

	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		c->hung_up = true;
	c->more |= events & EPOLLIN;
	if (c->state == VSOCK_OPEN || c->state == VSOCK_LAST)
		ofl_vsock_conn_ready(c, events & (EPOLLIN | EPOLLHUP | EPOLLERR));
	else if (c->state != VSOCK_FREE)
		ofl_vsock_progress(c);
}

int ofl_vsock_end_watch(struct vsock_conn *c, uint32_t wants)
{
	c->source.fn = fd_event;
	c->source.arg = c;
	if (c->state == VSOCK_OPEN)
		wants |= EPOLLIN | EPOLLRDHUP | EPOLLET;
	return ofl_loop_watch(c->vs->loop, &c->source, wants);
}

int ofl_vsock_end_put(struct vsock_conn *c, const uint8_t *data, uint32_t len)
{
	ssize_t n;

	do {
		n = send(c->source.fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (int)n;
}

static int fd_recv(struct vsock_conn *c, void *buf, uint32_t len)
{
	ssize_t n;

	do {
		n = recv(c->source.fd, buf, len, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	c->bulk = n == (ssize_t)len;
	if (n > 0 && !c->bulk && !c->hung_up)
		c->readable = false;
	return n < 0 ? -errno : (int)n;
}

/* From what was read ahead; when that is all, as it was with the descriptor then. */
static int fd_ahead(struct vsock_conn *c, void *buf, uint32_t len)
{
	struct ofl_vsock *vs = c->vs;
	const struct ofl_mem *mem = vs->dev.mem;

	if (len > vs->ahead_len)
		len = vs->ahead_len;
	/* The accessor's way to write, because it is faster than the kernel's there. */
	ofl_mem_write(mem, mem->pa + (uint64_t)((uint8_t *)buf - mem->base),
		      vs->ahead + vs->ahead_at, len);
	vs->ahead_at += len;
	vs->ahead_len -= len;
	if (!vs->ahead_len) {
		vs->ahead_of = NULL;
		c->readable = c->bulk || c->hung_up || c->more;
	}
	return (int)len;
}

int ofl_vsock_end_get(struct vsock_conn *c, void *buf, uint32_t len)
{
	struct ofl_vsock *vs = c->vs;
	int n;

	if (vs->ahead_of == c)
		return fd_ahead(c, buf, len);
	if (!c->bulk || vs->ahead_of)
		return fd_recv(c, buf, len);
	n = fd_recv(c, vs->ahead, sizeof(vs->ahead));
	if (n <= 0)
		return n;
	vs->ahead_of = c;
	vs->ahead_at = 0;
	vs->ahead_len = (uint32_t)n;
	c->readable = true;
	c->more = false;
	return fd_ahead(c, buf, len);
}

void ofl_vsock_end_shutdown(struct vsock_conn *c, uint32_t flags)
{
	shutdown(c->source.fd, flags & OFL_VSOCK_SHUT_SEND ? SHUT_WR : SHUT_RD);
}

void ofl_vsock_end_yield(void)
{
	sched_yield();
}

void ofl_vsock_end_close(struct vsock_conn *c)
{
	if (c->vs->ahead_of == c)
		c->vs->ahead_of = NULL;
	if (c->source.fd < 0)
		return;
	ofl_loop_watch(c->vs->loop, &c->source, 0);
	close(c->source.fd);
	c->source.fd = -1;
}
