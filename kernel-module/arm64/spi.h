/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared peripheral interrupts by INTID, see spi.c. */
#ifndef OFFLOAD_ARM64_SPI_H
#define OFFLOAD_ARM64_SPI_H

#include <linux/types.h>

#define OFL_SPI_FIRST 32

/* The first INTID that is none of this machine's; -ENODEV: no GIC. */
int ofl_spi_end(void);
/* Linux's number of one that Linux has mapped; 0: nobody has it. */
unsigned int ofl_spi_mapped(u32 intid);
/* Map it: Linux's number or -errno. */
int ofl_spi_map(u32 intid, bool edge);
void ofl_spi_unmap(u32 intid, unsigned int irq);
/* Is it enabled? */
bool ofl_spi_enabled(u32 intid);

#endif
