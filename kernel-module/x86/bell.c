// SPDX-License-Identifier: GPL-2.0-only
/*
 * The image's doorbell on x86_64: a vector of Linux's own, in an interrupt
 * domain of ours on top of x86_vector_domain.  No device raises it, so there is
 * nothing to mask; the borrowed core sends it as a fixed interrupt to the APIC
 * id and vector that boot->host.bell holds.
 *
 * A move to another CPU is done at once (IRQ_MOVE_PCNTXT).  The kernel keeps the
 * old vector until the first interrupt has come in on the new one, or checks it
 * for pending interrupts when its CPU goes offline; either is after the new
 * place was published below.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <asm/apic.h>
#include <asm/hw_irq.h>
#include <asm/irqdomain.h>

#include "../fault.h"
#include "core.h"

static void nothing(struct irq_data *data)
{
}

static int set_affinity(struct irq_data *data, const struct cpumask *mask,
			bool force)
{
	int ret = irq_chip_set_affinity_parent(data, mask, force);

	if (ret >= 0)
		ofl_bell_publish(irq_data_get_irq_chip_data(data));
	return ret;
}

static struct irq_chip bell_chip = {
	.name = "offload-bell",
	.irq_mask = nothing,
	.irq_unmask = nothing,
	.irq_ack = irq_chip_ack_parent,
	.irq_retrigger = irq_chip_retrigger_hierarchy,
	.irq_set_affinity = set_affinity,
};

static int domain_alloc(struct irq_domain *domain, unsigned int virq,
			unsigned int nr, void *arg)
{
	int err = irq_domain_alloc_irqs_parent(domain, virq, nr, arg);

	if (err)
		return err;
	irq_domain_set_info(domain, virq, 0, &bell_chip, domain->host_data,
			    handle_edge_irq, NULL, "edge");
	irq_set_status_flags(virq, IRQ_MOVE_PCNTXT);
	return 0;
}

static const struct irq_domain_ops domain_ops = {
	.alloc = domain_alloc,
	.free = irq_domain_free_irqs_common,
};

int ofl_arch_bell_get(struct ofl_instance *inst)
{
	struct ofl_bell *bell = &inst->bell;
	struct irq_alloc_info info = { 0 };
	struct fwnode_handle *fwnode;
	int irq;

	if (inst->spi) {
		pr_err("spi=%u: only aarch64 has shared peripheral interrupts\n",
		       inst->spi);
		return -EINVAL;
	}
	if (!x86_vector_domain)
		return -ENODEV;
	fwnode = irq_domain_alloc_named_id_fwnode("offload", inst->number);
	if (!fwnode)
		return -ENOMEM;
	bell->domain = OFL_STEP(bell_domain,
				irq_domain_create_hierarchy(x86_vector_domain, 0,
							    1, fwnode, &domain_ops,
							    inst), NULL);
	if (!bell->domain) {
		irq_domain_free_fwnode(fwnode);
		return -ENOMEM;
	}
	irq = OFL_STEP(bell_vector,
		       irq_domain_alloc_irqs(bell->domain, 1, NUMA_NO_NODE, &info),
		       -ENOSPC);
	if (irq <= 0) {
		irq_domain_remove(bell->domain);
		irq_domain_free_fwnode(fwnode);
		return -ENOSPC;
	}
	bell->mapping = irq;
	return irq;
}

void ofl_arch_bell_put(struct ofl_instance *inst)
{
	struct ofl_bell *bell = &inst->bell;
	struct fwnode_handle *fwnode = bell->domain->fwnode;

	irq_dispose_mapping(bell->mapping);
	irq_domain_remove(bell->domain);
	irq_domain_free_fwnode(fwnode);
}

bool ofl_arch_bell_works(struct ofl_instance *inst)
{
	return true;
}

u64 ofl_arch_bell_place(struct ofl_instance *inst)
{
	struct irq_data *data = irq_domain_get_irq_data(inst->bell.domain,
							inst->bell.mapping);
	const struct cpumask *mask = irq_data_get_effective_affinity_mask(data);
	struct irq_cfg *cfg = irqd_cfg(data);
	unsigned int cpu = cpumask_first(mask);

	if (!cfg || !cfg->vector || cpu >= nr_cpu_ids)
		return 0;
	/* its own id: cfg->dest_apicid may be a logical one */
	return (u64)per_cpu(x86_cpu_to_apicid, cpu) << 32 | cfg->vector;
}

void ofl_arch_bell_ring(struct ofl_instance *inst)
{
	ofl_x86_send(inst->core, APIC_DM_FIXED | OFL_BELL_VECTOR);
}
