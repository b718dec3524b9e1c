// SPDX-License-Identifier: BSD-2-Clause
/*
 * A tree of files in memory.
 *
 * A node is kept by its name in its folder and by each reference of the protocol
 * layer; it is freed when it has neither.  A folder's entries are ordered by their
 * numbers, which are never used twice, so that a number is also the offset of a
 * listing that goes on while entries come and go.
 */
#include "ramfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODE_DIR 0040000u
#define MODE_FILE 0100000u
#define MODE_LINK 0120000u
#define MODE_TYPE 0170000u
#define MODE_BITS 07777u

/* d_type of a listing */
#define DT_DIR 4u
#define DT_REG 8u
#define DT_LNK 10u

/* Offsets behind "." and ".."; the numbers of nodes begin above. */
#define AFTER_DOT 1u
#define AFTER_DOTS 2u
#define INO_ROOT 3u

#define BLOCK 4096u
#define FILE_MAX (1ull << 32)
#define RAMFS_MAGIC 0x858458f6u

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

struct ofl_p9_file {
	struct ofl_p9_node *node;
	bool append;
};

struct ofl_ramfs {
	struct ofl_p9_node root;
	uint64_t next_ino;
};

/* --- nodes --- */

static bool is_dir(const struct ofl_p9_node *node)
{
	return (node->mode & MODE_TYPE) == MODE_DIR;
}

static bool is_link(const struct ofl_p9_node *node)
{
	return (node->mode & MODE_TYPE) == MODE_LINK;
}

static void free_if_unused(struct ofl_p9_node *node)
{
	if (node->refs || node->parent || node == &node->fs->root)
		return;
	free(node->data);
	free(node);
}

static struct ofl_p9_node *ramfs_get(struct ofl_p9_node *node)
{
	node->refs++;
	return node;
}

static void ramfs_put(struct ofl_p9_node *node)
{
	node->refs--;
	free_if_unused(node);
}

static struct ofl_p9_node *ramfs_root(void *fs)
{
	return &((struct ofl_ramfs *)fs)->root;
}

static void ramfs_qid(const struct ofl_p9_node *node, struct ofl_p9_qid *qid)
{
	qid->type = is_dir(node) ? OFL_P9_QTDIR :
		    is_link(node) ? OFL_P9_QTSYMLINK : OFL_P9_QTFILE;
	qid->version = node->version;
	qid->path = node->ino;
}

static struct ofl_p9_node *find(struct ofl_p9_node *dir, const char *name)
{
	struct ofl_p9_node *node = dir->first;

	while (node && strcmp(node->name, name))
		node = node->next;
	return node;
}

/* Give a node without a name this one. */
static void link_node(struct ofl_p9_node *dir, struct ofl_p9_node *node, const char *name)
{
	struct ofl_p9_node **at = &dir->first;

	snprintf(node->name, sizeof(node->name), "%s", name);
	while (*at && (*at)->ino < node->ino)
		at = &(*at)->next;
	node->next = *at;
	*at = node;
	node->parent = dir;
	dir->version++;
}

static void unlink_node(struct ofl_p9_node *node)
{
	struct ofl_p9_node **at = &node->parent->first;

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	node->parent->version++;
	node->parent = NULL;
	node->next = NULL;
}

/* A removed folder is still a node, but takes no entries. */
static bool is_removed(const struct ofl_p9_node *dir)
{
	return !dir->parent && dir != &dir->fs->root;
}

static int add_node(struct ofl_p9_node *dir, const char *name, uint32_t mode,
		    struct ofl_p9_node **out)
{
	struct ofl_p9_node *node;

	if (!is_dir(dir))
		return -ENOTDIR;
	if (is_removed(dir))
		return -ENOENT;
	if (strlen(name) > OFL_P9_NAME_MAX)
		return -ENAMETOOLONG;
	if (find(dir, name))
		return -EEXIST;
	node = calloc(1, sizeof(*node));
	if (!node)
		return -ENOSPC;
	node->fs = dir->fs;
	node->mode = mode;
	node->ino = dir->fs->next_ino++;
	link_node(dir, node, name);
	*out = node;
	return 0;
}

/* --- data --- */

