/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stream transport.  Each connection is a session of its own.
 *
 * A message is gathered whole in private memory before it is looked at; what
 * its first four bytes say decides how much is waited for, and a size that no
 * message has ends the connection, as there is no way to find the next one.
 * Replies wait in a buffer; while it holds more than one longest message, no
 * more requests are read, so a client that does not read stalls itself only.
 */
#define _GNU_SOURCE 1
#include "p9sock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listen.h"
#include "log.h"
#include "p9.h"
#include "p9msg.h"

#define SOCK_MSIZE (1024u * 1024)
#define SOCK_CONNS_MAX 16u
#define SOCK_MESSAGES 32 /* per turn */

struct sock_conn {
	struct ofl_p9sock *ps;
	struct sock_conn *next;
	struct ofl_source source; /* fd -1: it has hung up */
	uint32_t hung_up_in;	  /* which batch of the loop */
	struct ofl_p9 *p9;
	uint8_t *out;
	uint32_t out_at, out_len, out_room;
	uint32_t in_len;
	uint8_t in[SOCK_MSIZE];
	uint8_t reply[SOCK_MSIZE];
};

struct ofl_p9sock {
	struct ofl_loop *loop;
	struct ofl_source listener; /* fd -1: one connection that was given */
	char *path;
	bool ro;
	const struct ofl_p9_fs_ops *ops;
	void *fs;
	struct ofl_pool *pool;
	struct sock_conn *conns;
	unsigned int nr_conns;
	bool any; /* somebody was there */
};

static void sock_watch(struct sock_conn *conn)
{
	uint32_t waiting = conn->out_len - conn->out_at;
	uint32_t events = waiting ? EPOLLOUT : 0;

	if (waiting < SOCK_MSIZE)
		events |= EPOLLIN;
	if (conn->source.fd >= 0)
		ofl_loop_watch(conn->ps->loop, &conn->source, events);
}

static void sock_hang_up(struct sock_conn *conn, const char *why)
{
	if (why)
		ofl_log("9p client: %s; its connection ends", why);
	if (conn->source.fd < 0)
		return;
	if (conn->ps->loop) {
		ofl_loop_watch(conn->ps->loop, &conn->source, 0);
		conn->hung_up_in = conn->ps->loop->batch;
	}
	close(conn->source.fd);
	conn->source.fd = -1;
	conn->ps->nr_conns--;
	ofl_p9_forget(conn->p9);
}

/* Free what has hung up and has nothing under way any more. */
static void sock_reap(struct ofl_p9sock *ps, bool all)
{
	struct sock_conn **at = &ps->conns, *conn;

	while ((conn = *at)) {
		if (conn->source.fd >= 0 || ofl_p9_busy(conn->p9) ||
		    (!all && conn->hung_up_in == ps->loop->batch)) {
			at = &conn->next;
			continue;
		}
		*at = conn->next;
		ofl_p9_free(conn->p9);
		free(conn->out);
		free(conn);
	}
}

static void sock_flush(struct sock_conn *conn)
{
	ssize_t n;

	while (conn->out_at < conn->out_len) {
		n = send(conn->source.fd, conn->out + conn->out_at,
			 conn->out_len - conn->out_at, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			sock_hang_up(conn, errno == EPIPE || errno == ECONNRESET ?
						   NULL :
						   strerror(errno));
			return;
		}
		if (n < 0)
			break;
		conn->out_at += (uint32_t)n;
	}
	if (conn->out_at == conn->out_len)
		conn->out_at = conn->out_len = 0;
}

/* What waits is bounded: by what is in flight, and by not reading (sock_watch). */
static void sock_put(struct sock_conn *conn, const uint8_t *data, uint32_t size)
{
	uint32_t need;
	uint8_t *out;

	if (conn->out_at) {
		memmove(conn->out, conn->out + conn->out_at,
			conn->out_len - conn->out_at);
		conn->out_len -= conn->out_at;
		conn->out_at = 0;
	}
	need = conn->out_len + size;
	if (need > conn->out_room) {
		need = (need + 65535) & ~65535u;
		out = realloc(conn->out, need);
		if (!out) {
			sock_hang_up(conn, "out of memory");
			return;
		}
		conn->out = out;
		conn->out_room = need;
	}
	memcpy(conn->out + conn->out_len, data, size);
	conn->out_len += size;
}

static void sock_late(struct ofl_p9 *p9, const void *cookie,
		      const uint8_t *data, uint32_t size)
{
	struct sock_conn *conn = *(struct sock_conn *const *)cookie;

	(void)p9;
	if (!size || conn->source.fd < 0)
		return;
	sock_put(conn, data, size);
	if (conn->source.fd >= 0)
		sock_flush(conn);
	sock_watch(conn);
}

/* One whole message, if it is there; its length, 0, or -1 for nonsense. */
static int64_t sock_message(struct sock_conn *conn, const uint8_t *in,
			    uint32_t len)
{
	uint32_t size, reply;
	bool later;

	if (len < 4)
		return 0;
	size = in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 |
	       (uint32_t)in[3] << 24;
	if (size < OFL_P9_HEADER || size > SOCK_MSIZE)
		return -1;
	if (len < size)
		return 0;
	reply = ofl_p9_submit(conn->p9, in, size, conn->reply, SOCK_MSIZE, &conn,
			      sizeof(conn), &later);
	if (!later)
		sock_put(conn, conn->reply, reply);
	return size;
}

