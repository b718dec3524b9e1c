/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OFFLOAD_DEVSPEC_H
#define OFFLOAD_DEVSPEC_H

#include "portable.h"

/* A device that is allotted to an image: registers, and perhaps an interrupt. */
struct ofl_devspec {
	char name[OFL_DEVICE_NAME];
	uint64_t pa;
	uint64_t size;
	unsigned int irq; /* INTID of a shared interrupt; 0: none */
	bool edge;	  /* else level, active high */
};

/*
 * device=NAME:SIZE@ADDRESS[:irq=N|:edge=N][,...] without its key; "": none.
 * Fills in the first *nr of OFL_BOOT_DEVICES.  0 or -EINVAL, with a sentence in
 * msg (OFL_MSG_MAX bytes).
 */
int ofl_devspec_parse(const char *text, struct ofl_devspec *devices,
		      unsigned int *nr, char *msg);
/* Do two of them want the same registers, name or interrupt? */
bool ofl_devspec_clash(const struct ofl_devspec *a, const struct ofl_devspec *b);

#endif
