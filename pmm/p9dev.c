/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 9p device: takes messages from its queue and gives back the replies.
 *
 * A message is copied to private memory before anything in it is looked at, and a reply
 * is built in private memory before it is copied out: the image can change neither under
 * the protocol layer.  Only the data of reads and writes stays where it is (p9_bulk.c).
 *
 * Replies may come in any order and long after their request: what is kept of
 * a chain is its descriptors as they were read, never the ring's.
 */
#include "p9.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "p9_session.h"

#define P9_F_MOUNT_TAG 1ull
#define P9_MEM_LEAST (24u * 1024)
#define P9_MEM_WISH (544u * 1024) /* eight pieces of 64K under way, and messages */
#define P9_CHAINS 16 /* per turn */
#define P9_RLERROR_SIZE 11u
#define P9_HEAD 23u /* of Twrite, in front of its data */

static void p9_dev_reset(struct ofl_dev *dev)
{
	ofl_p9_forget(dev->priv);
}

/* A late reply, or a flushed request: its chain goes back, with nothing in it. */
static void p9_dev_reply(struct ofl_p9 *p9, const void *cookie,
			 const uint8_t *data, uint32_t size)
{
	const struct ofl_vq_chain *chain = cookie;
	struct ofl_vq *vq = &p9->dev.vq[0];

	if (!ofl_dev_live(&p9->dev, 0))
		return; /* broken meanwhile */
	if (size)
		size = ofl_vq_copy_in(vq, chain, 0, data, size);
	ofl_vq_push(vq, chain->head, size);
	ofl_dev_call(&p9->dev, 0);
}

/* One chain; what is wrong with it, or NULL. */
static const char *p9_dev_chain(struct ofl_p9 *p9, struct ofl_vq *vq,
				const struct ofl_vq_chain *chain)
{
	const uint32_t used = offsetof(struct ofl_vq_chain, seg) +
			      (uint32_t)(chain->nr_out + chain->nr_in) *
				      (uint32_t)sizeof(chain->seg[0]);
	struct ofl_p9_bulk bulk = { .vq = vq, .chain = chain };
	uint32_t len, max, size;
	bool later;

	if (chain->in_len < P9_RLERROR_SIZE)
		return "no room for a reply";
	/* The protocol layer finds a message that says it is longer than this. */
	len = chain->out_len < p9->msize_max ? (uint32_t)chain->out_len : p9->msize_max;
	bulk.head = ofl_vq_copy_out(vq, chain, 0, p9->request, len < P9_HEAD ? len : P9_HEAD);
	if (bulk.head < len && p9->request[4] != OFL_P9_TWRITE)
		bulk.head += ofl_vq_copy_out(vq, chain, bulk.head, p9->request + bulk.head,
					     len - bulk.head);
	max = chain->in_len < p9->msize_max ? (uint32_t)chain->in_len :
					      p9->msize_max;
	p9->bulk = &bulk;
	size = ofl_p9_submit(p9, p9->request, len, p9->reply, max, chain, used,
			     &later);
	p9->bulk = NULL;
	if (later)
		return NULL;
	if (!size)
		return "request without a 9P header";
	ofl_vq_copy_in(vq, chain, 0, p9->reply, size - bulk.in_place);
	ofl_vq_push(vq, chain->head, size);
	return NULL;
}

static bool p9_dev_serve(struct ofl_dev *dev)
{
	struct ofl_p9 *p9 = dev->priv;
	struct ofl_vq *vq = &dev->vq[0];
	struct ofl_vq_chain chain;
	const char *why;
	bool work = false;
	int i, got;

	if (p9->pool)
		work = ofl_pool_collect(p9->pool);
	for (i = 0; i < P9_CHAINS; i++) {
		got = ofl_vq_pop(vq, &chain);
		if (!got)
			break;
		why = got < 0 ? vq->why : p9_dev_chain(p9, vq, &chain);
		if (why) {
			ofl_dev_break(dev, "%s", why);
			return true;
		}
		/* A request can take long: tell of each reply when it is there. */
		ofl_dev_call(dev, 0);
	}
	return work || i;
}

