/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes and locks of a served folder.
 *
 * Only attributes of the "user." namespace: the others mean something to this
 * machine's kernel (rights, labels, capabilities), and are not an image's to
 * read or to set.  There is no call that takes an O_PATH descriptor, so they go by
 * its number in /proc.
 *
 * Locks belong to the open file (F_OFD_SETLK), that is, to the fid; the host's
 * own programs see them as fcntl() locks.
 */
#define _GNU_SOURCE 1
#include "p9fs_node.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define P9FS_XATTR_USER "user."
#define P9FS_LIST_MAX 65536

static int p9fs_xattr_path(const struct ofl_p9_node *node, char *path,
			   size_t size)
{
	/* The kernel has them for these two only. */
	if (!S_ISREG(node->type) && !S_ISDIR(node->type))
		return -EOPNOTSUPP;
	snprintf(path, size, "/proc/self/fd/%d", node->fd);
	return 0;
}

static bool p9fs_xattr_ours(const char *name)
{
	return !strncmp(name, P9FS_XATTR_USER, strlen(P9FS_XATTR_USER)) &&
	       name[strlen(P9FS_XATTR_USER)];
}

/* The names that are ours: their length, or -errno. */
static int64_t p9fs_xattr_list(const char *path, char *buf, uint32_t size)
{
	char *list = malloc(P9FS_LIST_MAX), *name;
	int64_t out = 0;
	ssize_t len;

	if (!list)
		return -ENOMEM;
	len = listxattr(path, list, P9FS_LIST_MAX);
	if (len < 0)
		out = -errno;
	for (name = list; len > 0 && name < list + len && out >= 0;) {
		size_t n = strlen(name) + 1;

		if (p9fs_xattr_ours(name)) {
			if (size && n > size - (uint64_t)out) {
				out = -ERANGE;
				break;
			}
			if (size)
				memcpy(buf + out, name, n);
			out += (int64_t)n;
		}
		name += n;
	}
	free(list);
	return out;
}

int64_t ofl_p9fs_getxattr(struct ofl_p9_node *node, const char *name, void *buf,
			  uint32_t size)
{
	char path[40];
	ssize_t n;
	int err;

	err = p9fs_xattr_path(node, path, sizeof(path));
	if (err)
		return *name ? err : 0;
	if (!*name)
		return p9fs_xattr_list(path, buf, size);
	if (!p9fs_xattr_ours(name))
		return -EOPNOTSUPP;
	n = getxattr(path, name, size ? buf : NULL, size);
	return n < 0 ? -errno : n;
}

int ofl_p9fs_setxattr(struct ofl_p9_node *node, const char *name,
		      const void *data, uint32_t size, uint32_t flags)
{
	char path[40];
	int err;

	err = p9fs_xattr_path(node, path, sizeof(path));
	if (err)
		return err;
	if (!p9fs_xattr_ours(name))
		return -EOPNOTSUPP;
	if (size)
		err = setxattr(path, name, data, size, (int)flags);
	else
		err = removexattr(path, name);
	return err ? -errno : 0;
}

/* --- locks --- */

static int p9fs_flock(const struct ofl_p9_lock *lock, struct flock *fl)
{
	if (lock->start > INT64_MAX || lock->length > INT64_MAX)
		return -EINVAL;
	*fl = (struct flock){
		.l_type = lock->type == OFL_P9_LOCK_RD ? F_RDLCK :
			  lock->type == OFL_P9_LOCK_WR ? F_WRLCK :
							 F_UNLCK,
		.l_whence = SEEK_SET,
		.l_start = (off_t)lock->start,
		.l_len = (off_t)lock->length,
	};
	return 0;
}

int ofl_p9fs_lock(struct ofl_p9_file *file, const struct ofl_p9_lock *lock)
{
	struct flock fl;
	int err = p9fs_flock(lock, &fl);

	if (!err && fcntl(file->fd, F_OFD_SETLK, &fl))
		err = errno == EACCES ? -EAGAIN : -errno;
	return err;
}

int ofl_p9fs_getlock(struct ofl_p9_file *file, struct ofl_p9_lock *lock)
{
	struct flock fl;
	int err = p9fs_flock(lock, &fl);

	if (err)
		return err;
	if (fl.l_type == F_UNLCK)
		return -EINVAL;
	if (fcntl(file->fd, F_OFD_GETLK, &fl))
		return -errno;
	lock->type = fl.l_type == F_RDLCK ? OFL_P9_LOCK_RD :
		     fl.l_type == F_WRLCK ? OFL_P9_LOCK_WR :
					    OFL_P9_LOCK_UN;
	if (lock->type == OFL_P9_LOCK_UN)
		return 0;
	lock->start = (uint64_t)fl.l_start;
	lock->length = (uint64_t)fl.l_len;
	lock->proc = fl.l_pid > 0 ? (uint32_t)fl.l_pid : 0;
	return 0;
}
