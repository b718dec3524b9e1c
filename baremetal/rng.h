/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-entropy (VIRTIO 1.2, 5.4). */
#ifndef OFFLOAD_RNG_H
#define OFFLOAD_RNG_H

#include <stddef.h>
#include <stdint.h>

#include "virtio.h"

/* Start the device and use it. */
int ofl_rng_start(struct ofl_virtio *dev);
/* The PMM went away. */
void ofl_rng_lost(void);
/* len, or -errno: ENOSYS no device; EIO the PMM went away or does not answer. */
int64_t ofl_rng_read(void *buf, size_t len);

#endif
