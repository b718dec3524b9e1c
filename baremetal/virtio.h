/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio device behind struct ofl_vdev, seen from its driver. */
#ifndef OFFLOAD_VIRTIO_H
#define OFFLOAD_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#include "devmem.h"
#include "platform.h"

/* VIRTIO 1.2, 2.1 */
#define OFL_VIRTIO_ACKNOWLEDGE 1u
#define OFL_VIRTIO_DRIVER 2u
#define OFL_VIRTIO_DRIVER_OK 4u
#define OFL_VIRTIO_FEATURES_OK 8u
#define OFL_VIRTIO_NEEDS_RESET 64u
#define OFL_VIRTIO_FAILED 128u

/* VIRTIO 1.2, 5 and 6 */
#define OFL_VIRTIO_ID_NET 1u
#define OFL_VIRTIO_ID_CONSOLE 3u
#define OFL_VIRTIO_ID_RNG 4u
#define OFL_VIRTIO_ID_9P 9u
#define OFL_VIRTIO_ID_VSOCK 19u
#define OFL_VIRTIO_F_EVENT_IDX (1ull << 29)
#define OFL_VIRTIO_F_VERSION_1 (1ull << 32)
#define OFL_VIRTIO_F_RING_PACKED (1ull << 34)
#define OFL_VIRTIO_F_IN_ORDER (1ull << 35)

#define OFL_VIRTIO_TIMEOUT (10 * 1000000000ull) /* of one transaction */

struct ofl_vq;

struct ofl_virtio {
	struct ofl_vdev *hdr; /* shared with the PMM */
	struct ofl_devmem mem;
	uint32_t epoch; /* of the PMM that the device belongs to */
	char name[28];	/* of its node, for messages */
	char options[256]; /* of its node, printable; "": none */

	/* Copied from the header once, by ofl_virtio_open(). */
	uint32_t device_id;
	uint32_t nr_queues;
	uint32_t config_size;
	uint64_t offered;

	uint64_t features; /* negotiated */
	uint32_t req_seq;
	uint32_t status;
	bool broken;
};

/*
 * hdr, mem, epoch and name are set: check the header and copy what does not
 * change.  ENODEV: not a device header; EPROTONOSUPPORT: another version.
 */
int ofl_virtio_open(struct ofl_virtio *dev);
/*
 * Reset the device and negotiate: VERSION_1 must be offered, RING_PACKED is taken
 * where it is, and IN_ORDER with it, of the others those in `wanted` that are offered.
 * ETIMEDOUT, EIO: the device does not answer; EPROTO: it refused.
 */
int ofl_virtio_start(struct ofl_virtio *dev, uint64_t wanted);
/*
 * Lay out queue `index` with at most `size` entries (a power of two) in the
 * device's memory.  ENOENT: no such queue; ENOMEM: memory too small.
 */
int ofl_virtio_queue(struct ofl_virtio *dev, struct ofl_vq *vq,
		     unsigned int index, unsigned int size);
/* All queues are laid out: DRIVER_OK.  Errors as ofl_virtio_start(). */
int ofl_virtio_ready(struct ofl_virtio *dev);
/* Copy device configuration, the same generation throughout; EIO, EINVAL. */
int ofl_virtio_config(struct ofl_virtio *dev, unsigned int offset, void *buf,
		      unsigned int len);

/* The PMM is still there and the device works. */
bool ofl_virtio_alive(struct ofl_virtio *dev);
/* The device did what it must not: say so once, never use it again. */
void ofl_virtio_fail(struct ofl_virtio *dev, const char *why);
/* Work was published: wake the PMM if it sleeps.  Contains the full fence. */
void ofl_virtio_bell(void);

static inline struct ofl_window *ofl_window(void)
{
	return (struct ofl_window *)(void *)(ofl_window_va + OFL_WIN_CTRL_OFF);
}

#endif
