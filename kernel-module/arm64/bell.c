// SPDX-License-Identifier: GPL-2.0-only
/*
 * The image's doorbell on arm64: a shared peripheral interrupt that no
 * peripheral has, edge triggered, which the core sets pending in the
 * distributor.  Linux routes it; the number never changes.
 *
 * Which one is free is not written anywhere.  Taken is the highest one below
 * the distributor's limit that Linux has not mapped and that no MSI frame
 * hands out; or the one that the parameter spi= names, where a board is known
 * to have something on it that Linux does not know.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>

#include "../fault.h"
#include "core.h"
#include "spi.h"

int ofl_arch_bell_get(struct ofl_instance *inst)
{
	struct ofl_bell *bell = &inst->bell;
	unsigned int spi = inst->spi;
	int end = ofl_spi_end(), irq = -ENOENT;
	u32 intid;

	if (end < 0)
		return end;
	/* a second call: the one before did not work */
	intid = bell->intid ?: end;
	if (spi) {
		intid = spi;
		if (bell->intid) {
			pr_err("spi=%u: the interrupt controller does not enable it\n",
			       spi);
			irq = -EINVAL;
		} else if (spi < OFL_SPI_FIRST || spi >= (unsigned int)end) {
			pr_err("spi=%u: this machine's shared interrupts are %u to %d\n",
			       spi, OFL_SPI_FIRST, end - 1);
			irq = -EINVAL;
		} else if (ofl_spi_mapped(spi) || ofl_gic_is_msi(spi)) {
			pr_err("spi=%u: Linux uses this interrupt; see /proc/interrupts\n",
			       spi);
			irq = -EINVAL;
		}
	} else {
		while (--intid >= OFL_SPI_FIRST &&
		       (ofl_spi_mapped(intid) || ofl_gic_is_msi(intid)))
			;
		if (intid < OFL_SPI_FIRST)
			irq = -ENOSPC;
	}
	if (irq == -ENOENT) {
		bell->intid = intid;
		irq = OFL_STEP(bell_spi, ofl_spi_map(intid, true), -ENOSPC);
		if (irq == -EINVAL) /* that one is for parameters */
			irq = -ENXIO;
	}
	bell->mapping = irq;
	return irq;
}

void ofl_arch_bell_put(struct ofl_instance *inst)
{
	ofl_spi_unmap(inst->bell.intid, inst->bell.mapping);
}

/* Numbers that are not wired up, or are the secure world's, ignore the write. */
bool ofl_arch_bell_works(struct ofl_instance *inst)
{
	return ofl_spi_enabled(inst->bell.intid);
}

u64 ofl_arch_bell_place(struct ofl_instance *inst)
{
	return inst->bell.intid;
}

void ofl_arch_bell_ring(struct ofl_instance *inst)
{
	ofl_gic_send_sgi(&inst->core->gic, inst->core->gicd, inst->core->mpidr,
			 OFL_BELL_SGI);
}
