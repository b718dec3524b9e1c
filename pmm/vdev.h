/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One virtio device: header, transactions, queues.  What a console or a file
 * server does with its queues is behind struct ofl_dev_ops.
 */
#ifndef OFL_PMM_VDEV_H
#define OFL_PMM_VDEV_H

#include <stdbool.h>
#include <stdint.h>

#include <offload/abi.h>

#include "mem.h"
#include "vq.h"

/* VIRTIO 1.2, 2.1: device status */
#define OFL_STATUS_ACKNOWLEDGE 1u
#define OFL_STATUS_DRIVER 2u
#define OFL_STATUS_DRIVER_OK 4u
#define OFL_STATUS_FEATURES_OK 8u
#define OFL_STATUS_NEEDS_RESET 64u
#define OFL_STATUS_FAILED 128u

/* VIRTIO 1.2, 6: reserved feature bits */
#define OFL_F_EVENT_IDX (1ull << 29)
#define OFL_F_VERSION_1 (1ull << 32)
#define OFL_F_RING_PACKED (1ull << 34)
#define OFL_F_IN_ORDER (1ull << 35)

#define OFL_ID_NET 1u
#define OFL_ID_CONSOLE 3u
#define OFL_ID_RNG 4u
#define OFL_ID_9P 9u
#define OFL_ID_VSOCK 19u

#define OFL_DEV_OPTIONS 256 /* bytes of a device's text for its driver */

struct ofl_dev;

struct ofl_dev_ops {
	/* The driver starts over, or the image ended: forget its state. */
	void (*reset)(struct ofl_dev *dev);
	/*
	 * DRIVER_OK was accepted: look at the queues, do a bounded amount of
	 * work.  True if something was done.  On a driver that breaks
	 * the rules: ofl_dev_break().
	 */
	bool (*serve)(struct ofl_dev *dev);
	/* Not NULL: is there work although no queue is pending? */
	bool (*pending)(const struct ofl_dev *dev);
	/* Not NULL: is a chain on queue q of use now?  NULL: always. */
	bool (*wants)(const struct ofl_dev *dev, unsigned int q);
};

struct ofl_dev {
	/* Set by the device's own init function, constant afterwards. */
	const struct ofl_dev_ops *ops;
	void *priv;
	char name[48]; /* for log lines: "console", "9p share" */
	uint32_t device_id;
	uint64_t offered; /* feature bits besides those of the ring and VERSION_1 */
	bool in_order;	  /* of each queue, it gives chains back as it took them */
	bool split_only;  /* somebody else serves the rings who knows no packed ones */
	unsigned int nr_queues;
	uint8_t config[OFL_VDEV_CONFIG];
	uint32_t config_size;
	char options[OFL_DEV_OPTIONS]; /* see abi.h; "": none */
	uint64_t mem_size; /* rings and buffers, a multiple of OFL_PAGE */
	uint64_t mem_wish; /* what it would make use of; 0: that is all */

	/* Set by the window's layout. */
	const struct ofl_mem *mem;
	uint64_t header; /* physical address of the struct ofl_vdev */
	uint64_t memory; /* and of the device's memory */
	uint64_t mem_given;

	/* What we told the driver; the header's lines are never read back. */
	uint32_t seq;
	uint32_t status;
	uint64_t features;
	uint32_t generation;
	bool called; /* chains were pushed since the loop looked last */
	unsigned int breaks;
	uint32_t call[OFL_VDEV_QUEUES];
	struct ofl_vq vq[OFL_VDEV_QUEUES];
};

/*
 * Write the device's own lines into a header and start from reset.  `fresh`: no
 * image runs, so its lines are cleared too; else they stay untouched and a request
 * of the past counts as seen.
 */
void ofl_dev_publish(struct ofl_dev *dev, bool fresh);

/* Handle a transaction, serve the queues.  True if there was work. */
bool ofl_dev_poll(struct ofl_dev *dev);

/* Before sleep: ask for kicks.  Then fence, then ofl_dev_pending(). */
void ofl_dev_arm(struct ofl_dev *dev);
bool ofl_dev_pending(const struct ofl_dev *dev);

/* The image ended: forget all that it set up.  The header is left alone. */
void ofl_dev_forget(struct ofl_dev *dev);

/* Change the configuration, before the layout or while the driver may read it. */
void ofl_dev_set_config(struct ofl_dev *dev, uint32_t off, const void *data,
			uint32_t len);

/* For ops: is queue q live?  Tell the driver about pushed chains.  Give up. */
bool ofl_dev_live(const struct ofl_dev *dev, unsigned int q);
void ofl_dev_call(struct ofl_dev *dev, unsigned int q);
void ofl_dev_break(struct ofl_dev *dev, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
