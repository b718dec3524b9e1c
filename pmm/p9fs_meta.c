/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attributes and names of a served folder.  All by descriptor: a node's own, or
 * its folder's and one component; none of the calls follows a symbolic link.
 */
#define _GNU_SOURCE 1
#include "p9fs_node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* --- attributes --- */

static struct ofl_p9_time p9fs_time(struct timespec ts)
{
	return (struct ofl_p9_time){ (uint64_t)ts.tv_sec, (uint64_t)ts.tv_nsec };
}

int ofl_p9fs_getattr(struct ofl_p9_node *node, struct ofl_p9_attr *attr)
{
	struct stat st;

	if (fstat(node->fd, &st))
		return -errno;
	ofl_p9fs_qid(node, &attr->qid);
	attr->mode = st.st_mode;
	attr->uid = st.st_uid;
	attr->gid = st.st_gid;
	attr->nlink = st.st_nlink;
	attr->rdev = st.st_rdev;
	attr->size = (uint64_t)st.st_size;
	attr->blksize = (uint64_t)st.st_blksize;
	attr->blocks = (uint64_t)st.st_blocks;
	attr->atime = p9fs_time(st.st_atim);
	attr->mtime = p9fs_time(st.st_mtim);
	attr->ctime = p9fs_time(st.st_ctim);
	return 0;
}

