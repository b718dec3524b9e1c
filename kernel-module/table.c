// SPDX-License-Identifier: GPL-2.0-only
/*
 * The instances that there are: making them, finding them, removing them.
 *
 * Two locks.  ofl_table_lock, a mutex, makes adding, removing and opening one
 * thing at a time; it is held while cores come and go.  list_lock, a raw spinlock,
 * is held for single steps of the list only, so that the hotplug guard, which
 * runs inside such a coming, can look up who has a core.
 *
 * An instance that is removed leaves the list after its core is back and before
 * it is freed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kmemleak.h>
#include <linux/list.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "arch.h"
#include "fault.h"
#include "table.h"

DEFINE_MUTEX(ofl_table_lock);
LIST_HEAD(ofl_table);
bool ofl_table_asleep;
static DEFINE_RAW_SPINLOCK(list_lock); /* a panic takes it, too */

/* ---------------------------------------------------------------- look up */

struct ofl_instance *ofl_table_find(unsigned int number)
{
	struct ofl_instance *inst;

	ofl_table_for_each(inst)
		if (inst->number == number)
			return inst;
	return NULL;
}

static int owner(unsigned int cpu, const struct ofl_instance *except, bool held)
{
	struct ofl_instance *inst;
	int number = -1;

	raw_spin_lock(&list_lock);
	ofl_table_for_each(inst)
		if (inst != except && inst->cpu == cpu &&
		    (!held || ofl_instance_holds_core(inst)))
			number = inst->number;
	raw_spin_unlock(&list_lock);
	return number;
}

int ofl_table_borrower(unsigned int cpu)
{
	return owner(cpu, NULL, true);
}

int ofl_table_owner(unsigned int cpu, const struct ofl_instance *except)
{
	return owner(cpu, except, false);
}

int ofl_table_memory(u64 pa, u64 size)
{
	struct ofl_instance *inst;
	int number = -1;

	raw_spin_lock(&list_lock);
	ofl_table_for_each(inst)
		if (ofl_memspec_overlap(inst->region.pa, inst->region.size, pa,
					size))
			number = inst->number;
	raw_spin_unlock(&list_lock);
	return number;
}

static int free_number(void)
{
	int number;

	for (number = 0; number < OFL_INSTANCES_MAX; number++)
		if (!ofl_table_find(number))
			return number;
	pr_err("there are %u instances, more are not possible\n",
	       OFL_INSTANCES_MAX);
	return -ENOSPC;
}

/* -------------------------------------------------------------------- add */

struct ofl_instance *ofl_table_create(const struct ofl_spec *spec,
				      struct ofl_source *source)
{
	struct ofl_instance *inst;
	int err = free_number();

	if (err < 0)
		return ERR_PTR(err);
	inst = OFL_STEP(instance, kzalloc(sizeof(*inst), GFP_KERNEL), NULL);
	if (!inst) {
		pr_err("CPU %u cannot be taken: no memory\n", spec->cpu);
		return ERR_PTR(-ENOMEM);
	}
	inst->number = err;
	inst->cpu = spec->cpu;
	inst->spi = spec->spi;
	inst->asleep = ofl_table_asleep;
	strscpy(inst->args, spec->args, sizeof(inst->args));
	mutex_init(&inst->lock);
	init_waitqueue_head(&inst->poll_wait);
	atomic_set(&inst->users, 0);
	ofl_watch_init(inst);
	ofl_bell_init(inst);
	err = -ENOMEM;
	inst->crash_text =
		OFL_STEP(crash_text, (char *)get_zeroed_page(GFP_KERNEL), NULL);
	if (!inst->crash_text) {
		pr_err("CPU %u cannot be taken: no memory\n", spec->cpu);
		goto err_free;
	}
	err = ofl_instance_check(inst);
	if (err)
		goto err_crash_text;
	err = ofl_region_get(&inst->region, &spec->mem, spec->window);
	if (err)
		goto err_crash_text;
	err = ofl_devices_get(inst, spec->devices, spec->nr_devices);
	if (err)
		goto err_region;
	if (source) {
		err = ofl_source_use(inst, source);
		if (err)
			goto err_devices;
	}
	err = ofl_bell_open(inst);
	if (err == -EINVAL)
		goto err_source;
	raw_spin_lock(&list_lock);
	list_add_tail(&inst->node, &ofl_table);
	raw_spin_unlock(&list_lock);
	return inst;

err_source:
	ofl_source_free(&inst->source);
err_devices:
	ofl_devices_put(inst);
err_region:
	ofl_region_put(&inst->region);
err_crash_text:
	free_page((unsigned long)inst->crash_text);
err_free:
	kfree(inst);
	return ERR_PTR(err);
}

