// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/offloadN for the PMM, as include/offload/uapi.h describes it.
 *
 * An open descriptor, and a mapping, which holds one, keep the instance (it is
 * not removed while it has users) and the module.  So a mapping never outlives its
 * memory, and a stopped or restarted image leaves the PMM's mapping alone.
 *
 * There is one cdev for the minor numbers of all instances; an open looks for
 * the instance under ofl_table_lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cdev.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "arch.h"
#include "compat.h"
#include "fault.h"
#include "request.h"
#include "supervise.h"
#include "table.h"

static dev_t ofl_devt;
static struct cdev ofl_cdev;
struct class *ofl_class;
struct device *ofl_root;

/* One open descriptor. */
struct ofl_client {
	struct ofl_instance *inst;
	u32 seen; /* inst->change at its last INFO */
	u32 on_close; /* OFL_ON_CLOSE_*; inst->lock */
};

void ofl_chardev_changed(struct ofl_instance *inst)
{
	/* the state before the count, see ioctl_info() */
	smp_wmb();
	WRITE_ONCE(inst->change, inst->change + 1);
	wake_up_interruptible(&inst->poll_wait);
	if (inst->dev)
		sysfs_notify(&inst->dev->kobj, NULL, "state");
}

void ofl_chardev_publish_epoch(struct ofl_instance *inst)
{
	struct ofl_boot *boot = ofl_instance_boot(inst);

	/* after all that the PMM has laid out in the window */
	smp_store_release(&boot->host.pmm_epoch, inst->pmm_epoch);
	ofl_arch_sync(&boot->host, sizeof(boot->host));
}

static void set_epoch(struct ofl_instance *inst, u32 epoch)
{
	WRITE_ONCE(inst->pmm_epoch, epoch);
	ofl_chardev_publish_epoch(inst);
	ofl_bell_ring(inst);
}

static int chardev_open(struct inode *inode, struct file *file)
{
	struct ofl_client *client =
		OFL_STEP(client, kzalloc(sizeof(*client), GFP_KERNEL), NULL);
	struct ofl_instance *inst;

	if (!client)
		return -ENOMEM;
	mutex_lock(&ofl_table_lock);
	inst = ofl_table_find(iminor(inode));
	if (inst)
		atomic_inc(&inst->users);
	mutex_unlock(&ofl_table_lock);
	if (!inst) {
		kfree(client);
		return -ENXIO;
	}
	client->inst = inst;
	client->seen = READ_ONCE(client->inst->change) - 1;
	file->private_data = client;
	return nonseekable_open(inode, file);
}

static int chardev_release(struct inode *inode, struct file *file)
{
	struct ofl_client *client = file->private_data;
	struct ofl_instance *inst = client->inst;

	mutex_lock(&inst->lock);
	if (inst->pmm_file == file) {
		WRITE_ONCE(inst->pmm_file, NULL);
		WRITE_ONCE(inst->cid, 0);
		ofl_bell_listen(inst, -1);
		set_epoch(inst, 0);
		pr_info("offload%u: the PMM has detached\n", inst->number);
	}
	if ((client->on_close & OFL_ON_CLOSE_STOP) &&
	    (ofl_instance_holds_core(inst) || inst->super.away)) {
		pr_info("offload%u: its control descriptor was closed: it is stopped\n",
			inst->number);
		ofl_instance_release(inst); /* says so when it cannot */
	}
	mutex_unlock(&inst->lock);
	kfree(client);
	atomic_dec(&inst->users); /* it may go from here on */
	return 0;
}

static long ioctl_info(struct ofl_client *client, const union ofl_asked *r,
		       void __user *arg)
{
	struct ofl_instance *inst = client->inst;
	struct ofl_ioc_info info = {
		.size = ofl_request_info_size(r),
		.abi = OFL_ABI_VERSION,
	};

	client->seen = READ_ONCE(inst->change);
	/* the count before the state: a change in between is reported again */
	smp_rmb();
	info.window_pa = inst->region.pa + inst->region.private_size;
	info.window_size = inst->region.window_size;
	info.state = ofl_instance_state(inst);
	/* behind the state, which was stored behind these two */
	if (READ_ONCE(inst->has_exited))
		info.flags |= OFL_INFO_EXITED;
	info.exit_status = READ_ONCE(inst->exit_status);
	info.cpu = inst->cpu;
	info.starts = READ_ONCE(inst->starts);
	return copy_to_user(arg, &info, info.size) ? -EFAULT : 0;
}

