/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split virtqueue, device side (VIRTIO 1.2, 2.7).
 *
 * All three rings were found whole in the window when the queue was set up, and
 * their addresses are kept here, not re-read.  Everything in them stays the
 * image's to change: a descriptor is copied once and only the copy is checked
 * and used; a chain has at most as many descriptors as the ring, so a loop ends;
 * indices are compared modulo 2^16 with our own private counters.
 *
 * split layout: desc  16 bytes each: le64 addr, le32 len, le16 flags, le16 next
 *               avail le16 flags, idx, ring[size], used_event
 *               used  le16 flags, idx, {le32 id, len}[size], le16 avail_event
 */
#include "vq.h"

#include <errno.h>
#include <string.h>

#define VQ_DESC_NEXT 1u
#define VQ_DESC_WRITE 2u
#define VQ_DESC_INDIRECT 4u

#define VQ_AVAIL_NO_INTERRUPT 1u

struct vq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};
_Static_assert(sizeof(struct vq_desc) == 16, "split descriptor");

#define VQ_RING_HEAD 4u /* flags and idx, of both rings */

static uint64_t vq_avail_entry(const struct ofl_vq *vq, uint16_t i)
{
	return vq->avail + VQ_RING_HEAD + 2u * (i & (vq->size - 1u));
}

static uint64_t vq_used_entry(const struct ofl_vq *vq, uint16_t i)
{
	return vq->used + VQ_RING_HEAD + 8u * (i & (vq->size - 1u));
}

static uint64_t vq_used_event(const struct ofl_vq *vq)
{
	return vq->avail + VQ_RING_HEAD + 2u * vq->size;
}

static uint64_t vq_avail_event(const struct ofl_vq *vq)
{
	return vq->used + VQ_RING_HEAD + 8u * vq->size;
}

int ofl_vq_setup(struct ofl_vq *vq, const struct ofl_mem *mem,
		 const struct ofl_vq_driver *line, uint32_t size_max,
		 bool event_idx)
{
	uint32_t size = line->size;

	memset(vq, 0, sizeof(*vq));
	if (size_max > OFL_VQ_SIZE_MAX)
		size_max = OFL_VQ_SIZE_MAX;
	if (!size || (size & (size - 1)) || size > size_max) {
		vq->why = "size is not a power of two within the maximum";
		return -EINVAL;
	}
	if ((line->desc & 15) || (line->driver & 1) || (line->device & 3)) {
		vq->why = "ring address is misaligned";
		return -EINVAL;
	}
	if (!ofl_mem_has(mem, line->desc, 16ull * size)) {
		vq->why = "descriptor table is not in the window";
		return -EFAULT;
	}
	if (!ofl_mem_has(mem, line->driver, VQ_RING_HEAD + 2ull * size + 2)) {
		vq->why = "available ring is not in the window";
		return -EFAULT;
	}
	if (!ofl_mem_has(mem, line->device, VQ_RING_HEAD + 8ull * size + 2)) {
		vq->why = "used ring is not in the window";
		return -EFAULT;
	}
	vq->mem = mem;
	vq->desc = line->desc;
	vq->avail = line->driver;
	vq->used = line->device;
	vq->size = (uint16_t)size;
	vq->event_idx = event_idx;
	/* The driver looks when the transaction has been acknowledged. */
	ofl_mem_put16(mem, vq->used, 0);
	ofl_mem_put16(mem, vq->used + 2, 0);
	ofl_mem_put16(mem, vq_avail_event(vq), 0);
	return 0;
}

bool ofl_vq_pending(const struct ofl_vq *vq)
{
	/* Only a hint: ofl_vq_pop loads it again to use it. */
	return vq->size &&
	       ofl_mem_get16(vq->mem, vq->avail + 2) != vq->last_avail;
}

static int vq_broken(struct ofl_vq *vq, const char *why)
{
	vq->why = why;
	return -EPROTO;
}

