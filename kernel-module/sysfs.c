// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/offload/offloadN/
 *
 *   state        offline   no image runs; see `core` for who has the core
 *                running   an image runs (it may still wait for a PMM)
 *                crashed   the image crashed; `crash` tells how
 *                stuck     the image does not obey and cannot be forced: its
 *                          memory and the guard of its core stay (aarch64)
 *                write start: start the image; takes the core first if Linux
 *                          has it.  EBUSY: one is running.
 *                write stop: a running or crashed image is stopped, and the
 *                          core stays held for a quick start; a core that is
 *                          held with nothing running goes back to Linux.
 *                          EALREADY: Linux has it.  ETIMEDOUT: stuck.
 *                poll() tells of a change.
 *   core         linux | held: who has the core
 *   cpu          Linux's number of it
 *   image        name of the image file; writing (EBUSY unless the state is
 *                offline or crashed) loads another one for the next start, with
 *                insmod's lookup rule
 *   args         the image's arguments, one line in a shell's syntax; writing as
 *                for image
 *   exit_status  what the image returned from main or gave to exit(); empty
 *                until it has exited
 *   pmm          attached   a PMM serves
 *                waiting    the image runs, and waits for one
 *                none       neither
 *   mem          kind, address, size, then the window's address and size
 *   devices      allotted to the image, a line each: name, address, size,
 *                INTID or 0
 *   log          what the image wrote to its log, the last 56 KiB; until the
 *                next start or rmmod
 *   crash        the last crash record as text: vector, registers, return
 *                addresses; empty if there was none
 *   coredump     enabled, disabled: is a core file made of each crash?
 *   dump         write 1: make one now, of the image as it is.  EBUSY: the last
 *                one is still there; ENODATA: no image was started
 *   devcoredump  the core file, as data in it; see docs/module.md
 *   uptime       ms since the start, of a running image; 0 else
 *   heartbeat, irqs, spurious
 *                counters that the image keeps
 *   heartbeat_ms, recovery, recovery_limit, recovery_delay_ms
 *                see supervise.c
 *   starts, crashes, heartbeats_lost, recoveries
 *                counters of this instance
 *   timings      how long each step of lending the core took, the last time: timing.h
 *   bell         the image's doorbell: number in /proc/interrupts (0: there is
 *                none), rings so far, rings at the image so far
 *   cid          of the image's vsock device, as the PMM has said; empty: it has
 *                none, or there is no PMM
 *   sleeps       how often the image slept until the PMM should ring
 *   abi          version of the contract that this module speaks
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/vmalloc.h>

#include "arch.h"
#include "args.h"
#include "fault.h"
#include "report.h"
#include "supervise.h"

static struct ofl_instance *to_inst(struct device *dev)
{
	return dev_get_drvdata(dev);
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	static const char *const words[] = {
		[OFL_INSTANCE_OFFLINE] = "offline",
		[OFL_INSTANCE_RUNNING] = "running",
		[OFL_INSTANCE_CRASHED] = "crashed",
		[OFL_INSTANCE_STUCK] = "stuck",
	};

	return sysfs_emit(buf, "%s\n", words[ofl_instance_state(to_inst(dev))]);
}

static int store_stop(struct ofl_instance *inst)
{
	switch (inst->phase) {
	case OFL_PHASE_LINUX:
		if (inst->super.away) { /* crashed, and not started again now */
			WRITE_ONCE(inst->super.away, false);
			ofl_chardev_changed(inst);
			return 0;
		}
		pr_err("offload%u: nothing to stop, Linux has CPU %u\n",
		       inst->number, inst->cpu);
		return -EALREADY;
	case OFL_PHASE_HELD:
		return ofl_instance_return(inst);
	default:
		return ofl_instance_stop(inst);
	}
}

static ssize_t state_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct ofl_instance *inst = to_inst(dev);
	int err;

	if (mutex_lock_interruptible(&inst->lock))
		return -EINTR;
	if (sysfs_streq(buf, "start")) {
		inst->super.attempts = 0;
		err = ofl_instance_start(inst);
	} else if (sysfs_streq(buf, "stop")) {
		err = store_stop(inst);
	} else {
		pr_err("offload%u: write start or stop to state\n",
		       inst->number);
		err = -EINVAL;
	}
	mutex_unlock(&inst->lock);
	return err ?: count;
}
static DEVICE_ATTR_RW(state);

static ssize_t core_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%s\n", ofl_instance_holds_core(to_inst(dev)) ?
					       "held" : "linux");
}
static DEVICE_ATTR_RO(core);

static ssize_t cpu_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%u\n", to_inst(dev)->cpu);
}
static DEVICE_ATTR_RO(cpu);