static int p9fs_set_size(struct ofl_p9_node *node, uint64_t size)
{
	int fd, err;

	if (S_ISDIR(node->type))
		return -EISDIR;
	if (size > INT64_MAX)
		return -EINVAL;
	fd = ofl_p9fs_reopen(node, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return fd;
	err = ftruncate(fd, (off_t)size) ? -errno : 0;
	close(fd);
	return err;
}

static struct timespec p9fs_timespec(bool set, bool given,
				     const struct ofl_p9_time *t)
{
	struct timespec ts = { .tv_nsec = UTIME_OMIT };

	if (set && given) {
		ts.tv_sec = (time_t)t->sec;
		ts.tv_nsec = t->nsec < 1000000000 ? (long)t->nsec : 999999999;
	} else if (set) {
		ts.tv_nsec = UTIME_NOW;
	}
	return ts;
}

int ofl_p9fs_setattr(struct ofl_p9_node *node,
		     const struct ofl_p9_setattr *set)
{
	const uint32_t valid = set->valid;
	const bool link = S_ISLNK(node->type);
	struct timespec times[2];
	char number[16];
	uid_t uid = (uid_t)-1;
	gid_t gid = (gid_t)-1;
	int err;

	if (S_ISBLK(node->type) || S_ISCHR(node->type))
		return -EPERM;
	snprintf(number, sizeof(number), "%d", node->fd);

	if (valid & OFL_P9_SET_UID)
		uid = set->uid;
	if (valid & OFL_P9_SET_GID)
		gid = set->gid;
	if ((valid & (OFL_P9_SET_UID | OFL_P9_SET_GID)) &&
	    fchownat(node->fd, "", uid, gid, AT_EMPTY_PATH))
		return -errno;
	if ((valid & OFL_P9_SET_MODE) && link)
		return -EOPNOTSUPP;
	/* The number in /proc leads to the file itself, whatever it is. */
	if ((valid & OFL_P9_SET_MODE) &&
	    fchmodat(node->fs->proc, number, set->mode & P9FS_MODE_MASK, 0))
		return -errno;
	if (valid & OFL_P9_SET_SIZE) {
		err = p9fs_set_size(node, set->size);
		if (err)
			return err;
	}
	if (valid & (OFL_P9_SET_ATIME | OFL_P9_SET_MTIME)) {
		times[0] = p9fs_timespec(valid & OFL_P9_SET_ATIME,
					 valid & OFL_P9_SET_ATIME_TO,
					 &set->atime);
		times[1] = p9fs_timespec(valid & OFL_P9_SET_MTIME,
					 valid & OFL_P9_SET_MTIME_TO,
					 &set->mtime);
		if (utimensat(node->fs->proc, number, times, 0))
			return -errno;
	}
	return 0;
}

int ofl_p9fs_statfs(struct ofl_p9_node *node, struct ofl_p9_statfs *out)
{
	struct statfs st;

	if (fstatfs(node->fd, &st))
		return -errno;
	out->type = (uint32_t)st.f_type;
	out->bsize = (uint32_t)st.f_bsize;
	out->blocks = st.f_blocks;
	out->bfree = st.f_bfree;
	out->bavail = st.f_bavail;
	out->files = st.f_files;
	out->ffree = st.f_ffree;
	out->fsid = 0; /* the host's own affair */
	out->namelen = OFL_P9_NAME_MAX;
	return 0;
}

int ofl_p9fs_readlink(struct ofl_p9_node *node, char *buf)
{
	ssize_t n;

	if (!S_ISLNK(node->type))
		return -EINVAL;
	n = readlinkat(node->fd, "", buf, OFL_P9_PATH_MAX + 1);
	if (n < 0)
		return -errno;
	return n > OFL_P9_PATH_MAX ? -ENAMETOOLONG : (int)n;
}

/* --- names --- */

/* After a rename.  Concurrent ones may leave a node behind its name: ESTALE then. */
static void p9fs_move_name(struct ofl_p9_node *node, struct ofl_p9_node *dir,
			   const char *name)
{
	struct ofl_p9_node *old = NULL;
	const struct ofl_p9_node *up;

	pthread_mutex_lock(&node->fs->lock);
	/* Nodes that hold each other would never be freed. */
	for (up = dir; up && up != node; up = up->parent)
		;
	if (!up) {
		old = node->parent;
		node->parent = ofl_p9fs_get(dir);
		snprintf(node->name, sizeof(node->name), "%s", name);
	}
	pthread_mutex_unlock(&node->fs->lock);
	ofl_p9fs_put(old);
}

/* The folder and name that a node was found by; NULL: it is the root. */
static struct ofl_p9_node *p9fs_found_by(const struct ofl_p9_node *node,
					 char *name)
{
	struct ofl_p9_node *parent;

	pthread_mutex_lock(&node->fs->lock);
	parent = node->parent ? ofl_p9fs_get(node->parent) : NULL;
	memcpy(name, node->name, sizeof(node->name));
	pthread_mutex_unlock(&node->fs->lock);
	return parent;
}

/* Is the name still this node?  What is mounted there is not asked. */
static int p9fs_check_name(const struct ofl_p9_node *node, int dir,
			   const char *name)
{
	struct statx st;

	if (statx(dir, name,
		  AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
		  STATX_INO, &st))
		return -errno;
	return makedev(st.stx_dev_major, st.stx_dev_minor) == node->dev &&
			       st.stx_ino == node->ino ?
		       0 :
		       -ESTALE;
}

static int p9fs_new_qid(struct ofl_p9_node *dir, const char *name,
			struct ofl_p9_qid *qid)
{
	struct stat st;

	if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	ofl_p9fs_qid_of(dir->fs, st.st_dev, st.st_ino, st.st_mode, qid);
	return 0;
}

int ofl_p9fs_mkdir(struct ofl_p9_node *dir, const char *name, uint32_t mode,
		   struct ofl_p9_qid *qid)
{
	if (!S_ISDIR(dir->type))
		return -ENOTDIR;
	if (mkdirat(dir->fd, name, mode & P9FS_MODE_MASK))
		return -errno;
	return p9fs_new_qid(dir, name, qid);
}

/* A device would be the host's, and an image has no business with those. */
int ofl_p9fs_mknod(struct ofl_p9_node *dir, const char *name, uint32_t mode,
		   struct ofl_p9_qid *qid)
{
	mode_t type = mode & S_IFMT;

	if (!S_ISDIR(dir->type))
		return -ENOTDIR;
	if (S_ISCHR(type) || S_ISBLK(type))
		return -EPERM;
	if (type && !S_ISREG(type) && !S_ISFIFO(type) && !S_ISSOCK(type))
		return -EINVAL;
	if (mknodat(dir->fd, name, type | (mode & P9FS_MODE_MASK), 0))
		return -errno;
	return p9fs_new_qid(dir, name, qid);
}

/* Of the node itself, also if it is a symbolic link. */
int ofl_p9fs_link(struct ofl_p9_node *node, struct ofl_p9_node *dir,
		  const char *name)
{
	char number[16];

	if (!S_ISDIR(dir->type))
		return -ENOTDIR;
	if (S_ISDIR(node->type))
		return -EPERM;
	snprintf(number, sizeof(number), "%d", node->fd);
	return linkat(node->fs->proc, number, dir->fd, name, AT_SYMLINK_FOLLOW) ?
		       -errno :
		       0;
}

int ofl_p9fs_symlink(struct ofl_p9_node *dir, const char *name,
		     const char *target, struct ofl_p9_qid *qid)
{
	if (!S_ISDIR(dir->type))
		return -ENOTDIR;
	if (symlinkat(target, dir->fd, name))
		return -errno;
	return p9fs_new_qid(dir, name, qid);
}

int ofl_p9fs_unlink(struct ofl_p9_node *dir, const char *name, bool folder)
{
	if (!S_ISDIR(dir->type))
		return -ENOTDIR;
	return unlinkat(dir->fd, name, folder ? AT_REMOVEDIR : 0) ? -errno : 0;
}

int ofl_p9fs_rename(struct ofl_p9_node *from_dir, const char *from,
		    struct ofl_p9_node *to_dir, const char *to)
{
	if (!S_ISDIR(from_dir->type) || !S_ISDIR(to_dir->type))
		return -ENOTDIR;
	return renameat(from_dir->fd, from, to_dir->fd, to) ? -errno : 0;
}

int ofl_p9fs_remove(struct ofl_p9_node *node)
{
	char name[OFL_P9_NAME_MAX + 1];
	struct ofl_p9_node *parent = p9fs_found_by(node, name);
	int err;

	if (!parent)
		return -EBUSY;
	err = p9fs_check_name(node, parent->fd, name);
	if (!err)
		err = ofl_p9fs_unlink(parent, name, S_ISDIR(node->type));
	ofl_p9fs_put(parent);
	return err;
}

/* Is node above dir, as far as we know? */
static bool p9fs_above(const struct ofl_p9_node *node,
		       const struct ofl_p9_node *dir)
{
	pthread_mutex_lock(&node->fs->lock);
	while (dir && dir != node)
		dir = dir->parent;
	pthread_mutex_unlock(&node->fs->lock);
	return dir;
}

int ofl_p9fs_move(struct ofl_p9_node *node, struct ofl_p9_node *to_dir,
		  const char *to)
{
	char name[OFL_P9_NAME_MAX + 1];
	struct ofl_p9_node *parent = p9fs_found_by(node, name);
	int err;

	if (!parent)
		return -EBUSY;
	err = p9fs_check_name(node, parent->fd, name);
	if (!err && p9fs_above(node, to_dir))
		err = -EINVAL;
	if (!err)
		err = ofl_p9fs_rename(parent, name, to_dir, to);
	if (!err)
		p9fs_move_name(node, to_dir, to);
	ofl_p9fs_put(parent);
	return err;
}
