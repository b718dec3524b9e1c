/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices that are allotted to an instance, see device.c. */
#ifndef OFFLOAD_DEVICE_H
#define OFFLOAD_DEVICE_H

#include <linux/ioport.h>

#include "devspec.h"

struct ofl_instance;
struct ofl_boot;

struct ofl_device {
	struct ofl_devspec spec;
	char label[32]; /* in /proc/iomem and /proc/interrupts */
	struct resource *res;
	/* the architecture's */
	unsigned int irq; /* Linux's number; 0: no interrupt */
	bool mapped;	  /* by us */
};

/* All with inst->lock held, or before anybody else knows inst. */
/* Take them from Linux, all or none; messages are printed. */
int ofl_devices_get(struct ofl_instance *inst, const struct ofl_devspec *specs,
		    unsigned int nr);
/* Not while a core may use them: then they are kept, and that is said. */
void ofl_devices_put(struct ofl_instance *inst);
void ofl_devices_fill(const struct ofl_instance *inst, struct ofl_boot *boot);
/* The core is ours and idle: its interrupts go there from now on. */
int ofl_devices_lend(struct ofl_instance *inst);
/* The image is done: none comes any more.  Harmless if none was lent. */
void ofl_devices_quiet(struct ofl_instance *inst);
/* Linux has the core: interrupts go where Linux's do. */
void ofl_devices_unlend(struct ofl_instance *inst);

#endif
