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

#include <linux/acpi.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/of.h>
#include <linux/printk.h>

#include "core.h"

#define GICD_TYPER 0x4
#define GICD_ISENABLER 0x100
#define SPI_FIRST 32
#define SPI_END 1020

static u32 gicd_read(const struct ofl_gic *gic, u32 reg)
{
	void __iomem *gicd = ioremap(gic->gicd_pa, OFL_GICD_SIZE);
	u32 value = 0;

	if (gicd) {
		value = readl_relaxed(gicd + reg);
		iounmap(gicd);
	}
	return value;
}

/* 0: nobody has it */
static unsigned int mapped(struct irq_fwspec *spec, u32 intid)
{
	struct irq_domain *domain;
	unsigned int irq;

	if (!acpi_disabled)
		return acpi_gsi_to_irq(intid, &irq) ? 0 : irq;
	domain = irq_find_matching_fwspec(spec, DOMAIN_BUS_ANY);
	return domain ? irq_find_mapping(domain, intid) : 0;
}

static int map(struct irq_fwspec *spec, u32 intid)
{
	int irq;

	if (!acpi_disabled)
		return acpi_register_gsi(NULL, intid, ACPI_EDGE_SENSITIVE,
					 ACPI_ACTIVE_HIGH);
	spec->param_count = 3;
	spec->param[0] = 0; /* SPI */
	spec->param[1] = intid - SPI_FIRST;
	spec->param[2] = IRQ_TYPE_EDGE_RISING;
	irq = irq_create_fwspec_mapping(spec);
	return irq ?: -ENXIO;
}

int ofl_arch_bell_get(struct ofl_instance *inst)
{
	struct ofl_bell *bell = &inst->bell;
	unsigned int spi = inst->spi;
	struct irq_fwspec spec = { 0 };
	struct device_node *node = NULL;
	struct ofl_gic gic;
	u32 end, intid;
	int irq;

	if (ofl_gic_find(&gic))
		return -ENODEV;
	if (acpi_disabled) {
		node = ofl_gic_node();
		if (!node)
			return -ENODEV;
		spec.fwnode = of_node_to_fwnode(node);
	}
	end = min_t(u32, 32 * ((gicd_read(&gic, GICD_TYPER) & 31) + 1), SPI_END);
	/* a second call: the one before did not work */
	intid = bell->intid ?: end;
	irq = -ENOENT;
	if (spi) {
		intid = spi;
		if (bell->intid) {
			pr_err("spi=%u: the interrupt controller does not enable it\n",
			       spi);
			irq = -EINVAL;
		} else if (spi < SPI_FIRST || spi >= end) {
			pr_err("spi=%u: this machine's shared interrupts are %u to %u\n",
			       spi, SPI_FIRST, end - 1);
			irq = -EINVAL;
		} else if (mapped(&spec, spi) || ofl_gic_is_msi(spi)) {
			pr_err("spi=%u: Linux uses this interrupt; see /proc/interrupts\n",
			       spi);
			irq = -EINVAL;
		}
	} else {
		while (--intid >= SPI_FIRST &&
		       (mapped(&spec, intid) || ofl_gic_is_msi(intid)))
			;
		if (intid < SPI_FIRST)
			irq = -ENOSPC;
	}
	if (irq == -ENOENT) {
		bell->intid = intid;
		irq = map(&spec, intid);
		if (irq == -EINVAL) /* that one is for parameters */
			irq = -ENXIO;
	}
	bell->mapping = irq;
	of_node_put(node);
	return irq;
}

void ofl_arch_bell_put(struct ofl_instance *inst)
{
	if (acpi_disabled)
		irq_dispose_mapping(inst->bell.mapping);
	else
		acpi_unregister_gsi(inst->bell.intid);
}

/* Numbers that are not wired up, or are the secure world's, ignore the write. */
bool ofl_arch_bell_works(struct ofl_instance *inst)
{
	u32 intid = inst->bell.intid;
	struct ofl_gic gic;

	return !ofl_gic_find(&gic) &&
	       gicd_read(&gic, GICD_ISENABLER + intid / 32 * 4) &
	       BIT(intid % 32);
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
