// SPDX-License-Identifier: BSD-2-Clause
/*
 * One port of a virtio-console (VIRTIO 1.2, 5.3); several: conports.c.
 *
 * Output is copied to one of a few buffers in the window and left to the PMM;
 * a writer waits only if all of them are under way.  Input buffers are with
 * the PMM from the start; each goes back as soon as it has been read.
 */
#include "console.h"

#include <errno.h>
#include <string.h>

#include "wait.h"

#define RX_QUEUE 0u /* of port 0 */
#define TX_QUEUE 1u
#define TX_TIMEOUT (10 * OFL_SEC)
#define RX_SIZE 256u
#define TX_SIZE_MIN 64u
#define TX_SIZE_MAX 4096u

/* Give an input buffer to the device. */
static int post(struct ofl_console *con, struct ofl_console_buf *buf)
{
	struct ofl_vq_buf in = { buf->pa, con->rx_size };

	return ofl_vq_add(&con->rx, &in, 0, 1, buf);
}

static int alloc_buffers(struct ofl_console *con, struct ofl_devmem *mem)
{
	size_t left;

	con->rx_size = RX_SIZE;
	for (unsigned int i = 0; i < OFL_CONSOLE_RX; i++) {
		con->rx_buf[i].va = ofl_devmem_alloc(mem, con->rx_size,
						     &con->rx_buf[i].pa);
		if (!con->rx_buf[i].va)
			return -ENOMEM;
	}
	/* What is left, in equal parts. */
	left = ofl_devmem_left(mem) / OFL_CONSOLE_TX;
	left &= ~(size_t)(OFL_LINE - 1);
	if (left < TX_SIZE_MIN)
		return -ENOMEM;
	con->tx_size = left < TX_SIZE_MAX ? (uint32_t)left : TX_SIZE_MAX;
	for (unsigned int i = 0; i < OFL_CONSOLE_TX; i++) {
		con->tx_buf[i].va = ofl_devmem_alloc(mem, con->tx_size,
						     &con->tx_buf[i].pa);
		if (!con->tx_buf[i].va)
			return -ENOMEM;
	}
	con->tx_free = (1u << OFL_CONSOLE_TX) - 1;
	return 0;
}

int ofl_console_queues(struct ofl_console *con, struct ofl_virtio *dev,
		       unsigned int rx, size_t reserve)
{
	struct ofl_devmem *mem = &dev->mem;
	size_t size = mem->size;
	int err;

	memset(con, 0, sizeof(*con));
	err = ofl_virtio_queue(dev, &con->rx, rx, OFL_CONSOLE_RX);
	if (!err)
		err = ofl_virtio_queue(dev, &con->tx, rx + (TX_QUEUE - RX_QUEUE),
				       OFL_CONSOLE_TX);
	if (!err && (con->rx.size < OFL_CONSOLE_RX ||
		     con->tx.size < OFL_CONSOLE_TX))
		err = -ENOSPC;
	if (err)
		return err;
	if (reserve >= ofl_devmem_left(mem))
		return -ENOMEM;
	mem->size -= reserve;
	err = alloc_buffers(con, mem);
	mem->size = size;
	return err;
}

int ofl_console_use(struct ofl_console *con, struct ofl_virtio *dev)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < OFL_CONSOLE_RX; i++)
		err = post(con, &con->rx_buf[i]);
	if (err)
		return err;
	con->dev = dev;
	ofl_vq_kick(&con->rx);
	return 0;
}

int ofl_console_start(struct ofl_console *con, struct ofl_virtio *dev)
{
	int err;

	memset(con, 0, sizeof(*con));
	err = ofl_virtio_start(dev, OFL_VIRTIO_F_EVENT_IDX | OFL_CONSOLE_F_SIZE);
	if (!err)
		err = ofl_console_queues(con, dev, RX_QUEUE, 0);
	if (!err)
		err = ofl_virtio_ready(dev);
	return err ? err : ofl_console_use(con, dev);
}

bool ofl_console_works(struct ofl_console *con)
{
	return con->dev && ofl_virtio_alive(con->dev);
}

/* A chain of the output queue came back: its buffer is free again. */
static void tx_done(struct ofl_console *con, void *cookie)
{
	struct ofl_console_buf *buf = cookie;

	con->tx_free |= 1u << (buf - con->tx_buf);
}

