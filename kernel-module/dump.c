// SPDX-License-Identifier: GPL-2.0-only
/*
 * Core files: the private part of an instance's region and the crash record, as
 * /sys/class/devcoredump/devcdN/data, which the kernel keeps until somebody
 * writes to it, or for five minutes.
 *
 * One is made of each crash before anything can overwrite it, and of an image as it
 * is when somebody asks.  The heap is cut behind its last byte that is not zero.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/devcoredump.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/utsname.h>
#include <linux/vmalloc.h>

#include "arch.h"
#include "elfcore.h"
#include "fault.h"
#include "report.h"
#include "supervise.h"

/* How long an image has to answer, and after how long it is asked again. */
#define SAMPLE_MS 200
#define SAMPLE_AGAIN_MS 20

/* Whole pages from the start of the private part to its last byte not zero. */
static size_t used_size(struct ofl_instance *inst)
{
	const char *va = inst->region.va;
	size_t size = inst->region.private_size;

	while (size && !memchr_inv(va + size - OFL_PAGE, 0, OFL_PAGE))
		size -= OFL_PAGE;
	return size;
}

/* One of this instance is still there; another one would be dropped. */
static bool is_kept(struct ofl_instance *inst)
{
	struct kernfs_node *link = sysfs_get_dirent(inst->dev->kobj.sd, "devcoredump");

	if (link)
		sysfs_put(link);
	return link;
}

static void describe(struct ofl_instance *inst, const char *why, char *text,
		     size_t size)
{
	scnprintf(text, size,
		  "%s\nimage: %s (%s, %llu KiB)\narguments: %s\noffload%u: CPU %u, start %u, %lld ms ago\nhost: %s %s %s\n",
		  why, inst->source.name, inst->source.image.format,
		  inst->source.image.size >> 10, inst->args, inst->number,
		  inst->cpu, inst->starts,
		  ktime_ms_delta(ktime_get(), inst->started),
		  init_utsname()->sysname, init_utsname()->release,
		  init_utsname()->machine);
}

/**
 * ofl_dump_make() - a core file of the image as it is now
 * @crash: a copy of its crash record; NULL: no registers are known
 * @why: one line
 *
 * With inst->lock held.  -EBUSY: the last one was not taken away; -ENODEV: the
 * instance is not published; -EOPNOTSUPP: the kernel has no devcoredump.
 * Messages are printed.
 */
int ofl_dump_make(struct ofl_instance *inst, const struct ofl_crash *crash,
		  const char *why)
{
	struct ofl_elfcore core = {
		.machine = ofl_arch_machine,
		.crash = crash,
		.image = inst->source.name,
		.args = inst->args,
		.va = OFL_REGION_VA,
		.mem_size = inst->region.private_size,
	};
	char *text;
	void *file;

	if (!inst->dev)
		return -ENODEV;
	if (!IS_ENABLED(CONFIG_DEV_COREDUMP)) {
		pr_info("offload%u: no core file: this kernel has no CONFIG_DEV_COREDUMP\n",
			inst->number);
		return -EOPNOTSUPP;
	}
	if (is_kept(inst)) {
		pr_info("offload%u: no core file: the last one is still there; echo 1 > /sys/class/offload/offload%u/devcoredump/data takes it away\n",
			inst->number, inst->number);
		return -EBUSY;
	}
	ofl_arch_sync(inst->region.va, inst->region.private_size);
	core.file_size = used_size(inst);
	text = OFL_STEP(dump_text, kmalloc(OFL_ELFCORE_TEXT, GFP_KERNEL), NULL);
	file = OFL_STEP(dump_file,
			__vmalloc(OFL_ELFCORE_HEADER + core.file_size,
				  GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL),
			NULL);
	if (!text || !file) {
		pr_warn("offload%u: no core file: no memory for its %llu KiB\n",
			inst->number, core.file_size >> 10);
		vfree(file);
		kfree(text);
		return -ENOMEM;
	}
	describe(inst, why, text, OFL_ELFCORE_TEXT);
	core.text = text;
	ofl_elfcore_header(file, &core);
	memcpy(file + OFL_ELFCORE_HEADER, inst->region.va, core.file_size);
	kfree(text);
	/* frees it */
	dev_coredumpv(inst->dev, file, OFL_ELFCORE_HEADER + core.file_size,
		      GFP_KERNEL);
	if (is_kept(inst))
		pr_info("offload%u: core file of image %s: /sys/class/offload/offload%u/devcoredump/data, %llu KiB\n",
			inst->number, inst->source.name, inst->number,
			(OFL_ELFCORE_HEADER + core.file_size) >> 10);
	else
		pr_info("offload%u: core file of image %s: somebody has taken it already, or /sys/class/devcoredump/disabled is 1\n",
			inst->number, inst->source.name);
	return 0;
}

/* Registers are the heart of a core file, but a file without them has the rest. */
static struct ofl_crash *with_registers(struct ofl_instance *inst,
					struct ofl_crash *crash)
{
	if (!crash)
		pr_warn("offload%u: no memory for the registers of image %s\n",
			inst->number, inst->source.name);
	return crash;
}

