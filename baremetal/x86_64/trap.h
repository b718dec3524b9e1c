/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFFLOAD_TRAP_H
#define OFFLOAD_TRAP_H

#include <stdint.h>

/* Load the image's GDT, TSS and IDT; from here on it has its own traps. */
void ofl_x86_trap_init(void);

/* The boot page's, as it was at the start; vectors.S uses it, too. */
extern uint64_t ofl_x86_park_entry;

#endif