/* The device is lost: what it did not take goes to the log, in order. */
static void salvage(struct ofl_console *con)
{
	uint32_t all = (1u << OFL_CONSOLE_TX) - 1;

	while (con->tx_free != all) {
		struct ofl_console_buf *first = NULL;

		for (unsigned int i = 0; i < OFL_CONSOLE_TX; i++) {
			struct ofl_console_buf *buf = &con->tx_buf[i];

			if (con->tx_free & 1u << i)
				continue;
			if (!first || (int32_t)(buf->seq - first->seq) < 0)
				first = buf;
		}
		ofl_log_write((const char *)first->va, first->len);
		tx_done(con, first);
	}
}

void ofl_console_lost(struct ofl_console *con)
{
	if (con->dev)
		salvage(con);
	con->dev = NULL;
	con->rx_now = NULL;
}

/* An output buffer, waiting for one; NULL and *err. */
static struct ofl_console_buf *tx_get(struct ofl_console *con, int *err)
{
	struct ofl_console_buf *buf;
	uint32_t len;
	void *cookie;

	while ((*err = ofl_vq_get(&con->tx, &cookie, &len)) > 0)
		tx_done(con, cookie);
	if (*err < 0)
		return NULL;
	if (!con->tx_free) {
		*err = ofl_vq_get_wait(&con->tx, &cookie, &len, TX_TIMEOUT);
		if (*err < 0) {
			ofl_virtio_fail(con->dev, "console output is not taken");
			return NULL;
		}
		tx_done(con, cookie);
	}
	*err = 0;
	buf = &con->tx_buf[__builtin_ctz(con->tx_free)];
	con->tx_free &= con->tx_free - 1;
	return buf;
}

ssize_t ofl_console_write(struct ofl_console *con, const void *buf, size_t len)
{
	const uint8_t *from = buf;
	size_t done = 0;
	int err = -EIO;

	if (!ofl_console_works(con))
		goto err_salvage;
	while (done < len) {
		size_t n = len - done < con->tx_size ? len - done : con->tx_size;
		struct ofl_console_buf *to;
		struct ofl_vq_buf out;

		to = tx_get(con, &err);
		if (!to)
			goto err_salvage;
		memcpy(to->va, from + done, n);
		to->len = (uint32_t)n;
		to->seq = con->tx_seq++;
		out = (struct ofl_vq_buf){ to->pa, (uint32_t)n };
		err = ofl_vq_add(&con->tx, &out, 1, 0, to);
		if (err) {
			tx_done(con, to);
			goto err_salvage;
		}
		ofl_vq_kick(&con->tx);
		done += n;
	}
	return (ssize_t)done;

err_salvage:
	if (con->dev)
		salvage(con);
	return done ? (ssize_t)done : err;
}

/* The next input buffer into rx_now.  0, -EAGAIN or -EIO. */
static int rx_next(struct ofl_console *con, bool nonblock)
{
	void *cookie;
	uint32_t len;
	int ret;

	do {
		if (nonblock) {
			ret = ofl_vq_get(&con->rx, &cookie, &len);
			if (!ret)
				return -EAGAIN;
		} else {
			/* A person may take any time; a lost PMM ends it. */
			ret = ofl_vq_get_wait(&con->rx, &cookie, &len, OFL_SEC);
		}
	} while (ret == -ETIMEDOUT);
	if (ret < 0)
		return ret;
	con->rx_now = cookie;
	con->rx_at = 0;
	con->rx_len = len; /* at most rx_size: ofl_vq_get() checked it */
	return 0;
}

ssize_t ofl_console_read(struct ofl_console *con, void *buf, size_t len,
			 bool nonblock)
{
	size_t n;
	int err;

	if (!len)
		return 0;
	if (!con->rx_now) {
		if (!ofl_console_works(con))
			return -EIO;
		err = rx_next(con, nonblock);
		if (err)
			return err;
	}
	n = con->rx_len - con->rx_at;
	if (n > len)
		n = len;
	memcpy(buf, con->rx_now->va + con->rx_at, n);
	con->rx_at += (uint32_t)n;
	if (con->rx_at == con->rx_len) {
		err = post(con, con->rx_now);
		con->rx_now = NULL;
		if (!err)
			ofl_vq_kick(&con->rx);
	}
	return (ssize_t)n;
}

bool ofl_console_readable(struct ofl_console *con)
{
	return con->rx_now || !ofl_console_works(con) ||
	       rx_next(con, true) != -EAGAIN;
}

void ofl_console_drain(struct ofl_console *con)
{
	void *cookie;
	uint32_t len;

	while (ofl_console_works(con) && con->tx.in_flight) {
		if (ofl_vq_get_wait(&con->tx, &cookie, &len, TX_TIMEOUT) < 0)
			ofl_virtio_fail(con->dev, "console output is not taken");
		else
			tx_done(con, cookie);
	}
	if (con->dev && !ofl_console_works(con))
		salvage(con);
}