static long attach(struct ofl_instance *inst, struct file *file, u32 abi)
{
	if (abi != OFL_ABI_VERSION) {
		pr_err("offload%u: a PMM of ABI version %u was refused, this module speaks version %u\n",
		       inst->number, abi, OFL_ABI_VERSION);
		return -EPROTONOSUPPORT;
	}
	if (inst->pmm_file == file)
		return -EALREADY;
	if (inst->pmm_file) {
		pr_err("offload%u: a second PMM was refused, one is attached\n",
		       inst->number);
		return -EBUSY;
	}
	WRITE_ONCE(inst->pmm_file, file);
	return 0;
}

static long ready(struct ofl_instance *inst)
{
	if (!++inst->last_epoch)
		inst->last_epoch = 1;
	set_epoch(inst, inst->last_epoch);
	pr_info("offload%u: a PMM has attached (%s, process %d)\n",
		inst->number, current->comm, task_tgid_nr(current));
	return 0;
}

/* Without the mutex: whoever holds it may be waiting for the image. */
static long ioctl_ring(struct ofl_client *client, struct file *file)
{
	if (READ_ONCE(client->inst->pmm_file) != file)
		return -ENOTCONN;
	ofl_bell_ring(client->inst);
	return 0;
}

static long change(struct ofl_client *client, struct file *file,
		   unsigned int nr, const union ofl_asked *r)
{
	struct ofl_instance *inst = client->inst;

	if (nr == _IOC_NR(OFL_IOC_ATTACH))
		return attach(inst, file, r->attach.abi);
	if (nr == _IOC_NR(OFL_IOC_ON_CLOSE)) {
		client->on_close = r->on_close.flags;
		return 0;
	}
	if (inst->pmm_file != file)
		return -ENOTCONN;
	switch (nr) {
	case _IOC_NR(OFL_IOC_READY):
		return ready(inst);
	case _IOC_NR(OFL_IOC_BELL):
		return ofl_bell_listen(inst, r->bell.fd);
	case _IOC_NR(OFL_IOC_CID):
		WRITE_ONCE(inst->cid, r->cid.cid);
		return 0;
	default:
		return -ENOTTY;
	}
}

static long chardev_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	struct ofl_client *client = file->private_data;
	int size = ofl_request_size(cmd);
	union ofl_asked r;
	long err;

	if (size < 0)
		return size;
	if (size && copy_from_user(&r, (void __user *)arg, size))
		return -EFAULT;
	err = ofl_request_check(cmd, &r);
	if (err)
		return err;
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(OFL_IOC_INFO):
		return ioctl_info(client, &r, (void __user *)arg);
	case _IOC_NR(OFL_IOC_RING):
		return ioctl_ring(client, file);
	default:
		mutex_lock(&client->inst->lock);
		err = change(client, file, _IOC_NR(cmd), &r);
		mutex_unlock(&client->inst->lock);
		return err;
	}
}

static __poll_t chardev_poll(struct file *file, poll_table *wait)
{
	struct ofl_client *client = file->private_data;

	poll_wait(file, &client->inst->poll_wait, wait);
	if (READ_ONCE(client->inst->change) != client->seen)
		return EPOLLIN | EPOLLRDNORM;
	return 0;
}

/* For ptrace, so that gdb can look at the window of a PMM. */
static int window_access(struct vm_area_struct *vma, unsigned long addr,
			 void *buf, int len, int write)
{
	struct ofl_instance *inst = vma->vm_private_data;
	/* vm_pgoff: of a mapping whose beginning was unmapped */
	u64 off = addr - vma->vm_start + ((u64)vma->vm_pgoff << PAGE_SHIFT);
	void *va = inst->region.va + inst->region.private_size + off;

	if (!ofl_request_inside(off, len, inst->region.window_size))
		return -EINVAL;
	if (write)
		memcpy(va, buf, len);
	else
		memcpy(buf, va, len);
	return len;
}

static const struct vm_operations_struct window_vm_ops = {
	.access = window_access,
};

