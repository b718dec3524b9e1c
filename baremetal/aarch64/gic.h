/* SPDX-License-Identifier: BSD-2-Clause */
/* This core's part of the interrupt controller; all access to it is in gic.c. */
#ifndef OFFLOAD_GIC_H
#define OFFLOAD_GIC_H

#include <stdint.h>

#define GIC_PPI_CNTV 27u
/* INTIDs 1020 to 1023: nothing to take.  Above them are LPIs. */
#define GIC_SPECIAL_FIRST 1020u
#define GIC_SPECIAL_LAST 1023u

/* Reset this core's SGIs and PPIs, enable the stop SGI and the timer. */
void gic_init(void);
/* Acknowledge the interrupt to take; *id is its number.  Give back the result. */
uint32_t gic_ack(unsigned int *id);
void gic_eoi(uint32_t token);
/* Disable all of it; for leaving.  Harmless before gic_init. */
void gic_quiet(void);
const char *gic_name(void);

#endif
