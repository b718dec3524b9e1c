/* SPDX-License-Identifier: BSD-2-Clause */
/* The device tree blob of the shared window: which devices there are. */
#ifndef OFFLOAD_DEVTREE_H
#define OFFLOAD_DEVTREE_H

#include <stdint.h>

#include "virtio.h"

#define OFL_DEVICES_MAX 32

/*
 * Check the window's control page and its blob, and fill dev[] (max entries)
 * with the devices found: hdr, mem, epoch, name and what ofl_virtio_open()
 * copies.  A node that is malformed, overlaps another, is misaligned or lies
 * outside of the window is refused by name in the log, the others are used.
 *
 * Returns the number of devices, or -errno after a line in the log:
 * EPROTONOSUPPORT (other ABI), EINVAL (blob), ENOMEM.
 */
int ofl_devtree_read(struct ofl_virtio *dev, unsigned int max, uint32_t epoch);

#endif
