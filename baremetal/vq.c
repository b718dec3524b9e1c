// SPDX-License-Identifier: BSD-2-Clause
/*
 * Virtqueues, driver's side: split (VIRTIO 1.2, 2.7) and packed (2.8).
 *
 * What the driver must remember of a chain is in its private slots: nothing
 * that it wrote is ever read back.  What the device says is checked: an index
 * that jumps over more than what is in flight, an id that is not with the
 * device, or a length above what the chain could take breaks the device
 * (ofl_virtio_fail()), and every later call is -EIO.
 *
 * Split: each ring has cache lines of its own, so that each line has one writer.
 * Packed: one ring of descriptors, which the device overwrites with used ones;
 * a line of it goes to and fro once a chain, where split needs three.  Whose turn
 * a descriptor is say two bits of its flags, whose sense changes with each lap:
 * that is bit `size` of the counters here, for sizes are powers of two.
 *
 * Where the device promised to use chains in order (VIRTIO_F_IN_ORDER, packed only), a
 * chain's id is the place of its first descriptor, and one used descriptor may
 * stand for a batch: it has the id of the last, and all before it are used as well,
 * completely.
 *
 * The driver polls: normally the device is told not to call.  Only a wait
 * that is about to let the platform sleep arms the call (ofl_vq_get_wait()).
 */
#include "vq.h"

#include <errno.h>

#include "wait.h"

#define DESC_F_NEXT 1u
#define DESC_F_WRITE 2u
#define DESC_F_AVAIL (1u << 7) /* packed */
#define DESC_F_USED (1u << 15)
#define AVAIL_F_NO_INTERRUPT 1u
#define USED_F_NO_NOTIFY 1u

/* VIRTIO 1.2, 2.8.10: an event is 15 bits of position, the lap, 2 bits of flags. */
#define EVENT_LAP (1u << 15)
#define EVENT_ENABLE 0u
#define EVENT_DISABLE (1u << 16)
#define EVENT_DESC (2u << 16)
#define EVENT_FLAGS (3u << 16)

struct ofl_vq_desc {
	uint64_t addr;
	uint32_t len;
	union {
		struct {
			uint16_t flags;
			uint16_t next;
		};
		struct {
			uint16_t id;
			uint16_t flags;
		} packed;
	};
};

struct ofl_vq_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[]; /* then used_event */
};

struct ofl_vq_used_elem {
	uint32_t id;
	uint32_t len;
};

struct ofl_vq_used {
	uint16_t flags;
	uint16_t idx;
	struct ofl_vq_used_elem ring[]; /* then avail_event */
};

#define NO_SLOT 0xffffu

static size_t line_up(size_t n)
{
	return (n + OFL_LINE - 1) & ~(size_t)(OFL_LINE - 1);
}

static size_t desc_bytes(unsigned int size)
{
	return size * sizeof(struct ofl_vq_desc);
}

static size_t avail_bytes(unsigned int size)
{
	return sizeof(struct ofl_vq_avail) + 2u * size + 2;
}

static size_t used_bytes(unsigned int size)
{
	return sizeof(struct ofl_vq_used) +
	       sizeof(struct ofl_vq_used_elem) * size + 2;
}

size_t ofl_vq_bytes(unsigned int size)
{
	return line_up(desc_bytes(size)) + line_up(avail_bytes(size)) +
	       line_up(used_bytes(size));
}

static uint16_t *used_event(struct ofl_vq *vq)
{
	return &vq->avail->ring[vq->size];
}

static uint16_t *avail_event(struct ofl_vq *vq)
{
	return (uint16_t *)(void *)&vq->used->ring[vq->size];
}

/* VIRTIO 1.2, 2.7.10: did the index pass `event` on its way from old to new? */
static bool need_event(uint16_t event, uint16_t new_idx, uint16_t old_idx)
{
	return (uint16_t)(new_idx - event - 1) < (uint16_t)(new_idx - old_idx);
}

/* --- packed: what is said of entry idx, which counts for ever --- */

/* VIRTIO 1.2, 2.8.1: the flags of a descriptor that the device may take ... */
static uint16_t avail_flags(const struct ofl_vq *vq, uint16_t idx)
{
	return idx & vq->size ? DESC_F_USED : DESC_F_AVAIL;
}

/* ... and of one that it has used. */
static uint16_t used_flags(const struct ofl_vq *vq, uint16_t idx)
{
	return idx & vq->size ? 0 : DESC_F_AVAIL | DESC_F_USED;
}

