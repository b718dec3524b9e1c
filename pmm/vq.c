/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtqueues, device side: split (VIRTIO 1.2, 2.7) and packed (2.8).
 *
 * All rings were found whole in the window when the queue was set up, and
 * their addresses are kept here, not re-read.  Everything in them stays the
 * image's to change: a descriptor is copied once and only the copy is checked
 * and used; a chain has at most as many descriptors as the ring, so a loop ends;
 * indices are compared modulo 2^16 with our own private counters.
 *
 * split layout: desc  16 bytes each: le64 addr, le32 len, le16 flags, le16 next
 *               avail le16 flags, idx, ring[size], used_event
 *               used  le16 flags, idx, {le32 id, len}[size], le16 avail_event
 * packed:       desc  16 bytes each: le64 addr, le32 len, le16 id, le16 flags
 *               driver's and device's events: le16 position and lap, le16 flags
 *
 * Packed: two bits of a descriptor's flags say whose turn it is; their sense changes
 * with each lap, which is bit `size` of our counters.
 *
 * In order (2.8.7.1): one used descriptor, with the id of the last of them, stands for a
 * batch of chains.  The driver takes those before the last for completely written, so
 * only what had nothing to write to is kept back, and not for long.
 */
#include "vq.h"

#include <errno.h>
#include <string.h>

#define VQ_DESC_NEXT 1u
#define VQ_DESC_WRITE 2u
#define VQ_DESC_INDIRECT 4u

#define VQ_DESC_AVAIL (1u << 7) /* packed */
#define VQ_DESC_USED (1u << 15)

#define VQ_AVAIL_NO_INTERRUPT 1u

/* Packed events, both halves in one. */
#define VQ_EVENT_LAP (1u << 15)
#define VQ_EVENT_ENABLE 0u
#define VQ_EVENT_DISABLE (1u << 16)
#define VQ_EVENT_DESC (2u << 16)
#define VQ_EVENT_FLAGS (3u << 16)

/* A private copy of a descriptor. */
struct vq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next; /* packed: the buffer's id */
};

/* Where they are in the shared one. */
#define VQ_DESC_SIZE 16u
#define VQ_DESC_LEN 8u
#define VQ_SPLIT_FLAGS 12u
#define VQ_SPLIT_NEXT 14u
#define VQ_PACKED_ID 12u
#define VQ_PACKED_FLAGS 14u

#define VQ_BATCH 16u /* chains */

#define VQ_RING_HEAD 4u /* flags and idx, of both rings */

static uint32_t vq_avail_entry(const struct ofl_vq *vq, uint16_t i)
{
	return VQ_RING_HEAD + 2u * (i & (vq->size - 1u));
}

static uint32_t vq_used_entry(const struct ofl_vq *vq, uint16_t i)
{
	return VQ_RING_HEAD + 8u * (i & (vq->size - 1u));
}

static uint32_t vq_used_event(const struct ofl_vq *vq)
{
	return VQ_RING_HEAD + 2u * vq->size;
}

static uint32_t vq_avail_event(const struct ofl_vq *vq)
{
	return VQ_RING_HEAD + 8u * vq->size;
}

