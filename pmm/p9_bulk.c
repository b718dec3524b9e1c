/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Data of reads and writes, and the image's memory.
 *
 * A write's is copied by the kernel straight from there.  Nothing that we look at is left
 * there: a request's fields are copied first, as ever, and what the image changes while the
 * kernel copies is its own data.  A read's comes by way of private memory in pieces that
 * stay in the caches, since the kernel's copy to lines that the other core has is four times
 * as slow as ours (mem.c), and that more than outweighs the one more.
 *
 * Only in the loop: a worker may go on when the window is gone.
 */
#include "p9_session.h"

#define BULK_READ_AT OFL_P9_READ_OVERHEAD
#define BULK_WRITE_AT (OFL_P9_HEADER + 16) /* fid, offset, count */

void ofl_p9_bulk_fetch(struct ofl_p9_request *q)
{
	const struct ofl_p9_bulk *bulk = q->bulk;

	q->bulk = NULL;
	/* The private buffer that the head is in has room for every message. */
	if (bulk && bulk->head < q->r.end)
		ofl_vq_copy_out(bulk->vq, bulk->chain, bulk->head,
				(uint8_t *)(uintptr_t)q->r.data + bulk->head,
				q->r.end - bulk->head);
}

/* Bytes [off, off + len) of the readable buffers; 0: they are not all there. */
static unsigned int bulk_spans(const struct ofl_p9_bulk *bulk, uint64_t off, uint32_t len,
			       struct ofl_p9_span *span)
{
	const struct ofl_vq_chain *chain = bulk->chain;
	unsigned int i, n = 0;

	for (i = 0; i < chain->nr_out && len; i++) {
		const struct ofl_vq_seg *seg = &chain->seg[i];
		uint32_t part = seg->len;

		if (off >= part) {
			off -= part;
			continue;
		}
		part -= (uint32_t)off;
		if (part > len)
			part = len;
		if (n == OFL_P9_SPANS_MAX)
			return 0;
		span[n].base = ofl_mem_at(bulk->vq->mem, seg->pa + off, part);
		if (!span[n].base)
			return 0;
		span[n++].len = part;
		len -= part;
		off = 0;
	}
	return len ? 0 : n;
}

int64_t ofl_p9_bulk_read(struct ofl_p9 *p9, struct ofl_p9_request *q,
			 struct ofl_p9_file *file, uint32_t count, uint64_t off)
{
	uint8_t *data = p9->piece;
	uint32_t done = 0;
	int64_t n;

	if (!q->bulk)
		return p9->ops->read(file, q->w.data + BULK_READ_AT, count, off);
	do {
		uint32_t part = count - done < OFL_P9_PIECE ? count - done : OFL_P9_PIECE;

		n = p9->ops->read(file, data, part, off + done);
		if (n <= 0)
			break;
		done += ofl_vq_copy_in(q->bulk->vq, q->bulk->chain, BULK_READ_AT + done, data,
				       (uint32_t)n);
		if (n < part)
			break;
	} while (done < count);
	q->bulk->in_place = done;
	return done ? done : n;
}

int64_t ofl_p9_bulk_write(struct ofl_p9 *p9, struct ofl_p9_request *q,
			  struct ofl_p9_file *file, uint32_t count, uint64_t off)
{
	struct ofl_p9_span span[OFL_P9_SPANS_MAX];
	unsigned int nr = 0;

	if (q->bulk && p9->ops->writev)
		nr = bulk_spans(q->bulk, BULK_WRITE_AT, count, span);
	if (nr)
		return p9->ops->writev(file, span, nr, off);
	ofl_p9_bulk_fetch(q);
	return p9->ops->write(file, q->r.data + BULK_WRITE_AT, count, off);
}
