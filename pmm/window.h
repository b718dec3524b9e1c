/* SPDX-License-Identifier: BSD-2-Clause */
/* The layout of the shared window: device tree, control page, devices. */
#ifndef OFL_PMM_WINDOW_H
#define OFL_PMM_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "mem.h"
#include "vdev.h"

/* The size of window that these devices need. */
uint64_t ofl_window_need(struct ofl_dev *const devs[], unsigned int nr);

/*
 * Lay out the window for these devices and publish it, the epoch last.  `fresh`:
 * no image runs, so all of it is cleared; else the image's lines and the devices'
 * memories are left as they are.  -ENOSPC: the window is smaller than
 * ofl_window_need(); -E2BIG: the device tree does not fit its place; -EINVAL:
 * window address or size is not a multiple of OFL_PAGE.
 */
int ofl_window_layout(const struct ofl_mem *mem, struct ofl_dev *const devs[],
		      unsigned int nr, bool fresh);

/*
 * Doorbells.  ofl_window_rings: after the layout and before the image may use
 * it: do we ring an image that sleeps?  ofl_window_sleep: publish that we (are
 * about to) sleep, fence.  ofl_window_image_asleep: fence, then: must the image
 * be rung?
 */
void ofl_window_rings(const struct ofl_mem *mem, bool rings);
void ofl_window_sleep(const struct ofl_mem *mem, bool asleep);
bool ofl_window_image_asleep(const struct ofl_mem *mem);

#endif