static bool p9_dev_pending(const struct ofl_dev *dev)
{
	const struct ofl_p9 *p9 = dev->priv;

	return p9->pool && ofl_pool_pending(p9->pool);
}

static const struct ofl_dev_ops p9_dev_ops = {
	.reset = p9_dev_reset,
	.serve = p9_dev_serve,
	.pending = p9_dev_pending,
};

struct ofl_p9 *ofl_p9_session(uint32_t msize, bool ro,
			      const struct ofl_p9_fs_ops *ops, void *fs,
			      ofl_p9_reply_fn reply)
{
	struct ofl_p9 *p9 = calloc(1, sizeof(*p9));

	if (!p9)
		goto err_p9;
	p9->msize_max = msize;
	p9->request = malloc(p9->msize_max);
	p9->reply = malloc(p9->msize_max);
	if (!p9->request || !p9->reply)
		goto err_p9;
	p9->ops = ops;
	p9->fs = fs;
	p9->ro = ro;
	p9->reply_fn = reply;
	return p9;

err_p9:
	ofl_log("out of memory");
	ofl_p9_free(p9);
	return NULL;
}

/* What an image with a larger buffer of its own can have in one message. */
#define P9_MSIZE_MAX (256u * 1024)

struct ofl_p9 *ofl_p9_new(const char *tag, uint64_t mem_size, bool ro,
			  const struct ofl_p9_fs_ops *ops, void *fs)
{
	uint32_t msize = mem_size > P9_MSIZE_MAX ? (uint32_t)mem_size : P9_MSIZE_MAX;
	struct ofl_p9 *p9 = ofl_p9_session(msize, ro, ops, fs, p9_dev_reply);
	uint16_t tag_len = (uint16_t)strlen(tag);
	struct ofl_dev *dev;

	if (!p9)
		return NULL;
	p9->pieces = malloc(OFL_P9_PIECE + OFL_PAGE);
	if (!p9->pieces) {
		ofl_log("out of memory");
		ofl_p9_free(p9);
		return NULL;
	}
	p9->piece = (uint8_t *)p9->pieces + (-(uintptr_t)p9->pieces & (OFL_PAGE - 1));
	dev = &p9->dev;
	dev->ops = &p9_dev_ops;
	dev->priv = p9;
	snprintf(dev->name, sizeof(dev->name), "9p %s", tag);
	dev->device_id = OFL_ID_9P;
	dev->offered = P9_F_MOUNT_TAG;
	dev->nr_queues = 1;
	dev->mem_size = mem_size ? mem_size : P9_MEM_LEAST;
	dev->mem_wish = mem_size ? 0 : P9_MEM_WISH;
	dev->config[0] = (uint8_t)tag_len;
	dev->config[1] = (uint8_t)(tag_len >> 8);
	memcpy(dev->config + 2, tag, tag_len);
	dev->config_size = 2u + tag_len;
	return p9;
}

void ofl_p9_workers(struct ofl_p9 *p9, struct ofl_pool *pool)
{
	p9->pool = pool;
}

unsigned int ofl_p9_busy(const struct ofl_p9 *p9)
{
	return p9->nr_flight + p9->drops;
}

void ofl_p9_stats(const struct ofl_p9 *p9, const char *tag)
{
	ofl_log("9p %s: %llu requests, %llu by workers, %u of them now; %u fids",
		tag, (unsigned long long)p9->requests,
		(unsigned long long)p9->to_workers, ofl_p9_busy(p9), p9->nr_fids);
}

void ofl_p9_free(struct ofl_p9 *p9)
{
	if (!p9)
		return;
	ofl_p9_forget(p9);
	free(p9->request);
	free(p9->reply);
	free(p9->pieces);
	free(p9);
}

struct ofl_dev *ofl_p9_dev(struct ofl_p9 *p9)
{
	return &p9->dev;
}