static void sock_take_messages(struct sock_conn *conn)
{
	uint32_t at = 0;
	int64_t n;

	while (conn->source.fd >= 0) {
		n = sock_message(conn, conn->in + at, conn->in_len - at);
		if (n < 0) {
			sock_hang_up(conn, "a message of an impossible size");
			return;
		}
		if (!n)
			break;
		at += (uint32_t)n;
	}
	memmove(conn->in, conn->in + at, conn->in_len - at);
	conn->in_len -= at;
}

static void sock_ready(void *arg, uint32_t events)
{
	struct sock_conn *conn = arg;
	ssize_t n;
	int i;

	if (events & EPOLLOUT)
		sock_flush(conn);
	for (i = 0; i < SOCK_MESSAGES && conn->source.fd >= 0; i++) {
		if (conn->out_len - conn->out_at >= SOCK_MSIZE)
			break;
		n = recv(conn->source.fd, conn->in + conn->in_len,
			 sizeof(conn->in) - conn->in_len, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) {
			sock_hang_up(conn, NULL);
			break;
		}
		conn->in_len += (uint32_t)n;
		sock_take_messages(conn);
	}
	if (conn->source.fd >= 0)
		sock_flush(conn);
	sock_watch(conn);
}

static int sock_new(struct ofl_p9sock *ps, int fd)
{
	struct sock_conn *conn = calloc(1, sizeof(*conn));

	if (conn)
		conn->p9 = ofl_p9_session(SOCK_MSIZE, ps->ro, ps->ops, ps->fs,
					  sock_late);
	if (!conn || !conn->p9) {
		free(conn);
		close(fd);
		return -ENOMEM;
	}
	ofl_p9_workers(conn->p9, ps->pool);
	conn->ps = ps;
	conn->source = (struct ofl_source){ .fd = fd, .fn = sock_ready,
					    .arg = conn };
	conn->next = ps->conns;
	ps->conns = conn;
	ps->nr_conns++;
	ps->any = true;
	if (ps->loop)
		sock_watch(conn);
	return 0;
}

static void sock_accept(void *arg, uint32_t events)
{
	struct ofl_p9sock *ps = arg;
	int fd = ofl_accept(ps->listener.fd);

	(void)events;
	if (fd < 0)
		return;
	sock_reap(ps, false);
	if (ps->nr_conns == SOCK_CONNS_MAX) {
		ofl_log("9p client: refused, there are %u already", SOCK_CONNS_MAX);
		close(fd);
		return;
	}
	if (!sock_new(ps, fd))
		ofl_log("9p client: connected");
}

/* fd:N: a stream socket that somebody has connected for us. */
static int sock_given(struct ofl_p9sock *ps, const char *number)
{
	socklen_t len = sizeof(int);
	int type = 0, fd;
	char *end;
	long n;

	n = strtol(number, &end, 10);
	if (*end || n < 0 || n > 65535) {
		ofl_log("--serve-9p fd:%s: not the number of a descriptor", number);
		return -EINVAL;
	}
	fd = (int)n;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) ||
	    type != SOCK_STREAM) {
		ofl_log("--serve-9p fd:%s: %s", number,
			errno == EBADF ? "no such descriptor" :
					 "not a stream socket");
		return -EINVAL;
	}
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC))
		return -errno;
	return sock_new(ps, fd);
}

struct ofl_p9sock *ofl_p9sock_open(const char *where, bool ro,
				   const struct ofl_p9_fs_ops *ops, void *fs,
				   struct ofl_pool *pool)
{
	struct ofl_p9sock *ps = calloc(1, sizeof(*ps));
	int err = -ENOMEM;

	if (!ps)
		return NULL;
	ps->listener = (struct ofl_source){ .fd = -1, .fn = sock_accept,
					    .arg = ps };
	ps->ro = ro;
	ps->ops = ops;
	ps->fs = fs;
	ps->pool = pool;
	if (!strncmp(where, "fd:", 3)) {
		err = sock_given(ps, where + 3);
	} else {
		ps->path = strdup(where + strlen("unix:"));
		if (ps->path) {
			err = ofl_listen("--serve-9p", ps->path, true);
			ps->listener.fd = err;
		}
	}
	if (err >= 0)
		return ps;
	ps->listener.fd = -1;
	ofl_p9sock_close(ps);
	return NULL;
}

int ofl_p9sock_watch(struct ofl_p9sock *ps, struct ofl_loop *loop)
{
	struct sock_conn *conn;

	ps->loop = loop;
	for (conn = ps->conns; conn; conn = conn->next)
		sock_watch(conn);
	return ofl_loop_watch(loop, &ps->listener, EPOLLIN);
}

bool ofl_p9sock_over(const struct ofl_p9sock *ps)
{
	return ps->any && !ps->nr_conns;
}

void ofl_p9sock_close(struct ofl_p9sock *ps)
{
	struct sock_conn *conn;

	if (!ps)
		return;
	if (ps->listener.fd >= 0) {
		if (ps->loop)
			ofl_loop_watch(ps->loop, &ps->listener, 0);
		close(ps->listener.fd);
		unlink(ps->path);
	}
	for (conn = ps->conns; conn; conn = conn->next)
		sock_hang_up(conn, NULL);
	sock_reap(ps, true);
	if (ps->conns)
		return; /* a worker has something of theirs */
	free(ps->path);
	free(ps);
}
