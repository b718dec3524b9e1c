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
#define QUEUE_SIZE 32u /* requests of 3 pieces in every slot, and Tflush */
#define ROOM_MAX 8192u /* what has names in it */
#define SLOTS_FROM 16384u /* bytes of memory: else all is for one request and its reply */
#define CHUNK_MIN 4096u
#define CHUNK_MAX 65536u

/* What the server writes behind the head of a reply that has its data elsewhere. */
static unsigned int pieces(struct ofl_vq_buf bufs[3], struct ofl_vq_buf tx, struct ofl_vq_buf rx,
			   const struct ofl_vq_buf *data, bool data_in, unsigned int *nr_out)
{
	unsigned int n = 0;

	bufs[n++] = tx;
	if (data->len && !data_in)
		bufs[n++] = *data;
	*nr_out = n;
	bufs[n++] = rx;
	if (data->len && data_in) {
		bufs[n - 1].len = P9_HEADER + 4;
		bufs[n++] = *data;
	}
	return n - *nr_out;
}

static int64_t virtio_exchange(struct ofl_p9 *p9, size_t len, uint64_t timeout_ns)
{
	unsigned int nr_out, nr_in;
	struct ofl_vq_buf bufs[3];
	uint32_t written = 0;
	void *cookie;
	int ret;

	nr_in = pieces(bufs, (struct ofl_vq_buf){ p9->tx_pa, (uint32_t)len },
		       (struct ofl_vq_buf){ p9->rx_pa, p9->room }, &p9->data, p9->data_in,
		       &nr_out);
	ret = ofl_vq_add(&p9->vq, bufs, nr_out, nr_in, p9);
	if (!ret) {
		ofl_vq_kick(&p9->vq);
		ret = ofl_vq_get_wait(&p9->vq, &cookie, &written, timeout_ns);
	}
	return ret < 0 ? ret : (int64_t)written;
}

static int virtio_send(struct ofl_p9 *p9, struct ofl_p9_slot *slot, size_t len)
{
	unsigned int nr_out, nr_in;
	struct ofl_vq_buf bufs[3];

	nr_in = pieces(bufs, (struct ofl_vq_buf){ slot->tx_pa, (uint32_t)len },
		       (struct ofl_vq_buf){ slot->rx_pa, OFL_P9_SLOT }, &slot->data,
		       slot->data_in, &nr_out);
	return ofl_vq_add(&p9->vq, bufs, nr_out, nr_in, slot);
}

static void virtio_kick(struct ofl_p9 *p9)
{
	ofl_vq_kick(&p9->vq);
}

static void arrived(struct ofl_p9_slot *slot, uint32_t written)
{
	slot->sent = false;
	slot->written = written;
}

static int virtio_take(struct ofl_p9 *p9, uint64_t timeout_ns)
{
	uint32_t written;
	void *cookie;
	int ret;

	ret = ofl_vq_get_wait(&p9->vq, &cookie, &written, timeout_ns);
	if (ret < 0)
		return ret;
	arrived(cookie, written);
	return 0;
}

/*
 * Send Tflush and take two chains, its own and that of the request, `cookie`, in which
 * there is nothing once Tflush is answered.  Others may come between: they are slots'.
 */
static int64_t flush(struct ofl_p9 *p9, void *wanted, uint64_t timeout_ns)
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
	for (int chains = 0; chains < 2;) {
		uint64_t now = ofl_now_ns();

		ret = ofl_vq_get_wait(&p9->vq, &cookie, &written,
				      now < deadline ? deadline - now : 0);
		if (ret < 0)
			return ret;
		if (cookie == flush) {
			memcpy(flush->reply, p9->flush_rx, sizeof(flush->reply));
			flush->got = written;
		} else if (cookie != wanted) {
			arrived(cookie, written);
			continue;
		} else if (written && flush->got) {
			return ofl_p9_lied(p9, "9p answer to a request that was flushed");
		} else {
			late = written;
		}
		chains++;
	}
	return late;
}

static int64_t virtio_flush(struct ofl_p9 *p9, uint64_t timeout_ns)
{
	return flush(p9, p9, timeout_ns);
}