/* Lock an instance for a change that a running image would not see. */
static int lock_at_rest(struct ofl_instance *inst, const char *what)
{
	if (mutex_lock_interruptible(&inst->lock))
		return -EINTR;
	if (inst->phase == OFL_PHASE_LINUX || inst->phase == OFL_PHASE_HELD ||
	    (inst->phase == OFL_PHASE_CRASHED && ofl_arch_is_idle(inst)))
		return 0;
	pr_err("offload%u: %s cannot be changed while the image runs\n",
	       inst->number, what);
	mutex_unlock(&inst->lock);
	return -EBUSY;
}

static ssize_t image_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct ofl_instance *inst = to_inst(dev);
	ssize_t n;

	mutex_lock(&inst->lock);
	n = sysfs_emit(buf, "%s\n", inst->source.name);
	mutex_unlock(&inst->lock);
	return n;
}

/* What was written, less the newline at its end; kfree() it. */
static char *line_dup(const char *buf, size_t count)
{
	if (count && buf[count - 1] == '\n')
		count--;
	return kmemdup_nul(buf, count, GFP_KERNEL);
}

/* In use, as by an open descriptor: not removed until inst->users is decremented. */
static int use(struct ofl_instance *inst)
{
	int err = 0;

	if (mutex_lock_interruptible(&inst->lock))
		return -EINTR;
	if (inst->going) {
		pr_err("offload%u is being removed\n", inst->number);
		err = -ENODEV;
	} else {
		atomic_inc(&inst->users);
	}
	mutex_unlock(&inst->lock);
	return err;
}

static ssize_t image_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct ofl_instance *inst = to_inst(dev);
	char *name = line_dup(buf, count);
	struct ofl_source *source;
	int err;

	if (!name)
		return -ENOMEM;
	err = use(inst);
	if (err)
		goto out;
	/* whoever removes an instance waits for its stores: none does that for a file */
	source = ofl_source_read(name);
	err = PTR_ERR_OR_ZERO(source);
	if (!err)
		err = lock_at_rest(inst, "image");
	if (!err) {
		err = ofl_source_use(inst, source);
		mutex_unlock(&inst->lock);
	}
	ofl_source_drop(source);
	atomic_dec(&inst->users);
out:
	kfree(name);
	return err ?: count;
}
static DEVICE_ATTR_RW(image);

static ssize_t args_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct ofl_instance *inst = to_inst(dev);
	ssize_t n;

	mutex_lock(&inst->lock);
	n = sysfs_emit(buf, "%s\n", inst->args);
	mutex_unlock(&inst->lock);
	return n;
}

static ssize_t args_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct ofl_instance *inst = to_inst(dev);
	char *args = line_dup(buf, count);
	char msg[OFL_MSG_MAX];
	int err;

	if (!args)
		return -ENOMEM;
	err = ofl_args_check(args, msg);
	if (err) {
		pr_err("%s\n", msg);
		goto out;
	}
	err = lock_at_rest(inst, "args");
	if (err)
		goto out;
	strscpy(inst->args, args, sizeof(inst->args));
	mutex_unlock(&inst->lock);
out:
	kfree(args);
	return err ?: count;
}
static DEVICE_ATTR_RW(args);

static ssize_t exit_status_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	struct ofl_instance *inst = to_inst(dev);

	if (!READ_ONCE(inst->has_exited))
		return sysfs_emit(buf, "\n");
	return sysfs_emit(buf, "%d\n", READ_ONCE(inst->exit_status));
}
static DEVICE_ATTR_RO(exit_status);

static ssize_t pmm_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	struct ofl_instance *inst = to_inst(dev);
	const char *word = "none";

	if (READ_ONCE(inst->pmm_epoch))
		word = "attached";
	else if (READ_ONCE(inst->phase) == OFL_PHASE_RUNNING &&
		 READ_ONCE(inst->image_state) == OFL_STATE_WAITING)
		word = "waiting";
	return sysfs_emit(buf, "%s\n", word);
}
static DEVICE_ATTR_RO(pmm);

static ssize_t cid_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	u32 cid = READ_ONCE(to_inst(dev)->cid);

	return cid ? sysfs_emit(buf, "%u\n", cid) : sysfs_emit(buf, "\n");
}
static DEVICE_ATTR_RO(cid);

static ssize_t mem_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	const struct ofl_region *r = &to_inst(dev)->region;

	return sysfs_emit(buf, "%s %#llx %#llx %#llx %#llx\n",
			  ofl_region_kind(r), (u64)r->pa, r->size,
			  (u64)r->pa + r->private_size, r->window_size);
}
static DEVICE_ATTR_RO(mem);

static ssize_t devices_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	/* they do not change while there is this folder */
	const struct ofl_instance *inst = to_inst(dev);
	ssize_t n = 0;
	unsigned int i;

	for (i = 0; i < inst->nr_devices; i++) {
		const struct ofl_devspec *spec = &inst->devices[i].spec;

		n += sysfs_emit_at(buf, n, "%s %#llx %#llx %u\n", spec->name,
				   spec->pa, spec->size, spec->irq);
	}
	return n;
}
static DEVICE_ATTR_RO(devices);

