/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's vhost-net behind the image's network device.
 *
 * The TAP has the twelve bytes of VERSION_1 before its frames, as the image has them, and
 * checks them: no offload is offered.  To have vhost put them there and take them off
 * (VHOST_NET_F_VIRTIO_NET_HDR) loses frames: Linux 6.1 then hands the TAP a header that
 * nobody has written (vhost_net_build_xdp()), which is harmless only where the kernel
 * clears each page (init_on_alloc, as Debian's does).
 */
#include "net_vhost.h"

#include <errno.h>
#include <linux/vhost.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vhost.h"

struct ofl_net_vhost {
	struct ofl_vhost vhost;
	int tap;
};

/* fd -1: the kernel lets go of the rings. */
static int vhost_backend(struct ofl_net_vhost *nv, int fd)
{
	unsigned int q;

	for (q = 0; q < OFL_VHOST_QUEUES; q++) {
		struct vhost_vring_file file = { .index = q, .fd = fd };

		if (ioctl(nv->vhost.fd, VHOST_NET_SET_BACKEND, &file))
			return -errno;
	}
	return 0;
}

static void vhost_reset(struct ofl_dev *dev)
{
	struct ofl_net_vhost *nv = dev->priv;

	if (!nv->vhost.running)
		return;
	vhost_backend(nv, -1);
	ofl_vhost_stop(&nv->vhost);
}

static bool vhost_serve(struct ofl_dev *dev)
{
	struct ofl_net_vhost *nv = dev->priv;
	int err;

	if (nv->vhost.running)
		return ofl_vhost_relay(&nv->vhost);
	err = ofl_vhost_start(&nv->vhost);
	if (!err)
		err = vhost_backend(nv, nv->tap);
	if (err) {
		vhost_backend(nv, -1);
		ofl_dev_break(dev, "vhost does not take the rings: %s",
			      strerror(-err));
	} else {
		ofl_vhost_run(&nv->vhost);
	}
	return true;
}

static bool vhost_pending(const struct ofl_dev *dev)
{
	const struct ofl_net_vhost *nv = dev->priv;

	return !nv->vhost.running || ofl_vhost_kicked(&nv->vhost);
}

static bool vhost_wants(const struct ofl_dev *dev, unsigned int q)
{
	(void)dev;
	(void)q;
	return false; /* the rings are the kernel's */
}

static const struct ofl_dev_ops net_vhost_ops = {
	.reset = vhost_reset,
	.serve = vhost_serve,
	.pending = vhost_pending,
	.wants = vhost_wants,
};

struct ofl_net_vhost *ofl_net_vhost_open(struct ofl_dev *dev, int tap)
{
	struct ofl_net_vhost *nv = calloc(1, sizeof(*nv));

	if (!nv)
		return NULL;
	nv->tap = tap;
	if (ofl_vhost_open(&nv->vhost, dev, OFL_VHOST_NET, "--net vhost")) {
		ofl_net_vhost_close(nv);
		return NULL;
	}
	dev->ops = &net_vhost_ops;
	dev->priv = nv;
	return nv;
}

int ofl_net_vhost_watch(struct ofl_net_vhost *nv, struct ofl_loop *loop)
{
	return ofl_vhost_watch(&nv->vhost, loop);
}

void ofl_net_vhost_close(struct ofl_net_vhost *nv)
{
	if (!nv)
		return;
	ofl_vhost_close(&nv->vhost);
	free(nv);
}