static uint32_t event_at(const struct ofl_vq *vq, uint16_t idx)
{
	return (idx & (vq->size - 1u)) | (idx & vq->size ? 0 : EVENT_LAP);
}

/* Does `event` of the device want to hear of the entries from old to new? */
static bool event_passed(const struct ofl_vq *vq, uint32_t event, uint16_t new_idx,
			 uint16_t old_idx)
{
	uint16_t at;

	if ((event & EVENT_FLAGS) != EVENT_DESC)
		return (event & EVENT_FLAGS) == EVENT_ENABLE;
	at = (uint16_t)((new_idx & ~(vq->size - 1u)) + (event & (EVENT_LAP - 1)));
	if ((event ^ event_at(vq, new_idx)) & EVENT_LAP)
		at = (uint16_t)(at - vq->size);
	return need_event(at, new_idx, old_idx);
}

/*
 * Ask the device to call for the next used buffer, or not to.  No fence: the
 * platform that announces its sleep later has one (wait.h).
 */
static void set_armed(struct ofl_vq *vq, bool armed)
{
	vq->armed = armed;
	if (vq->packed)
		__atomic_store_n((uint32_t *)(void *)vq->avail,
				 !armed ? EVENT_DISABLE :
				 vq->event_idx ? EVENT_DESC | event_at(vq, vq->last_used) :
						 EVENT_ENABLE,
				 __ATOMIC_RELAXED);
	else if (vq->event_idx)
		/* An event just behind us is passed once in 65536 buffers. */
		__atomic_store_n(used_event(vq),
				 (uint16_t)(vq->last_used - (armed ? 0 : 1)),
				 __ATOMIC_RELAXED);
	else
		__atomic_store_n(&vq->avail->flags,
				 armed ? 0 : AVAIL_F_NO_INTERRUPT,
				 __ATOMIC_RELAXED);
}

int ofl_vq_init(struct ofl_vq *vq, struct ofl_virtio *dev, unsigned int index,
		unsigned int size, bool event_idx)
{
	if (!size || size > OFL_VQ_SIZE_MAX || (size & (size - 1)))
		return -EINVAL;
	*vq = (struct ofl_vq){ .dev = dev, .index = (uint16_t)index,
			       .size = (uint16_t)size,
			       .event_idx = event_idx,
			       .packed = dev->features & OFL_VIRTIO_F_RING_PACKED };
	vq->in_order = vq->packed && (dev->features & OFL_VIRTIO_F_IN_ORDER);
	vq->desc = ofl_devmem_alloc(&dev->mem, desc_bytes(size), &vq->desc_pa);
	vq->avail =
		ofl_devmem_alloc(&dev->mem, avail_bytes(size), &vq->avail_pa);
	vq->used = ofl_devmem_alloc(&dev->mem, used_bytes(size), &vq->used_pa);
	if (!vq->desc || !vq->avail || !vq->used)
		return -ENOMEM;
	for (unsigned int i = 0; i < size; i++)
		vq->slot[i].next = (uint16_t)(i + 1 < size ? i + 1 : NO_SLOT);
	vq->nr_free = (uint16_t)size;
	set_armed(vq, false);
	return 0;
}

/*
 * Packed: n descriptors in a row; the id is in the last, and the flags of the first
 * make the device's of them all.
 */
static void add_packed(struct ofl_vq *vq, const struct ofl_vq_buf *buf, unsigned int nr_out,
		       unsigned int n, uint16_t id)
{
	struct ofl_vq_desc *first = &vq->desc[vq->avail_idx & (vq->size - 1)];
	uint16_t first_flags = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct ofl_vq_desc *desc = &vq->desc[vq->avail_idx & (vq->size - 1)];
		uint16_t flags = (uint16_t)(avail_flags(vq, vq->avail_idx) |
					    (i + 1 < n ? DESC_F_NEXT : 0) |
					    (i < nr_out ? 0 : DESC_F_WRITE));

		__atomic_store_n(&desc->addr, buf[i].pa, __ATOMIC_RELAXED);
		__atomic_store_n(&desc->len, buf[i].len, __ATOMIC_RELAXED);
		__atomic_store_n(&desc->packed.id, id, __ATOMIC_RELAXED);
		if (i)
			__atomic_store_n(&desc->packed.flags, flags, __ATOMIC_RELAXED);
		else
			first_flags = flags;
		vq->avail_idx++;
	}
	/* Publishes descriptors and what the buffers hold. */
	__atomic_store_n(&first->packed.flags, first_flags, __ATOMIC_RELEASE);
}

