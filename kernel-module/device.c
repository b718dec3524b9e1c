// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that are allotted to an image: a range of registers each, and on
 * arm64 a shared interrupt.
 *
 * A range is Linux's if it is memory, if a driver is bound to a device that has
 * it, or if somebody has requested it (/proc/iomem); then it is refused, before
 * the core is taken.  Else it is requested here, so that no driver gets it until
 * the instance is gone.  Who wants a device that a driver has unbinds it first.
 *
 * The image has the registers at their physical address, as device memory, and
 * finds them by name in the boot page.  An interrupt is requested, too, but
 * never enabled by Linux: that is the image's.  Linux routes it to the core when an
 * image starts, masks it when the image has ended, and routes it back when the
 * core is returned.
 *
 * Direct memory access of such a device is between it and the image; with an
 * IOMMU on, Linux maps nothing for it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/printk.h>
#ifdef CONFIG_ARM_AMBA
#include <linux/amba/bus.h>
#endif

#include "arch.h"
#include "fault.h"
#include "table.h"

/* ------------------------------------------------------------- who has it */

struct claim {
	const struct ofl_devspec *spec;
	struct device *dev; /* who; a reference, it may be unplugged at any time */
	const char *why;
};

/* Is it this device's, and may not be taken?  1 ends the walk. */
static int judge(struct device *dev, const struct resource *res,
		 struct claim *claim)
{
	if (resource_type(res) != IORESOURCE_MEM || !res->start ||
	    !ofl_memspec_overlap(res->start, resource_size(res),
				 claim->spec->pa, claim->spec->size))
		return 0;
	if (dev->driver)
		claim->why = "a driver of Linux has it; unbind it first";
	else
		return 0;
	claim->dev = get_device(dev);
	return 1;
}

static int judge_pci(struct device *dev, void *arg)
{
	struct pci_dev *pdev = to_pci_dev(dev);
	struct claim *claim = arg;
	u16 command = 0;
	int i;

	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		struct resource *res = &pdev->resource[i];

		if (judge(dev, res, claim))
			return 1;
		if (resource_type(res) != IORESOURCE_MEM || !res->start ||
		    !ofl_memspec_overlap(res->start, resource_size(res),
					 claim->spec->pa, claim->spec->size))
			continue;
		pci_read_config_word(pdev, PCI_COMMAND, &command);
		if (command & PCI_COMMAND_MEMORY)
			continue;
		claim->dev = get_device(dev);
		claim->why = "its memory is switched off; write 1 to its file enable in /sys/bus/pci/devices first";
		return 1;
	}
	return 0;
}

static int judge_platform(struct device *dev, void *arg)
{
	struct platform_device *pdev = to_platform_device(dev);
	u32 i;

	for (i = 0; i < pdev->num_resources; i++)
		if (judge(dev, &pdev->resource[i], arg))
			return 1;
	return 0;
}

#ifdef CONFIG_ARM_AMBA
static int judge_amba(struct device *dev, void *arg)
{
	return judge(dev, &to_amba_device(dev)->res, arg);
}

static bool walk_amba(struct claim *claim)
{
	return bus_for_each_dev(&amba_bustype, NULL, claim, judge_amba);
}
#else
static bool walk_amba(struct claim *claim)
{
	return false;
}
#endif

