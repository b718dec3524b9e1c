/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seam to the C library.  Either one calls the POSIX functions of the
 * runtime (files.c, dir.c, clock.c, libc.c) by their own names; what differs
 * is in picolibc/hooks.c and newlib/hooks.c.
 */
#ifndef OFFLOAD_HOOKS_H
#define OFFLOAD_HOOKS_H

/* Of both C libraries: constructors. */
void __libc_init_array(void);

/*
 * Called once, with thread-local storage and devices usable: run the
 * constructors, and see to it that exit() runs handlers, then destructors,
 * and then flushes what is left in streams.
 */
void ofl_libc_init(void);

#endif
