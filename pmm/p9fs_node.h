/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside of p9fs: nodes and open files of a folder of Linux. */
#ifndef OFL_PMM_P9FS_NODE_H
#define OFL_PMM_P9FS_NODE_H

#include <pthread.h>
#include <sys/types.h>

#include "p9fs.h"

#define P9FS_MODE_MASK 0777u /* no set-user-ID files from an image */

/* Constant once made, but for what a rename changes: parent and name (fs->lock). */
struct ofl_p9_node {
	struct ofl_p9fs *fs;
	struct ofl_p9_node *parent; /* NULL: the root */
	unsigned int refs;	    /* atomic */
	int fd;			    /* O_PATH */
	bool local;		    /* nothing on it blocks */
	mode_t type;
	dev_t dev;
	ino_t ino;
	char name[OFL_P9_NAME_MAX + 1]; /* in parent, when it was found */
};

/* Of an open folder: what the kernel has told, and nobody has yet asked for. */
struct p9fs_listing {
	uint64_t next; /* offset of the entry at `at` */
	long at, end;
	char buf[16384] __attribute__((aligned(8)));
};

struct ofl_p9_file {
	struct ofl_p9_node *node;
	struct p9fs_listing *list; /* NULL until it is read */
	int fd;
};

struct ofl_p9fs {
	struct ofl_p9_node *root;
	enum ofl_p9fs_mode mode;
	pthread_mutex_t lock; /* never held across a system call */
	unsigned int nodes;   /* atomic */
	int proc; /* /proc/self/fd */
};

/* In p9fs.c. */
void ofl_p9fs_qid_of(const struct ofl_p9fs *fs, dev_t dev, ino_t ino,
		     mode_t type, struct ofl_p9_qid *qid);
void ofl_p9fs_qid(const struct ofl_p9_node *node, struct ofl_p9_qid *qid);
struct ofl_p9_node *ofl_p9fs_get(struct ofl_p9_node *node);
void ofl_p9fs_put(struct ofl_p9_node *node);
/* Open what a node is, a regular file or folder, with the host's flags. */
int ofl_p9fs_reopen(const struct ofl_p9_node *node, int host);

/* In p9fs_meta.c; as in struct ofl_p9_fs_ops. */
int ofl_p9fs_getattr(struct ofl_p9_node *node, struct ofl_p9_attr *attr);
int ofl_p9fs_setattr(struct ofl_p9_node *node,
		     const struct ofl_p9_setattr *set);
int ofl_p9fs_statfs(struct ofl_p9_node *node, struct ofl_p9_statfs *out);
int ofl_p9fs_readlink(struct ofl_p9_node *node, char *buf);
int ofl_p9fs_mkdir(struct ofl_p9_node *dir, const char *name, uint32_t mode,
		   struct ofl_p9_qid *qid);
int ofl_p9fs_symlink(struct ofl_p9_node *dir, const char *name,
		     const char *target, struct ofl_p9_qid *qid);
int ofl_p9fs_mknod(struct ofl_p9_node *dir, const char *name, uint32_t mode,
		   struct ofl_p9_qid *qid);
int ofl_p9fs_link(struct ofl_p9_node *node, struct ofl_p9_node *dir,
		  const char *name);
int ofl_p9fs_unlink(struct ofl_p9_node *dir, const char *name, bool folder);
int ofl_p9fs_rename(struct ofl_p9_node *from_dir, const char *from,
		    struct ofl_p9_node *to_dir, const char *to);
int ofl_p9fs_remove(struct ofl_p9_node *node);
int ofl_p9fs_move(struct ofl_p9_node *node, struct ofl_p9_node *to_dir,
		  const char *to);

/* In p9fs_xattr.c; as in struct ofl_p9_fs_ops. */
int64_t ofl_p9fs_getxattr(struct ofl_p9_node *node, const char *name, void *buf,
			  uint32_t size);
int ofl_p9fs_setxattr(struct ofl_p9_node *node, const char *name,
		      const void *data, uint32_t size, uint32_t flags);
int ofl_p9fs_lock(struct ofl_p9_file *file, const struct ofl_p9_lock *lock);
int ofl_p9fs_getlock(struct ofl_p9_file *file, struct ofl_p9_lock *lock);

#endif
