/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transactions of struct ofl_vdev (see abi.h), device side.
 *
 * The driver's lines are read once per request, in full, after the acquire load
 * of req_seq; what they say is checked against what we know privately.  Our own
 * lines are written and never read: the image could have changed them.
 *
 * A device that finds its driver breaking the rules stores
 * DEVICE_NEEDS_RESET and serves nothing until a reset.  The other devices do
 * not notice.
 */
#include "vdev.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

#define STATUS_KNOWN                                                           \
	(OFL_STATUS_ACKNOWLEDGE | OFL_STATUS_DRIVER | OFL_STATUS_DRIVER_OK |   \
	 OFL_STATUS_FEATURES_OK | OFL_STATUS_NEEDS_RESET | OFL_STATUS_FAILED)

/* A driver can break and reset for ever; nobody needs to read of it for ever. */
#define BREAKS_LOGGED 16

static uint64_t dev_field(const struct ofl_dev *dev, size_t offset)
{
	return dev->header + offset;
}

static uint64_t dev_offered(const struct ofl_dev *dev)
{
	return dev->offered | OFL_F_VERSION_1 | OFL_F_EVENT_IDX |
	       (dev->split_only ? 0 :
		OFL_F_RING_PACKED | (dev->in_order ? OFL_F_IN_ORDER : 0));
}

static void dev_set_vq_state(struct ofl_dev *dev, unsigned int q, uint32_t state)
{
	size_t line = offsetof(struct ofl_vdev, vq_device) +
		      q * sizeof(struct ofl_vq_device);

	ofl_mem_put32(dev->mem,
		      dev_field(dev, line + offsetof(struct ofl_vq_device,
						     state)),
		      state);
}

static void dev_set_status(struct ofl_dev *dev, uint32_t status)
{
	dev->status = status;
	ofl_mem_put32(dev->mem,
		      dev_field(dev, offsetof(struct ofl_vdev, device.status)),
		      status);
}

void ofl_dev_forget(struct ofl_dev *dev)
{
	unsigned int q;

	for (q = 0; q < dev->nr_queues; q++)
		dev->vq[q].size = 0;
	dev->features = 0;
	dev->status = 0;
	dev->breaks = 0;
	dev->ops->reset(dev);
}

static void dev_reset(struct ofl_dev *dev)
{
	unsigned int breaks = dev->breaks, q;

	ofl_dev_forget(dev);
	dev->breaks = breaks;
	for (q = 0; q < dev->nr_queues; q++)
		dev_set_vq_state(dev, q, OFL_VQ_OFF);
	dev_set_status(dev, 0);
}

static void dev_next_generation(struct ofl_dev *dev)
{
	dev->generation++;
	ofl_mem_store32(dev->mem,
			dev_field(dev, offsetof(struct ofl_vdev,
						device.config_generation)),
			dev->generation);
	ofl_mem_fence();
}

void ofl_dev_break(struct ofl_dev *dev, const char *fmt, ...)
{
	char why[160];
	unsigned int q;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (dev->breaks < BREAKS_LOGGED)
		ofl_log("device %s broken: %s", dev->name, why);
	else if (dev->breaks == BREAKS_LOGGED)
		ofl_log("device %s broken again; not reported any more",
			dev->name);
	if (dev->breaks <= BREAKS_LOGGED)
		dev->breaks++;
	for (q = 0; q < dev->nr_queues; q++) {
		if (!dev->vq[q].size)
			continue;
		dev->vq[q].size = 0;
		dev_set_vq_state(dev, q, OFL_VQ_BROKEN);
	}
	dev_set_status(dev, dev->status | OFL_STATUS_NEEDS_RESET);
	dev_next_generation(dev);
	dev->called = true;
}

