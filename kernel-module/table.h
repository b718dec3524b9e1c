/* SPDX-License-Identifier: GPL-2.0-only */
/* The instances that there are, see table.c. */
#ifndef OFFLOAD_TABLE_H
#define OFFLOAD_TABLE_H

#include "offload.h"
#include "spec.h"

/*
 * Held by whoever adds or removes instances, opens one of their devices, or
 * goes through them.  Taken before any instance's lock.
 */
extern struct mutex ofl_table_lock;
extern struct list_head ofl_table;
/* The machine is about to sleep: new instances take no core. */
extern bool ofl_table_asleep;

#define ofl_table_for_each(inst) list_for_each_entry(inst, &ofl_table, node)

/*
 * All with ofl_table_lock held; messages are printed.
 *
 * An instance comes in three steps: create (memory, image, doorbell; the core
 * stays with Linux), start if the spec says so, publish (device and sysfs
 * folder).  The image, or NULL, was read before, and is still the caller's to
 * drop.  ofl_table_remove() undoes whatever was done of them.
 */
struct ofl_instance *ofl_table_create(const struct ofl_spec *spec,
				      struct ofl_source *source);
int ofl_table_start(struct ofl_instance *inst);
int ofl_table_publish(struct ofl_instance *inst);
/*
 * Stop it, give core and memory back.  force: also when the core does not come
 * back; what it may use is then left allocated.  Without: -EBUSY if a device
 * is open, or what ofl_instance_stop() and ofl_instance_return() say; the
 * instance is still there then.
 */
int ofl_table_remove(struct ofl_instance *inst, bool force);
void ofl_table_remove_all(bool force);

/* Stop the image and give the core to Linux, if that can be. */
int ofl_table_release(struct ofl_instance *inst);

struct ofl_instance *ofl_table_find(unsigned int number);

/*
 * From any context that may not sleep, without the lock: number of an instance,
 * or -1.  The one that holds this CPU now; the one that was made for it;
 * the one whose memory has a byte in this range.
 */
int ofl_table_borrower(unsigned int cpu);
int ofl_table_owner(unsigned int cpu, const struct ofl_instance *except);
int ofl_table_memory(u64 pa, u64 size);

/*
 * Linux is dying: ask all images to stop, wait for nobody.  Any context, no locks.
 */
void ofl_table_panic(void);

#endif