static int chardev_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ofl_client *client = file->private_data;
	struct ofl_instance *inst = client->inst;
	unsigned long size = vma->vm_end - vma->vm_start;
	int err;

	if (READ_ONCE(inst->pmm_file) != file)
		return -ENODEV;
	err = ofl_request_mmap(vma->vm_pgoff, size, inst->region.window_size,
			       vma->vm_flags & VM_SHARED,
			       vma->vm_flags & VM_EXEC);
	if (err)
		return err;
	/* a child of the PMM is not the PMM; a dump of rings helps nobody */
	ofl_vm_flags_mod(vma, VM_DONTCOPY | VM_DONTDUMP | VM_DONTEXPAND,
			 VM_MAYEXEC);
	vma->vm_ops = &window_vm_ops;
	vma->vm_private_data = inst;
	return remap_pfn_range(vma, vma->vm_start,
			       PHYS_PFN(inst->region.pa +
					inst->region.private_size),
			       size, vma->vm_page_prot);
}

static const struct file_operations chardev_fops = {
	.owner = THIS_MODULE,
	.open = chardev_open,
	.release = chardev_release,
	.unlocked_ioctl = chardev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = chardev_poll,
	.mmap = chardev_mmap,
	.llseek = noop_llseek,
};

int ofl_chardev_add(struct ofl_instance *inst)
{
	struct device *dev;

	dev = OFL_STEP(publish,
		       device_create_with_groups(ofl_class, ofl_root,
						 MKDEV(MAJOR(ofl_devt),
						       inst->number),
						 inst, ofl_sysfs_groups,
						 "offload%u", inst->number),
		       ERR_PTR(-ENOMEM));
	if (IS_ERR(dev)) {
		pr_err("offload%u: no device node: error %ld\n", inst->number,
		       PTR_ERR(dev));
		return PTR_ERR(dev);
	}
	/* an image may be running */
	mutex_lock(&inst->lock);
	inst->dev = dev;
	if (inst->dump_due)
		ofl_dump_crash(inst, NULL);
	mutex_unlock(&inst->lock);
	return 0;
}

void ofl_chardev_del(struct ofl_instance *inst)
{
	/* whoever holds the lock may be about to notify */
	mutex_lock(&inst->lock);
	inst->dev = NULL;
	mutex_unlock(&inst->lock);
	device_destroy(ofl_class, MKDEV(MAJOR(ofl_devt), inst->number));
}

int ofl_chardev_open_up(void)
{
	int err;

	cdev_init(&ofl_cdev, &chardev_fops);
	ofl_cdev.owner = THIS_MODULE;
	err = OFL_STEP(cdev, cdev_add(&ofl_cdev, ofl_devt, OFL_INSTANCES_MAX),
		       -ENOMEM);
	if (err)
		pr_err("no character device: error %d\n", err);
	return err;
}

void ofl_chardev_close_down(void)
{
	cdev_del(&ofl_cdev);
}

/* For root and one group, which udev sets (70-offload.rules); until then root's. */
static char *chardev_mode(OFL_DEVNODE_CONST struct device *dev, umode_t *mode)
{
	if (mode)
		*mode = 0660;
	return NULL;
}

int ofl_chardev_init(void)
{
	int err;

	ofl_root = OFL_STEP(root, root_device_register("offload"),
			    ERR_PTR(-ENOMEM));
	if (IS_ERR(ofl_root)) {
		err = PTR_ERR(ofl_root);
		goto err_none;
	}
	err = OFL_STEP(minors,
		       alloc_chrdev_region(&ofl_devt, 0, OFL_INSTANCES_MAX,
					   "offload"), -EBUSY);
	if (err)
		goto err_root;
	ofl_class = OFL_STEP(class, ofl_class_create("offload"),
			     ERR_PTR(-ENOMEM));
	if (IS_ERR(ofl_class)) {
		err = PTR_ERR(ofl_class);
		goto err_region;
	}
	ofl_class->devnode = chardev_mode;
	return 0;

err_region:
	unregister_chrdev_region(ofl_devt, OFL_INSTANCES_MAX);
err_root:
	root_device_unregister(ofl_root);
err_none:
	pr_err("no device class or numbers: error %d\n", err);
	return err;
}

void ofl_chardev_exit(void)
{
	class_destroy(ofl_class);
	unregister_chrdev_region(ofl_devt, OFL_INSTANCES_MAX);
	root_device_unregister(ofl_root);
}
