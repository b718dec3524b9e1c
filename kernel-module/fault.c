// SPDX-License-Identifier: GPL-2.0-only
/* Failures on purpose, see fault.h.  In builds with OFL_FAULTS=1 only. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "fault.h"

#define LIST_MAX 64

static const char *const names[OFL_FAULT_NR] = {
	[OFL_FAULT_root] = "root",
	[OFL_FAULT_minors] = "minors",
	[OFL_FAULT_class] = "class",
	[OFL_FAULT_guard] = "guard",
	[OFL_FAULT_pm_notifier] = "pm_notifier",
	[OFL_FAULT_reboot_notifier] = "reboot_notifier",
	[OFL_FAULT_specs] = "specs",
	[OFL_FAULT_instance] = "instance",
	[OFL_FAULT_crash_text] = "crash_text",
	[OFL_FAULT_ranges] = "ranges",
	[OFL_FAULT_region] = "region",
	[OFL_FAULT_device_region] = "device_region",
	[OFL_FAULT_source] = "source",
	[OFL_FAULT_file] = "file",
	[OFL_FAULT_image] = "image",
	[OFL_FAULT_bell_irq] = "bell_irq",
	[OFL_FAULT_bell_dead] = "bell_dead",
	[OFL_FAULT_core] = "core",
	[OFL_FAULT_core_call] = "core_call",
	[OFL_FAULT_take] = "take",
	[OFL_FAULT_lend] = "lend",
	[OFL_FAULT_start] = "start",
	[OFL_FAULT_entered] = "entered",
	[OFL_FAULT_publish] = "publish",
	[OFL_FAULT_add] = "add",
	[OFL_FAULT_remove] = "remove",
	[OFL_FAULT_cdev] = "cdev",
	[OFL_FAULT_client] = "client",
	[OFL_FAULT_listen] = "listen",
	[OFL_FAULT_log] = "log",
	[OFL_FAULT_crash] = "crash",
	[OFL_FAULT_record] = "record",
	[OFL_FAULT_dump_text] = "dump_text",
	[OFL_FAULT_dump_file] = "dump_file",
	[OFL_FAULT_sample] = "sample",
	[OFL_FAULT_obeys] = "obeys",
	[OFL_FAULT_return] = "return",
	[OFL_FAULT_add_spec] = "add_spec",
	[OFL_FAULT_offline] = "offline",
	[OFL_FAULT_online] = "online",
#ifdef CONFIG_X86_64
	[OFL_FAULT_bell_domain] = "bell_domain",
	[OFL_FAULT_bell_vector] = "bell_vector",
	[OFL_FAULT_park] = "park",
	[OFL_FAULT_park_table] = "park_table",
	[OFL_FAULT_kprobe] = "kprobe",
	[OFL_FAULT_parked] = "parked",
#else
	[OFL_FAULT_bell_spi] = "bell_spi",
	[OFL_FAULT_device_irq] = "device_irq",
	[OFL_FAULT_core_gic] = "core_gic",
	[OFL_FAULT_core_gicd] = "core_gicd",
	[OFL_FAULT_off] = "off",
	[OFL_FAULT_cpu_on] = "cpu_on",
#endif
};

static DEFINE_SPINLOCK(lock);
static struct {
	unsigned int reached, failed, armed;
} count[OFL_FAULT_NR];
static struct dentry *folder;

bool ofl_fault(enum ofl_fault_step step)
{
	unsigned long flags;
	bool now;

	spin_lock_irqsave(&lock, flags);
	count[step].reached++;
	now = count[step].armed;
	if (now) {
		count[step].failed++;
		count[step].armed--;
	}
	spin_unlock_irqrestore(&lock, flags);
	if (now)
		pr_notice("fail_at: step %s fails now\n", names[step]);
	return now;
}

static int find(const char *name)
{
	int i;

	for (i = 0; i < OFL_FAULT_NR; i++)
		if (names[i] && sysfs_streq(name, names[i]))
			return i;
	return -1;
}

/* STEP[:TIMES][,...]; those that are not in it do not fail. */
static int arm(char *list)
{
	unsigned int times[OFL_FAULT_NR] = { 0 }, n;
	char *word, *colon;
	int step;

	list = strim(list);
	while ((word = strsep(&list, ",")) != NULL) {
		if (!*word)
			continue;
		n = 1;
		colon = strchr(word, ':');
		if (colon) {
			*colon = '\0';
			if (kstrtouint(colon + 1, 10, &n))
				n = 0;
		}
		step = find(word);
		if (step < 0 || !n) {
			pr_err("fail_at=STEP[:TIMES][,...]: %s is no step, or its number none; /sys/kernel/debug/offload/steps lists them\n",
			       word);
			return -EINVAL;
		}
		times[step] = n;
	}
	spin_lock_irq(&lock);
	for (step = 0; step < OFL_FAULT_NR; step++)
		count[step].armed = times[step];
	spin_unlock_irq(&lock);
	return 0;
}

static int param_arm(const char *value, const struct kernel_param *param)
{
	char list[LIST_MAX];

	if (strscpy(list, value, sizeof(list)) < 0)
		return -EINVAL;
	return arm(list);
}

static const struct kernel_param_ops param_ops = { .set = param_arm };
module_param_cb(fail_at, &param_ops, NULL, 0200);
MODULE_PARM_DESC(fail_at, "test build: STEP[:TIMES][,...], what fails when it is next come to");

static ssize_t fail_at_write(struct file *file, const char __user *from,
			     size_t size, loff_t *pos)
{
	char list[LIST_MAX] = "";
	int err;

	if (size >= sizeof(list))
		return -EINVAL;
	if (copy_from_user(list, from, size))
		return -EFAULT;
	err = arm(list);
	return err ?: size;
}

static const struct file_operations fail_at_fops = {
	.open = simple_open,
	.write = fail_at_write,
};

static int steps_show(struct seq_file *seq, void *arg)
{
	int i;

	for (i = 0; i < OFL_FAULT_NR; i++)
		/* without a name it cannot be made to fail, and the test says so */
		seq_printf(seq, "%s %u %u\n", names[i] ?: "?", count[i].reached,
			   count[i].failed);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(steps);

void ofl_fault_init(void)
{
	/* without them there is still the parameter */
	folder = debugfs_create_dir("offload", NULL);
	debugfs_create_file("fail_at", 0200, folder, NULL, &fail_at_fops);
	debugfs_create_file("steps", 0400, folder, NULL, &steps_fops);
}

void ofl_fault_exit(void)
{
	debugfs_remove(folder);
}
