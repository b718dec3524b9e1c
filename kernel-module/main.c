// SPDX-License-Identifier: GPL-2.0-only
/*
 * offload.ko lends CPUs of a running Linux to programs without Linux.
 *
 *   insmod offload.ko cpu=3 image=rt.bin args="\"one 'two words'\""
 *   insmod offload.ko cpu=2,3 image=a.bin,b.bin args="\"one; two\""
 *   echo cpu=1 image=c.bin > /sys/class/offload/add
 *   echo 2 > /sys/class/offload/remove
 *
 * Everything is checked before a core is taken; an insmod that fails has
 * changed nothing.  rmmod stops the images and gives cores and memory back.
 *
 * This file has the parameters and the life of the module; table.c has the
 * instances.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/suspend.h>

#include "arch.h"
#include "fault.h"
#include "table.h"

static char *cpu;
module_param(cpu, charp, 0444);
MODULE_PARM_DESC(cpu, "numbers of the CPUs to lend, with commas; none: instances come later, by /sys/class/offload/add (required)");

static char *image;
module_param(image, charp, 0444);
MODULE_PARM_DESC(image, "image files, one for each CPU: absolute, or in the firmware path, or in the current directory (required unless start=0)");

static char *mem;
module_param(mem, charp, 0444);
MODULE_PARM_DESC(mem, "memory: auto (16 MiB), auto:SIZE, SIZE@ADDRESS (reserved at boot), dt; one for all, or one for each");

static char *window;
module_param(window, charp, 0444);
MODULE_PARM_DESC(window, "how much of it is shared with the PMM (4M); 0 for none; one for all, or one for each");

static char *args;
module_param(args, charp, 0444);
MODULE_PARM_DESC(args, "arguments of the image, in a shell's syntax; one for all, or one for each, with semicolons");

static char *spi;
module_param(spi, charp, 0444);
MODULE_PARM_DESC(spi, "arm64: INTID of the shared interrupt that is the image's doorbell, for each (the highest one that is free)");

static char *device;
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "devices for the image: NAME:SIZE@ADDRESS[:irq=N], with commas; those of the next image behind a semicolon");

static bool start = true;
module_param(start, bool, 0444);
MODULE_PARM_DESC(start, "start the images at once; 0: wait for echo start > /sys/class/offload/offloadN/state");

/* ---------------------------------------------- suspend, reboot */

static char *sleep;
static bool sleep_stops;
module_param(sleep, charp, 0444);
MODULE_PARM_DESC(sleep, "when the machine is to be suspended: refuse (the default: a lent core keeps it awake), or stop (images are stopped and cores returned first)");

/* Any core that is lent, and is to stay so, keeps the machine awake. */
static int prepare_sleep(void)
{
	struct ofl_instance *inst;
	int err = 0;

	mutex_lock(&ofl_table_lock);
	ofl_table_for_each(inst) {
		/* with the lock: a start under way comes before or after */
		mutex_lock(&inst->lock);
		inst->asleep = true;
		if (sleep_stops)
			ofl_instance_release(inst);
		if (ofl_instance_holds_core(inst)) {
			pr_err("the machine cannot sleep while CPU %u is lent to offload%u; echo stop > /sys/class/offload/offload%u/state until Linux has it, or rmmod offload\n",
			       inst->cpu, inst->number, inst->number);
			err = -EBUSY;
		}
		mutex_unlock(&inst->lock);
	}
	ofl_table_asleep = !err;
	if (err)
		ofl_table_for_each(inst)
			inst->asleep = false;
	mutex_unlock(&ofl_table_lock);
	return notifier_from_errno(err);
}

static int end_sleep(void)
{
	struct ofl_instance *inst;

	mutex_lock(&ofl_table_lock);
	ofl_table_asleep = false;
	ofl_table_for_each(inst)
		inst->asleep = false;
	mutex_unlock(&ofl_table_lock);
	return NOTIFY_DONE;
}

static int pm_event(struct notifier_block *nb, unsigned long event, void *arg)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE: /* another kernel's memory comes over ours */
		return prepare_sleep();
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		return end_sleep();
	default:
		return NOTIFY_DONE;
	}
}

