/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queues that the kernel serves in our place (/dev/vhost-vsock, /dev/vhost-net).
 *
 * The kernel gets the window as its memory table and the addresses of the rings, and
 * reads and writes them itself.  We see no packet; what we do is to relay: the image
 * counts its kicks in the window, the kernel hears of them by an eventfd, and the
 * other way round.
 */
#ifndef OFL_PMM_VHOST_H
#define OFL_PMM_VHOST_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "vdev.h"

#define OFL_VHOST_VSOCK "/dev/vhost-vsock"
#define OFL_VHOST_NET "/dev/vhost-net"
#define OFL_VHOST_QUEUES 2u /* the first ones of the device */

struct ofl_vhost {
	int fd;
	bool running;
	struct ofl_dev *dev;
	struct ofl_loop *loop;
	struct vhost_queue {
		struct ofl_vhost *vh;
		int kick;		/* eventfd: the image has kicked */
		struct ofl_source call; /* eventfd: the kernel has used buffers */
		uint32_t kicked;	/* the image's count that the kernel knows of */
	} queue[OFL_VHOST_QUEUES];
	struct ofl_source error;
};

/*
 * With all privileges: open the kernel's device `path` for dev.  `what` is an option,
 * for the log.  0 or -errno; ofl_vhost_close() in any case.
 */
int ofl_vhost_open(struct ofl_vhost *vh, struct ofl_dev *dev, const char *path,
		   const char *what);
/* Another instance of the kernel's device, its connections gone; the old one on error. */
int ofl_vhost_reopen(struct ofl_vhost *vh, const char *path);
int ofl_vhost_watch(struct ofl_vhost *vh, struct ofl_loop *loop);
/*
 * DRIVER_OK: hand the window and the rings over.  Then the device's own activation
 * (VHOST_VSOCK_SET_RUNNING, VHOST_NET_SET_BACKEND), then ofl_vhost_run().  0 or -errno.
 */
int ofl_vhost_start(struct ofl_vhost *vh);
void ofl_vhost_run(struct ofl_vhost *vh);
/* Behind the device's deactivation. */
void ofl_vhost_stop(struct ofl_vhost *vh);
void ofl_vhost_close(struct ofl_vhost *vh);

/* The image's kicks: are there new ones?  Pass them on; true if there were. */
bool ofl_vhost_kicked(const struct ofl_vhost *vh);
bool ofl_vhost_relay(struct ofl_vhost *vh);

#endif
