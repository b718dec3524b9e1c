// SPDX-License-Identifier: BSD-2-Clause
/*
 * 9P2000.L over a connected stream: messages one behind the other, each with its
 * size in front (what Linux's 9p calls trans=fd).  A size that cannot be is the end
 * of the session: there would be no finding of the next message.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "p9.h"
#include "p9_wire.h"
#include "platform.h"

/* Wait until something can be done, or the deadline has come. */
static int ready(int fd, short what, uint64_t deadline)
{
	struct pollfd pfd = { .fd = fd, .events = what };
	uint64_t now = ofl_now_ns();

	if (now >= deadline)
		return -ETIMEDOUT;
	/* One more than it is, so that the last millisecond does not spin. */
	if (poll(&pfd, 1, (int)((deadline - now) / 1000000) + 1) < 0)
		return -errno;
	return 0;
}

static int send_all(int fd, const uint8_t *buf, size_t len, uint64_t deadline)
{
	int err;

	while (len) {
		ssize_t n = send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0) {
			buf += n;
			len -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN)
			return -errno;
		err = ready(fd, POLLOUT, deadline);
		if (err)
			return err;
	}
	return 0;
}

static int recv_all(int fd, uint8_t *buf, size_t len, uint64_t deadline)
{
	int err;

	while (len) {
		ssize_t n = recv(fd, buf, len, MSG_DONTWAIT);

		if (!n)
			return -ECONNRESET;
		if (n > 0) {
			buf += n;
			len -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN)
			return -errno;
		err = ready(fd, POLLIN, deadline);
		if (err)
			return err;
	}
	return 0;
}

static int64_t stream_exchange(struct ofl_p9 *p9, size_t len, uint64_t timeout_ns)
{
	uint64_t deadline = ofl_now_ns() + timeout_ns;
	struct p9_in in;
	uint32_t size;
	int err;

	err = send_all(p9->out, p9->tx, len, deadline);
	if (!err)
		err = recv_all(p9->in, p9->rx, P9_HEADER, deadline);
	if (err)
		return err;
	in = (struct p9_in){ .buf = p9->rx, .size = P9_HEADER };
	size = (uint32_t)p9_get(&in, 4);
	if (size < P9_HEADER || size > p9->msize)
		return -EPROTO;
	err = recv_all(p9->in, p9->rx + P9_HEADER, size - P9_HEADER, deadline);
	return err ? err : (int64_t)size;
}

static void stream_broken(struct ofl_p9 *p9, const char *why)
{
	ofl_log_printf("offload: mount %s: %s; it is not used any more\n",
		       p9->name, why);
}

static const struct ofl_p9_transport stream_transport = { false, stream_exchange, stream_broken };

bool ofl_p9_is_stream(const struct ofl_p9 *p9)
{
	return p9->transport == &stream_transport;
}

bool ofl_p9_in_use(const struct ofl_p9 *p9)
{
	uint32_t used = p9->fids[0] & ~(1u << OFL_P9_ROOT);

	for (size_t i = 1; i < OFL_P9_FIDS / 32; i++)
		used |= p9->fids[i];
	return used;
}

void ofl_p9_end(struct ofl_p9 *p9)
{
	free(p9->tx);
	free(p9->rx);
	free(p9->reply);
	p9->tx = p9->rx = p9->reply = NULL;
	p9->dead = true;
}

int ofl_p9_start_stream(struct ofl_p9 *p9, int in, int out, uint32_t msize,
			const char *uname, const char *aname)
{
	int err = -ENOMEM;

	p9->transport = &stream_transport;
	p9->in = in;
	p9->out = out;
	p9->msize = msize;
	p9->tx = malloc(msize);
	p9->rx = malloc(msize);
	p9->reply = malloc(msize);
	if (p9->tx && p9->rx && p9->reply)
		err = ofl_p9_begin(p9, uname, aname);
	if (err)
		ofl_p9_end(p9);
	return err;
}
