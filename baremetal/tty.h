/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console of an image, as files see it: reads and writes of a port, NULL for
 * standard input and output.
 */
#ifndef OFFLOAD_TTY_H
#define OFFLOAD_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console.h"

/* Standard input and output from now on; NULL: none, output goes to the log. */
void ofl_tty_use(struct ofl_console *con);
/* The console behind a port, NULL if it has none now. */
struct ofl_console *ofl_tty_console(struct ofl_console *port);
/* Bytes or -errno. */
int64_t ofl_tty_read(struct ofl_console *port, void *buf, size_t len, bool nonblock);
int64_t ofl_tty_write(struct ofl_console *port, const void *buf, size_t len);
/* Would a read return at once?  So it does where it can only end or fail. */
bool ofl_tty_readable(struct ofl_console *port);
/*
 * Input while there is no console: the next byte or -1 if none is there yet.
 * NULL: none will ever come.
 */
extern int (*ofl_tty_getc)(void);
/* What standard output was given last was not the end of a line. */
extern bool ofl_tty_midline;

#endif