/* Follow the chain that starts at chain->head. */
static int vq_walk(struct ofl_vq *vq, struct ofl_vq_chain *chain)
{
	uint16_t i = chain->head;
	struct vq_desc desc;
	unsigned int n;

	for (n = 0; n < vq->size; n++) {
		if (i >= vq->size)
			return vq_broken(vq, "descriptor index outside the ring");
		if (ofl_mem_read(vq->mem, vq->desc + 16ull * i, &desc,
				 sizeof(desc)))
			return vq_broken(vq, "descriptor table is not in the window");
		if (desc.flags & VQ_DESC_INDIRECT)
			return vq_broken(vq, "indirect descriptor, not offered");
		if (!desc.len)
			return vq_broken(vq, "buffer of length 0");
		if (!ofl_mem_has(vq->mem, desc.addr, desc.len))
			return vq_broken(vq, "buffer is not whole in the window");
		if (desc.flags & VQ_DESC_WRITE) {
			chain->nr_in++;
			chain->in_len += desc.len;
		} else if (chain->nr_in) {
			return vq_broken(vq, "readable buffer behind a writable one");
		} else {
			chain->nr_out++;
			chain->out_len += desc.len;
		}
		/* Bounds the work that one chain can make: no honest one is longer. */
		if (chain->in_len + chain->out_len > vq->mem->size)
			return vq_broken(vq, "chain is longer than the window");
		chain->seg[n].pa = desc.addr;
		chain->seg[n].len = desc.len;
		if (!(desc.flags & VQ_DESC_NEXT))
			return 1;
		i = desc.next;
	}
	return vq_broken(vq, "descriptor loop");
}

int ofl_vq_pop(struct ofl_vq *vq, struct ofl_vq_chain *chain)
{
	uint16_t idx;

	if (!vq->size)
		return 0;
	/* Acquires descriptors, ring entries and buffers. */
	idx = ofl_mem_load16(vq->mem, vq->avail + 2);
	if (idx == vq->last_avail)
		return 0;
	if ((uint16_t)(idx - vq->last_avail) > vq->size)
		return vq_broken(vq, "available index is more than the ring ahead");

	chain->head = ofl_mem_get16(vq->mem,
				    vq_avail_entry(vq, vq->last_avail));
	chain->nr_out = 0;
	chain->nr_in = 0;
	chain->out_len = 0;
	chain->in_len = 0;
	vq->last_avail++;
	return vq_walk(vq, chain);
}

void ofl_vq_push(struct ofl_vq *vq, uint16_t head, uint32_t written)
{
	uint64_t entry = vq_used_entry(vq, vq->used_idx);

	ofl_mem_put32(vq->mem, entry, head);
	ofl_mem_put32(vq->mem, entry + 4, written);
	vq->used_idx++;
	/* Releases the entry, and the buffers that were read and written. */
	ofl_mem_store16(vq->mem, vq->used + 2, vq->used_idx);
}

bool ofl_vq_should_call(struct ofl_vq *vq)
{
	uint16_t from = vq->called, to = vq->used_idx;
	uint16_t event;

	if (from == to)
		return false;
	vq->called = to;
	/* A stale answer loses no wake-up: that hangs on asleep alone. */
	if (!vq->event_idx)
		return !(ofl_mem_get16(vq->mem, vq->avail) &
			 VQ_AVAIL_NO_INTERRUPT);
	/* VIRTIO 1.2, 2.7.10: did used_idx pass the event in [from, to)? */
	event = ofl_mem_get16(vq->mem, vq_used_event(vq));
	return (uint16_t)(to - event - 1) < (uint16_t)(to - from);
}

void ofl_vq_arm(struct ofl_vq *vq)
{
	if (vq->size && vq->event_idx)
		ofl_mem_put16(vq->mem, vq_avail_event(vq), vq->last_avail);
}

uint32_t ofl_vq_copy_out(const struct ofl_vq *vq,
			 const struct ofl_vq_chain *chain, uint64_t off,
			 void *dst, uint32_t len)
{
	uint32_t done = 0, n;
	unsigned int i;

	for (i = 0; i < chain->nr_out && done < len; i++) {
		const struct ofl_vq_seg *seg = &chain->seg[i];

		if (off >= seg->len) {
			off -= seg->len;
			continue;
		}
		n = seg->len - (uint32_t)off;
		if (n > len - done)
			n = len - done;
		if (ofl_mem_read(vq->mem, seg->pa + off, (uint8_t *)dst + done, n))
			break;
		done += n;
		off = 0;
	}
	return done;
}

uint32_t ofl_vq_copy_in(const struct ofl_vq *vq,
			const struct ofl_vq_chain *chain, uint64_t off,
			const void *src, uint32_t len)
{
	unsigned int i, end = (unsigned int)chain->nr_out + chain->nr_in;
	uint32_t done = 0, n;

	for (i = chain->nr_out; i < end && done < len; i++) {
		const struct ofl_vq_seg *seg = &chain->seg[i];

		if (off >= seg->len) {
			off -= seg->len;
			continue;
		}
		n = seg->len - (uint32_t)off;
		if (n > len - done)
			n = len - done;
		if (ofl_mem_write(vq->mem, seg->pa + off,
				  (const uint8_t *)src + done, n))
			break;
		done += n;
		off = 0;
	}
	return done;
}
