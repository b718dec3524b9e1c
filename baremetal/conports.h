/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ports of a console device: which there are, their names and sizes.  Port 0
 * is the image's standard input and output; the others are opened as /dev/NAME
 * or /dev/hvcN.
 */
#ifndef OFFLOAD_CONPORTS_H
#define OFFLOAD_CONPORTS_H

#include "console.h"

#define OFL_CONPORTS 7u /* as many as 16 queues have room for */

/*
 * For tty.c, which refers to it weakly: only images that open ports or ask for a
 * size have more than port 0.
 */
struct ofl_conports {
	/* Start the device; `first` is its port 0. */
	int (*start)(struct ofl_console *first, struct ofl_virtio *dev);
	/* Their PMM is gone: who has one open gets EIO from it. */
	void (*lost)(void);
	void (*drain)(void);
};

extern const struct ofl_conports ofl_conports __attribute__((weak));

/* "/dev/NAME" or "/dev/hvcN" of a port, or NULL. */
struct ofl_console *ofl_conports_find(const char *name);
/* Columns and rows, 0 by 0 if nobody knows. */
void ofl_conports_size(const struct ofl_console *con, uint16_t *cols,
		       uint16_t *rows);

#endif
