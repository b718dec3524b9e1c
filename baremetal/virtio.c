// SPDX-License-Identifier: BSD-2-Clause
/*
 * Transactions with a device header (see struct ofl_vdev in abi.h).
 *
 * There is no trap that makes the device answer a register access, so the
 * driver stores its wish into its own lines, counts req_seq up, and waits for
 * ack_seq to follow.  The PMM may stop answering at any time: each wait is
 * bounded and ends early when the PMM's epoch changes.  The header is the
 * PMM's: what decides anything is copied once and the copy is checked.
 */
#include "virtio.h"

#include <errno.h>
#include <string.h>

#include "pool.h"
#include "vq.h"
#include "wait.h"

void ofl_virtio_bell(void)
{
	/* Orders the published work before the look at asleep. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&ofl_window()->pmm_bell.asleep, __ATOMIC_RELAXED))
		ofl_platform_ring();
}

struct ofl_pool_range ofl_pool_range;
void (*ofl_pool_lost)(uint64_t pa);

void ofl_virtio_fail(struct ofl_virtio *dev, const char *why)
{
	if (dev->broken)
		return;
	dev->broken = true;
	ofl_log_printf("offload: %s: %s; the device is not used any more\n",
		       dev->name, why);
}

bool ofl_virtio_alive(struct ofl_virtio *dev)
{
	uint32_t status;

	if (dev->broken)
		return false;
	if (ofl_platform_pmm_epoch() != dev->epoch) {
		ofl_virtio_fail(dev, "the PMM went away");
		return false;
	}
	status = __atomic_load_n(&dev->hdr->device.status, __ATOMIC_RELAXED);
	if (status & OFL_VIRTIO_NEEDS_RESET) {
		ofl_virtio_fail(dev, "the device reports that it needs a reset");
		return false;
	}
	return true;
}

int ofl_virtio_open(struct ofl_virtio *dev)
{
	struct ofl_vdev *hdr = dev->hdr;
	uint32_t magic, version;

	/* Acquired with the epoch. */
	magic = __atomic_load_n(&hdr->id.magic, __ATOMIC_RELAXED);
	version = __atomic_load_n(&hdr->id.version, __ATOMIC_RELAXED);
	if (magic != OFL_VDEV_MAGIC) {
		ofl_log_printf("offload: %s: no device header here (magic %x)\n",
			       dev->name, magic);
		return -ENODEV;
	}
	if (version != OFL_VDEV_VERSION) {
		ofl_log_printf("offload: %s: device header version %u, this runtime has %u\n",
			       dev->name, version, OFL_VDEV_VERSION);
		return -EPROTONOSUPPORT;
	}
	dev->device_id = __atomic_load_n(&hdr->id.device_id, __ATOMIC_RELAXED);
	dev->nr_queues = __atomic_load_n(&hdr->id.nr_queues, __ATOMIC_RELAXED);
	dev->config_size =
		__atomic_load_n(&hdr->id.config_size, __ATOMIC_RELAXED);
	dev->offered = __atomic_load_n(&hdr->id.features, __ATOMIC_RELAXED);
	if (dev->nr_queues > OFL_VDEV_QUEUES ||
	    dev->config_size > OFL_VDEV_CONFIG) {
		ofl_log_printf("offload: %s: header claims %u queues and %u bytes of configuration\n",
			       dev->name, dev->nr_queues, dev->config_size);
		return -ENODEV;
	}
	/* The device may have seen a driver before us: go on counting. */
	dev->req_seq =
		__atomic_load_n(&hdr->driver.req_seq, __ATOMIC_RELAXED);
	dev->features = 0;
	dev->status = 0;
	dev->broken = false;
	return 0;
}

/* Ask for `status`; 0 and the device's status in *answer, or -errno. */
static int transact(struct ofl_virtio *dev, uint32_t status, uint32_t *answer)
{
	struct ofl_wait wait = OFL_WAIT(OFL_VIRTIO_TIMEOUT);
	struct ofl_vdev *hdr = dev->hdr;

	__atomic_store_n(&hdr->driver.status, status, __ATOMIC_RELAXED);
	dev->req_seq++;
	__atomic_store_n(&hdr->driver.req_seq, dev->req_seq, __ATOMIC_RELEASE);
	ofl_virtio_bell();

	while (__atomic_load_n(&hdr->device.ack_seq, __ATOMIC_ACQUIRE) !=
	       dev->req_seq) {
		if (ofl_platform_pmm_epoch() != dev->epoch) {
			ofl_virtio_fail(dev, "the PMM went away");
			return -EIO;
		}
		if (ofl_wait_step(&wait)) {
			ofl_virtio_fail(dev, "no answer to a status request");
			return -ETIMEDOUT;
		}
	}
	*answer = __atomic_load_n(&hdr->device.status, __ATOMIC_RELAXED);
	dev->status = status;
	return 0;
}

