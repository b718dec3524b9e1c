// SPDX-License-Identifier: BSD-2-Clause
/* Which driver gets which device. */
#include "devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conports.h"
#include "devtree.h"
#include "files.h"
#include "net.h"
#include "p9.h"
#include "platform.h"
#include "rng.h"
#include "tty.h"
#include "virtio.h"
#include "vsock.h"

/* Drivers keep pointers into it: written by one attach, then left alone. */
static struct ofl_virtio devices[OFL_DEVICES_MAX];
static struct ofl_console console;
static struct ofl_p9 shares[OFL_MOUNTS_MAX];
static unsigned int nr_shares;

/* The first share is "/", a later one /TAG. */
static int start_share(struct ofl_virtio *dev)
{
	struct ofl_p9 *p9;
	int err;

	if (nr_shares == OFL_MOUNTS_MAX)
		return -ENOSPC;
	p9 = &shares[nr_shares];
	err = ofl_p9_start(p9, dev);
	if (!err)
		err = ofl_files_mount(p9, !ofl_files_mounted(""));
	if (!err)
		nr_shares++;
	return err;
}

static void start(struct ofl_virtio *dev)
{
	int err = -ENOTSUP;

	switch (dev->device_id) {
	case OFL_VIRTIO_ID_CONSOLE:
		if (console.dev)
			break;
		err = ofl_conports_start(&console, dev);
		if (!err)
			ofl_tty_use(&console);
		break;
	case OFL_VIRTIO_ID_9P:
		err = start_share(dev);
		break;
	case OFL_VIRTIO_ID_RNG:
		err = ofl_rng_start(dev);
		break;
	case OFL_VIRTIO_ID_VSOCK:
		if (ofl_vsock_works())
			break;
		err = ofl_vsock_start(dev);
		break;
	case OFL_VIRTIO_ID_NET:
		if (!&ofl_net) {
			ofl_log_printf("offload: %s: this image has no network (no <netinet/in.h>)\n",
				       dev->name);
			err = 0;
		} else {
			err = ofl_net.start(dev);
		}
		break;
	}
	if (err == -ENOTSUP)
		ofl_log_printf("offload: %s: no driver for device type %u\n",
			       dev->name, dev->device_id);
	else if (err)
		ofl_log_printf("offload: %s: cannot start it: %s\n", dev->name,
			       strerror(-err));
}

int ofl_devices_attach(uint32_t epoch)
{
	int n;

	for (unsigned int i = 0; i < nr_shares; i++)
		ofl_files_forget(&shares[i]);
	ofl_tty_use(NULL);
	ofl_vsock_lost();
	if (&ofl_net)
		ofl_net.lost();
	ofl_rng_lost();
	nr_shares = 0;
	ofl_conports_lost();
	console.dev = NULL;
	n = ofl_devtree_read(devices, OFL_DEVICES_MAX, epoch);
	if (n < 0)
		return n;
	__atomic_store_n(&ofl_window()->image.abi, OFL_ABI_VERSION,
			 __ATOMIC_RELAXED);
	__atomic_store_n(&ofl_window()->image.epoch, epoch, __ATOMIC_RELEASE);
	for (int i = 0; i < n; i++)
		start(&devices[i]);
	return 0;
}

void ofl_devices_drain(void)
{
	ofl_vsock_drain();
	if (&ofl_net)
		ofl_net.drain();
	ofl_console_drain(&console);
	ofl_conports_drain();
}