/* A copy of the crash record, for the caller to free; NULL: no memory, and said so. */
static struct ofl_crash *record(struct ofl_instance *inst)
{
	struct ofl_crash *shared = inst->region.va + OFL_CRASH_OFF;

	ofl_arch_sync(shared, sizeof(*shared));
	return with_registers(inst, OFL_STEP(record,
					     kmemdup(shared, sizeof(*shared), /* once */
						     GFP_KERNEL),
					     NULL));
}

/**
 * ofl_dump_sample() - ask a running image where it is
 *
 * With inst->lock held.  A record for the caller to free, without registers (nr_regs is
 * 0) if the image does not answer; NULL: no memory, and said so.
 */
struct ofl_crash *ofl_dump_sample(struct ofl_instance *inst)
{
	struct ofl_crash *shared = inst->region.va + OFL_SAMPLE_OFF;
	struct ofl_crash *sample =
		OFL_STEP(sample, kzalloc(sizeof(*sample), GFP_KERNEL), NULL);
	struct ofl_boot *boot = ofl_instance_boot(inst);
	u32 seq = boot->host.sample_seq + 1;
	unsigned int ms;

	if (!with_registers(inst, sample))
		return NULL;
	sample->vector = OFL_VECTOR_NONE;
	/* a line of ours alone; nothing else goes with it */
	smp_store_release(&boot->host.sample_seq, seq);
	ofl_arch_sync(&boot->host, sizeof(boot->host));
	for (ms = 0; ms < SAMPLE_MS && !ofl_arch_is_idle(inst); ms++) {
		if (ms % SAMPLE_AGAIN_MS == 0)
			ofl_arch_ring(inst);
		usleep_range(1000, 1200);
		ofl_arch_sync(shared, sizeof(*shared));
		/* what the image stored before it is visible after this */
		if (smp_load_acquire(&shared->sampled_seq) == seq) {
			memcpy(sample, shared, sizeof(*sample)); /* once */
			break;
		}
	}
	return sample;
}

/**
 * ofl_dump_crash() - a core file of the image that has just crashed
 *
 * @sample: registers in place of a crash record; or NULL
 *
 * With inst->lock held.  An instance that is not published yet gets it when it is.
 */
void ofl_dump_crash(struct ofl_instance *inst, const struct ofl_crash *sample)
{
	struct ofl_crash *crash = NULL;
	char why[OFL_MSG_MAX];
	const char *end;

	inst->dump_due = !inst->dev;
	if (!inst->dev || inst->no_dump)
		return;
	/* the first line of the text in sysfs */
	end = strchrnul(inst->crash_text, '\n');
	snprintf(why, sizeof(why), "crashed: %.*s", (int)(end - inst->crash_text),
		 inst->crash_text);
	if (!sample)
		sample = crash = record(inst);
	ofl_dump_make(inst, sample, why);
	kfree(crash);
}

/* ------------------------------------------------------------------ sysfs */

static ssize_t dump_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct ofl_instance *inst = dev_get_drvdata(dev);
	struct ofl_crash *crash = NULL;
	int err;

	if (!sysfs_streq(buf, "1")) {
		pr_err("offload%u: write 1 to dump\n", inst->number);
		return -EINVAL;
	}
	if (mutex_lock_interruptible(&inst->lock))
		return -EINTR;
	if (!inst->starts) {
		pr_err("offload%u: there is nothing to dump: no image was started\n",
		       inst->number);
		err = -ENODATA;
	} else {
		if (inst->phase == OFL_PHASE_CRASHED)
			crash = record(inst);
		else if (inst->phase == OFL_PHASE_RUNNING ||
			 inst->phase == OFL_PHASE_STUCK)
			crash = ofl_dump_sample(inst);
		err = ofl_dump_make(inst, crash,
				    inst->phase == OFL_PHASE_CRASHED ? "crashed" :
				    inst->phase == OFL_PHASE_RUNNING ? "running" :
				    inst->phase == OFL_PHASE_STUCK   ? "stuck" :
								       "ended");
		kfree(crash);
	}
	mutex_unlock(&inst->lock);
	return err ?: count;
}
static DEVICE_ATTR_WO(dump);

static ssize_t coredump_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	struct ofl_instance *inst = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n",
			  READ_ONCE(inst->no_dump) ? "disabled" : "enabled");
}

static ssize_t coredump_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct ofl_instance *inst = dev_get_drvdata(dev);
	int i = sysfs_match_string(((const char *const[]){ "enabled", "disabled" }),
				   buf);

	if (i < 0) {
		pr_err("offload%u: write enabled or disabled to coredump\n",
		       inst->number);
		return i;
	}
	WRITE_ONCE(inst->no_dump, i);
	return count;
}
static DEVICE_ATTR_RW(coredump);

static struct attribute *attrs[] = {
	&dev_attr_dump.attr,
	&dev_attr_coredump.attr,
	NULL,
};

const struct attribute_group ofl_dump_group = {
	.attrs = attrs,
};
