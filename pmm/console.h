/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-console (VIRTIO 1.2, 5.3), port 0. */
#ifndef OFL_PMM_CONSOLE_H
#define OFL_PMM_CONSOLE_H

#include "loop.h"
#include "vdev.h"

struct ofl_console;

/*
 * Open a console; mode as in --console, transcript a path or NULL.  Logs what is
 * wrong and returns NULL.  ofl_console_watch() connects it to a loop.
 */
struct ofl_console *ofl_console_open(const char *mode, const char *transcript);
void ofl_console_watch(struct ofl_console *con, struct ofl_loop *loop);
struct ofl_dev *ofl_console_dev(struct ofl_console *con);

/* Bring out what is buffered, for at most timeout_ms. */
void ofl_console_drain(struct ofl_console *con, int timeout_ms);

/* Drains for a moment, then closes; logs how much was dropped, if anything. */
void ofl_console_close(struct ofl_console *con);

#endif
