/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where vsock connections come from and go to, in Firecracker's words.
 *
 * DIR/vsock is ours: a client connects, sends "CONNECT port\n", is told
 * "OK port\n" (ours) when the image has accepted, and from then on speaks with it.
 * DIR/vsock_PORT is somebody's server: what the image connects to on CID 2.
 * REGISTRY/CID is a symbolic link to the DIR of the PMM that serves the image
 * with this CID: so images of one machine reach each other, as clients of
 * the other's DIR/vsock.  Who may connect is decided by the permissions of these
 * files and folders.
 *
 * A client that does not finish its line, a server that does not accept and an
 * image that does not answer are given up after a while (ofl_vsock_tick()).
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "forward.h"
#include "log.h"
#include "vsock_conn.h"

#define ACCEPTS 16 /* per event */
#define LINE_MS 10000
#define DIAL_MS 10000

int64_t ofl_vsock_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- the timer --- */

/* It ticks only while somebody is waited for. */
static void vsock_set_timer(struct ofl_vsock *vs)
{
	const long ns = VSOCK_TICK_MS * 1000000l;
	struct itimerspec spec = { 0 };

	if (vs->ticking == !!vs->nr_timed)
		return;
	vs->ticking = !!vs->nr_timed;
	if (vs->ticking) {
		spec.it_value.tv_nsec = ns;
		spec.it_interval.tv_nsec = ns;
	}
	timerfd_settime(vs->timer.fd, 0, &spec, NULL);
}

static int vsock_dial_again(struct vsock_conn *c);

void ofl_vsock_tick(void *arg, uint32_t events)
{
	struct ofl_vsock *vs = arg;
	int64_t now = ofl_vsock_now_ms();
	uint64_t count;
	unsigned int i;

	(void)events;
	if (read(vs->timer.fd, &count, sizeof(count)) < 0)
		return;
	for (i = 0; i < vs->max_conns && vs->nr_timed; i++) {
		struct vsock_conn *c = &vs->conn[i];

		switch (c->state) {
		case VSOCK_FREE:
		case VSOCK_OPEN:
		case VSOCK_OVER:
			continue;
		case VSOCK_RETRY:
			if (vsock_dial_again(c))
				ofl_vsock_conn_reset(c);
			break;
		default:
			break;
		}
		if (c->state == VSOCK_LAST && now >= c->deadline)
			ofl_vsock_conn_free(c);
		else if (c->state != VSOCK_FREE && c->state != VSOCK_OPEN &&
			 c->state != VSOCK_OVER && now >= c->deadline)
			ofl_vsock_conn_reset(c);
	}
	vsock_set_timer(vs);
}

/* --- addresses --- */

int ofl_vsock_address(struct sockaddr_un *addr, const char *dir,
		      const char *name)
{
	int n;

	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	n = snprintf(addr->sun_path, sizeof(addr->sun_path), "%s/%s", dir, name);
	return n < (int)sizeof(addr->sun_path) ? 0 : -ENAMETOOLONG;
}