void ofl_dev_publish(struct ofl_dev *dev, bool fresh)
{
	struct ofl_vdev header;
	const size_t image_lines = offsetof(struct ofl_vdev, driver);
	unsigned int q;

	memset(&header, 0, sizeof(header));
	header.id.magic = OFL_VDEV_MAGIC;
	header.id.version = OFL_VDEV_VERSION;
	header.id.device_id = dev->device_id;
	header.id.features = dev_offered(dev);
	header.id.nr_queues = dev->nr_queues;
	header.id.config_size = dev->config_size;
	memcpy(header.config, dev->config, dev->config_size);
	for (q = 0; q < dev->nr_queues; q++)
		header.vq_device[q].size_max = OFL_VQ_SIZE_MAX;

	ofl_dev_forget(dev);
	memset(dev->call, 0, sizeof(dev->call));
	dev->called = false;
	dev->generation = 0;
	dev->seq = 0;
	if (fresh) {
		ofl_mem_write(dev->mem, dev->header, &header, sizeof(header));
		return;
	}
	dev->seq = ofl_mem_get32(dev->mem,
				 dev_field(dev, offsetof(struct ofl_vdev,
							 driver.req_seq)));
	header.device.ack_seq = dev->seq;
	ofl_mem_write(dev->mem, dev->header, &header, image_lines);
	ofl_mem_write(dev->mem, dev_field(dev, offsetof(struct ofl_vdev, call)),
		      header.call, sizeof(header.call));
	ofl_mem_write(dev->mem,
		      dev_field(dev, offsetof(struct ofl_vdev, config)),
		      header.config, sizeof(header.config));
	ofl_mem_write(dev->mem,
		      dev_field(dev, offsetof(struct ofl_vdev, vq_device)),
		      header.vq_device, sizeof(header.vq_device));
}

void ofl_dev_set_config(struct ofl_dev *dev, uint32_t off, const void *data,
			uint32_t len)
{
	memcpy(dev->config + off, data, len);
	if (!dev->mem || !dev->mem->size)
		return; /* with the next layout */
	/* A driver that reads meanwhile sees one of the two changes. */
	dev_next_generation(dev);
	ofl_mem_write(dev->mem,
		      dev_field(dev, offsetof(struct ofl_vdev, config)) + off,
		      data, len);
	dev_next_generation(dev);
	dev->called = true;
}

/* DRIVER_OK: take every queue or none.  The new status. */
static uint32_t dev_start_queues(struct ofl_dev *dev, uint32_t status)
{
	struct ofl_vq_driver line;
	bool refused = false;
	unsigned int q;

	for (q = 0; q < dev->nr_queues; q++) {
		ofl_mem_read(dev->mem,
			     dev_field(dev, offsetof(struct ofl_vdev, vq_driver) +
						    q * sizeof(line)),
			     &line, sizeof(line));
		dev->vq[q].size = 0;
		if (!line.size) {
			dev_set_vq_state(dev, q, OFL_VQ_OFF);
			continue;
		}
		if (ofl_vq_setup(&dev->vq[q], dev->mem, &line, OFL_VQ_SIZE_MAX,
				 (dev->features & OFL_F_EVENT_IDX ? OFL_VQ_EVENT_IDX : 0) |
				 (dev->features & OFL_F_RING_PACKED ? OFL_VQ_PACKED : 0) |
				 (dev->features & OFL_F_IN_ORDER ? OFL_VQ_IN_ORDER : 0))) {
			if (dev->breaks <= BREAKS_LOGGED) {
				dev->breaks++;
				ofl_log("device %s: queue %u refused: %s",
					dev->name, q, dev->vq[q].why);
			}
			dev_set_vq_state(dev, q, OFL_VQ_REFUSED);
			refused = true;
			continue;
		}
		dev_set_vq_state(dev, q, OFL_VQ_ON);
	}
	if (!refused)
		return status | OFL_STATUS_DRIVER_OK;

	for (q = 0; q < dev->nr_queues; q++) {
		if (!dev->vq[q].size)
			continue;
		dev->vq[q].size = 0;
		dev_set_vq_state(dev, q, OFL_VQ_OFF);
	}
	return status & ~OFL_STATUS_DRIVER_OK;
}

