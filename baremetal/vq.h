/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver's side of a virtqueue.  The functions say nothing about the
 * layout of the ring (buffers in, buffers out): it is split, or packed where
 * VIRTIO_F_RING_PACKED was negotiated.
 */
#ifndef OFFLOAD_VQ_H
#define OFFLOAD_VQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devmem.h"
#include "virtio.h"

#define OFL_VQ_SIZE_MAX 128u

/* A piece of memory in the device's window. */
struct ofl_vq_buf {
	uint64_t pa;
	uint32_t len;
};

struct ofl_vq_desc;
struct ofl_vq_avail;
struct ofl_vq_used;

struct ofl_vq_slot {
	void *cookie;
	uint32_t in_len; /* bytes that the device may write; by chain head */
	uint16_t count;	 /* descriptors of the chain; 0: not with the device */
	uint16_t next;	 /* chain or free list: never read back from the ring */
};

/* Split: the three rings.  Packed: descriptors, the driver's and the device's events. */

struct ofl_vq {
	struct ofl_virtio *dev;
	struct ofl_vq_desc *desc;
	struct ofl_vq_avail *avail;
	struct ofl_vq_used *used;
	uint64_t desc_pa, avail_pa, used_pa;
	uint16_t index;
	uint16_t size;
	bool event_idx;
	bool packed;
	bool in_order;	    /* packed only */
	bool armed;	    /* the device was asked to call */
	/* Count for ever; packed: descriptors, split: chains. */
	uint16_t avail_idx; /* next entry of the available ring */
	uint16_t kicked;    /* avail_idx at the last ofl_vq_kick() */
	uint16_t last_used; /* next entry of the used ring */
	/* In order: what was said of all chains up to here; len is of the last. */
	uint16_t batch_end;
	uint32_t batch_len;
	uint16_t free_head; /* packed: of buffer ids */
	uint16_t nr_free;
	uint16_t in_flight; /* chains with the device */
	struct ofl_vq_slot slot[OFL_VQ_SIZE_MAX];
};

/* Bytes of device memory that ofl_vq_init() takes for `size` entries. */
size_t ofl_vq_bytes(unsigned int size);
/*
 * Lay the queue out in dev->mem, packed if dev->features say so.  size: a power of
 * two, at most OFL_VQ_SIZE_MAX.  EINVAL, ENOMEM.
 */
int ofl_vq_init(struct ofl_vq *vq, struct ofl_virtio *dev, unsigned int index,
		unsigned int size, bool event_idx);
/*
 * Give a chain to the device: nr_out pieces that it reads, then nr_in that it
 * writes.  It sees it after ofl_vq_kick() at the latest.  EINVAL: no piece; ENOSPC: no
 * descriptors left now; EIO: device broken or gone.
 */
int ofl_vq_add(struct ofl_vq *vq, const struct ofl_vq_buf *buf,
	       unsigned int nr_out, unsigned int nr_in, void *cookie);
/* Publish what was added and notify the device as it asked to be. */
void ofl_vq_kick(struct ofl_vq *vq);
/*
 * Take back one chain.  1: *cookie and *len (bytes the device says it wrote,
 * never more than the chain had room for; in order, in a batch, all of that room) are set;
 * 0: none; EIO.
 */
int ofl_vq_get(struct ofl_vq *vq, void **cookie, uint32_t *len);
/*
 * Ask the device to call for the next used buffer, or not to.  Look at the queue
 * once more between asking and sleeping.
 */
void ofl_vq_want_call(struct ofl_vq *vq, bool on);
/*
 * ofl_vq_get(), waiting for at most timeout ns.  ETIMEDOUT, EIO.
 */
int ofl_vq_get_wait(struct ofl_vq *vq, void **cookie, uint32_t *len,
		    uint64_t timeout);

#endif
