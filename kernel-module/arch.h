/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an architecture has to bring: taking a core from Linux, starting an
 * image on it, telling it to stop, knowing that it has stopped.
 */
#ifndef OFFLOAD_ARCH_H
#define OFFLOAD_ARCH_H

#include "device.h"
#include "offload.h"
#include "refuse.h"

/* OFL_MACHINE_* of this kernel */
extern const u32 ofl_arch_machine;
/* Can ofl_arch_return() get a core back from an image that ignores requests? */
extern const bool ofl_arch_can_force;

/* Add what this architecture knows to the facts (cpu is filled in). */
void ofl_arch_facts(struct ofl_refuse_facts *facts);

/*
 * Before a core is taken, while it is online: read from it and from firmware
 * what will be needed, allocate inst->core.  Messages are printed.
 */
int ofl_arch_prepare(struct ofl_instance *inst);
/* The core is back with Linux: free inst->core.  NULL is allowed. */
void ofl_arch_release(struct ofl_instance *inst);

/* At the beginning of the module; may sleep. */
void ofl_arch_init(void);
/* At the end of the module: undo what ofl_arch_take() has left for the next one. */
void ofl_arch_exit(void);
/* Take the core offline and hold it.  On failure Linux has it again. */
int ofl_arch_take(struct ofl_instance *inst);
/*
 * Give the core to Linux.  The caller has dropped the guard.  0, or the core
 * is not known to be back.
 */
int ofl_arch_return(struct ofl_instance *inst);
/* True when the core is known to run nothing of the image's. */
bool ofl_arch_is_idle(struct ofl_instance *inst);

/* Fill in boot->info.hwid and boot->arch. */
void ofl_arch_fill_boot(struct ofl_instance *inst, struct ofl_boot *boot);
/* Send the held core into the image; -errno if it did not go. */
int ofl_arch_start(struct ofl_instance *inst);
/*
 * While nothing was heard of a started image: send again what may have been
 * lost.  -EIO if the image is known to have faulted already.
 */
int ofl_arch_start_again(struct ofl_instance *inst);
/* The core came back by an exception that no image handled: say which. */
void ofl_arch_say_fault(struct ofl_instance *inst);
/* boot->host.request was changed: make the image look.  May be repeated. */
void ofl_arch_ring(struct ofl_instance *inst);

/*
 * The image's doorbell, see bell.c.  Find and map an interrupt: Linux's number or
 * -errno; a call after a put looks for another one.
 */
int ofl_arch_bell_get(struct ofl_instance *inst);
void ofl_arch_bell_put(struct ofl_instance *inst);
/* It was requested: is it really on? */
bool ofl_arch_bell_works(struct ofl_instance *inst);
/* What boot->host.bell has to be now. */
u64 ofl_arch_bell_place(struct ofl_instance *inst);
/* Ring at the core; all that was stored before is visible to it first. */
void ofl_arch_bell_ring(struct ofl_instance *inst);

/*
 * Devices of images, see device.c.  Does this range belong to what Linux, or the
 * image, handles interrupts with?
 */
bool ofl_arch_owns(u64 pa, u64 size);
/* Take spec.irq from Linux, disabled; sets irq.  Messages are printed. */
int ofl_arch_device_irq_get(struct ofl_device *d);
void ofl_arch_device_irq_put(struct ofl_device *d);
/* Route it to a core that is offline for Linux; the image will enable it. */
int ofl_arch_device_irq_lend(struct ofl_device *d, unsigned int cpu);
/* Disable it, and forget what was pending or active. */
void ofl_arch_device_irq_quiet(struct ofl_device *d);
/* Route it to Linux's CPUs. */
void ofl_arch_device_irq_unlend(struct ofl_device *d);

/*
 * Make memory the same for us and for a core whose caches may be off: call it
 * after writing what such a core reads, and before reading what it wrote.
 */
void ofl_arch_sync(const void *va, size_t len);

u64 ofl_arch_counter(void);
u64 ofl_arch_counter_hz(void);

#endif
