/* SPDX-License-Identifier: BSD-2-Clause */
/* A 9p device (VIRTIO 1.2 id 9): 9P2000.L over one queue. */
#ifndef OFL_PMM_P9_H
#define OFL_PMM_P9_H

#include <stdbool.h>
#include <stdint.h>

#include "p9fs.h"
#include "vdev.h"

/* The device, with mount tag `tag`, over a file system of these ops. */
struct ofl_p9;
struct ofl_p9 *ofl_p9_new(const char *tag, uint64_t mem_size, bool ro,
			  const struct ofl_p9_fs_ops *ops, void *fs);
void ofl_p9_free(struct ofl_p9 *p9);
struct ofl_dev *ofl_p9_dev(struct ofl_p9 *p9);

/*
 * One message: `len` bytes at req, private to us; a reply of at most max (at
 * least 11) bytes to rep.  The reply's length, 0 if there can be none (not even a
 * header).  Any bytes at all may be in req.
 */
uint32_t ofl_p9_message(struct ofl_p9 *p9, const uint8_t *req, uint32_t len,
			uint8_t *rep, uint32_t max);

/* Forget all fids, as after a reset. */
void ofl_p9_forget(struct ofl_p9 *p9);

#endif