int ofl_table_start(struct ofl_instance *inst)
{
	int err;

	mutex_lock(&inst->lock);
	err = ofl_instance_start(inst);
	mutex_unlock(&inst->lock);
	return err;
}

int ofl_table_publish(struct ofl_instance *inst)
{
	return ofl_chardev_add(inst);
}

/* ----------------------------------------------------------------- remove */

int ofl_table_release(struct ofl_instance *inst)
{
	int err;

	mutex_lock(&inst->lock);
	err = ofl_instance_release(inst);
	mutex_unlock(&inst->lock);
	return err;
}

/* From now on nobody starts or uses it; who uses it already keeps it, unless forced. */
static int begin_to_go(struct ofl_instance *inst, bool force)
{
	int err = 0;

	mutex_lock(&inst->lock);
	/* an open takes ofl_table_lock, a store inst->lock */
	if (!force && atomic_read(&inst->users))
		err = -EBUSY;
	else
		inst->going = true;
	mutex_unlock(&inst->lock);
	return err;
}

/* After all it stays. */
static void end_going(struct ofl_instance *inst)
{
	mutex_lock(&inst->lock);
	inst->going = false;
	mutex_unlock(&inst->lock);
}

int ofl_table_remove(struct ofl_instance *inst, bool force)
{
	bool left;
	int err;

	err = begin_to_go(inst, force);
	if (err) {
		pr_err("offload%u is in use; end its offload-pmm, or whoever writes to its image, first\n",
		       inst->number);
		return err;
	}
	err = ofl_table_release(inst);
	if (err && !force) {
		pr_err("offload%u is not removed: CPU %u has not come back\n",
		       inst->number, inst->cpu);
		end_going(inst);
		return err;
	}
	if (inst->dev)
		ofl_chardev_del(inst); /* no sysfs store after this */
	ofl_bell_close(inst);
	ofl_watch_end(inst);
	raw_spin_lock(&list_lock);
	list_del(&inst->node);
	raw_spin_unlock(&list_lock);
	/* what a core that is not back may use is left allocated, and what tells of it */
	left = inst->region.in_use;
	ofl_source_free(&inst->source);
	ofl_devices_put(inst);
	ofl_region_put(&inst->region);
	free_page((unsigned long)inst->crash_text);
	pr_info("offload%u is gone\n", inst->number);
	if (left)
		kmemleak_not_leak(inst); /* on purpose, and what it points to */
	else
		kfree(inst);
	return 0;
}

void ofl_table_remove_all(bool force)
{
	struct ofl_instance *inst, *before;

	/* the last one first: their numbers are as at insmod to the end */
	list_for_each_entry_safe_reverse(inst, before, &ofl_table, node)
		ofl_table_remove(inst, force);
}

/* ------------------------------------------------------------------ panic */

void ofl_table_panic(void)
{
	struct ofl_instance *inst;

	/* whoever has it will not go on: then images run until the reset */
	if (!raw_spin_trylock(&list_lock))
		return;
	ofl_table_for_each(inst)
		if (READ_ONCE(inst->phase) == OFL_PHASE_RUNNING)
			ofl_instance_ask(inst);
	raw_spin_unlock(&list_lock);
}
