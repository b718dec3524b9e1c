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
} handlers[OFL_NR_IRQS];

int ofl_irq_handler(unsigned int irq, ofl_irq_fn fn, void *arg)
{
	unsigned long flags;

	if (!ofl_irqchip_valid(irq))
		return -EINVAL;
	if (ofl_irqchip_reserved(irq))
		return -EBUSY;
	flags = ofl_irq_save();
	if (!fn)
		ofl_irqchip_enable(irq, false);
	handlers[irq].fn = fn;
	handlers[irq].arg = arg;
	if (fn)
		ofl_irqchip_enable(irq, true);
	ofl_irq_restore(flags);
	return 0;
}

bool ofl_irq_dispatch(unsigned int irq)
{
	ofl_boot->image.irqs++;
	if (irq < OFL_NR_IRQS && handlers[irq].fn) {
		handlers[irq].fn(irq, handlers[irq].arg);
		return true;
	}
	ofl_boot->image.spurious++;
	return false;
}
