// SPDX-License-Identifier: GPL-2.0-only
/*
 * offload.ko lends a CPU of a running Linux to a program without Linux.
 *
 *   insmod offload.ko cpu=3 image=rt.bin args="\"one 'two words'\""
 *
 * Everything is checked before the core is taken; an insmod that fails has
 * changed nothing.  rmmod stops the image and gives core and memory back.
 *
 * There is one instance now.  Nothing but this file knows that.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/suspend.h>

#include "arch.h"
#include "args.h"
#include "memspec.h"

static char *cpu;
module_param(cpu, charp, 0444);
MODULE_PARM_DESC(cpu, "number of the CPU to lend (required)");

static char *image;
module_param(image, charp, 0444);
MODULE_PARM_DESC(image, "image file: absolute, or in the firmware path, or in the current directory (required unless start=0)");

static char *mem = "auto";
module_param(mem, charp, 0444);
MODULE_PARM_DESC(mem, "memory: auto (16 MiB), auto:SIZE, SIZE@ADDRESS (reserved at boot), dt");

static char *window = "4M";
module_param(window, charp, 0444);
MODULE_PARM_DESC(window, "how much of it is shared with the PMM; 0 for none");

static char *args = "";
module_param(args, charp, 0444);
MODULE_PARM_DESC(args, "arguments of the image, in a shell's syntax");

static bool start = true;
module_param(start, bool, 0444);
MODULE_PARM_DESC(start, "start the image at once; 0: wait for echo start > /sys/class/offload/offload0/state");

struct ofl_instance *ofl_the_instance;

int ofl_borrower(unsigned int number)
{
	struct ofl_instance *inst = READ_ONCE(ofl_the_instance);

	if (inst && inst->cpu == number && ofl_instance_holds_core(inst))
		return inst->number;
	return -1;
}

/* ---------------------------------------------- suspend, reboot */

static int pm_event(struct notifier_block *nb, unsigned long event, void *arg)
{
	struct ofl_instance *inst = ofl_the_instance;

	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
		if (!ofl_instance_holds_core(inst))
			return NOTIFY_DONE;
		pr_err("the machine cannot sleep while CPU %u is lent to offload%u; rmmod offload first\n",
		       inst->cpu, inst->number);
		return notifier_from_errno(-EBUSY);
	default:
		return NOTIFY_DONE;
	}
}

static struct notifier_block pm_notifier = { .notifier_call = pm_event };

static void stop_and_return(struct ofl_instance *inst)
{
	mutex_lock(&inst->lock);
	if (inst->phase != OFL_PHASE_LINUX && inst->phase != OFL_PHASE_HELD)
		ofl_instance_stop(inst);
	ofl_instance_return(inst);
	mutex_unlock(&inst->lock);
}