int ofl_vsock_dial_unix(const struct sockaddr_un *addr)
{
	int fd, err;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* --- from the image to Linux --- */

static const struct ofl_forward *vsock_forward_of(struct ofl_vsock *vs,
						  uint32_t port)
{
	unsigned int i;

	for (i = 0; i < vs->opt->nr_forwards; i++)
		if (!vs->opt->forward[i].to_image &&
		    vs->opt->forward[i].port == port)
			return &vs->opt->forward[i];
	return NULL;
}

static void vsock_greet(struct vsock_conn *c)
{
	char line[VSOCK_LINE];
	int len = snprintf(line, sizeof(line), "CONNECT %u\n", c->host_port);

	if (send(c->source.fd, line, (size_t)len, MSG_NOSIGNAL) != len) {
		ofl_vsock_conn_reset(c);
		return;
	}
	c->line_len = 0;
	ofl_vsock_conn_state(c, VSOCK_LINE_OUT, VSOCK_ANSWER_MS);
	ofl_vsock_conn_update(c);
}

/* One try.  0: it is on its way, or was handled; -errno: there is no way. */
static int vsock_dial_again(struct vsock_conn *c)
{
	struct ofl_vsock *vs = c->vs;
	struct sockaddr_un addr;
	bool neighbour = c->host_cid != OFL_VSOCK_CID_HOST;
	char name[48];
	int fd;

	if (neighbour)
		snprintf(name, sizeof(name), "%u/vsock", c->host_cid);
	else
		snprintf(name, sizeof(name), "vsock_%u", c->host_port);
	fd = ofl_vsock_address(&addr, neighbour ? vs->registry : vs->path, name);
	if (!fd)
		fd = ofl_vsock_dial_unix(&addr);
	if (fd == -EAGAIN) {
		if (c->state != VSOCK_RETRY)
			ofl_vsock_conn_state(c, VSOCK_RETRY, DIAL_MS);
		return 0;
	}
	if (fd < 0)
		return fd;
	c->source.fd = fd;
	if (neighbour)
		vsock_greet(c);
	else
		ofl_vsock_conn_dialled(c);
	return 0;
}

int ofl_vsock_dial(struct vsock_conn *c)
{
	const struct ofl_forward *fwd = NULL;
	int err;

	if (c->host_cid == OFL_VSOCK_CID_HOST)
		fwd = vsock_forward_of(c->vs, c->host_port);
	if (!fwd) {
		err = vsock_dial_again(c);
	} else {
		c->source.fd = ofl_forward_dial(fwd);
		err = c->source.fd < 0 ? c->source.fd : 0;
		if (!err)
			ofl_vsock_conn_state(c, VSOCK_DIAL, DIAL_MS);
	}
	vsock_set_timer(c->vs);
	return err;
}

/* --- lines --- */

/*
 * Take a line, and not a byte more, from the descriptor to c->line, without its
 * newline.  0; -EAGAIN: it is not complete; -EPROTO: it is none.
 */
static int vsock_line(struct vsock_conn *c)
{
	char *end, *to = c->line + c->line_len;
	size_t room = sizeof(c->line) - 1 - c->line_len;
	ssize_t n;

	n = recv(c->source.fd, to, room, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (!n)
		return -EPROTO;
	end = memchr(to, '\n', (size_t)n);
	if (end)
		n = end - to + 1;
	if (recv(c->source.fd, to, (size_t)n, MSG_DONTWAIT) != n)
		return -EPROTO;
	c->line_len += (unsigned int)n;
	if (!end)
		return c->line_len < sizeof(c->line) - 1 ? -EAGAIN : -EPROTO;
	*end = '\0';
	return 0;
}

void ofl_vsock_progress(struct vsock_conn *c)
{
	socklen_t len = sizeof(int);
	uint32_t port;
	int err = 0;

	switch (c->state) {
	case VSOCK_LINE_IN:
		err = vsock_line(c);
		if (!err)
			err = ofl_vsock_line_port(c->line, "CONNECT ", &port);
		if (!err)
			ofl_vsock_conn_ask(c, port);
		break;
	case VSOCK_LINE_OUT:
		err = vsock_line(c);
		if (!err)
			err = ofl_vsock_line_port(c->line, "OK ", &port);
		if (!err)
			ofl_vsock_conn_dialled(c);
		break;
	case VSOCK_DIAL:
		if (getsockopt(c->source.fd, SOL_SOCKET, SO_ERROR, &err, &len))
			err = errno;
		err = -err;
		if (!err)
			ofl_vsock_conn_dialled(c);
		break;
	default:
		break;
	}
	if (err && err != -EAGAIN)
		ofl_vsock_conn_reset(c);
}

/* --- clients --- */

/* No room: hang up, at the price of a descriptor if there are none left. */
static void vsock_turn_away(struct vsock_listener *l, const char *why)
{
	struct ofl_vsock *vs = l->vs;
	int fd;

	if (!vs->full_told)
		ofl_log("vsock: refusing clients: %s", why);
	vs->full_told = true;
	close(vs->spare_fd);
	fd = accept4(l->source.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	vs->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void vsock_client(struct vsock_listener *l, struct vsock_conn *c)
{
	if (l->forward) {
		ofl_vsock_conn_ask(c, l->forward->port);
		vsock_set_timer(c->vs);
		return;
	}
	c->wants_ok = true;
	ofl_vsock_conn_state(c, VSOCK_LINE_IN, LINE_MS);
	ofl_vsock_conn_update(c);
	vsock_set_timer(c->vs);
}

void ofl_vsock_accept(void *arg, uint32_t events)
{
	struct vsock_listener *l = arg;
	struct ofl_vsock *vs = l->vs;
	int i, fd;

	(void)events;
	for (i = 0; i < ACCEPTS; i++) {
		struct vsock_conn *c;

		if (!vs->free) {
			vsock_turn_away(l, "all connections are in use");
			return;
		}
		fd = accept4(l->source.fd, NULL, NULL,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
			vsock_turn_away(l, "no descriptors are left");
			return;
		}
		if (fd < 0)
			return;
		vs->full_told = false;
		c = ofl_vsock_conn_new(vs, fd);
		if (c)
			vsock_client(l, c);
		else
			close(fd);
	}
}
