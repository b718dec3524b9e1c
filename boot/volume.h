/* SPDX-License-Identifier: BSD-2-Clause */
/* The FAT volume that the loader was started from. */
#ifndef OFFLOAD_BOOT_VOLUME_H
#define OFFLOAD_BOOT_VOLUME_H

#include <stddef.h>
#include <stdint.h>

#include <efi.h>

struct ofl_volume {
	EFI_FILE_HANDLE root;
};

struct ofl_blob {
	uint8_t *data; /* whole pages (pages.h); len bytes are the file's */
	size_t len;
};

/* 0, or -ENODEV: not started from a volume. */
int ofl_volume_open(struct ofl_volume *vol, EFI_SYSTEM_TABLE *st, EFI_HANDLE loader);

/*
 * Read a file whole; / and \ both go between folders.  0; -ENOENT; -EISDIR;
 * -EFBIG more than max bytes; -EIO, -ENOMEM.
 */
int ofl_volume_read(struct ofl_volume *vol, const char *name, size_t max,
		    struct ofl_blob *blob);

/*
 * The files of a folder, one by one: fn is called with each name, which is valid
 * during the call only, until it returns not 0, which is returned.  Folders in it
 * and names that are not ASCII are left out.  -ENOENT: no such folder.
 */
int ofl_volume_list(struct ofl_volume *vol, const char *dir,
		    int (*fn)(void *arg, const char *name), void *arg);

#endif
