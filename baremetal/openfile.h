/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a descriptor stands for, and what can be done with it.  Each kind of thing has a
 * table of its own (files.c, files_io.c, socket.c), and files.c knows no kind but the
 * console, so that an image has those only that it opens.
 */
#ifndef OFFLOAD_OPENFILE_H
#define OFFLOAD_OPENFILE_H

#include <sys/stat.h>

#include "files.h"

struct open_file;

/* Bytes, 0 or -errno.  What may be NULL says what that stands for. */
struct ofl_file_ops {
	mode_t mode; /* for fstat() of what has no `attr` */
	int (*attr)(struct open_file *file, struct stat *st);
	int64_t (*read)(struct open_file *file, void *buf, size_t len);
	int64_t (*write)(struct open_file *file, const void *buf, size_t len);
	/* POLL* bits that hold now.  NULL: reads and writes never wait. */
	int (*poll)(struct open_file *file);
	/* Bytes there are, for lseek().  NULL: it has no position. */
	int64_t (*size)(struct open_file *file);
	/* No descriptor leads to it any more.  NULL: nothing is to be done. */
	int (*close)(struct open_file *file);
};

struct open_file {
	const struct ofl_file_ops *ops;
	unsigned int refs;
	int flags; /* O_* as of open() */
	/* of a share (files_io.c) */
	struct ofl_p9 *p9;
	uint32_t fid;
	bool is_dir;
	int write_error; /* of the last write(); 0: it was taken */
	uint64_t offset;
	/* of a socket (socket.c) */
	struct ofl_socket *socket;
	/* of a console: another than descriptors 0 to 2 have */
	struct ofl_console *port;
};

extern const struct ofl_file_ops ofl_console_ops, ofl_share_ops;

/* NULL: there is none. */
struct open_file *ofl_file_of(int fd);
/* The lowest free descriptor, for a new file, the rest of which is zero; or -EMFILE, -ENOMEM. */
int ofl_file_add(const struct ofl_file_ops *ops, int flags, struct open_file **file);
/* Take that back. */
void ofl_file_drop(int fd);

#endif
