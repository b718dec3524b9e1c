// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared peripheral interrupts: for the image's doorbell (bell.c), which nothing
 * is wired to, and for devices that are allotted to an image.
 *
 * Such a device's interrupt is requested from Linux and left disabled: enabling
 * and disabling is one bit each that the image writes itself.  Where it goes is
 * the distributor's routing, which Linux's driver writes when it is told an
 * affinity; the lent core is offline, so it has to be told by force.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/acpi.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/of.h>
#include <linux/printk.h>

#include "../fault.h"
#include "core.h"
#include "spi.h"

#ifndef CONFIG_ACPI /* acpi_disabled is 1 there: these are never called */
static inline int acpi_gsi_to_irq(u32 gsi, unsigned int *irq)
{
	*irq = 0;
	return -ENODEV;
}

static inline int acpi_register_gsi(struct device *dev, u32 gsi, int trigger,
				    int polarity)
{
	return -ENODEV;
}

static inline void acpi_unregister_gsi(u32 gsi)
{
}
#endif

#define GICD_TYPER 0x4
#define GICD_ISENABLER 0x100
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

int ofl_spi_end(void)
{
	struct ofl_gic gic;

	if (ofl_gic_find(&gic))
		return -ENODEV;
	return min_t(u32, 32 * ((gicd_read(&gic, GICD_TYPER) & 31) + 1),
		     SPI_END);
}

bool ofl_spi_enabled(u32 intid)
{
	struct ofl_gic gic;

	return !ofl_gic_find(&gic) &&
	       gicd_read(&gic, GICD_ISENABLER + intid / 32 * 4) &
	       BIT(intid % 32);
}

/* As a device tree would say it.  The node is not to be put: the GIC stays. */
static bool fwspec(struct irq_fwspec *spec, u32 intid, bool edge)
{
	struct device_node *node = ofl_gic_node();

	if (!node)
		return false;
	*spec = (struct irq_fwspec){
		.fwnode = of_node_to_fwnode(node),
		.param_count = 3,
		.param = { 0 /* SPI */, intid - OFL_SPI_FIRST,
			   edge ? IRQ_TYPE_EDGE_RISING : IRQ_TYPE_LEVEL_HIGH },
	};
	of_node_put(node);
	return true;
}

unsigned int ofl_spi_mapped(u32 intid)
{
	struct irq_domain *domain;
	struct irq_fwspec spec;
	unsigned int irq;

	if (!acpi_disabled)
		return acpi_gsi_to_irq(intid, &irq) ? 0 : irq;
	if (!fwspec(&spec, intid, true))
		return 0;
	domain = irq_find_matching_fwspec(&spec, DOMAIN_BUS_ANY);
	return domain ? irq_find_mapping(domain, intid) : 0;
}

int ofl_spi_map(u32 intid, bool edge)
{
	struct irq_fwspec spec;
	int irq;

	if (!acpi_disabled)
		return acpi_register_gsi(NULL, intid,
					 edge ? ACPI_EDGE_SENSITIVE :
						ACPI_LEVEL_SENSITIVE,
					 ACPI_ACTIVE_HIGH);
	if (!fwspec(&spec, intid, edge))
		return -ENODEV;
	irq = irq_create_fwspec_mapping(&spec);
	return irq ?: -ENXIO;
}

void ofl_spi_unmap(u32 intid, unsigned int irq)
{
	if (acpi_disabled)
		irq_dispose_mapping(irq);
	else
		acpi_unregister_gsi(intid);
}

/* ------------------------------------------------------ an image's device */

/* Nobody sends it here; if it comes, its routing was taken from us. */
static irqreturn_t stray(int irq, void *arg)
{
	struct ofl_device *d = arg;

	disable_irq_nosync(irq);
	pr_err("%s: its interrupt came to Linux and is off now\n", d->label);
	return IRQ_HANDLED;
}

int ofl_arch_device_irq_get(struct ofl_device *d)
{
	u32 intid = d->spec.irq;
	int end = ofl_spi_end(), irq, err;

	if (end < 0 || intid >= (u32)end || ofl_gic_is_msi(intid)) {
		pr_err("device=%s: %u is not a shared interrupt of this machine's devices\n",
		       d->spec.name, intid);
		return -EINVAL;
	}
	/* one that a driver had, and has given up, stays mapped */
	d->mapped = !ofl_spi_mapped(intid);
	irq = ofl_spi_map(intid, d->spec.edge);
	if (irq < 0) {
		pr_err("device=%s: interrupt %u cannot be had: error %d; Linux may know it as %s\n",
		       d->spec.name, intid, irq,
		       d->spec.edge ? "level (irq=)" : "edge (edge=)");
		return irq;
	}
	/* no user moves it, and disabled is disabled */
	irq_set_status_flags(irq, IRQ_DISABLE_UNLAZY);
	err = OFL_STEP(device_irq,
		       request_irq(irq, stray, IRQF_NO_AUTOEN | IRQF_NOBALANCING,
				   d->label, d), -EBUSY);
	if (err) {
		pr_err("device=%s: interrupt %u is in use; /proc/interrupts tells by whom: error %d\n",
		       d->spec.name, intid, err);
		irq_clear_status_flags(irq, IRQ_DISABLE_UNLAZY);
		if (d->mapped)
			ofl_spi_unmap(intid, irq);
		return err;
	}
	d->irq = irq;
	return 0;
}

void ofl_arch_device_irq_put(struct ofl_device *d)
{
	free_irq(d->irq, d);
	irq_clear_status_flags(d->irq, IRQ_DISABLE_UNLAZY);
	if (d->mapped)
		ofl_spi_unmap(d->spec.irq, d->irq);
	d->irq = 0;
}

int ofl_arch_device_irq_lend(struct ofl_device *d, unsigned int cpu)
{
	return irq_force_affinity(d->irq, cpumask_of(cpu));
}

void ofl_arch_device_irq_quiet(struct ofl_device *d)
{
	/* what an image has left behind when it was stopped in its handler, too */
	irq_set_irqchip_state(d->irq, IRQCHIP_STATE_MASKED, true);
	irq_set_irqchip_state(d->irq, IRQCHIP_STATE_PENDING, false);
	irq_set_irqchip_state(d->irq, IRQCHIP_STATE_ACTIVE, false);
}

void ofl_arch_device_irq_unlend(struct ofl_device *d)
{
	irq_set_affinity(d->irq, cpu_online_mask);
}
