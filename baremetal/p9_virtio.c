// SPDX-License-Identifier: BSD-2-Clause
/*
 * 9P2000.L over a virtio 9p device (virtio 1.2 has only the number; the layout is
 * Linux's linux/virtio_9p.h): one queue, a request and room for its reply a chain.
 * Both buffers are in the window.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "p9.h"
#include "p9_wire.h"
#include "wait.h"

#define F_MOUNT_TAG 1ull
#define QUEUE_SIZE 8u /* a request of 3 pieces, and Tflush */

static int64_t virtio_exchange(struct ofl_p9 *p9, size_t len, uint64_t timeout_ns)
{
	unsigned int nr_out = 0, nr_in = 0;
	struct ofl_vq_buf bufs[3];
	uint32_t written = 0;
	void *cookie;
	int ret;

	bufs[nr_out++] = (struct ofl_vq_buf){ p9->tx_pa, (uint32_t)len };
	if (p9->data.len && !p9->data_in)
		bufs[nr_out++] = p9->data;
	bufs[nr_out + nr_in++] = (struct ofl_vq_buf){
		p9->rx_pa, p9->data_in ? P9_HEADER + 4 : p9->msize };
	if (p9->data_in)
		bufs[nr_out + nr_in++] = p9->data;
	ret = ofl_vq_add(&p9->vq, bufs, nr_out, nr_in, p9);
	if (!ret) {
		ofl_vq_kick(&p9->vq);
		ret = ofl_vq_get_wait(&p9->vq, &cookie, &written, timeout_ns);
	}
	return ret < 0 ? ret : (int64_t)written;
}

/* Both chains must come back, the request's with nothing in it once Tflush is answered. */
static int64_t virtio_flush(struct ofl_p9 *p9, uint64_t timeout_ns)
{
	struct ofl_p9_flush *flush = &p9->flush;
	const struct ofl_vq_buf bufs[2] = {
		{ p9->flush_tx_pa, sizeof(flush->msg) },
		{ p9->flush_rx_pa, sizeof(flush->reply) },
	};
	uint64_t deadline = ofl_now_ns() + timeout_ns;
	uint32_t written, late = 0;
	void *cookie;
	int ret;

	memcpy(p9->flush_tx, flush->msg, sizeof(flush->msg));
	ret = ofl_vq_add(&p9->vq, bufs, 1, 1, flush);
	if (ret)
		return ret;
	ofl_vq_kick(&p9->vq);
	for (int chains = 0; chains < 2; chains++) {
		uint64_t now = ofl_now_ns();

		ret = ofl_vq_get_wait(&p9->vq, &cookie, &written,
				      now < deadline ? deadline - now : 0);
		if (ret < 0)
			return ret;
		if (cookie == flush) {
			memcpy(flush->reply, p9->flush_rx, sizeof(flush->reply));
			flush->got = written;
		} else if (written && flush->got) {
			return ofl_p9_lied(p9, "9p answer to a request that was flushed");
		} else {
			late = written;
		}
	}
	return late;
}

static void virtio_broken(struct ofl_p9 *p9, const char *why)
{
	ofl_virtio_fail(p9->dev, why);
}

static const struct ofl_p9_transport virtio_transport = {
	.direct = true,
	.exchange = virtio_exchange,
	.flush = virtio_flush,
	.broken = virtio_broken,
};

/* The mount tag: a 16-bit length and as many bytes. */
static int read_name(struct ofl_p9 *p9)
{
	uint8_t raw[2];
	unsigned int len;
	int err;

	strcpy(p9->name, "share");
	if (!(p9->dev->features & F_MOUNT_TAG))
		return 0;
	err = ofl_virtio_config(p9->dev, 0, raw, sizeof(raw));
	if (err)
		return err;
	len = raw[0] | (unsigned int)raw[1] << 8;
	if (!len || len > OFL_P9_TAG_MAX)
		return -EINVAL;
	err = ofl_virtio_config(p9->dev, 2, p9->name, len);
	if (err)
		return err;
	p9->name[len] = '\0';
	for (unsigned int i = 0; i < len; i++)
		if (p9->name[i] <= ' ' || p9->name[i] > '~' || p9->name[i] == '/')
			return -EINVAL;
	return 0;
}

/* Rings, the two buffers and the private copy; sets msize. */
static int set_up(struct ofl_p9 *p9)
{
	struct ofl_virtio *dev = p9->dev;
	size_t half;
	int err;

	err = ofl_virtio_start(dev, OFL_VIRTIO_F_EVENT_IDX | F_MOUNT_TAG);
	if (err)
		return err;
	err = read_name(p9);
	if (err) {
		ofl_log_printf("offload: %s: unusable 9p mount tag\n", dev->name);
		return err;
	}
	err = ofl_virtio_queue(dev, &p9->vq, 0, QUEUE_SIZE);
	if (err)
		return err;
	p9->flush_tx = ofl_devmem_alloc(&dev->mem, OFL_P9_FLUSH_MSG, &p9->flush_tx_pa);
	p9->flush_rx = ofl_devmem_alloc(&dev->mem, OFL_P9_FLUSH_REPLY, &p9->flush_rx_pa);
	half = ofl_devmem_left(&dev->mem) / 2 & ~(size_t)(OFL_LINE - 1);
	if (half < OFL_P9_MSIZE_MIN || p9->vq.size < 2) {
		ofl_log_printf("offload: %s: %zu bytes of memory are too small\n",
			       dev->name, dev->mem.size);
		return -ENOMEM;
	}
	p9->msize = half < OFL_P9_MSIZE_MAX ? (uint32_t)half : OFL_P9_MSIZE_MAX;
	p9->tx = ofl_devmem_alloc(&dev->mem, p9->msize, &p9->tx_pa);
	p9->rx = ofl_devmem_alloc(&dev->mem, p9->msize, &p9->rx_pa);
	p9->reply = malloc(p9->msize);
	if (!p9->flush_tx || !p9->flush_rx || !p9->tx || !p9->rx || !p9->reply)
		return -ENOMEM;
	return ofl_virtio_ready(dev);
}

int ofl_p9_start(struct ofl_p9 *p9, struct ofl_virtio *dev)
{
	uint32_t session = p9->transport ? p9->session + 1 : 0;
	int err;

	free(p9->reply);
	memset(p9, 0, sizeof(*p9));
	p9->session = session;
	p9->transport = &virtio_transport;
	p9->dev = dev;
	err = set_up(p9);
	if (!err)
		err = ofl_p9_begin(p9, "root", "");
	if (err) {
		p9->dead = true;
		free(p9->reply);
		p9->reply = NULL;
	}
	return err;
}
