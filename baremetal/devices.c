// SPDX-License-Identifier: BSD-2-Clause
/* Which driver gets which device. */
#include "devices.h"

#include <errno.h>
#include <stdbool.h>

#include "devtree.h"
#include "platform.h"
#include "virtio.h"

/* Made by the linker (linker/offload.lds, native/native.lds). */
extern const struct ofl_driver *const __start_ofl_drivers[];
extern const struct ofl_driver *const __stop_ofl_drivers[];

#define for_each_driver(p) for ((p) = __start_ofl_drivers; (p) != __stop_ofl_drivers; (p)++)

/* Drivers keep pointers into it: written by one attach, then left alone. */
static struct ofl_virtio devices[OFL_DEVICES_MAX];
static uint32_t attached; /* the PMM that all of this belongs to; 0: none */

/* Are there images that can use it?  Then this one just does not. */
static bool is_known(uint32_t device_id)
{
	return device_id == OFL_VIRTIO_ID_NET || device_id == OFL_VIRTIO_ID_CONSOLE ||
	       device_id == OFL_VIRTIO_ID_RNG || device_id == OFL_VIRTIO_ID_9P ||
	       device_id == OFL_VIRTIO_ID_VSOCK;
}

/* strerror() would be a tenth of a small image. */
static const char *why_not(int err)
{
	switch (err) {
	case -ENOMEM:
		return "not enough memory, of the device or of the image";
	case -ENOSPC:
		return "its queues are too small, or there are too many of its kind";
	case -EEXIST:
		return "another one has its name";
	case -EIO:
	case -ETIMEDOUT:
		return "it does not answer";
	case -EPROTO:
		return "it refuses";
	default:
		return "it is malformed";
	}
}

static void start(struct ofl_virtio *dev)
{
	const struct ofl_driver *const *p;
	int err = -ENOTSUP;

	for_each_driver(p)
		if ((*p)->device_id == dev->device_id)
			break;
	if (p != __stop_ofl_drivers)
		err = (*p)->start(dev);
	else if (is_known(dev->device_id))
		return;
	if (err == -ENOTSUP)
		ofl_log_printf("offload: %s: no driver for device type %u\n",
			       dev->name, dev->device_id);
	else if (err)
		ofl_log_printf("offload: %s: cannot start it: %s\n", dev->name,
			       why_not(err));
}

static void lose(void)
{
	const struct ofl_driver *const *p;

	attached = 0;
	for_each_driver(p)
		if ((*p)->lost)
			(*p)->lost();
}

int ofl_devices_attach(uint32_t epoch)
{
	const struct ofl_driver *const *p;
	int n;

	lose();
	attached = epoch;
	for_each_driver(p)
		if ((*p)->forget)
			(*p)->forget();
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

void ofl_devices_check(void)
{
	uint32_t epoch = ofl_platform_pmm_epoch();
	static bool busy;

	if ((epoch && epoch == attached) || busy)
		return;
	busy = true;
	if (attached)
		lose();
	if (!epoch && ofl_platform_rejoin())
		epoch = ofl_platform_pmm_epoch();
	if (epoch && !ofl_devices_attach(epoch))
		ofl_log_printf("offload: attached to PMM %u\n", epoch);
	busy = false;
}

void ofl_devices_progress(void)
{
	const struct ofl_driver *const *p;

	for_each_driver(p)
		if ((*p)->progress)
			(*p)->progress();
}

void ofl_devices_arm(bool on)
{
	const struct ofl_driver *const *p;

	for_each_driver(p)
		if ((*p)->arm)
			(*p)->arm(on);
}

void ofl_devices_drain(void)
{
	const struct ofl_driver *const *p;

	for_each_driver(p)
		if ((*p)->drain)
			(*p)->drain();
}
