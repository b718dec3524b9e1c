// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/offload/add and /sys/class/offload/remove, for root.
 *
 *   echo 'cpu=2 image=b.bin args="input.txt counts.txt"' > add
 *      makes offloadN, N the lowest number that is free, and starts the image
 *      (start=0: does not); keys and values are those of the module's
 *      parameters, each for one instance, see spec.h.  An error leaves nothing
 *      (but an instance that is stuck).
 *   echo 1 > remove           or echo offload1 > remove
 *      stops the image and gives core and memory back.  EBUSY: its device is
 *      open; ENODEV: there is no such instance; others: the core does not come
 *      back, and the instance is still there.
 *
 * Every error has a line in the kernel log.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device/class.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "fault.h"
#include "table.h"

static int add(const struct ofl_spec *spec, struct ofl_source *source)
{
	struct ofl_instance *inst = ofl_table_create(spec, source);
	int err;

	if (IS_ERR(inst))
		return PTR_ERR(inst);
	err = spec->start ? ofl_table_start(inst) : 0;
	if (!err)
		err = ofl_table_publish(inst);
	/* one whose core does not come back stays, and can be looked at */
	if (err && ofl_table_remove(inst, false) && !inst->dev)
		ofl_table_publish(inst);
	return err;
}

static ssize_t add_store(OFL_CLASS_CONST struct class *class,
			 OFL_CLASS_CONST struct class_attribute *attr,
			 const char *buf, size_t count)
{
	struct ofl_spec *spec =
		OFL_STEP(add_spec, kmalloc(sizeof(*spec), GFP_KERNEL), NULL);
	char *line = kmemdup_nul(buf, count, GFP_KERNEL);
	struct ofl_source *source = NULL;
	char msg[OFL_MSG_MAX];
	int err = -ENOMEM;

	if (spec && line)
		err = ofl_spec_line(line, spec, msg);
	if (err)
		pr_err("%s\n", err == -ENOMEM ? "add: no memory" : msg);
	if (!err && spec->image[0]) {
		source = ofl_source_read(spec->image);
		err = PTR_ERR_OR_ZERO(source);
	}
	if (!err)
		err = mutex_lock_interruptible(&ofl_table_lock);
	if (!err) {
		err = add(spec, source);
		mutex_unlock(&ofl_table_lock);
	}
	ofl_source_drop(source);
	kfree(line);
	kfree(spec);
	return err ?: count;
}
static CLASS_ATTR_WO(add);

static ssize_t remove_store(OFL_CLASS_CONST struct class *class,
			    OFL_CLASS_CONST struct class_attribute *attr,
			    const char *buf, size_t count)
{
	struct ofl_instance *inst;
	unsigned int number;
	int err;

	if (!strncmp(buf, "offload", 7))
		buf += 7;
	if (kstrtouint(buf, 10, &number)) {
		pr_err("remove: write the number of an instance, or offload and its number\n");
		return -EINVAL;
	}
	if (mutex_lock_interruptible(&ofl_table_lock))
		return -EINTR;
	inst = ofl_table_find(number);
	if (inst) {
		err = ofl_table_remove(inst, false);
	} else {
		pr_err("remove: there is no offload%u\n", number);
		err = -ENODEV;
	}
	mutex_unlock(&ofl_table_lock);
	return err ?: count;
}
static CLASS_ATTR_WO(remove);

int ofl_manage_init(void)
{
	int err = OFL_STEP(add, class_create_file(ofl_class, &class_attr_add),
			   -ENOMEM);

	if (err)
		goto out;
	err = OFL_STEP(remove, class_create_file(ofl_class, &class_attr_remove),
		       -ENOMEM);
	if (err)
		class_remove_file(ofl_class, &class_attr_add);
out:
	if (err)
		pr_err("no files add and remove: error %d\n", err);
	return err;
}

void ofl_manage_exit(void)
{
	class_remove_file(ofl_class, &class_attr_remove);
	class_remove_file(ofl_class, &class_attr_add);
}