/* So that a kernel started by kexec finds all cores and nobody in its memory */
static int reboot_event(struct notifier_block *nb, unsigned long event,
			void *arg)
{
	stop_and_return(ofl_the_instance);
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = {
	.notifier_call = reboot_event,
};

/* ---------------------------------------------------------- parameters */

static int parse(struct ofl_instance *inst, struct ofl_memspec *spec,
		 u64 *window_size)
{
	char msg[OFL_MSG_MAX];
	int err;

	if (!cpu) {
		pr_err("cpu= is missing: which CPU is to be lent?\n");
		return -EINVAL;
	}
	if (!image && start) {
		pr_err("image= is missing: which file is to run on CPU %s?\n",
		       cpu);
		return -EINVAL;
	}
	err = ofl_memspec_cpu(cpu, &inst->cpu, msg);
	if (!err)
		err = ofl_memspec_parse(mem, spec, msg);
	if (!err)
		err = ofl_memspec_window(window, window_size, msg);
	if (!err)
		err = ofl_args_check(args, msg);
	if (err) {
		pr_err("%s\n", msg);
		return err;
	}
	strscpy(inst->args, args, sizeof(inst->args));
	return 0;
}

/* ------------------------------------------------------------- instance */

static struct ofl_instance *instance_create(void)
{
	struct ofl_instance *inst;
	struct ofl_memspec spec;
	u64 window_size;
	int err;

	inst = kzalloc(sizeof(*inst), GFP_KERNEL);
	if (!inst)
		return ERR_PTR(-ENOMEM);
	mutex_init(&inst->lock);
	ofl_watch_init(inst);
	ofl_bell_init(inst);
	inst->crash_text = (char *)get_zeroed_page(GFP_KERNEL);
	if (!inst->crash_text) {
		err = -ENOMEM;
		goto err_free;
	}
	err = parse(inst, &spec, &window_size);
	if (err)
		goto err_crash_text;
	err = ofl_instance_check(inst);
	if (err)
		goto err_crash_text;
	err = ofl_region_get(&inst->region, &spec, window_size);
	if (err)
		goto err_crash_text;
	if (image) {
		err = ofl_source_load(inst, image);
		if (err)
			goto err_region;
	}
	err = ofl_bell_open(inst);
	if (err == -EINVAL)
		goto err_source;
	return inst;

err_source:
	ofl_source_free(&inst->source);
err_region:
	ofl_region_put(&inst->region);
err_crash_text:
	free_page((unsigned long)inst->crash_text);
err_free:
	kfree(inst);
	return ERR_PTR(err);
}

/* The core is Linux's, or what it may use is left allocated. */
static void instance_destroy(struct ofl_instance *inst)
{
	ofl_source_free(&inst->source);
	ofl_region_put(&inst->region);
	free_page((unsigned long)inst->crash_text);
	kfree(inst);
}

static int __init offload_init(void)
{
	struct ofl_instance *inst;
	int err;

	err = ofl_chardev_init();
	if (err)
		return err;
	inst = instance_create();
	if (IS_ERR(inst)) {
		err = PTR_ERR(inst);
		goto err_chardev;
	}
	ofl_the_instance = inst;
	err = ofl_guard_init();
	if (err)
		goto err_instance;
	err = ofl_chardev_add(inst);
	if (err)
		goto err_guard;
	err = register_pm_notifier(&pm_notifier);
	if (err)
		goto err_chardev_del;
	err = register_reboot_notifier(&reboot_notifier);
	if (err)
		goto err_pm;
	if (start) {
		mutex_lock(&inst->lock);
		err = ofl_instance_start(inst);
		mutex_unlock(&inst->lock);
		if (err)
			goto err_reboot;
	}
	return 0;

err_reboot:
	unregister_reboot_notifier(&reboot_notifier);
err_pm:
	unregister_pm_notifier(&pm_notifier);
err_chardev_del:
	ofl_chardev_del(inst); /* sysfs may have started an image meanwhile */
	stop_and_return(inst);
	ofl_bell_close(inst);
	ofl_watch_end(inst);
err_guard:
	ofl_guard_exit();
err_instance:
	ofl_the_instance = NULL;
	ofl_bell_close(inst);
	instance_destroy(inst);
err_chardev:
	ofl_chardev_exit();
	return err;
}

static void __exit offload_exit(void)
{
	struct ofl_instance *inst = ofl_the_instance;

	unregister_reboot_notifier(&reboot_notifier);
	unregister_pm_notifier(&pm_notifier);
	ofl_chardev_del(inst); /* no sysfs store after this */
	stop_and_return(inst);
	ofl_bell_close(inst);
	ofl_watch_end(inst);
	ofl_guard_exit();
	ofl_the_instance = NULL;
	instance_destroy(inst);
	ofl_chardev_exit();
}

module_init(offload_init);
module_exit(offload_exit);

MODULE_DESCRIPTION("Lends a CPU core to a program without Linux");
MODULE_AUTHOR("The Offload authors");
MODULE_LICENSE("GPL");