/* Bytes between the old size and a larger one are zero. */
static int set_size(struct ofl_p9_node *node, uint64_t size)
{
	uint64_t room = node->room;
	char *data;

	if (size > FILE_MAX)
		return -EFBIG;
	if (size > room) {
		while (room < size)
			room = room ? room * 2 : BLOCK;
		data = realloc(node->data, room);
		if (!data)
			return -ENOSPC;
		node->data = data;
		node->room = room;
	}
	if (size > node->size)
		memset(node->data + node->size, 0, size - node->size);
	node->size = size;
	node->version++;
	node->written = true;
	return 0;
}

static int64_t ramfs_read(struct ofl_p9_file *file, void *buf, uint32_t len, uint64_t off)
{
	const struct ofl_p9_node *node = file->node;

	if (is_dir(node))
		return -EISDIR;
	if (off >= node->size)
		return 0;
	if (len > node->size - off)
		len = (uint32_t)(node->size - off);
	memcpy(buf, node->data + off, len);
	return len;
}

static int64_t ramfs_write(struct ofl_p9_file *file, const void *buf, uint32_t len,
			   uint64_t off)
{
	struct ofl_p9_node *node = file->node;
	int err;

	if (is_dir(node))
		return -EISDIR;
	if (file->append)
		off = node->size;
	if (off > FILE_MAX || len > FILE_MAX - off)
		return -EFBIG;
	if (off + len > node->size) {
		err = set_size(node, off + len);
		if (err)
			return err;
	}
	memcpy(node->data + off, buf, len);
	node->version++;
	node->written = true;
	return len;
}

/* --- files --- */

/* Nothing here takes long: all is quick. */
static int ramfs_walk(struct ofl_p9_node *dir, const char *name, bool quick,
		      struct ofl_p9_node **node)
{
	struct ofl_p9_node *found;

	(void)quick;
	if (!is_dir(dir))
		return -ENOTDIR;
	found = find(dir, name);
	if (!found)
		return -ENOENT;
	*node = ramfs_get(found);
	return 0;
}

static int ramfs_open(struct ofl_p9_node *node, uint32_t flags, struct ofl_p9_file **file)
{
	bool writes = (flags & OFL_P9_ACCMODE) != OFL_P9_RDONLY || (flags & OFL_P9_TRUNC);

	if (is_link(node))
		return -ELOOP;
	if ((flags & OFL_P9_DIRECTORY) && !is_dir(node))
		return -ENOTDIR;
	if (is_dir(node) && writes)
		return -EISDIR;
	*file = malloc(sizeof(**file));
	if (!*file)
		return -ENOMEM;
	if (flags & OFL_P9_TRUNC)
		set_size(node, 0);
	(*file)->node = ramfs_get(node);
	(*file)->append = flags & OFL_P9_APPEND;
	return 0;
}

static int ramfs_create(struct ofl_p9_node *dir, const char *name, uint32_t flags,
			uint32_t mode, bool quick, struct ofl_p9_node **node,
			struct ofl_p9_file **file)
{
	struct ofl_p9_node *new;
	int err;

	(void)quick;
	if (flags & OFL_P9_DIRECTORY)
		return -EINVAL;
	err = add_node(dir, name, MODE_FILE | (mode & MODE_BITS), &new);
	if (err == -EEXIST && !(flags & OFL_P9_EXCL)) {
		new = find(dir, name);
		if (is_dir(new))
			return -EISDIR;
	} else if (err) {
		return err;
	} else {
		new->written = true;
	}
	err = ramfs_open(new, flags, file);
	if (err)
		return err;
	*node = ramfs_get(new);
	return 0;
}

static void ramfs_close(struct ofl_p9_file *file)
{
	ramfs_put(file->node);
	free(file);
}

static int ramfs_fsync(struct ofl_p9_file *file, bool data_only)
{
	(void)file;
	(void)data_only;
	return 0;
}

