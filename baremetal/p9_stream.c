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

/* Until `len` bytes of the message that is coming are there. */
static int recv_until(struct ofl_p9 *p9, uint8_t *buf, uint32_t len, uint64_t deadline)
{
	int err;

	while (p9->got < len) {
		ssize_t n = recv(p9->in, buf + p9->got, len - p9->got, MSG_DONTWAIT);

		if (!n)
			return -ECONNRESET;
		if (n > 0) {
			p9->got += (uint32_t)n;
			continue;
		}
		if (errno != EAGAIN)
			return -errno;
		err = ready(p9->in, POLLIN, deadline);
		if (err)
			return err;
	}
	return 0;
}

/*
 * One message: its size and its tag.  The answer to Tflush comes into flush.reply, any
 * other into rx.  After a time-out it can be called again, to go on.
 */
static int64_t recv_message(struct ofl_p9 *p9, uint16_t *tag, uint64_t deadline)
{
	struct p9_in in = { .buf = p9->head, .size = P9_HEADER };
	uint32_t size, room = p9->msize;
	uint8_t *to = p9->rx;
	int err;

	err = recv_until(p9, p9->head, P9_HEADER, deadline);
	if (err)
		return err;
	size = (uint32_t)p9_get(&in, 4);
	p9_get(&in, 1);
	*tag = (uint16_t)p9_get(&in, 2);
	if (p9->flush.sent && *tag == p9->flush.tag) {
		to = p9->flush.reply;
		room = sizeof(p9->flush.reply);
	}
	if (size < P9_HEADER || size > room)
		return -EPROTO;
	memcpy(to, p9->head, P9_HEADER);
	err = recv_until(p9, to, size, deadline);
	if (err)
		return err;
	p9->got = 0;
	return size;
}

static int64_t stream_exchange(struct ofl_p9 *p9, size_t len, uint64_t timeout_ns)
{
	uint64_t deadline = ofl_now_ns() + timeout_ns;
	uint16_t tag;
	int err;

	err = send_all(p9->out, p9->tx, len, deadline);
	p9->cut = err;
	return err ? err : recv_message(p9, &tag, deadline);
}

static int64_t stream_flush(struct ofl_p9 *p9, uint64_t timeout_ns)
{
	uint64_t deadline = ofl_now_ns() + timeout_ns;
	int64_t size, late = 0;
	uint16_t tag;
	int err;

	if (p9->cut)
		return -ETIMEDOUT; /* Tflush would be taken for the rest of it */
	err = send_all(p9->out, p9->flush.msg, sizeof(p9->flush.msg), deadline);
	if (err)
		return err;
	for (;;) {
		size = recv_message(p9, &tag, deadline);
		if (size < 0)
			return size;
		if (tag == p9->flush.tag)
			break;
		if (late)
			return ofl_p9_lied(p9, "9p request is answered twice");
		late = size;
	}
	p9->flush.got = (uint32_t)size;
	return late;
}

static void stream_broken(struct ofl_p9 *p9, const char *why)
{
	ofl_log_printf("offload: mount %s: %s; it is not used any more\n",
		       p9->name, why);
}

static const struct ofl_p9_transport stream_transport = {
	.exchange = stream_exchange,
	.flush = stream_flush,
	.broken = stream_broken,
};

bool ofl_p9_is_stream(const struct ofl_p9 *p9)
{
	return p9->transport == &stream_transport;
}

bool ofl_p9_in_use(const struct ofl_p9 *p9)
{
	uint32_t used = p9->fids[0] & ~p9->fids_lost[0] & ~(1u << OFL_P9_ROOT);

	for (size_t i = 1; i < OFL_P9_FIDS / 32; i++)
		used |= p9->fids[i] & ~p9->fids_lost[i];
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
	p9->room = msize;
	p9->tx = malloc(msize);
	p9->rx = malloc(msize);
	p9->reply = malloc(msize);
	if (p9->tx && p9->rx && p9->reply)
		err = ofl_p9_begin(p9, uname, aname);
	if (err)
		ofl_p9_end(p9);
	return err;
}
