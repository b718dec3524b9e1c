/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Data of reads and writes that the kernel copies straight from or to the image's memory.
 *
 * Nothing that we look at is there: of a request, the fields are copied first as ever, and
 * of a reply, they are built in private memory.  What the image changes while the kernel
 * copies is its own data.  Only in the loop: a worker may go on when the window is gone.
 */
#include <errno.h>

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

/* Bytes [off, off + len) of the readable or writable buffers; 0: they are not all there. */
static unsigned int bulk_spans(const struct ofl_p9_bulk *bulk, bool in, uint64_t off,
			       uint32_t len, struct ofl_p9_span *span)
{
	const struct ofl_vq_chain *chain = bulk->chain;
	unsigned int i = in ? chain->nr_out : 0, n = 0;
	unsigned int end = chain->nr_out + (in ? chain->nr_in : 0u);

	for (; i < end && len; i++) {
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
	struct ofl_p9_span span[OFL_P9_SPANS_MAX];
	unsigned int nr;
	int64_t n;

	nr = q->bulk && p9->ops->readv ? bulk_spans(q->bulk, true, BULK_READ_AT, count, span) : 0;
	if (!nr)
		return p9->ops->read(file, q->w.data + BULK_READ_AT, count, off);
	n = p9->ops->readv(file, span, nr, off);
	if (n > 0)
		q->bulk->in_place = (uint32_t)n;
	return n;
}

int64_t ofl_p9_bulk_write(struct ofl_p9 *p9, struct ofl_p9_request *q,
			  struct ofl_p9_file *file, uint32_t count, uint64_t off)
{
	struct ofl_p9_span span[OFL_P9_SPANS_MAX];
	unsigned int nr;

	nr = q->bulk && p9->ops->writev ?
		     bulk_spans(q->bulk, false, BULK_WRITE_AT, count, span) : 0;
	if (nr)
		return p9->ops->writev(file, span, nr, off);
	ofl_p9_bulk_fetch(q);
	return p9->ops->write(file, q->r.data + BULK_WRITE_AT, count, off);
}
