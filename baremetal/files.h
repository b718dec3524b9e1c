/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POSIX files: descriptors, names, mounts.  files.c has the descriptors, path.c the
 * names, open.c, dir.c and attr.c what takes one, files_io.c what is in files of shares.
 */
#ifndef OFFLOAD_FILES_H
#define OFFLOAD_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "console.h"
#include "p9.h"

#define OFL_OPEN_MAX 4096 /* descriptors */
#define OFL_MOUNTS_MAX 16 /* 9p shares */
#define OFL_PATH_MAX 1024

/* As "/", or as /NAME, the name in p9.  EEXIST: that is mounted; ENOSPC. */
int ofl_files_mount(struct ofl_p9 *p9, bool as_root);
/* What is mounted at /NAME, or at "/" for ""; NULL: nothing. */
struct ofl_p9 *ofl_files_mounted(const char *name);
/* Names lead there no more; open files stay (with EIO, if their server is gone). */
void ofl_files_forget(struct ofl_p9 *p9);

/*
 * Where the stream of fopen() on a descriptor is kept, NULL if there is none
 * (picolibc/fopen.c).  NULL: neither this descriptor nor a higher one is in use.
 */
void **ofl_files_stream(int fd);
/* POLL* bits that hold now, of any descriptor. */
int ofl_files_poll(int fd);
/* The fid behind a descriptor; EBADF, EINVAL: not a file. */
int ofl_files_fid(int fd, struct ofl_p9 **p9, uint32_t *fid);
/* The console behind it, NULL if it has none now; EBADF, ENOTTY. */
int ofl_files_console_of(int fd, struct ofl_console **con);

/* ioctl() of consoles, in conports.c: 0, or ENOTTY, EBADF. */
int ofl_tty_ioctl(int fd, unsigned long request, void *arg);

/* A name taken apart. */
struct ofl_path {
	struct ofl_p9 *p9;
	char text[OFL_PATH_MAX]; /* below the mount's root, clean, "" for it */
	char *name;		 /* last component, in text */
	bool dir_only;		 /* it had a slash at its end */
};

/*
 * Clean `name` ("." and empty parts drop out, ".." takes one part away and
 * stays at "/") and find its mount.  ENODEV: nothing is mounted; ENOENT: it is
 * empty; ENAMETOOLONG.
 */
int ofl_path_parse(const char *name, struct ofl_path *path);
/* fids of the thing itself, and of the directory that it is in (EBUSY for /). */
int ofl_path_walk(const struct ofl_path *path, uint32_t *fid);
/* Parse and walk: the fid is the caller's to clunk. */
int ofl_path_find(const char *name, struct ofl_path *path, uint32_t *fid);
int ofl_path_walk_dir(const struct ofl_path *path, uint32_t *fid);

struct stat;
void ofl_attr_to_stat(const struct ofl_p9_attr *attr, struct stat *st);

#endif
