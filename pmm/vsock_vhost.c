/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --vsock vhost: the kernel's own vsock behind the image's (vhost.h), so that programs
 * on Linux use AF_VSOCK.  The kernel knows CIDs and ports, and this daemon none.
 *
 * When an image ends, the kernel's device is given up for another one with the same
 * CID, because that is how the kernel hears that all connections are gone.  After
 * --user that may be forbidden; then a program on Linux notices with its next bytes.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <linux/vhost.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "log.h"
#include "vhost.h"
#include "vsock_conn.h"

struct vsock_vhost {
	struct ofl_vhost vhost;
	struct ofl_vsock *vs;
};

static int vhost_set_cid(struct ofl_vsock *vs)
{
	uint64_t cid = vs->cid;
	int err;

	if (!ioctl(vs->vhost->vhost.fd, VHOST_VSOCK_SET_GUEST_CID, &cid))
		return 0;
	err = -errno;
	ofl_log("--vsock vhost: CID %u %s%s", vs->cid,
		err == -EADDRINUSE ? "is taken by another user of " OFL_VHOST_VSOCK
				     "; choose another with cid=N" :
				     "is refused: ",
		err == -EADDRINUSE ? "" : strerror(-err));
	return err;
}

static int vhost_set_running(struct vsock_vhost *vv, int on)
{
	return ioctl(vv->vhost.fd, VHOST_VSOCK_SET_RUNNING, &on) ? -errno : 0;
}

static void vhost_reset(struct ofl_dev *dev)
{
	struct vsock_vhost *vv = ((struct ofl_vsock *)dev->priv)->vhost;

	if (!vv->vhost.running)
		return;
	vhost_set_running(vv, 0);
	ofl_vhost_stop(&vv->vhost);
	if (!ofl_vhost_reopen(&vv->vhost, OFL_VHOST_VSOCK))
		vhost_set_cid(vv->vs);
}

static bool vhost_serve(struct ofl_dev *dev)
{
	struct vsock_vhost *vv = ((struct ofl_vsock *)dev->priv)->vhost;
	int err;

	if (vv->vhost.running)
		return ofl_vhost_relay(&vv->vhost);
	err = ofl_vhost_start(&vv->vhost);
	if (!err)
		err = vhost_set_running(vv, 1);
	if (err)
		ofl_dev_break(dev, "vhost does not take the rings: %s",
			      strerror(-err));
	else
		ofl_vhost_run(&vv->vhost);
	return true;
}

static bool vhost_pending(const struct ofl_dev *dev)
{
	const struct ofl_vsock *vs = dev->priv;

	return !vs->vhost->vhost.running || ofl_vhost_kicked(&vs->vhost->vhost);
}

static bool vhost_wants(const struct ofl_dev *dev, unsigned int q)
{
	(void)dev;
	(void)q;
	return false; /* rings are the kernel's, and we have no events to tell */
}

static const struct ofl_dev_ops vsock_vhost_ops = {
	.reset = vhost_reset,
	.serve = vhost_serve,
	.pending = vhost_pending,
	.wants = vhost_wants,
};

int ofl_vsock_vhost_open(struct ofl_vsock *vs)
{
	struct vsock_vhost *vv = calloc(1, sizeof(*vv));
	int err;

	if (!vv)
		return -ENOMEM;
	vv->vs = vs;
	vs->vhost = vv;
	vs->dev.ops = &vsock_vhost_ops;
	err = ofl_vhost_open(&vv->vhost, &vs->dev, OFL_VHOST_VSOCK, "--vsock vhost");
	if (!err)
		err = vhost_set_cid(vs);
	if (!err)
		ofl_log("vsock: CID %u, by " OFL_VHOST_VSOCK, vs->cid);
	return err;
}

int ofl_vsock_vhost_watch(struct ofl_vsock *vs, struct ofl_loop *loop)
{
	return ofl_vhost_watch(&vs->vhost->vhost, loop);
}

void ofl_vsock_vhost_close(struct ofl_vsock *vs)
{
	ofl_vhost_close(&vs->vhost->vhost);
	free(vs->vhost);
	vs->vhost = NULL;
}