int ofl_vq_setup(struct ofl_vq *vq, const struct ofl_mem *mem,
		 const struct ofl_vq_driver *line, uint32_t size_max,
		 unsigned int layout)
{
	bool packed = layout & OFL_VQ_PACKED;
	uint32_t size = line->size;

	memset(vq, 0, sizeof(*vq));
	if (size_max > OFL_VQ_SIZE_MAX)
		size_max = OFL_VQ_SIZE_MAX;
	if (!size || (size & (size - 1)) || size > size_max) {
		vq->why = "size is not a power of two within the maximum";
		return -EINVAL;
	}
	if ((line->desc & 15) || (line->driver & (packed ? 3 : 1)) || (line->device & 3)) {
		vq->why = "ring address is misaligned";
		return -EINVAL;
	}
	if (ofl_mem_part(mem, line->desc, VQ_DESC_SIZE * size, &vq->desc_part)) {
		vq->why = "descriptor table is not in the window";
		return -EFAULT;
	}
	if (ofl_mem_part(mem, line->driver, packed ? 4 : VQ_RING_HEAD + 2 * size + 2,
			 &vq->avail_part)) {
		vq->why = packed ? "driver's events are not in the window" :
				   "available ring is not in the window";
		return -EFAULT;
	}
	if (ofl_mem_part(mem, line->device, packed ? 4 : VQ_RING_HEAD + 8 * size + 2,
			 &vq->used_part)) {
		vq->why = packed ? "device's events are not in the window" :
				   "used ring is not in the window";
		return -EFAULT;
	}
	vq->mem = mem;
	vq->desc = line->desc;
	vq->avail = line->driver;
	vq->used = line->device;
	vq->size = (uint16_t)size;
	vq->event_idx = layout & OFL_VQ_EVENT_IDX;
	vq->packed = packed;
	vq->in_order = packed && (layout & OFL_VQ_IN_ORDER);
	/* The driver looks when the transaction has been acknowledged. */
	if (packed) {
		ofl_mem_put32_in(&vq->used_part, 0, VQ_EVENT_DISABLE);
		return 0;
	}
	ofl_mem_put16_in(&vq->used_part, 0, 0);
	ofl_mem_put16_in(&vq->used_part, 2, 0);
	ofl_mem_put16_in(&vq->used_part, vq_avail_event(vq), 0);
	return 0;
}

/* --- packed: what is said of entry idx, which counts for ever --- */

static uint32_t vq_packed_entry(const struct ofl_vq *vq, uint16_t idx)
{
	return VQ_DESC_SIZE * (idx & (vq->size - 1u));
}

static bool vq_packed_ready(const struct ofl_vq *vq, uint16_t flags, uint16_t idx)
{
	return (flags & (VQ_DESC_AVAIL | VQ_DESC_USED)) ==
	       (idx & vq->size ? VQ_DESC_USED : VQ_DESC_AVAIL);
}

static uint32_t vq_packed_event(const struct ofl_vq *vq, uint16_t idx)
{
	return (idx & (vq->size - 1u)) | (idx & vq->size ? 0 : VQ_EVENT_LAP);
}

bool ofl_vq_pending(const struct ofl_vq *vq)
{
	if (vq->size && vq->packed)
		return vq_packed_ready(vq, ofl_mem_get16_in(&vq->desc_part,
							    vq_packed_entry(vq, vq->last_avail) +
								    VQ_PACKED_FLAGS),
				       vq->last_avail);
	/* Only a hint: ofl_vq_pop loads it again to use it. */
	return vq->size &&
	       ofl_mem_get16_in(&vq->avail_part, 2) != vq->last_avail;
}

static int vq_broken(struct ofl_vq *vq, const char *why)
{
	vq->why = why;
	return -EPROTO;
}

/* What a chain has come to, in registers as long as it is followed. */
struct vq_sum {
	uint64_t out_len, in_len;
	uint16_t nr_out, nr_in;
};

/* Add a buffer to the chain.  NULL, or what is wrong with it. */
static inline const char *vq_take(const struct ofl_vq *vq, struct ofl_vq_chain *chain,
				  struct vq_sum *sum, const struct vq_desc *desc)
{
	struct ofl_vq_seg *seg = &chain->seg[sum->nr_out + sum->nr_in];

	if (desc->flags & VQ_DESC_INDIRECT)
		return "indirect descriptor, not offered";
	if (!desc->len)
		return "buffer of length 0";
	if (!ofl_mem_has(vq->mem, desc->addr, desc->len))
		return "buffer is not whole in the window";
	if (desc->flags & VQ_DESC_WRITE) {
		sum->nr_in++;
		sum->in_len += desc->len;
	} else if (sum->nr_in) {
		return "readable buffer behind a writable one";
	} else {
		sum->nr_out++;
		sum->out_len += desc->len;
	}
	/* Bounds the work that one chain can make: no honest one is longer. */
	if (sum->in_len + sum->out_len > vq->mem->size)
		return "chain is longer than the window";
	seg->pa = desc->addr;
	seg->len = desc->len;
	return NULL;
}

static int vq_popped(struct ofl_vq_chain *chain, const struct vq_sum *sum, uint16_t head)
{
	chain->head = head;
	chain->nr_out = sum->nr_out;
	chain->nr_in = sum->nr_in;
	chain->out_len = sum->out_len;
	chain->in_len = sum->in_len;
	return 1;
}