static int virtio_drop(struct ofl_p9 *p9, struct ofl_p9_slot *slot, uint64_t timeout_ns)
{
	int64_t late = flush(p9, slot, timeout_ns);

	if (late < 0)
		return (int)late;
	arrived(slot, (uint32_t)late);
	return 0;
}

static void virtio_broken(struct ofl_p9 *p9, const char *why)
{
	ofl_virtio_fail(p9->dev, why);
}

static const struct ofl_p9_transport virtio_transport = {
	.direct = true,
	.exchange = virtio_exchange,
	.flush = virtio_flush,
	.send = virtio_send,
	.kick = virtio_kick,
	.take = virtio_take,
	.drop = virtio_drop,
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

/* What is left, to slots for requests that go together, and their data. */
static int set_up_slots(struct ofl_p9 *p9)
{
	struct ofl_devmem *mem = &p9->dev->mem;
	size_t left;

	p9->nr_slots = (p9->vq.size - 2u) / 3;
	if (p9->nr_slots > OFL_P9_SLOTS)
		p9->nr_slots = OFL_P9_SLOTS;
	p9->slot = calloc(p9->nr_slots, sizeof(*p9->slot));
	if (!p9->slot)
		return -ENOMEM;
	for (unsigned int i = 0; i < p9->nr_slots; i++) {
		struct ofl_p9_slot *slot = &p9->slot[i];

		slot->tx = ofl_devmem_alloc(mem, OFL_P9_SLOT, &slot->tx_pa);
		slot->rx = ofl_devmem_alloc(mem, OFL_P9_SLOT, &slot->rx_pa);
		if (!slot->tx || !slot->rx)
			return -ENOMEM;
	}
	left = ofl_devmem_left(mem);
	for (p9->nr_chunks = p9->nr_slots; p9->nr_chunks; p9->nr_chunks--) {
		p9->chunk = (uint32_t)(left / p9->nr_chunks) & ~(CHUNK_MIN - 1);
		if (p9->chunk)
			break;
	}
	if (p9->chunk > CHUNK_MAX)
		p9->chunk = CHUNK_MAX;
	for (unsigned int i = 0; i < p9->nr_chunks; i++) {
		struct ofl_p9_slot *slot = &p9->slot[i];

		slot->chunk = ofl_devmem_alloc(mem, p9->chunk, &slot->chunk_pa);
		if (!slot->chunk)
			return -ENOMEM;
	}
	return 0;
}

/* Rings, buffers and the private copy; sets msize. */
static int set_up(struct ofl_p9 *p9)
{
	struct ofl_virtio *dev = p9->dev;
	bool slots;
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
	slots = 2 * half >= SLOTS_FROM && p9->vq.size >= 5;
	if (slots)
		half = half / 2 < ROOM_MAX ? half / 2 & ~(size_t)(OFL_LINE - 1) : ROOM_MAX;
	p9->room = half < OFL_P9_MSIZE_MAX ? (uint32_t)half : OFL_P9_MSIZE_MAX;
	p9->msize = slots ? OFL_P9_MSIZE_MAX : p9->room;
	p9->tx = ofl_devmem_alloc(&dev->mem, p9->room, &p9->tx_pa);
	p9->rx = ofl_devmem_alloc(&dev->mem, p9->room, &p9->rx_pa);
	p9->reply = malloc(p9->room);
	if (!p9->flush_tx || !p9->flush_rx || !p9->tx || !p9->rx || !p9->reply)
		return -ENOMEM;
	err = slots ? set_up_slots(p9) : 0;
	if (err)
		return err;
	return ofl_virtio_ready(dev);
}

int ofl_p9_start(struct ofl_p9 *p9, struct ofl_virtio *dev)
{
	uint32_t session = p9->transport ? p9->session + 1 : 0;
	int err;

	free(p9->reply);
	free(p9->slot);
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
		free(p9->slot);
		p9->reply = NULL;
		p9->slot = NULL;
		p9->nr_slots = 0;
	}
	return err;
}