/* What the driver asked for, checked against what is accepted already. */
static void dev_request(struct ofl_dev *dev, uint32_t wanted, uint64_t features)
{
	const uint32_t once = OFL_STATUS_ACKNOWLEDGE | OFL_STATUS_DRIVER |
			      OFL_STATUS_FAILED;
	uint32_t status = dev->status;
	unsigned int q;

	if (!wanted) {
		dev_reset(dev);
		return;
	}
	if (status & OFL_STATUS_NEEDS_RESET)
		return; /* nothing but a reset helps */
	if (wanted & ~STATUS_KNOWN) {
		ofl_dev_break(dev, "driver status 0x%x has unknown bits", wanted);
		return;
	}
	wanted &= ~OFL_STATUS_NEEDS_RESET;
	if (status & ~wanted) {
		ofl_dev_break(dev, "driver status 0x%x takes back 0x%x", wanted,
			      status & ~wanted);
		return;
	}
	status |= wanted & once;
	if (wanted & OFL_STATUS_FAILED) {
		for (q = 0; q < dev->nr_queues; q++)
			dev->vq[q].size = 0;
		dev_set_status(dev, status);
		return;
	}
	if ((wanted & ~status) & OFL_STATUS_FEATURES_OK) {
		if (!(features & ~dev_offered(dev)) &&
		    (features & OFL_F_VERSION_1)) {
			dev->features = features;
			status |= OFL_STATUS_FEATURES_OK;
		}
	}
	if ((wanted & ~status) & OFL_STATUS_DRIVER_OK) {
		if (status & OFL_STATUS_FEATURES_OK)
			status = dev_start_queues(dev, status);
	}
	dev_set_status(dev, status);
}

static uint32_t dev_req_seq(const struct ofl_dev *dev)
{
	return ofl_mem_load32(dev->mem, dev_field(dev,
						  offsetof(struct ofl_vdev,
							   driver.req_seq)));
}

static bool dev_transact(struct ofl_dev *dev)
{
	uint32_t seq = dev_req_seq(dev);
	uint64_t features;
	uint32_t wanted;

	if (seq == dev->seq)
		return false;
	wanted = ofl_mem_get32(dev->mem,
			       dev_field(dev, offsetof(struct ofl_vdev,
						       driver.status)));
	features = ofl_mem_get64(dev->mem,
				 dev_field(dev, offsetof(struct ofl_vdev,
							 driver.features)));
	dev_request(dev, wanted, features);
	dev->seq = seq;
	/* Releases what we accepted: status, states, empty rings. */
	ofl_mem_store32(dev->mem,
			dev_field(dev, offsetof(struct ofl_vdev, device.ack_seq)),
			seq);
	dev->called = true;
	return true;
}

static bool dev_running(const struct ofl_dev *dev)
{
	return (dev->status & (OFL_STATUS_DRIVER_OK | OFL_STATUS_NEEDS_RESET |
			       OFL_STATUS_FAILED)) == OFL_STATUS_DRIVER_OK;
}

bool ofl_dev_poll(struct ofl_dev *dev)
{
	bool work = dev_transact(dev);

	if (dev_running(dev))
		work |= dev->ops->serve(dev);
	return work;
}

void ofl_dev_arm(struct ofl_dev *dev)
{
	unsigned int q;

	if (!dev_running(dev))
		return;
	for (q = 0; q < dev->nr_queues; q++)
		ofl_vq_arm(&dev->vq[q]);
}

bool ofl_dev_pending(const struct ofl_dev *dev)
{
	unsigned int q;

	if (dev_req_seq(dev) != dev->seq)
		return true;
	if (!dev_running(dev))
		return false;
	if (dev->ops->pending && dev->ops->pending(dev))
		return true;
	for (q = 0; q < dev->nr_queues; q++) {
		if (dev->ops->wants && !dev->ops->wants(dev, q))
			continue;
		if (ofl_vq_pending(&dev->vq[q]))
			return true;
	}
	return false;
}

bool ofl_dev_live(const struct ofl_dev *dev, unsigned int q)
{
	return dev_running(dev) && q < dev->nr_queues && dev->vq[q].size;
}

void ofl_dev_call(struct ofl_dev *dev, unsigned int q)
{
	size_t offset = offsetof(struct ofl_vdev, call) + q * sizeof(uint32_t);

	if (!ofl_dev_live(dev, q) || dev->vq[q].called == dev->vq[q].used_idx)
		return;
	/* Whoever sleeps may wait for several queues: it is rung for any. */
	dev->called = true;
	if (!ofl_vq_should_call(&dev->vq[q]))
		return;
	dev->call[q]++;
	ofl_mem_put32(dev->mem, dev_field(dev, offset), dev->call[q]);
}