/* Follow the chain that starts at head. */
static __attribute__((noinline)) int vq_walk(struct ofl_vq *vq, struct ofl_vq_chain *chain, uint16_t head)
{
	struct vq_sum sum = { 0 };
	struct vq_desc desc;
	uint16_t i = head;
	const char *why;
	unsigned int n;

	for (n = 0; n < vq->size; n++) {
		uint32_t entry = VQ_DESC_SIZE * i;

		if (i >= vq->size)
			return vq_broken(vq, "descriptor index outside the ring");
		desc.addr = ofl_mem_get64_in(&vq->desc_part, entry);
		desc.len = ofl_mem_get32_in(&vq->desc_part, entry + VQ_DESC_LEN);
		desc.flags = ofl_mem_get16_in(&vq->desc_part, entry + VQ_SPLIT_FLAGS);
		desc.next = ofl_mem_get16_in(&vq->desc_part, entry + VQ_SPLIT_NEXT);
		why = vq_take(vq, chain, &sum, &desc);
		if (why)
			return vq_broken(vq, why);
		if (!(desc.flags & VQ_DESC_NEXT))
			return vq_popped(chain, &sum, head);
		i = desc.next;
	}
	return vq_broken(vq, "descriptor loop");
}

/* The chain of descriptors at our place in the ring; the first one is ready. */
static __attribute__((noinline)) int vq_walk_packed(struct ofl_vq *vq, struct ofl_vq_chain *chain, uint16_t flags)
{
	struct vq_desc desc = { .flags = flags };
	uint16_t at = vq->last_avail;
	struct vq_sum sum = { 0 };
	const char *why;
	unsigned int n;

	for (n = 1; n <= vq->size; n++) {
		uint32_t entry = vq_packed_entry(vq, at);

		if (n > 1) {
			desc.flags = ofl_mem_get16_in(&vq->desc_part, entry + VQ_PACKED_FLAGS);
			if (!vq_packed_ready(vq, desc.flags, at))
				return vq_broken(vq, "chain goes on in a descriptor that is not ours");
		}
		if ((uint16_t)(at++ - vq->used_idx) >= vq->size)
			return vq_broken(vq, "more descriptors than the ring has");
		desc.addr = ofl_mem_get64_in(&vq->desc_part, entry);
		desc.len = ofl_mem_get32_in(&vq->desc_part, entry + VQ_DESC_LEN);
		desc.next = ofl_mem_get16_in(&vq->desc_part, entry + VQ_PACKED_ID);
		why = vq_take(vq, chain, &sum, &desc);
		if (why)
			return vq_broken(vq, why);
		if (desc.flags & VQ_DESC_NEXT)
			continue;
		if (desc.next >= vq->size)
			return vq_broken(vq, "buffer id outside the ring");
		if (vq->count[desc.next])
			return vq_broken(vq, "buffer id is with the device already");
		vq->count[desc.next] = (uint16_t)(n | (sum.nr_in ? OFL_VQ_WRITABLE : 0));
		vq->last_avail = at;
		return vq_popped(chain, &sum, desc.next);
	}
	return vq_broken(vq, "chain is longer than the ring");
}

int ofl_vq_pop(struct ofl_vq *vq, struct ofl_vq_chain *chain)
{
	uint16_t at = vq->last_avail, idx;

	if (!vq->size)
		return 0;
	if (vq->packed) {
		/* Acquires the whole chain, and buffers. */
		idx = ofl_mem_load16_in(&vq->desc_part, vq_packed_entry(vq, at) + VQ_PACKED_FLAGS);
		return vq_packed_ready(vq, idx, at) ? vq_walk_packed(vq, chain, idx) : 0;
	}
	/* Acquires descriptors, ring entries and buffers. */
	idx = ofl_mem_load16_in(&vq->avail_part, 2);
	if (idx == at)
		return 0;
	if ((uint16_t)(idx - at) > vq->size)
		return vq_broken(vq, "available index is more than the ring ahead");
	vq->last_avail++;
	return vq_walk(vq, chain, ofl_mem_get16_in(&vq->avail_part, vq_avail_entry(vq, at)));
}

