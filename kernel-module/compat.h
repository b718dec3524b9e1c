/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the kernels that this module builds for (6.1 to 6.12),
 * one small inline function each, so that no other file needs a version test.
 */
#ifndef OFFLOAD_COMPAT_H
#define OFFLOAD_COMPAT_H

#include <linux/device/class.h>
#include <linux/eventfd.h>
#include <linux/mm.h>
#include <linux/sysfs.h>
#include <linux/version.h>

/* What struct class's devnode() is given. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define OFL_DEVNODE_CONST
#else
#define OFL_DEVNODE_CONST const
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void ofl_vm_flags_mod(struct vm_area_struct *vma,
				    unsigned long set, unsigned long clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#else
static inline void ofl_vm_flags_mod(struct vm_area_struct *vma,
				    unsigned long set, unsigned long clear)
{
	vm_flags_mod(vma, set, clear);
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
static inline struct class *ofl_class_create(const char *name)
{
	return class_create(THIS_MODULE, name);
}
#define OFL_CLASS_CONST
#else
#define OFL_CLASS_CONST const
static inline struct class *ofl_class_create(const char *name)
{
	return class_create(name);
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
static inline void ofl_eventfd_signal(struct eventfd_ctx *ctx)
{
	eventfd_signal(ctx, 1);
}
#else
static inline void ofl_eventfd_signal(struct eventfd_ctx *ctx)
{
	eventfd_signal(ctx);
}
#endif

#endif
