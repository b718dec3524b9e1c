/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POSIX files: descriptors, names, mounts.  files.c has the descriptors, path.c the
 * names, dir.c and attr.c what takes one.
 */
#ifndef OFFLOAD_FILES_H
#define OFFLOAD_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "console.h"
#include "p9.h"

#define OFL_OPEN_MAX 256 /* descriptors */
#define OFL_MOUNTS_MAX 8 /* 9p shares */
#define OFL_PATH_MAX 1024

/* As "/", or as /NAME, the name in p9.  EEXIST: that is mounted; ENOSPC. */
int ofl_files_mount(struct ofl_p9 *p9, bool as_root);
/* What is mounted at /NAME, or at "/" for ""; NULL: nothing. */
struct ofl_p9 *ofl_files_mounted(const char *name);
/* Names lead there no more; open files stay (with EIO, if their server is gone). */
void ofl_files_forget(struct ofl_p9 *p9);

/* The stream of fopen() on a descriptor, NULL if there is none (picolibc/hooks.c). */
extern void *ofl_files_streams[OFL_OPEN_MAX];

/* Sockets and poll(), for socket.c. */
struct ofl_socket;
/* Is there room for one more descriptor? */
bool ofl_files_room(void);
/* A descriptor for it, or -EMFILE. */
int ofl_files_add_socket(struct ofl_socket *sk, int flags);
/* The socket behind a descriptor and its O_* flags; EBADF, ENOTSOCK. */
int ofl_files_socket(int fd, struct ofl_socket **sk, int *flags);
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
