/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFFLOAD_TRAP_H
#define OFFLOAD_TRAP_H

/* Load the image's GDT, TSS and IDT; from here on it has its own traps. */
void ofl_x86_trap_init(void);

#endif
