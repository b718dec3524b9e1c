/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device's side of a virtqueue.
 *
 * A device sees chains of buffers and nothing of the ring's layout: split (VIRTIO
 * 1.2, 2.7) or packed (2.8), with EVENT_IDX, without indirect descriptors.  One that
 * gives chains back in the order in which it took them may promise so (IN_ORDER).
 */
#ifndef OFL_PMM_VQ_H
#define OFL_PMM_VQ_H

#include <stdbool.h>
#include <stdint.h>

#include <offload/abi.h>

#include "mem.h"

#define OFL_VQ_SIZE_MAX 128 /* entries, and so the longest chain */

/* One buffer: a private, checked copy of its descriptor. */
struct ofl_vq_seg {
	uint64_t pa;
	uint32_t len;
};

/* A chain: nr_out buffers to read from, then nr_in buffers to write to. */
struct ofl_vq_chain {
	uint16_t head; /* what it is called in ofl_vq_push */
	uint16_t nr_out;
	uint16_t nr_in;
	uint64_t out_len; /* bytes; together at most the window's size */
	uint64_t in_len;
	struct ofl_vq_seg seg[OFL_VQ_SIZE_MAX];
};

struct ofl_vq {
	const struct ofl_mem *mem;
	/* Whole in the window.  Packed: descriptors, the driver's events, ours. */
	uint64_t desc, avail, used;
	struct ofl_mem_part desc_part, avail_part, used_part;
	uint16_t size; /* a power of two; 0: the queue is off */
	bool event_idx;
	bool packed;
	bool in_order;
	/* Count for ever; packed: descriptors, split: chains. */
	uint16_t last_avail; /* next entry of the available ring to take */
	uint16_t used_idx;   /* next entry of the used ring to fill */
	uint16_t called;     /* used_idx at the last ofl_vq_should_call */
	/* In order: chains given back that the driver has not been told of. */
	uint16_t batch;	   /* how many */
	uint16_t batch_at; /* used_idx of the first */
	uint16_t batch_id; /* of the last */
	/*
	 * Packed: descriptors of the chain of this id, and OFL_VQ_WRITABLE if it has nr_in;
	 * 0: it is not with us.
	 */
	uint16_t count[OFL_VQ_SIZE_MAX];
	const char *why;     /* what is wrong, after an error; static text */
};

#define OFL_VQ_WRITABLE 0x8000u /* in count */

#define OFL_VQ_EVENT_IDX 1u
#define OFL_VQ_PACKED 2u
#define OFL_VQ_IN_ORDER 4u /* of no use without the one before */

/*
 * Take the queue described by the driver's line (a private copy), `layout` of the bits
 * above.  0; -EINVAL size or alignment, -EFAULT not whole in the window: vq->why
 * says which, and the queue is off.
 */
int ofl_vq_setup(struct ofl_vq *vq, const struct ofl_mem *mem,
		 const struct ofl_vq_driver *line, uint32_t size_max,
		 unsigned int layout);

/* Is there a chain?  May say yes for a queue that ofl_vq_pop finds broken. */
bool ofl_vq_pending(const struct ofl_vq *vq);

/*
 * Take the next chain.  1: it is in *chain; 0: there is none; -EPROTO: the
 * driver broke the rules, vq->why says how, and the device must stop serving.
 */
int ofl_vq_pop(struct ofl_vq *vq, struct ofl_vq_chain *chain);

/*
 * Give a chain back; `written` bytes of its nr_in buffers were filled.  The driver sees
 * it after ofl_vq_should_call() at the latest.
 */
void ofl_vq_push(struct ofl_vq *vq, uint16_t head, uint32_t written);

/* After one or more pushes: end the batch; does the driver want to be told? */
bool ofl_vq_should_call(struct ofl_vq *vq);

/*
 * Before sleep: ask for a kick with the next chain.  The caller fences and looks at
 * ofl_vq_pending once more.
 */
void ofl_vq_arm(struct ofl_vq *vq);

/*
 * Copy from the readable buffers / into the writable ones, `off` bytes into
 * their concatenation.  Returns the number of bytes copied, less than len where
 * the buffers end.
 */
uint32_t ofl_vq_copy_out(const struct ofl_vq *vq,
			 const struct ofl_vq_chain *chain, uint64_t off,
			 void *dst, uint32_t len);
uint32_t ofl_vq_copy_in(const struct ofl_vq *vq,
			const struct ofl_vq_chain *chain, uint64_t off,
			const void *src, uint32_t len);

#endif