int ofl_virtio_start(struct ofl_virtio *dev, uint64_t wanted)
{
	uint32_t status = OFL_VIRTIO_ACKNOWLEDGE | OFL_VIRTIO_DRIVER;
	struct ofl_vdev *hdr = dev->hdr;
	uint32_t answer;
	int err;

	err = transact(dev, 0, &answer);
	if (err)
		return err;
	if (answer) {
		ofl_virtio_fail(dev, "the device refuses a reset");
		return -EPROTO;
	}
	ofl_devmem_reset(&dev->mem);
	for (unsigned int q = 0; q < OFL_VDEV_QUEUES; q++)
		__atomic_store_n(&hdr->vq_driver[q].size, 0, __ATOMIC_RELAXED);

	err = transact(dev, status, &answer);
	if (err)
		return err;

	if (!(dev->offered & OFL_VIRTIO_F_VERSION_1)) {
		ofl_virtio_fail(dev, "the device does not offer VIRTIO_F_VERSION_1");
		return -EPROTO;
	}
	dev->features = dev->offered & (wanted | OFL_VIRTIO_F_VERSION_1 |
					OFL_VIRTIO_F_RING_PACKED);
	if (dev->features & OFL_VIRTIO_F_RING_PACKED)
		dev->features |= dev->offered & OFL_VIRTIO_F_IN_ORDER;
	__atomic_store_n(&hdr->driver.features, dev->features, __ATOMIC_RELAXED);
	status |= OFL_VIRTIO_FEATURES_OK;
	err = transact(dev, status, &answer);
	if (err)
		return err;
	if (!(answer & OFL_VIRTIO_FEATURES_OK)) {
		ofl_virtio_fail(dev, "the device refuses the features");
		return -EPROTO;
	}
	return 0;
}

int ofl_virtio_queue(struct ofl_virtio *dev, struct ofl_vq *vq,
		     unsigned int index, unsigned int size)
{
	struct ofl_vq_driver *line;
	uint32_t max;
	int err;

	if (index >= dev->nr_queues)
		return -ENOENT;
	line = &dev->hdr->vq_driver[index];
	max = __atomic_load_n(&dev->hdr->vq_device[index].size_max,
			      __ATOMIC_RELAXED);
	if (!max)
		return -ENOENT;
	while (size > max)
		size /= 2;
	err = ofl_vq_init(vq, dev, index, size,
			  dev->features & OFL_VIRTIO_F_EVENT_IDX);
	if (err)
		return err;
	__atomic_store_n(&line->desc, vq->desc_pa, __ATOMIC_RELAXED);
	__atomic_store_n(&line->driver, vq->avail_pa, __ATOMIC_RELAXED);
	__atomic_store_n(&line->device, vq->used_pa, __ATOMIC_RELAXED);
	__atomic_store_n(&line->size, vq->size, __ATOMIC_RELAXED);
	return 0;
}

int ofl_virtio_ready(struct ofl_virtio *dev)
{
	uint32_t status = dev->status | OFL_VIRTIO_DRIVER_OK;
	uint32_t answer;
	int err;

	err = transact(dev, status, &answer);
	if (err)
		return err;
	if (!(answer & OFL_VIRTIO_DRIVER_OK) ||
	    (answer & OFL_VIRTIO_NEEDS_RESET)) {
		ofl_virtio_fail(dev, "the device refuses its queues");
		return -EPROTO;
	}
	return 0;
}

int ofl_virtio_config(struct ofl_virtio *dev, unsigned int offset, void *buf,
		      unsigned int len)
{
	struct ofl_vdev *hdr = dev->hdr;

	if (offset > dev->config_size || len > dev->config_size - offset)
		return -EINVAL;
	/* A PMM that changes it all the time does not get more than this. */
	for (unsigned int tries = 0; tries < 16; tries++) {
		uint32_t before, after;

		before = __atomic_load_n(&hdr->device.config_generation,
					 __ATOMIC_ACQUIRE);
		memcpy(buf, hdr->config + offset, len);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		after = __atomic_load_n(&hdr->device.config_generation,
					__ATOMIC_RELAXED);
		if (before == after)
			return 0;
	}
	return -EIO;
}
