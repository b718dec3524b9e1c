/* SPDX-License-Identifier: BSD-2-Clause */
/* A 9p device (VIRTIO 1.2 id 9): 9P2000.L over one queue. */
#ifndef OFL_PMM_P9_H
#define OFL_PMM_P9_H

#include <stdbool.h>
#include <stdint.h>

#include "p9fs.h"
#include "vdev.h"

struct ofl_p9;
struct ofl_pool;

/*
 * A reply that was not there at once, from the loop.  cookie: the transport's
 * own, as it was when the message came.  size 0: the request was flushed, there is no
 * reply, its buffers may be used again.
 */
typedef void (*ofl_p9_reply_fn)(struct ofl_p9 *p9, const void *cookie,
				const uint8_t *data, uint32_t size);

/*
 * The device, with mount tag `tag`, over a file system of these ops.  mem_size 0: as much
 * as the window allows.
 */
struct ofl_p9 *ofl_p9_new(const char *tag, uint64_t mem_size, bool ro,
			  const struct ofl_p9_fs_ops *ops, void *fs);
struct ofl_dev *ofl_p9_dev(struct ofl_p9 *p9);
/* From now on what may block goes to this pool, whose jobs the caller collects. */
void ofl_p9_workers(struct ofl_p9 *p9, struct ofl_pool *pool);

/*
 * A session without a device, for another transport: reply gets the replies
 * that are late.  msize: the longest message.
 */
struct ofl_p9 *ofl_p9_session(uint32_t msize, bool ro,
			      const struct ofl_p9_fs_ops *ops, void *fs,
			      ofl_p9_reply_fn reply);

/* Nothing may be in flight any more: ofl_p9_busy(). */
void ofl_p9_free(struct ofl_p9 *p9);
/* How many of its operations has a worker? */
unsigned int ofl_p9_busy(const struct ofl_p9 *p9);

/* Log a line of counters. */
void ofl_p9_stats(const struct ofl_p9 *p9, const char *tag);

/*
 * One message: `len` bytes at req, private to us; a reply of at most max (at
 * least 11) bytes to rep.  The reply's length, 0 if there can be none (not even a
 * header).  Any bytes at all may be in req.
 */
uint32_t ofl_p9_message(struct ofl_p9 *p9, const uint8_t *req, uint32_t len,
			uint8_t *rep, uint32_t max);
/* The same; *later: the reply is not there yet, reply_fn will have it. */
uint32_t ofl_p9_submit(struct ofl_p9 *p9, const uint8_t *req, uint32_t len,
		       uint8_t *rep, uint32_t max, const void *cookie,
		       uint32_t cookie_len, bool *later);

/* Forget all fids, as after a reset; late replies go nowhere. */
void ofl_p9_forget(struct ofl_p9 *p9);

#endif
