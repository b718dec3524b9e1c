/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A polled serial line: 16550 (I/O ports or memory) or PL011, as firmware left
 * it: speed and format are not touched.  One per program; also used by the loader
 * in boot/.  Nothing here allocates or waits without bound, so all of it works
 * from traps.
 */
#ifndef OFFLOAD_SERIAL_H
#define OFFLOAD_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Use this line from now on: kind is an enum ofl_serial, `where` its port or
 * address, mapped as device memory.  False: no such kind here, there is no line.
 */
bool ofl_serial_init(uint32_t kind, uint64_t where);
/*
 * All of it, "\r\n" for a newline.  A line that takes nothing for a while is
 * given up for good.
 */
void ofl_serial_write(const char *text, size_t len);
/* The next byte received, or -1. */
int ofl_serial_read(void);

#endif
