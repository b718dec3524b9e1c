/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nodes of a tree of files in memory: names, sizes, life.
 *
 * A node is kept by its name in its folder and by each reference of the protocol
 * layer; it is freed when it has neither.  A folder's entries are ordered by their
 * numbers, which are never used twice, so that a number is also the offset of a
 * listing that goes on while entries come and go.
 */
#ifndef OFFLOAD_BOOT_RAMNODE_H
#define OFFLOAD_BOOT_RAMNODE_H

#include <stdbool.h>

#include "ramfs.h"

#define MODE_DIR 0040000u
#define MODE_FILE 0100000u
#define MODE_LINK 0120000u
#define MODE_TYPE 0170000u
#define MODE_BITS 07777u

/* Numbers of nodes begin here: a listing needs some below for "." and "..". */
#define OFL_RAMNODE_ROOT 3u

#define OFL_RAMNODE_BLOCK 4096u
#define OFL_RAMNODE_MAX (1ull << 32) /* bytes of a file */

struct ofl_p9_node {
	struct ofl_ramfs *fs;
	struct ofl_p9_node *parent; /* NULL: the root, or it has no name any more */
	struct ofl_p9_node *first;  /* folder: its entries */
	struct ofl_p9_node *next;
	unsigned int refs;
	uint64_t ino;
	uint32_t mode, uid, gid;
	uint32_t version; /* changes so far */
	bool written;
	struct ofl_p9_time atime, mtime;
	char *data; /* file: room bytes; link: its target */
	uint64_t size, room;
	char name[OFL_P9_NAME_MAX + 1];
};

struct ofl_ramfs {
	struct ofl_p9_node root;
	uint64_t next_ino;
};

static inline bool is_dir(const struct ofl_p9_node *node)
{
	return (node->mode & MODE_TYPE) == MODE_DIR;
}

static inline bool is_link(const struct ofl_p9_node *node)
{
	return (node->mode & MODE_TYPE) == MODE_LINK;
}

/* A removed folder is still a node, but takes no entries. */
static inline bool is_removed(const struct ofl_p9_node *node)
{
	return !node->parent && node != &node->fs->root;
}

struct ofl_p9_node *ofl_ramnode_find(struct ofl_p9_node *dir, const char *name);
/* A new one.  ENOTDIR; ENOENT: dir was removed; ENAMETOOLONG, EEXIST, ENOSPC. */
int ofl_ramnode_add(struct ofl_p9_node *dir, const char *name, uint32_t mode,
		    struct ofl_p9_node **out);
/* Into another folder, under a name that is free there. */
void ofl_ramnode_move(struct ofl_p9_node *node, struct ofl_p9_node *dir, const char *name);
/* Take its name away.  EBUSY: the root; ENOENT: it has none; ENOTEMPTY. */
int ofl_ramnode_remove(struct ofl_p9_node *node);
/* Free it if it has neither name nor references. */
void ofl_ramnode_release(struct ofl_p9_node *node);
/* Bytes between the old size and a larger one are zero.  EFBIG, ENOSPC. */
int ofl_ramnode_resize(struct ofl_p9_node *node, uint64_t size);

#endif
