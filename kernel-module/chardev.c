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
	struct ofl_client *client = kzalloc(sizeof(*client), GFP_KERNEL);
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
	mutex_unlock(&inst->lock);
	kfree(client);
	atomic_dec(&inst->users); /* it may go from here on */
	return 0;
}

static long ioctl_info(struct ofl_client *client, void __user *arg)
{
	struct ofl_instance *inst = client->inst;
	struct ofl_ioc_info info = { .abi = OFL_ABI_VERSION };
	u32 size;

	if (get_user(size, (u32 __user *)arg))
		return -EFAULT;
	if (size < sizeof(size))
		return -EINVAL;
	size = min_t(u32, size, sizeof(info));

	client->seen = READ_ONCE(inst->change);
	/* the count before the state: a change in between is reported again */
	smp_rmb();
	info.size = size;
	info.window_pa = inst->region.pa + inst->region.private_size;
	info.window_size = inst->region.window_size;
	info.state = ofl_instance_state(inst);
	/* behind the state, which was stored behind these two */
	if (READ_ONCE(inst->has_exited))
		info.flags |= OFL_INFO_EXITED;
	info.exit_status = READ_ONCE(inst->exit_status);
	info.cpu = inst->cpu;
	info.starts = READ_ONCE(inst->starts);
	return copy_to_user(arg, &info, size) ? -EFAULT : 0;
}

static long ioctl_attach(struct ofl_client *client, struct file *file,
			 void __user *arg)
{
	struct ofl_instance *inst = client->inst;
	struct ofl_ioc_attach attach;
	long err = 0;

	if (copy_from_user(&attach, arg, sizeof(attach)))
		return -EFAULT;
	if (attach.size < sizeof(attach))
		return -EINVAL;
	if (attach.abi != OFL_ABI_VERSION) {
		pr_err("offload%u: a PMM of ABI version %u was refused, this module speaks version %u\n",
		       inst->number, attach.abi, OFL_ABI_VERSION);
		return -EPROTONOSUPPORT;
	}
	mutex_lock(&inst->lock);
	if (inst->pmm_file == file)
		err = -EALREADY;
	else if (inst->pmm_file)
		err = -EBUSY;
	else
		WRITE_ONCE(inst->pmm_file, file);
	mutex_unlock(&inst->lock);
	if (err == -EBUSY)
		pr_err("offload%u: a second PMM was refused, one is attached\n",
		       inst->number);
	return err;
}

static long ioctl_ready(struct ofl_client *client, struct file *file)
{
	struct ofl_instance *inst = client->inst;
	long err = 0;

	mutex_lock(&inst->lock);
	if (inst->pmm_file != file) {
		err = -ENOTCONN;
	} else {
		if (!++inst->last_epoch)
			inst->last_epoch = 1;
		set_epoch(inst, inst->last_epoch);
		pr_info("offload%u: a PMM has attached (%s, process %d)\n",
			inst->number, current->comm, task_tgid_nr(current));
	}
	mutex_unlock(&inst->lock);
	return err;
}

static long ioctl_bell(struct ofl_client *client, struct file *file,
		       void __user *arg)
{
	struct ofl_instance *inst = client->inst;
	struct ofl_ioc_bell bell;
	long err;

	if (copy_from_user(&bell, arg, sizeof(bell)))
		return -EFAULT;
	if (bell.size < sizeof(bell) || bell.fd < -1)
		return -EINVAL;
	mutex_lock(&inst->lock);
	err = inst->pmm_file == file ? ofl_bell_listen(inst, bell.fd) :
				       -ENOTCONN;
	mutex_unlock(&inst->lock);
	return err;
}

static long ioctl_cid(struct ofl_client *client, struct file *file,
		      void __user *arg)
{
	struct ofl_instance *inst = client->inst;
	struct ofl_ioc_cid cid;
	long err = 0;

	if (copy_from_user(&cid, arg, sizeof(cid)))
		return -EFAULT;
	if (cid.size < sizeof(cid))
		return -EINVAL;
	mutex_lock(&inst->lock);
	if (inst->pmm_file == file)
		WRITE_ONCE(inst->cid, cid.cid);
	else
		err = -ENOTCONN;
	mutex_unlock(&inst->lock);
	return err;
}

/* Without the mutex: whoever holds it may be waiting for the image. */
static long ioctl_ring(struct ofl_client *client, struct file *file)
{
	if (READ_ONCE(client->inst->pmm_file) != file)
		return -ENOTCONN;
	ofl_bell_ring(client->inst);
	return 0;
}

static long chardev_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	struct ofl_client *client = file->private_data;

	if (_IOC_TYPE(cmd) != OFL_IOC_TYPE)
		return -ENOTTY;
	/* by number: the size in cmd grows with the structures */
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(OFL_IOC_INFO):
		return ioctl_info(client, (void __user *)arg);
	case _IOC_NR(OFL_IOC_ATTACH):
		return ioctl_attach(client, file, (void __user *)arg);
	case _IOC_NR(OFL_IOC_READY):
		return ioctl_ready(client, file);
	case _IOC_NR(OFL_IOC_BELL):
		return ioctl_bell(client, file, (void __user *)arg);
	case _IOC_NR(OFL_IOC_RING):
		return ioctl_ring(client, file);
	case _IOC_NR(OFL_IOC_CID):
		return ioctl_cid(client, file, (void __user *)arg);
	default:
		return -ENOTTY;
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

	if (len < 0 || off > inst->region.window_size ||
	    (u64)len > inst->region.window_size - off)
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

	if (READ_ONCE(inst->pmm_file) != file)
		return -ENODEV;
	if (vma->vm_pgoff || size > inst->region.window_size ||
	    !(vma->vm_flags & VM_SHARED) || (vma->vm_flags & VM_EXEC))
		return -EINVAL;
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

	dev = device_create_with_groups(ofl_class, ofl_root,
					MKDEV(MAJOR(ofl_devt), inst->number),
					inst, ofl_sysfs_groups, "offload%u",
					inst->number);
	if (IS_ERR(dev)) {
		pr_err("offload%u: no device node: error %ld\n", inst->number,
		       PTR_ERR(dev));
		return PTR_ERR(dev);
	}
	/* an image may be running */
	mutex_lock(&inst->lock);
	inst->dev = dev;
	if (inst->dump_due)
		ofl_dump_crash(inst);
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
	cdev_init(&ofl_cdev, &chardev_fops);
	ofl_cdev.owner = THIS_MODULE;
	return cdev_add(&ofl_cdev, ofl_devt, OFL_INSTANCES_MAX);
}

void ofl_chardev_close_down(void)
{
	cdev_del(&ofl_cdev);
}

int ofl_chardev_init(void)
{
	int err;

	ofl_root = root_device_register("offload");
	if (IS_ERR(ofl_root))
		return PTR_ERR(ofl_root);
	err = alloc_chrdev_region(&ofl_devt, 0, OFL_INSTANCES_MAX, "offload");
	if (err)
		goto err_root;
	ofl_class = ofl_class_create("offload");
	if (IS_ERR(ofl_class)) {
		err = PTR_ERR(ofl_class);
		goto err_region;
	}
	return 0;

err_region:
	unregister_chrdev_region(ofl_devt, OFL_INSTANCES_MAX);
err_root:
	root_device_unregister(ofl_root);
	return err;
}

void ofl_chardev_exit(void)
{
	class_destroy(ofl_class);
	unregister_chrdev_region(ofl_devt, OFL_INSTANCES_MAX);
	root_device_unregister(ofl_root);
}
