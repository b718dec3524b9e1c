// SPDX-License-Identifier: BSD-2-Clause
/* The protocol layer's view of a tree of files in memory. */
#include "ramnode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* d_type of a listing */
#define DT_DIR 4u
#define DT_REG 8u
#define DT_LNK 10u

/* Offsets behind "." and ".."; nodes' numbers are those of the rest. */
#define AFTER_DOT 1u
#define AFTER_DOTS 2u

#define RAMFS_MAGIC 0x858458f6u

struct ofl_p9_file {
	struct ofl_p9_node *node;
	bool append;
};

/* --- nodes --- */

static struct ofl_p9_node *ramfs_get(struct ofl_p9_node *node)
{
	node->refs++;
	return node;
}

static void ramfs_put(struct ofl_p9_node *node)
{
	node->refs--;
	ofl_ramnode_release(node);
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

/* --- data --- */

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
	if (off > OFL_RAMNODE_MAX || len > OFL_RAMNODE_MAX - off)
		return -EFBIG;
	if (off + len > node->size) {
		err = ofl_ramnode_resize(node, off + len);
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
	found = ofl_ramnode_find(dir, name);
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
		ofl_ramnode_resize(node, 0);
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
	err = ofl_ramnode_add(dir, name, MODE_FILE | (mode & MODE_BITS), &new);
	if (err == -EEXIST && !(flags & OFL_P9_EXCL)) {
		new = ofl_ramnode_find(dir, name);
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

static int ramfs_close(struct ofl_p9_file *file)
{
	ramfs_put(file->node);
	free(file);
	return 0;
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
	attr->blksize = OFL_RAMNODE_BLOCK;
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
		err = ofl_ramnode_resize(node, set->size);
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
		.bsize = OFL_RAMNODE_BLOCK,
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
	int err = ofl_ramnode_add(dir, name, MODE_DIR | (mode & MODE_BITS), &node);

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
	err = ofl_ramnode_add(dir, name, MODE_LINK | 0777, &node);
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

static int ramfs_unlink(struct ofl_p9_node *dir, const char *name, bool folder)
{
	struct ofl_p9_node *node;

	if (!is_dir(dir))
		return -ENOTDIR;
	node = ofl_ramnode_find(dir, name);
	if (!node)
		return -ENOENT;
	if (is_dir(node) != folder)
		return folder ? -ENOTDIR : -EISDIR;
	return ofl_ramnode_remove(node);
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
	old = ofl_ramnode_find(to_dir, to);
	if (old == node)
		return 0;
	if (old) {
		if (is_dir(old) != is_dir(node))
			return is_dir(old) ? -EISDIR : -ENOTDIR;
		err = ofl_ramnode_remove(old);
		if (err)
			return err;
	}
	ofl_ramnode_move(node, to_dir, to);
	return 0;
}

static int ramfs_rename(struct ofl_p9_node *from_dir, const char *from,
			struct ofl_p9_node *to_dir, const char *to)
{
	struct ofl_p9_node *node;

	if (!is_dir(from_dir))
		return -ENOTDIR;
	node = ofl_ramnode_find(from_dir, from);
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
	.remove = ofl_ramnode_remove,
	.move = ramfs_move,
};
