// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the name of an image to a checked image in memory.
 *
 * An absolute name is opened as it is.  A relative one is looked up in the
 * firmware path, as for any driver, then in the current directory of the
 * process that asks: insmod, or whoever writes to sysfs.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/firmware.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kernel_read_file.h>
#include <linux/module.h>
#include <linux/path.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "arch.h"
#include "fault.h"

static int read_firmware(const char *name, struct ofl_source *source)
{
	const struct firmware *fw;
	int err;

	/* the loader refuses these, with a warning of its own */
	if (strstr(name, ".."))
		return -ENOENT;
	err = firmware_request_nowarn(&fw, name, ofl_root);
	if (err)
		return err;
	if (fw->size > OFL_IMAGE_FILE_MAX) {
		err = -EFBIG;
	} else {
		source->blob = vmalloc(fw->size ?: 1);
		err = source->blob ? 0 : -ENOMEM;
	}
	if (!err) {
		memcpy(source->blob, fw->data, fw->size);
		source->size = fw->size;
	}
	release_firmware(fw);
	return err;
}

static int read_path(const char *path, struct ofl_source *source)
{
	/* without a place for the file's size, a larger file is an error */
	ssize_t n = OFL_STEP(file,
			     kernel_read_file_from_path(path, 0, &source->blob,
							OFL_IMAGE_FILE_MAX, NULL,
							READING_FIRMWARE),
			     -EIO);

	if (n < 0) {
		source->blob = NULL;
		return n;
	}
	source->size = n;
	return 0;
}

static void say_not_found(const char *name, int err)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL);
	const char *cwd = "?";
	struct path pwd;

	if (buf) {
		get_fs_pwd(current->fs, &pwd);
		cwd = d_path(&pwd, buf, PATH_MAX);
		path_put(&pwd);
		if (IS_ERR(cwd))
			cwd = "?";
	}
	pr_err("image %s: not found in the firmware path (/lib/firmware) nor in the current directory (%s): error %d\n",
	       name, cwd, err);
	kfree(buf);
}

/* The file's content; messages are printed here. */
static int read_file(const char *name, struct ofl_source *source)
{
	int err;

	if (name[0] == '/') {
		err = read_path(name, source);
		if (err == -ENOENT || err == -ENOTDIR)
			pr_err("image %s: there is no such file\n", name);
	} else {
		err = read_firmware(name, source);
		if (err == -ENOENT)
			err = read_path(name, source);
		if (err == -ENOENT || err == -ENOTDIR)
			say_not_found(name, err);
	}
	switch (err) {
	case 0:
	case -ENOENT:
	case -ENOTDIR:
		break;
	case -EFBIG:
		pr_err("image %s: is larger than %u MiB\n", name,
		       OFL_IMAGE_FILE_MAX >> 20);
		break;
	case -EINVAL: /* what the reader says of empty and of special files */
		pr_err("image %s: is empty or not a regular file\n", name);
		break;
	default:
		pr_err("image %s: cannot be read: error %d\n", name, err);
		break;
	}
	return err;
}

struct ofl_source *ofl_source_read(const char *name)
{
	struct ofl_source *source;
	int err;

	if (!*name || strlen(name) >= sizeof(source->name)) {
		pr_err("image=%.64s: a name has 1 to %zu characters\n", name,
		       sizeof(source->name) - 1);
		return ERR_PTR(*name ? -ENAMETOOLONG : -EINVAL);
	}
	source = OFL_STEP(source, kzalloc(sizeof(*source), GFP_KERNEL), NULL);
	if (!source) {
		pr_err("image %s: no memory\n", name);
		return ERR_PTR(-ENOMEM);
	}
	strscpy(source->name, name, sizeof(source->name));
	/* it may take for ever (a FIFO): rmmod is refused, and does not wait for it */
	err = -ENODEV;
	if (try_module_get(THIS_MODULE)) {
		err = read_file(name, source);
		module_put(THIS_MODULE);
	} else {
		pr_err("image %s: is not read, the module is being removed\n",
		       name);
	}
	if (err) {
		ofl_source_drop(source);
		return ERR_PTR(err);
	}
	return source;
}

int ofl_source_use(struct ofl_instance *inst, struct ofl_source *source)
{
	const struct ofl_image_host host = {
		.machine = ofl_arch_machine,
		.private_size = inst->region.private_size,
	};
	char msg[OFL_MSG_MAX] = "no memory";
	int err = OFL_STEP(image,
			   ofl_image_read(source->blob, source->size, &host,
					  &source->image, msg), -ENOMEM);

	if (err) {
		pr_err("image %s: %s\n", source->name, msg);
		return err;
	}
	swap(*source, inst->source);
	return 0;
}

void ofl_source_free(struct ofl_source *source)
{
	vfree(source->blob);
	source->blob = NULL;
	source->size = 0;
}

void ofl_source_drop(struct ofl_source *source)
{
	if (IS_ERR_OR_NULL(source))
		return;
	ofl_source_free(source);
	kfree(source);
}