/* The used descriptor of entry idx. */
static void vq_put_packed(struct ofl_vq *vq, uint16_t idx, uint16_t id, uint32_t written)
{
	uint16_t flags = idx & vq->size ? 0 : VQ_DESC_AVAIL | VQ_DESC_USED;
	uint32_t entry = vq_packed_entry(vq, idx);

	ofl_mem_put32_in(&vq->desc_part, entry + VQ_DESC_LEN, written);
	ofl_mem_put16_in(&vq->desc_part, entry + VQ_PACKED_ID, id);
	/* Releases id and length, and the buffers that were read and written. */
	ofl_mem_store16_in(&vq->desc_part, entry + VQ_PACKED_FLAGS,
			   (uint16_t)(flags | (written ? VQ_DESC_WRITE : 0)));
}

static void vq_end_batch(struct ofl_vq *vq)
{
	if (!vq->batch)
		return;
	vq->batch = 0;
	vq_put_packed(vq, vq->batch_at, vq->batch_id, 0);
}

static void vq_push_packed(struct ofl_vq *vq, uint16_t id, uint32_t written)
{
	uint16_t at = vq->batch ? vq->batch_at : vq->used_idx;
	uint16_t count = vq->count[id];

	vq->used_idx = (uint16_t)(vq->used_idx + (count & ~OFL_VQ_WRITABLE));
	vq->count[id] = 0;
	if (vq->in_order && !(count & OFL_VQ_WRITABLE) && vq->batch < VQ_BATCH - 1) {
		vq->batch_at = at;
		vq->batch_id = id;
		vq->batch++;
		return;
	}
	vq->batch = 0;
	vq_put_packed(vq, at, id, written);
}

void ofl_vq_push(struct ofl_vq *vq, uint16_t head, uint32_t written)
{
	uint32_t entry = vq_used_entry(vq, vq->used_idx);

	if (vq->packed) {
		vq_push_packed(vq, head, written);
		return;
	}
	ofl_mem_put32_in(&vq->used_part, entry, head);
	ofl_mem_put32_in(&vq->used_part, entry + 4, written);
	vq->used_idx++;
	/* Releases the entry, and the buffers that were read and written. */
	ofl_mem_store16_in(&vq->used_part, 2, vq->used_idx);
}

/* Does the driver's event want to hear of the entries [from, to)? */
static bool vq_packed_wanted(const struct ofl_vq *vq, uint16_t from, uint16_t to)
{
	uint32_t event = ofl_mem_get32_in(&vq->avail_part, 0);
	uint16_t at;

	if ((event & VQ_EVENT_FLAGS) != VQ_EVENT_DESC)
		return (event & VQ_EVENT_FLAGS) == VQ_EVENT_ENABLE;
	at = (uint16_t)((to & ~(vq->size - 1u)) + (event & (VQ_EVENT_LAP - 1)));
	if ((event ^ vq_packed_event(vq, to)) & VQ_EVENT_LAP)
		at = (uint16_t)(at - vq->size);
	return (uint16_t)(to - at - 1) < (uint16_t)(to - from);
}

bool ofl_vq_should_call(struct ofl_vq *vq)
{
	uint16_t from = vq->called, to = vq->used_idx;
	uint16_t event;

	if (from == to)
		return false;
	vq->called = to;
	vq_end_batch(vq);
	/* A stale answer loses no wake-up: that hangs on asleep alone. */
	if (vq->packed)
		return vq_packed_wanted(vq, from, to);
	if (!vq->event_idx)
		return !(ofl_mem_get16_in(&vq->avail_part, 0) & VQ_AVAIL_NO_INTERRUPT);
	/* VIRTIO 1.2, 2.7.10: did used_idx pass the event in [from, to)? */
	event = ofl_mem_get16_in(&vq->avail_part, vq_used_event(vq));
	return (uint16_t)(to - event - 1) < (uint16_t)(to - from);
}

void ofl_vq_arm(struct ofl_vq *vq)
{
	if (vq->size && vq->packed)
		ofl_mem_put32_in(&vq->used_part, 0, !vq->event_idx ? VQ_EVENT_ENABLE :
				 VQ_EVENT_DESC | vq_packed_event(vq, vq->last_avail));
	else if (vq->size && vq->event_idx)
		ofl_mem_put16_in(&vq->used_part, vq_avail_event(vq), vq->last_avail);
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
