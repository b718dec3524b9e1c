/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFFLOAD_SYS_MOUNT_H
#define OFFLOAD_SYS_MOUNT_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * As Linux's mount(2), for "9p" over a connected stream socket (kernel.org,
 * Documentation/filesystems/9p.rst).  source is of no meaning.  target: "/NAME", which
 * need not exist, or "/" while nothing else is mounted there.  flags: 0.  data, options
 * with commas between them:
 *   trans=fd         the only one, and needed
 *   rfdno=N,wfdno=N  the descriptors to read from and write to; needed.  They must stay
 *                    open while it is mounted
 *   aname=PATH (/)   what the server shall show
 *   uname=USER (root)
 *   msize=BYTES (65536), 4096 to 262144
 *   version=9p2000.L
 * Errors: ENODEV another type; EINVAL options, with a line in the log that names the
 * one; EBUSY the name is taken; ENOSPC sixteen mounts; EIO, EPROTO, EPROTONOSUPPORT the
 * server does not answer, contradicts itself, speaks another version; its own.
 */
int mount(const char *source, const char *target, const char *type,
	  unsigned long flags, const void *data);

/*
 * EINVAL: nothing is mounted there, or not by mount(); EBUSY: files of it are open.
 * The descriptors stay open.
 */
int umount(const char *target);

#ifdef __cplusplus
}
#endif
#endif
