// SPDX-License-Identifier: BSD-2-Clause
/*
 * Handlers of this core's interrupts.  The architecture's trap code brings an
 * interrupt here and acknowledges it; what nobody asked for is counted, and
 * otherwise ignored: Linux sends some interrupts to all cores, borrowed or not.
 */
#include <errno.h>

#include "core.h"

static struct {
	ofl_irq_fn fn;
	void *arg;
} handlers[OFL_NR_IRQS + OFL_BOOT_DEVICES]; /* of devices: behind the core's own */

#define NO_SLOT (OFL_NR_IRQS + OFL_BOOT_DEVICES)

static unsigned int slot_of(unsigned int irq)
{
	unsigned int i = 0;

	if (irq < OFL_NR_IRQS)
		return irq;
	while (i < OFL_BOOT_DEVICES && ofl_boot->device[i].irq != irq)
		i++;
	return OFL_NR_IRQS + i;
}

bool ofl_irq_of_device(unsigned int irq)
{
	return irq >= OFL_NR_IRQS && slot_of(irq) < NO_SLOT;
}

int ofl_irq_handler(unsigned int irq, ofl_irq_fn fn, void *arg)
{
	unsigned int slot = slot_of(irq);
	unsigned long flags;

	if (!ofl_irqchip_valid(irq))
		return -EINVAL;
	if (ofl_irqchip_reserved(irq))
		return -EBUSY;
	flags = ofl_irq_save();
	if (!fn)
		ofl_irqchip_enable(irq, false);
	handlers[slot].fn = fn;
	handlers[slot].arg = arg;
	if (fn)
		ofl_irqchip_enable(irq, true);
	ofl_irq_restore(flags);
	return 0;
}

bool ofl_irq_dispatch(unsigned int irq)
{
	unsigned int slot = slot_of(irq);

	ofl_boot->image.irqs++;
	if (slot < NO_SLOT && handlers[slot].fn) {
		handlers[slot].fn(irq, handlers[slot].arg);
		return true;
	}
	ofl_boot->image.spurious++;
	return false;
}