/* Before the kernel's own (priority 0) that disables CPU hotplug. */
static struct notifier_block pm_notifier = {
	.notifier_call = pm_event,
	.priority = 1,
};

/*
 * So that a kernel started by kexec finds all cores and nobody in its memory.  A
 * crash kernel (kdump) has memory of its own, and asks nobody.
 */
static int reboot_event(struct notifier_block *nb, unsigned long event,
			void *arg)
{
	struct ofl_instance *inst;
	bool lost = false;

	mutex_lock(&ofl_table_lock);
	ofl_table_asleep = true; /* nobody takes a core any more */
	ofl_table_for_each(inst) {
		mutex_lock(&inst->lock);
		inst->asleep = true;
		ofl_instance_release(inst);
		lost |= ofl_region_is_lost(&inst->region);
		mutex_unlock(&inst->lock);
	}
	/* the words are the kernel's own, whoever has asked for it */
	if (lost && event == SYS_RESTART && arg && !strcmp(arg, "kexec reboot")) {
		pr_emerg("a core that does not come back uses System RAM, which another kernel would take for its own: no kexec, but a cold reset now\n");
		reboot_mode = REBOOT_COLD;
		emergency_restart();
	}
	mutex_unlock(&ofl_table_lock);
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = {
	.notifier_call = reboot_event,
};

/* What is written into memory behind a panic helps nobody. */
static int panic_event(struct notifier_block *nb, unsigned long event, void *arg)
{
	ofl_table_panic();
	return NOTIFY_DONE;
}

static struct notifier_block panic_block = { .notifier_call = panic_event };

/* ------------------------------------------------------------- instances */

/*
 * All or none: each is checked and has its memory, image and doorbell before the
 * first core is taken.  What was made when it fails is left to the caller.
 */
static int add_all(const struct ofl_spec *specs, struct ofl_source **sources,
		   unsigned int nr)
{
	struct ofl_instance *inst;
	unsigned int i;
	int err = 0;

	for (i = 0; i < nr && !err; i++)
		err = PTR_ERR_OR_ZERO(ofl_table_create(&specs[i], sources[i]));
	if (err)
		return err;
	ofl_table_for_each(inst) {
		err = start ? ofl_table_start(inst) : 0;
		if (err)
			return err;
	}
	ofl_table_for_each(inst) {
		err = ofl_table_publish(inst);
		if (err)
			return err;
	}
	return 0;
}

static int add_from_parameters(void)
{
	const struct ofl_spec_words words = {
		.cpu = cpu,
		.image = image,
		.mem = mem,
		.window = window,
		.args = args,
		.start = start ? "1" : "0",
		.spi = spi,
		.device = device,
	};
	struct ofl_source *sources[OFL_INSTANCES_MAX] = { NULL };
	char msg[OFL_MSG_MAX];
	struct ofl_spec *specs;
	unsigned int nr = 0, i;
	int err;

	specs = OFL_STEP(specs,
			 kcalloc(OFL_INSTANCES_MAX, sizeof(*specs), GFP_KERNEL),
			 NULL);
	if (!specs) {
		pr_err("the parameters cannot be read: no memory\n");
		return -ENOMEM;
	}
	err = ofl_spec_lists(&words, specs, OFL_INSTANCES_MAX, &nr, msg);
	if (err)
		pr_err("%s\n", msg);
	for (i = 0; i < nr && !err; i++) {
		if (!specs[i].image[0])
			continue;
		sources[i] = ofl_source_read(specs[i].image);
		err = PTR_ERR_OR_ZERO(sources[i]);
	}
	if (!err) {
		mutex_lock(&ofl_table_lock);
		err = add_all(specs, sources, nr);
		mutex_unlock(&ofl_table_lock);
	}
	for (i = 0; i < nr; i++)
		ofl_source_drop(sources[i]);
	kfree(specs);
	return err;
}

static void remove_all(bool force)
{
	mutex_lock(&ofl_table_lock);
	ofl_table_remove_all(force);
	mutex_unlock(&ofl_table_lock);
}

/*
 * rmmod cannot fail any more, and takes away who would turn a kexec into a reset.  The
 * next kernel would take the memory of the image that still runs for its own, so
 * none is to be loaded from here on; that switch is the administrator's, and a
 * module has no other way to it.
 */
static void forbid_kexec(void)
{
	struct file *file =
		filp_open("/proc/sys/kernel/kexec_load_disabled", O_WRONLY, 0);
	bool done = false;
	loff_t pos = 0;

	if (!IS_ERR(file)) {
		done = kernel_write(file, "1", 1, &pos) == 1;
		filp_close(file, NULL);
	}
	pr_emerg("a core that has not come back goes on using System RAM, and nobody watches over it any more: restart the machine; no kexec (%s)\n",
		 done ? "none can be loaded now" :
			"kernel.kexec_load_disabled could not be set");
}

/* In the order in which others can come to them. */
static int open_up(void)
{
	int err = ofl_manage_init();

	if (err)
		return err;
	/*
	 * Last: a module whose init fails is freed whoever has a device open,
	 * and the region with it, mapped or not.
	 */
	err = ofl_chardev_open_up();
	if (err)
		ofl_manage_exit();
	return err;
}

/*
 * Insmod has failed and a core has not come back: its image may use its memory and
 * the interrupts of its devices for ever.  Who watches over that, and the guard,
 * are in this module; so insmod is said to have worked, and what is left can be
 * looked at.
 */
static int stay(int err)
{
	struct ofl_instance *inst;

	mutex_lock(&ofl_table_lock);
	ofl_table_for_each(inst) {
		pr_err("insmod has failed (error %d), but CPU %u has not come back: the module stays for offload%u\n",
		       err, inst->cpu, inst->number);
		if (!inst->dev)
			ofl_table_publish(inst);
	}
	mutex_unlock(&ofl_table_lock);
	open_up();
	return 0;
}

static int __init offload_init(void)
{
	int err;

	sleep_stops = sleep && !strcmp(sleep, "stop");
	if (sleep && !sleep_stops && strcmp(sleep, "refuse")) {
		pr_err("sleep=%s: it is refuse or stop\n", sleep);
		return -EINVAL;
	}
	ofl_fault_init();
	ofl_arch_init();
	err = ofl_chardev_init();
	if (err)
		goto err_fault;
	err = ofl_guard_init();
	if (err)
		goto err_chardev;
	err = OFL_STEP(pm_notifier, register_pm_notifier(&pm_notifier), -ENOMEM);
	if (err) {
		pr_err("no suspend notifier: error %d\n", err);
		goto err_guard;
	}
	err = OFL_STEP(reboot_notifier,
		       register_reboot_notifier(&reboot_notifier), -ENOMEM);
	if (err) {
		pr_err("no reboot notifier: error %d\n", err);
		goto err_pm;
	}
	atomic_notifier_chain_register(&panic_notifier_list, &panic_block);
	err = add_from_parameters();
	if (!err)
		err = open_up();
	if (!err)
		return 0;
	remove_all(false);
	if (!list_empty(&ofl_table))
		return stay(err);
	ofl_arch_exit();
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_block);
	unregister_reboot_notifier(&reboot_notifier);
err_pm:
	unregister_pm_notifier(&pm_notifier);
err_guard:
	ofl_guard_exit();
err_chardev:
	ofl_chardev_exit();
err_fault:
	ofl_fault_exit();
	return err;
}

static void __exit offload_exit(void)
{
	ofl_manage_exit(); /* nobody adds any more */
	ofl_chardev_close_down();
	remove_all(true);
	if (ofl_region_left)
		forbid_kexec();
	ofl_arch_exit();
	/* reboot, sleep and panic ask images for as long as there may be one */
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_block);
	unregister_reboot_notifier(&reboot_notifier);
	unregister_pm_notifier(&pm_notifier);
	ofl_guard_exit();
	ofl_chardev_exit();
	ofl_fault_exit();
}

module_init(offload_init);
module_exit(offload_exit);

MODULE_DESCRIPTION("Lends CPU cores to programs without Linux");
MODULE_AUTHOR("The Offload authors");
MODULE_LICENSE("GPL");
