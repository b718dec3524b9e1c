/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-console (VIRTIO 1.2, 5.3): one port, or several by MULTIPORT. */
#ifndef OFL_PMM_CONSOLE_H
#define OFL_PMM_CONSOLE_H

#include "conport.h"
#include "loop.h"
#include "options.h"
#include "vdev.h"

struct ofl_console;

/*
 * Open a console with `nr` (1 to OFL_PORTS_MAX) ports; transcript: what port 0 prints, a path or NULL,
 * of at most `max` bytes.  Logs what is wrong and returns NULL.
 * ofl_console_watch() connects it to a loop.
 */
struct ofl_console *ofl_console_open(const struct ofl_port_options *ports,
				     unsigned int nr, const char *transcript,
				     uint64_t max);
void ofl_console_watch(struct ofl_console *con, struct ofl_loop *loop);
struct ofl_dev *ofl_console_dev(struct ofl_console *con);

/* Bring out what is buffered, for at most timeout_ms. */
void ofl_console_drain(struct ofl_console *con, int timeout_ms);

/* A terminal may have changed its size: tell the image. */
void ofl_console_resized(struct ofl_console *con);
/* Log a line of counters for each port. */
void ofl_console_stats(const struct ofl_console *con);

/* Drains for a moment, then closes; logs how much was dropped, if anything. */
void ofl_console_close(struct ofl_console *con);

#endif