static int ramfs_readdir(struct ofl_p9_file *file, uint64_t off, ofl_p9_emit_fn emit,
			 void *arg)
{
	struct ofl_p9_node *dir = file->node, *node;
	struct ofl_p9_qid qid;

	if (!is_dir(dir))
		return -ENOTDIR;
	if (off < AFTER_DOT) {
		ramfs_qid(dir, &qid);
		if (!emit(arg, &qid, AFTER_DOT, DT_DIR, "."))
			return 0;
	}
	if (off < AFTER_DOTS) {
		/* what is above the root is nobody's business */
		ramfs_qid(dir->parent ? dir->parent : dir, &qid);
		if (!emit(arg, &qid, AFTER_DOTS, DT_DIR, ".."))
			return 0;
	}
	for (node = dir->first; node; node = node->next) {
		if (node->ino <= off)
			continue;
		ramfs_qid(node, &qid);
		if (!emit(arg, &qid, node->ino,
			  is_dir(node) ? DT_DIR : is_link(node) ? DT_LNK : DT_REG,
			  node->name))
			return 0;
	}
	return 0;
}

/* --- attributes --- */

static int ramfs_getattr(struct ofl_p9_node *node, struct ofl_p9_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
	ramfs_qid(node, &attr->qid);
	attr->mode = node->mode;
	attr->uid = node->uid;
	attr->gid = node->gid;
	attr->nlink = is_removed(node) ? 0 : is_dir(node) ? 2 : 1;
	attr->size = node->size;
	attr->blksize = BLOCK;
	attr->blocks = (node->room + 511) / 512;
	attr->atime = node->atime;
	attr->mtime = node->mtime;
	attr->ctime = node->mtime;
	return 0;
}

/* There is no clock: a time that is "now" stays as it was. */
static int ramfs_setattr(struct ofl_p9_node *node, const struct ofl_p9_setattr *set)
{
	int err;

	if (is_link(node))
		return -EOPNOTSUPP;
	if (set->valid & OFL_P9_SET_SIZE) {
		if (is_dir(node))
			return -EISDIR;
		err = set_size(node, set->size);
		if (err)
			return err;
	}
	if (set->valid & OFL_P9_SET_MODE)
		node->mode = (node->mode & MODE_TYPE) | (set->mode & MODE_BITS);
	if (set->valid & OFL_P9_SET_UID)
		node->uid = set->uid;
	if (set->valid & OFL_P9_SET_GID)
		node->gid = set->gid;
	if (set->valid & OFL_P9_SET_ATIME_TO)
		node->atime = set->atime;
	if (set->valid & OFL_P9_SET_MTIME_TO)
		node->mtime = set->mtime;
	return 0;
}

static int ramfs_statfs(struct ofl_p9_node *node, struct ofl_p9_statfs *st)
{
	(void)node;
	*st = (struct ofl_p9_statfs){
		.type = RAMFS_MAGIC,
		.bsize = BLOCK,
		.namelen = OFL_P9_NAME_MAX,
	};
	return 0;
}

static int ramfs_readlink(struct ofl_p9_node *node, char *buf)
{
	if (!is_link(node))
		return -EINVAL;
	memcpy(buf, node->data, node->size + 1);
	return (int)node->size;
}

/* --- names --- */

static int ramfs_mkdir(struct ofl_p9_node *dir, const char *name, uint32_t mode,
		       struct ofl_p9_qid *qid)
{
	struct ofl_p9_node *node;
	int err = add_node(dir, name, MODE_DIR | (mode & MODE_BITS), &node);

	if (!err)
		ramfs_qid(node, qid);
	return err;
}

static int ramfs_symlink(struct ofl_p9_node *dir, const char *name, const char *target,
			 struct ofl_p9_qid *qid)
{
	size_t len = strlen(target);
	struct ofl_p9_node *node;
	char *data;
	int err;

	if (len > OFL_P9_PATH_MAX)
		return -ENAMETOOLONG;
	data = malloc(len + 1);
	if (!data)
		return -ENOSPC;
	err = add_node(dir, name, MODE_LINK | 0777, &node);
	if (err) {
		free(data);
		return err;
	}
	memcpy(data, target, len + 1);
	node->data = data;
	node->size = len;
	node->room = len + 1;
	ramfs_qid(node, qid);
	return 0;
}

static int remove_node(struct ofl_p9_node *node)
{
	if (!node->parent)
		return node == &node->fs->root ? -EBUSY : -ENOENT;
	if (node->first)
		return -ENOTEMPTY;
	unlink_node(node);
	free_if_unused(node);
	return 0;
}

