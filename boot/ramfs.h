/* SPDX-License-Identifier: BSD-2-Clause */
/* A tree of files in memory, as a file system of the 9p device (pmm/p9fs.h). */
#ifndef OFFLOAD_BOOT_RAMFS_H
#define OFFLOAD_BOOT_RAMFS_H

#include <stddef.h>
#include <stdint.h>

#include <pmm/p9fs.h>

struct ofl_ramfs;
extern const struct ofl_p9_fs_ops ofl_ramfs_ops;

/* An empty tree; NULL: no memory. */
struct ofl_ramfs *ofl_ramfs_new(void);
/*
 * Put a file into the root; data is copied.  -ENOMEM, -EEXIST, -EINVAL a name that
 * is none.
 */
int ofl_ramfs_add(struct ofl_ramfs *fs, const char *name, const void *data, size_t len);
/* All files that were written since the last call, with their paths ("dir/name"). */
void ofl_ramfs_changed(struct ofl_ramfs *fs,
		       void (*fn)(void *arg, const char *path, const void *data, size_t len),
		       void *arg);

#endif
