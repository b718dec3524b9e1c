/* SPDX-License-Identifier: BSD-2-Clause */
/* The scripted driver's transactions with a device header. */
#ifndef PMM_DEVICE_H
#define PMM_DEVICE_H

#include "pmm_driver.h"

#include "pmm/vdev.c"
#include "pmm/window.c"

#define F_ALL (OFL_F_VERSION_1 | OFL_F_EVENT_IDX)

static inline struct ofl_vdev *header_of(struct ofl_dev *dev)
{
	return at(dev->mem, dev->header);
}

/* One request; the status that the device answers. */
static inline uint32_t ask(struct ofl_dev *dev, uint32_t status)
{
	struct ofl_vdev *h = header_of(dev);

	h->driver.status = status;
	__atomic_store_n(&h->driver.req_seq, h->driver.req_seq + 1,
			 __ATOMIC_RELEASE);
	assert_true(ofl_dev_pending(dev));
	assert_true(ofl_dev_poll(dev));
	assert_int_equal(h->device.ack_seq, h->driver.req_seq);
	return h->device.status;
}

#define S_ACK (OFL_STATUS_ACKNOWLEDGE | OFL_STATUS_DRIVER)
#define S_FEATURES (S_ACK | OFL_STATUS_FEATURES_OK)
#define S_OK (S_FEATURES | OFL_STATUS_DRIVER_OK)

static inline void negotiate(struct ofl_dev *dev, uint64_t features)
{
	struct ofl_vdev *h = header_of(dev);

	memset(h->vq_driver, 0, sizeof(h->vq_driver));
	assert_int_equal(ask(dev, 0), 0);
	assert_int_equal(ask(dev, S_ACK), S_ACK);
	h->driver.features = features;
	assert_int_equal(ask(dev, S_FEATURES), S_FEATURES);
}

/* Reset, negotiate, bring up these rings (by queue number). */
static inline void bring_up(struct ofl_dev *dev, struct ring *rings,
			    unsigned int nr, uint64_t features)
{
	struct ofl_vdev *h = header_of(dev);
	unsigned int q;

	negotiate(dev, features);
	for (q = 0; q < nr; q++)
		h->vq_driver[q] = rings[q].line;
	assert_int_equal(ask(dev, S_OK), S_OK);
	for (q = 0; q < nr; q++)
		assert_int_equal(h->vq_device[q].state, OFL_VQ_ON);
}

static inline void assert_broken(struct ofl_dev *dev, const char *why)
{
	if (!(header_of(dev)->device.status & OFL_STATUS_NEEDS_RESET))
		fail_msg("device is not broken; expected: %s", why);
	if (!strstr(last_log, why))
		fail_msg("log says \"%s\", expected \"%s\"", last_log, why);
}

#endif
