// SPDX-License-Identifier: GPL-2.0-only
/*
 * Doorbells between the PMM and the image.
 *
 * Image to Linux: an interrupt of this machine's own kind (x86/bell.c,
 * arm64/bell.c), which the core raises as boot->host.bell says.  It counts the
 * PMM's eventfd up and has the boot page looked at if the image's state has
 * changed.  Linux may move the interrupt to another CPU at any time; the
 * architecture publishes the new place before the old one is given up, and
 * the image looks again after it has rung.
 *
 * Linux to image: an interrupt at the core, whenever the PMM asks for it and
 * whenever pmm_epoch changes.  Nothing is remembered here: what it is about is
 * in memory, and rings that come while one is pending are one.
 *
 * The interrupt lives as long as the instance, whoever has the core.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/eventfd.h>
#include <linux/interrupt.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>

#include "arch.h"
#include "compat.h"
#include "fault.h"

static bool use_bell = true;
module_param_named(bell, use_bell, bool, 0444);
MODULE_PARM_DESC(bell, "the image wakes the PMM by an interrupt; 0: take none, the PMM polls");

/* Interrupts that look free and do not work; then there is no doorbell. */
#define TRIES 8

static irqreturn_t rung(int irq, void *arg)
{
	struct ofl_instance *inst = arg;
	struct ofl_bell *bell = &inst->bell;

	spin_lock(&bell->lock);
	bell->rung++;
	if (bell->eventfd)
		ofl_eventfd_signal(bell->eventfd);
	spin_unlock(&bell->lock);
	if (ofl_watch_state(inst) != READ_ONCE(inst->image_state))
		ofl_watch_now(inst);
	return IRQ_HANDLED;
}

void ofl_bell_publish(struct ofl_instance *inst)
{
	struct ofl_boot *boot = ofl_instance_boot(inst);
	unsigned long flags;

	/* the later of two publishers has the later place */
	raw_spin_lock_irqsave(&inst->bell.place_lock, flags);
	WRITE_ONCE(boot->host.bell,
		   inst->bell.irq ? ofl_arch_bell_place(inst) : 0);
	raw_spin_unlock_irqrestore(&inst->bell.place_lock, flags);
	ofl_arch_sync(&boot->host, sizeof(boot->host));
}

void ofl_bell_init(struct ofl_instance *inst)
{
	raw_spin_lock_init(&inst->bell.place_lock);
	spin_lock_init(&inst->bell.lock);
}

/**
 * ofl_bell_open() - let the image ring
 *
 * -EINVAL: a parameter asks for an interrupt that cannot be had.  Any other
 * error: this machine has none to spare, and the PMM will poll.  Messages are
 * printed.
 */
int ofl_bell_open(struct ofl_instance *inst)
{
	struct ofl_bell *bell = &inst->bell;
	unsigned int i;
	int err, irq;

	if (!use_bell)
		return -ENODEV;
	snprintf(bell->name, sizeof(bell->name), "offload%u", inst->number);
	for (i = 0; i < TRIES; i++) {
		irq = ofl_arch_bell_get(inst);
		err = irq < 0 ? irq : 0;
		if (err)
			break;
		bell->irq = irq;
		err = OFL_STEP(bell_irq,
			       request_irq(irq, rung, 0, bell->name, inst), -EBUSY);
		if (err == -EINVAL) /* that one is for parameters */
			err = -ENXIO;
		if (!err && OFL_STEP(bell_dead, ofl_arch_bell_works(inst), false)) {
			ofl_bell_publish(inst);
			return 0;
		}
		if (!err)
			free_irq(irq, inst);
		bell->irq = 0;
		ofl_arch_bell_put(inst);
		if (!err)
			err = -ENXIO;
	}
	if (err != -EINVAL)
		pr_warn("offload%u: no interrupt for a doorbell (error %d); the PMM has to poll\n",
			inst->number, err);
	return err;
}

/* No image runs that could ring, or it is not known to have left. */
void ofl_bell_close(struct ofl_instance *inst)
{
	struct ofl_bell *bell = &inst->bell;
	unsigned int irq = bell->irq;

	if (!irq)
		return;
	WRITE_ONCE(ofl_instance_boot(inst)->host.bell, 0);
	free_irq(irq, inst);
	bell->irq = 0;
	ofl_arch_bell_put(inst);
}

/* ctx NULL: nobody listens any more. */
static void set_eventfd(struct ofl_bell *bell, struct eventfd_ctx *ctx)
{
	struct eventfd_ctx *old;

	spin_lock_irq(&bell->lock);
	old = bell->eventfd;
	bell->eventfd = ctx;
	spin_unlock_irq(&bell->lock);
	if (old)
		eventfd_ctx_put(old);
}

int ofl_bell_listen(struct ofl_instance *inst, int fd)
{
	struct eventfd_ctx *ctx = NULL;

	if (fd >= 0) {
		if (!inst->bell.irq)
			return -EOPNOTSUPP;
		ctx = OFL_STEP(listen, eventfd_ctx_fdget(fd), ERR_PTR(-EBADF));
		if (IS_ERR(ctx))
			return PTR_ERR(ctx);
	}
	set_eventfd(&inst->bell, ctx);
	return 0;
}

void ofl_bell_core(struct ofl_instance *inst, bool there)
{
	spin_lock_irq(&inst->bell.lock);
	inst->bell.core = there;
	spin_unlock_irq(&inst->bell.lock);
}

void ofl_bell_ring(struct ofl_instance *inst)
{
	/* the lock keeps inst->core where it is */
	spin_lock_irq(&inst->bell.lock);
	if (inst->bell.core) {
		inst->bell.ringing++;
		ofl_arch_bell_ring(inst);
	}
	spin_unlock_irq(&inst->bell.lock);
}