/* A device that breaks the rules may look at any time: whole stores. */
static void fill(struct ofl_vq_desc *desc, const struct ofl_vq_buf *buf,
		 unsigned int flags, uint16_t next)
{
	__atomic_store_n(&desc->addr, buf->pa, __ATOMIC_RELAXED);
	__atomic_store_n(&desc->len, buf->len, __ATOMIC_RELAXED);
	__atomic_store_n(&desc->flags, (uint16_t)flags, __ATOMIC_RELAXED);
	__atomic_store_n(&desc->next, next, __ATOMIC_RELAXED);
}

static void add_split(struct ofl_vq *vq, const struct ofl_vq_buf *buf, unsigned int nr_out,
		      unsigned int n, uint16_t head)
{
	uint16_t at = head;

	for (unsigned int i = 0; i < n; i++) {
		uint16_t next = vq->slot[at].next;
		bool last = i + 1 == n;

		fill(&vq->desc[at], &buf[i],
		     (last ? 0 : DESC_F_NEXT) | (i < nr_out ? 0 : DESC_F_WRITE),
		     last ? 0 : next);
		if (last)
			vq->free_head = next;
		else
			at = next;
	}
	__atomic_store_n(&vq->avail->ring[vq->avail_idx & (vq->size - 1)], head,
			 __ATOMIC_RELAXED);
	vq->avail_idx++;
}

int ofl_vq_add(struct ofl_vq *vq, const struct ofl_vq_buf *buf,
	       unsigned int nr_out, unsigned int nr_in, void *cookie)
{
	unsigned int n = nr_out + nr_in;
	uint16_t head = vq->in_order ? vq->avail_idx & (vq->size - 1) : vq->free_head;
	struct ofl_vq_slot *slot;
	uint32_t in_len = 0;

	if (!n)
		return -EINVAL;
	if (vq->dev->broken)
		return -EIO;
	if (n > vq->nr_free)
		return -ENOSPC;
	for (unsigned int i = nr_out; i < n; i++)
		in_len += buf[i].len;
	slot = &vq->slot[head];
	slot->cookie = cookie;
	slot->in_len = in_len;
	slot->count = (uint16_t)n;
	vq->nr_free = (uint16_t)(vq->nr_free - n);
	vq->in_flight++;
	if (vq->packed) {
		if (!vq->in_order)
			vq->free_head = slot->next;
		add_packed(vq, buf, nr_out, n, head);
	} else {
		add_split(vq, buf, nr_out, n, head);
	}
	return 0;
}

void ofl_vq_kick(struct ofl_vq *vq)
{
	uint32_t *kick = &vq->dev->hdr->kick[vq->index];
	uint16_t old = vq->kicked;
	bool wanted;

	/* Publishes descriptors, ring entries and what the buffers hold; packed: done. */
	if (!vq->packed)
		__atomic_store_n(&vq->avail->idx, vq->avail_idx, __ATOMIC_RELEASE);
	vq->kicked = vq->avail_idx;
	/* Before the looks at avail_event or flags, and at asleep. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vq->packed)
		wanted = event_passed(vq, __atomic_load_n((uint32_t *)(void *)vq->used,
							  __ATOMIC_RELAXED),
				      vq->avail_idx, old);
	else if (vq->event_idx)
		wanted = need_event(__atomic_load_n(avail_event(vq),
						    __ATOMIC_RELAXED),
				    vq->avail_idx, old);
	else
		wanted = !(__atomic_load_n(&vq->used->flags, __ATOMIC_RELAXED) &
			   USED_F_NO_NOTIFY);
	if (wanted)
		__atomic_store_n(kick,
				 __atomic_load_n(kick, __ATOMIC_RELAXED) + 1,
				 __ATOMIC_RELAXED);
	if (wanted)
		ofl_virtio_bell();
	else if (__atomic_load_n(&ofl_window()->pmm_bell.asleep,
				 __ATOMIC_RELAXED))
		/* Costs nothing, and a stale event index loses no wake-up. */
		ofl_platform_ring();
}

/* Put the chain that begins at head, or the id (packed), back on the free list. */
static void free_chain(struct ofl_vq *vq, uint16_t head)
{
	uint16_t at = head;

	if (!vq->in_order) {
		for (unsigned int i = 1; !vq->packed && i < vq->slot[head].count; i++)
			at = vq->slot[at].next;
		vq->slot[at].next = vq->free_head;
		vq->free_head = head;
	}
	vq->nr_free = (uint16_t)(vq->nr_free + vq->slot[head].count);
	vq->slot[head].count = 0;
	vq->in_flight--;
}