static int ramfs_unlink(struct ofl_p9_node *dir, const char *name, bool folder)
{
	struct ofl_p9_node *node;

	if (!is_dir(dir))
		return -ENOTDIR;
	node = find(dir, name);
	if (!node)
		return -ENOENT;
	if (is_dir(node) != folder)
		return folder ? -ENOTDIR : -EISDIR;
	return remove_node(node);
}

static int ramfs_move(struct ofl_p9_node *node, struct ofl_p9_node *to_dir, const char *to)
{
	struct ofl_p9_node *old, *up;
	int err;

	if (!node->parent)
		return node == &node->fs->root ? -EBUSY : -ENOENT;
	if (!is_dir(to_dir))
		return -ENOTDIR;
	if (is_removed(to_dir))
		return -ENOENT;
	for (up = to_dir; up; up = up->parent)
		if (up == node)
			return -EINVAL;
	old = find(to_dir, to);
	if (old == node)
		return 0;
	if (old) {
		if (is_dir(old) != is_dir(node))
			return is_dir(old) ? -EISDIR : -ENOTDIR;
		err = remove_node(old);
		if (err)
			return err;
	}
	unlink_node(node);
	link_node(to_dir, node, to);
	return 0;
}

static int ramfs_rename(struct ofl_p9_node *from_dir, const char *from,
			struct ofl_p9_node *to_dir, const char *to)
{
	struct ofl_p9_node *node;

	if (!is_dir(from_dir))
		return -ENOTDIR;
	node = find(from_dir, from);
	return node ? ramfs_move(node, to_dir, to) : -ENOENT;
}

const struct ofl_p9_fs_ops ofl_ramfs_ops = {
	.root = ramfs_root,
	.get = ramfs_get,
	.put = ramfs_put,
	.qid = ramfs_qid,
	.walk = ramfs_walk,
	.open = ramfs_open,
	.create = ramfs_create,
	.close = ramfs_close,
	.read = ramfs_read,
	.write = ramfs_write,
	.fsync = ramfs_fsync,
	.readdir = ramfs_readdir,
	.getattr = ramfs_getattr,
	.setattr = ramfs_setattr,
	.statfs = ramfs_statfs,
	.readlink = ramfs_readlink,
	.mkdir = ramfs_mkdir,
	.symlink = ramfs_symlink,
	.unlink = ramfs_unlink,
	.rename = ramfs_rename,
	.remove = remove_node,
	.move = ramfs_move,
};

/* --- the tree as a whole --- */

struct ofl_ramfs *ofl_ramfs_new(void)
{
	struct ofl_ramfs *fs = calloc(1, sizeof(*fs));

	if (!fs)
		return NULL;
	fs->root.fs = fs;
	fs->root.mode = MODE_DIR | 0755;
	fs->root.ino = INO_ROOT;
	fs->next_ino = INO_ROOT + 1;
	return fs;
}

int ofl_ramfs_add(struct ofl_ramfs *fs, const char *name, const void *data, size_t len)
{
	struct ofl_p9_node *node;
	int err;

	if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	err = add_node(&fs->root, name, MODE_FILE | 0644, &node);
	if (!err)
		err = set_size(node, len);
	if (err)
		return err == -EEXIST ? err : -ENOMEM;
	if (len)
		memcpy(node->data, data, len);
	node->written = false;
	return 0;
}

void ofl_ramfs_changed(struct ofl_ramfs *fs,
		       void (*fn)(void *arg, const char *path, const void *data, size_t len),
		       void *arg)
{
	static char path[OFL_P9_PATH_MAX + 1];
	struct ofl_p9_node *node = fs->root.first;
	size_t len = 0;

	path[0] = '\0';
	while (node) {
		size_t name = strlen(node->name);

		if (!is_dir(node) && node->written && len + name < sizeof(path)) {
			memcpy(path + len, node->name, name + 1);
			node->written = false;
			fn(arg, path, node->data, node->size);
		}
		/* a folder whose path is too long for us is left out */
		if (is_dir(node) && node->first && len + name + 1 < sizeof(path)) {
			memcpy(path + len, node->name, name);
			path[len + name] = '/';
			len += name + 1;
			node = node->first;
			continue;
		}
		while (!node->next && node->parent != &fs->root) {
			node = node->parent;
			len -= strlen(node->name) + 1;
		}
		node = node->next;
	}
}