static ssize_t crash_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct ofl_instance *inst = to_inst(dev);
	ssize_t n;

	mutex_lock(&inst->lock);
	n = sysfs_emit(buf, "%s", inst->crash_text);
	mutex_unlock(&inst->lock);
	return n;
}
static DEVICE_ATTR_RO(crash);

static ssize_t uptime_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct ofl_instance *inst = to_inst(dev);
	s64 ms = 0;

	mutex_lock(&inst->lock);
	if (inst->phase == OFL_PHASE_RUNNING)
		ms = ktime_ms_delta(ktime_get(), inst->started);
	mutex_unlock(&inst->lock);
	return sysfs_emit(buf, "%lld\n", ms);
}
static DEVICE_ATTR_RO(uptime);

/* One word of the image's line; a u64 load cannot be torn. */
static ssize_t show_counter(struct device *dev, size_t off, char *buf)
{
	struct ofl_boot *boot = ofl_instance_boot(to_inst(dev));
	u64 *counter = (void *)&boot->image + off;

	ofl_arch_sync(&boot->image, sizeof(boot->image));
	return sysfs_emit(buf, "%llu\n", READ_ONCE(*counter));
}

static ssize_t heartbeat_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	return show_counter(dev, offsetof(struct ofl_boot_image, heartbeat),
			    buf);
}
static DEVICE_ATTR_RO(heartbeat);

static ssize_t irqs_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return show_counter(dev, offsetof(struct ofl_boot_image, irqs), buf);
}
static DEVICE_ATTR_RO(irqs);

static ssize_t spurious_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return show_counter(dev, offsetof(struct ofl_boot_image, spurious),
			    buf);
}
static DEVICE_ATTR_RO(spurious);

static ssize_t bell_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	const struct ofl_bell *bell = &to_inst(dev)->bell;

	return sysfs_emit(buf, "%u %llu %llu\n", bell->irq,
			  READ_ONCE(bell->rung), READ_ONCE(bell->ringing));
}
static DEVICE_ATTR_RO(bell);

static ssize_t sleeps_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct ofl_boot *boot = ofl_instance_boot(to_inst(dev));

	ofl_arch_sync(&boot->image, sizeof(boot->image));
	return sysfs_emit(buf, "%u\n", READ_ONCE(boot->image.sleeps));
}
static DEVICE_ATTR_RO(sleeps);

static ssize_t timings_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return ofl_timing_show(to_inst(dev), buf);
}
static DEVICE_ATTR_RO(timings);

static ssize_t abi_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%u\n", OFL_ABI_VERSION);
}
static DEVICE_ATTR_RO(abi);

/*
 * Each read() is its own look at a log that may be moving; while it has not
 * yet wrapped, the pieces fit together.
 */
static ssize_t log_read(struct file *file, struct kobject *kobj,
			struct bin_attribute *attr, char *buf, loff_t off,
			size_t count)
{
	struct ofl_instance *inst = to_inst(kobj_to_dev(kobj));
	struct ofl_log *shared = inst->region.va + OFL_LOG_OFF;
	struct ofl_log *copy = OFL_STEP(log, vmalloc(sizeof(*copy)), NULL);
	char *text = vmalloc(sizeof(copy->text));
	ssize_t n = -ENOMEM;

	if (copy && text) {
		ofl_arch_sync(shared, sizeof(*shared));
		memcpy(copy, shared, sizeof(*copy)); /* once */
		n = memory_read_from_buffer(buf, count, &off, text,
					    ofl_report_log(text, copy));
	}
	vfree(text);
	vfree(copy);
	return n;
}
static BIN_ATTR_RO(log, 0);

static struct attribute *attrs[] = {
	&dev_attr_state.attr,	  &dev_attr_core.attr,
	&dev_attr_cpu.attr,	  &dev_attr_image.attr,
	&dev_attr_args.attr,	  &dev_attr_exit_status.attr,
	&dev_attr_pmm.attr,	  &dev_attr_mem.attr,
	&dev_attr_crash.attr,	  &dev_attr_uptime.attr,
	&dev_attr_heartbeat.attr, &dev_attr_irqs.attr,
	&dev_attr_spurious.attr,  &dev_attr_bell.attr,
	&dev_attr_sleeps.attr,	  &dev_attr_abi.attr,
	&dev_attr_cid.attr,	  &dev_attr_devices.attr,
	&dev_attr_timings.attr,
	NULL,
};

static struct bin_attribute *bin_attrs[] = {
	&bin_attr_log,
	NULL,
};

static const struct attribute_group group = {
	.attrs = attrs,
	.bin_attrs = bin_attrs,
};

const struct attribute_group *ofl_sysfs_groups[] = {
	&group,
	&ofl_dump_group,
	&ofl_supervise_group,
	NULL,
};
