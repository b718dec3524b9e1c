/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR BSD-2-Clause */
/*
 * /dev/offloadN, the PMM's side of the kernel module.
 *
 *   open    any number of descriptors
 *   ioctl   OFL_IOC_INFO at any time; OFL_IOC_ATTACH makes this descriptor the
 *           one PMM of the instance; OFL_IOC_READY lets the image start;
 *           OFL_IOC_BELL and OFL_IOC_RING are the doorbells of the two;
 *           OFL_IOC_CID is for those who look into sysfs; OFL_IOC_ON_CLOSE
 *           says what the end of this descriptor is the end of
 *   mmap    after ATTACH: the shared window and nothing else, offset 0, at most
 *           window_size bytes, MAP_SHARED (ENODEV before ATTACH, EINVAL else)
 *   poll    POLLIN when the state differs from the one last read by INFO;
 *           POLLHUP is kept for an instance that goes away; now an open
 *           descriptor keeps it (it is not removed while there is one)
 *   close   detaches the PMM; stops the image, and gives the core to Linux, if
 *           ON_CLOSE said so.  It is the last close of all copies, and the end of
 *           all mappings, that counts: a process that is killed closes, too.
 *
 * The device is for root and one group (0660, 70-offload.rules).
 *
 * Every structure begins with its own size, so that it can grow.
 */
#ifndef OFFLOAD_UAPI_H
#define OFFLOAD_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* What the instance is doing; the words of sysfs `state` in brackets. */
enum ofl_instance_state {
	OFL_INSTANCE_OFFLINE = 0, /* [offline] core held, nothing runs */
	OFL_INSTANCE_RUNNING = 1, /* [running] */
	OFL_INSTANCE_CRASHED = 2, /* [crashed] */
	OFL_INSTANCE_STUCK = 3,	  /* [stuck] cannot be stopped; memory is kept */
};

struct ofl_ioc_info {
	__u32 size; /* in: sizeof this; out: bytes the module filled in */
	__u32 abi;  /* out: OFL_ABI_VERSION of the module */
	__u64 window_pa;
	__u64 window_size;
	__u32 state; /* enum ofl_instance_state */
	__s32 exit_status;
	__u32 cpu;
	__u32 starts; /* images started so far; a change means a restart */
	__u32 flags; /* OFL_INFO_*; others are 0 */
	__u32 reserved;
};

/* The last image ended by itself: exit_status is what it returned. */
#define OFL_INFO_EXITED (1u << 0)

struct ofl_ioc_attach {
	__u32 size;
	__u32 abi; /* in: OFL_ABI_VERSION of the PMM */
};

#define OFL_IOC_TYPE 0xb7
/* Errors: EINVAL size; EFAULT. */
#define OFL_IOC_INFO _IOWR(OFL_IOC_TYPE, 1, struct ofl_ioc_info)
/*
 * Errors: EPROTONOSUPPORT other ABI (both are named in the kernel log); EBUSY
 * another PMM is attached; EALREADY this one is.
 */
#define OFL_IOC_ATTACH _IOW(OFL_IOC_TYPE, 2, struct ofl_ioc_attach)
/* The window is laid out.  Errors: ENOTCONN not attached. */
#define OFL_IOC_READY _IO(OFL_IOC_TYPE, 3)

struct ofl_ioc_bell {
	__u32 size;
	__s32 fd; /* an eventfd; -1: none any more */
};

/*
 * Count this eventfd up whenever the image rings, until close or another one.
 * Errors: ENOTCONN not attached; EINVAL size, or not an eventfd; EBADF;
 * EOPNOTSUPP the instance has no doorbell (the kernel log says why).
 */
#define OFL_IOC_BELL _IOW(OFL_IOC_TYPE, 4, struct ofl_ioc_bell)
/*
 * Ring the image.  One that does not run is not reached, which is not an error.
 * Errors: ENOTCONN not attached.
 */
#define OFL_IOC_RING _IO(OFL_IOC_TYPE, 5)

struct ofl_ioc_cid {
	__u32 size;
	__u32 cid; /* of the image, on AF_VSOCK; 0: it has none */
};

/* sysfs `cid` shows it until close.  Errors: ENOTCONN not attached; EINVAL size. */
#define OFL_IOC_CID _IOW(OFL_IOC_TYPE, 6, struct ofl_ioc_cid)

struct ofl_ioc_on_close {
	__u32 size;
	__u32 flags; /* OFL_ON_CLOSE_*: all that shall be from now on */
};

/*
 * Stop the image and return the core; what cannot be is said in the kernel log.
 * A start after that needs somebody who writes to sysfs `state`.
 */
#define OFL_ON_CLOSE_STOP (1u << 0)
/* Any descriptor, attached or not.  Errors: EINVAL size, or an unknown flag. */
#define OFL_IOC_ON_CLOSE _IOW(OFL_IOC_TYPE, 7, struct ofl_ioc_on_close)

#endif