static bool is_with_device(const struct ofl_vq *vq, uint32_t id)
{
	return id < vq->size && vq->slot[id].count;
}

static int next_packed(struct ofl_vq *vq, uint32_t *id, uint32_t *written)
{
	struct ofl_vq_desc *desc = &vq->desc[vq->last_used & (vq->size - 1)];
	uint16_t flags;

	/* Pairs with the device's release store behind id and length. */
	flags = __atomic_load_n(&desc->packed.flags, __ATOMIC_ACQUIRE);
	if ((flags & (DESC_F_AVAIL | DESC_F_USED)) != used_flags(vq, vq->last_used))
		return 0;
	*id = __atomic_load_n(&desc->packed.id, __ATOMIC_RELAXED);
	*written = __atomic_load_n(&desc->len, __ATOMIC_RELAXED);
	return 1;
}

/*
 * Chains lie one behind the other, and their ids are places: whatever id is with the
 * device, going from chain to chain comes to it.
 */
static int next_in_order(struct ofl_vq *vq, uint32_t *id, uint32_t *written)
{
	uint16_t place = vq->last_used & (vq->size - 1);

	if (vq->last_used == vq->batch_end) {
		if (!next_packed(vq, id, written))
			return 0;
		if (!is_with_device(vq, *id))
			return 1; /* the caller says so */
		vq->batch_end = (uint16_t)(vq->last_used + ((*id - place) & (vq->size - 1u)) +
					   vq->slot[*id].count);
		vq->batch_len = *written;
	}
	*id = place;
	*written = (uint16_t)(vq->last_used + vq->slot[place].count) == vq->batch_end ?
			   vq->batch_len : vq->slot[place].in_len;
	return 1;
}

/* The next used entry, unchecked: 1 if there is one, 0, or -EIO. */
static int next_used(struct ofl_vq *vq, uint32_t *id, uint32_t *written)
{
	struct ofl_vq_used_elem *elem;
	uint16_t idx;

	if (vq->packed)
		return vq->in_order ? next_in_order(vq, id, written) :
				      next_packed(vq, id, written);
	/* Pairs with the device's release store behind its ring entry. */
	idx = __atomic_load_n(&vq->used->idx, __ATOMIC_ACQUIRE);
	if (idx == vq->last_used)
		return 0;
	if ((uint16_t)(idx - vq->last_used) > vq->in_flight) {
		ofl_virtio_fail(vq->dev, "used index jumped");
		return -EIO;
	}
	elem = &vq->used->ring[vq->last_used & (vq->size - 1)];
	*id = __atomic_load_n(&elem->id, __ATOMIC_RELAXED);
	*written = __atomic_load_n(&elem->len, __ATOMIC_RELAXED);
	return 1;
}

int ofl_vq_get(struct ofl_vq *vq, void **cookie, uint32_t *len)
{
	uint32_t id, written;
	int ret;

	if (vq->dev->broken)
		return -EIO;
	ret = next_used(vq, &id, &written);
	if (ret <= 0)
		return ret;
	if (!is_with_device(vq, id)) {
		ofl_virtio_fail(vq->dev, "used id is not with the device");
		return -EIO;
	}
	if (written > vq->slot[id].in_len) {
		ofl_virtio_fail(vq->dev, "used length is larger than the buffer");
		return -EIO;
	}
	*cookie = vq->slot[id].cookie;
	*len = written;
	vq->last_used = (uint16_t)(vq->last_used + (vq->packed ? vq->slot[id].count : 1));
	free_chain(vq, (uint16_t)id);
	if (vq->event_idx && (vq->armed || !vq->packed))
		set_armed(vq, vq->armed);
	return 1;
}

void ofl_vq_want_call(struct ofl_vq *vq, bool on)
{
	if (vq->armed != on)
		set_armed(vq, on);
}

int ofl_vq_get_wait(struct ofl_vq *vq, void **cookie, uint32_t *len,
		    uint64_t timeout)
{
	struct ofl_wait wait = OFL_WAIT(timeout);
	int ret;

	for (;;) {
		ret = ofl_vq_get(vq, cookie, len);
		if (ret)
			break;
		if (!ofl_virtio_alive(vq->dev)) {
			ret = -EIO;
			break;
		}
		if (wait.spins >= ofl_wait_sleep_at / 2 && !vq->armed) {
			set_armed(vq, true);
			continue;
		}
		ret = ofl_wait_step(&wait);
		if (ret)
			break;
	}
	if (vq->armed)
		set_armed(vq, false);
	return ret;
}