static int check_range(const struct ofl_instance *inst,
		       const struct ofl_devspec *spec)
{
	struct claim claim = { .spec = spec };
	u64 last = spec->pa + spec->size - 1;
	int user;

	if (region_intersects(spec->pa, spec->size, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT) {
		pr_err("device=%s: [%#llx-%#llx] is memory, not a device\n",
		       spec->name, spec->pa, last);
		return -EBUSY;
	}
	user = ofl_table_memory(spec->pa, spec->size);
	if (user < 0 && ofl_memspec_overlap(inst->region.pa, inst->region.size,
					    spec->pa, spec->size))
		user = inst->number;
	if (user >= 0) {
		pr_err("device=%s: [%#llx-%#llx] is memory of offload%d\n",
		       spec->name, spec->pa, last, user);
		return -EBUSY;
	}
	if (ofl_arch_owns(spec->pa, spec->size)) {
		pr_err("device=%s: [%#llx-%#llx] is an interrupt controller of Linux's\n",
		       spec->name, spec->pa, last);
		return -EBUSY;
	}
	if (bus_for_each_dev(&pci_bus_type, NULL, &claim, judge_pci) ||
	    bus_for_each_dev(&platform_bus_type, NULL, &claim, judge_platform) ||
	    walk_amba(&claim)) {
		pr_err("device=%s: [%#llx-%#llx] is of %s: %s\n", spec->name,
		       spec->pa, last, dev_name(claim.dev), claim.why);
		put_device(claim.dev);
		return -EBUSY;
	}
	return 0;
}

/* -------------------------------------------------------------- get, put */

static void put_one(struct ofl_device *d)
{
	if (d->irq)
		ofl_arch_device_irq_put(d);
	release_mem_region(d->spec.pa, d->spec.size);
}

static int get_one(struct ofl_instance *inst, struct ofl_device *d,
		   const struct ofl_devspec *spec)
{
	int err = check_range(inst, spec);

	if (err)
		return err;
	d->spec = *spec;
	snprintf(d->label, sizeof(d->label), "offload%u %s", inst->number,
		 spec->name);
	d->res = OFL_STEP(device_region,
			  request_mem_region(d->spec.pa, d->spec.size, d->label),
			  NULL);
	if (!d->res) {
		pr_err("device=%s: [%#llx-%#llx] is in use; /proc/iomem tells by whom\n",
		       d->spec.name, d->spec.pa, d->spec.pa + d->spec.size - 1);
		return -EBUSY;
	}
	if (!d->spec.irq)
		return 0;
	err = ofl_arch_device_irq_get(d);
	if (err) {
		d->irq = 0;
		put_one(d);
	}
	return err;
}

int ofl_devices_get(struct ofl_instance *inst, const struct ofl_devspec *specs,
		    unsigned int nr)
{
	int err;

	while (inst->nr_devices < nr) {
		struct ofl_device *d = &inst->devices[inst->nr_devices];

		err = get_one(inst, d, &specs[inst->nr_devices]);
		if (err) {
			ofl_devices_put(inst);
			return err;
		}
		inst->nr_devices++;
	}
	return 0;
}

void ofl_devices_put(struct ofl_instance *inst)
{
	if (inst->nr_devices && inst->region.in_use) {
		pr_err("offload%u: its devices are kept from Linux: the core that uses them has not come back\n",
		       inst->number);
		return;
	}
	while (inst->nr_devices)
		put_one(&inst->devices[--inst->nr_devices]);
}

/* ------------------------------------------------------------------- lend */

void ofl_devices_fill(const struct ofl_instance *inst, struct ofl_boot *boot)
{
	unsigned int i;

	for (i = 0; i < inst->nr_devices; i++) {
		const struct ofl_devspec *spec = &inst->devices[i].spec;
		struct ofl_boot_device *to = &boot->device[i];

		strscpy(to->name, spec->name, sizeof(to->name));
		to->pa = spec->pa;
		to->size = spec->size;
		to->irq = spec->irq;
	}
}

int ofl_devices_lend(struct ofl_instance *inst)
{
	unsigned int i;
	int err;

	inst->devices_lent = true;
	for (i = 0; i < inst->nr_devices; i++) {
		struct ofl_device *d = &inst->devices[i];

		err = OFL_STEP(lend, d->irq ? ofl_arch_device_irq_lend(d, inst->cpu) : 0,
			       -EIO);
		if (err) {
			pr_err("device=%s: its interrupt cannot be sent to CPU %u: error %d\n",
			       d->spec.name, inst->cpu, err);
			return err;
		}
	}
	return 0;
}

void ofl_devices_quiet(struct ofl_instance *inst)
{
	unsigned int i;

	for (i = 0; inst->devices_lent && i < inst->nr_devices; i++)
		if (inst->devices[i].irq)
			ofl_arch_device_irq_quiet(&inst->devices[i]);
}

void ofl_devices_unlend(struct ofl_instance *inst)
{
	unsigned int i;

	for (i = 0; inst->devices_lent && i < inst->nr_devices; i++)
		if (inst->devices[i].irq)
			ofl_arch_device_irq_unlend(&inst->devices[i]);
	inst->devices_lent = false;
}
