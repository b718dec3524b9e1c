/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A folder of Linux, served so that nothing outside of it can be reached.
 *
 * Every node is an O_PATH descriptor.  The root's is opened once, by us; every
 * other is found from its folder's descriptor, one component at a time, with
 * openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS): a
 * symbolic link is found as itself and never followed, and there is no path
 * that somebody could change under us between check and use.
 *
 * A node is opened for input and output by its own descriptor, through a
 * descriptor of /proc/self/fd that is as old as the daemon, after its
 * type is known: only regular files and folders; a node cannot change its type.
 *
 * Removal by node uses the folder and name it was found by, and checks that
 * this name is still that file.  So nodes hold their folders, and their number
 * is bounded.
 *
 * Any of this may block for ever on a file system whose server hangs (FUSE,
 * NFS, 9p).  A node that lies on a file system of this machine's own is
 * marked as local, and so is what is found below it without crossing a mount;
 * the rest is left to workers.
 */
#define _GNU_SOURCE 1
#include "p9fs_node.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "log.h"

#define P9FS_NODES_MAX 1536u /* with the open files, less than 4096 descriptors */

/* Not in every <linux/magic.h>. */
#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif
#ifndef F2FS_SUPER_MAGIC
#define F2FS_SUPER_MAGIC 0xf2f52010
#endif
#ifndef EXFAT_SUPER_MAGIC
#define EXFAT_SUPER_MAGIC 0x2011bab0
#endif

static int p9fs_openat2(int dir, const char *name, uint64_t flags, mode_t mode,
			uint64_t resolve)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS | resolve,
	};
	long fd;

	do {
		fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));
	} while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return fd < 0 ? -errno : (int)fd;
}

void ofl_p9fs_qid_of(const struct ofl_p9fs *fs, dev_t dev, ino_t ino,
		     mode_t type, struct ofl_p9_qid *qid)
{
	qid->type = S_ISDIR(type) ? OFL_P9_QTDIR :
		    S_ISLNK(type) ? OFL_P9_QTSYMLINK :
				    OFL_P9_QTFILE;
	qid->version = 0;
	/* Inode numbers repeat on file systems mounted inside the folder. */
	qid->path = (uint64_t)ino ^
		    ((uint64_t)(dev - (fs->root ? fs->root->dev : dev)) << 40);
}

void ofl_p9fs_qid(const struct ofl_p9_node *node, struct ofl_p9_qid *qid)
{
	ofl_p9fs_qid_of(node->fs, node->dev, node->ino, node->type, qid);
}

/* --- nodes --- */

struct ofl_p9_node *ofl_p9fs_get(struct ofl_p9_node *node)
{
	__atomic_add_fetch(&node->refs, 1, __ATOMIC_RELAXED);
	return node;
}

void ofl_p9fs_put(struct ofl_p9_node *node)
{
	while (node && !__atomic_sub_fetch(&node->refs, 1, __ATOMIC_ACQ_REL)) {
		struct ofl_p9_node *parent = node->parent;

		close(node->fd);
		__atomic_sub_fetch(&node->fs->nodes, 1, __ATOMIC_RELAXED);
		free(node);
		node = parent;
	}
}

/* Takes over fd, in the case of an error too. */
static int p9fs_node_new(struct ofl_p9fs *fs, struct ofl_p9_node *parent,
			 const char *name, int fd, bool local,
			 struct ofl_p9_node **out)
{
	struct ofl_p9_node *node = NULL;
	struct stat st;
	int err;

	err = -ENFILE;
	if (__atomic_load_n(&fs->nodes, __ATOMIC_RELAXED) >= P9FS_NODES_MAX)
		goto err_fd;
	if (fstat(fd, &st)) {
		err = -errno;
		goto err_fd;
	}
	err = -ENOMEM;
	node = calloc(1, sizeof(*node));
	if (!node)
		goto err_fd;
	node->fs = fs;
	node->parent = parent ? ofl_p9fs_get(parent) : NULL;
	node->refs = 1;
	node->fd = fd;
	node->local = local;
	node->type = st.st_mode & S_IFMT;
	node->dev = st.st_dev;
	node->ino = st.st_ino;
	snprintf(node->name, sizeof(node->name), "%s", name);
	__atomic_add_fetch(&fs->nodes, 1, __ATOMIC_RELAXED);
	*out = node;
	return 0;

err_fd:
	close(fd);
	return err;
}

static struct ofl_p9_node *p9fs_root(void *fs)
{
	return ((struct ofl_p9fs *)fs)->root;
}

static bool p9fs_local(const struct ofl_p9_node *node)
{
	return node->local;
}

static int p9fs_walk(struct ofl_p9_node *dir, const char *name, bool quick,
		     struct ofl_p9_node **node)
{
	const struct ofl_p9fs *fs = dir->fs;
	bool local = dir->local;
	int fd;

	if (!S_ISDIR(dir->type))
		return -ENOTDIR;
	fd = p9fs_openat2(dir->fd, name, O_PATH | O_NOFOLLOW, 0,
			  local && fs->mode == OFL_P9FS_AUTO ? RESOLVE_NO_XDEV : 0);
	if (fd == -EXDEV && local && fs->mode == OFL_P9FS_AUTO) {
		/* Something is mounted there, and may not be local. */
		if (quick)
			return -EINPROGRESS;
		local = false;
		fd = p9fs_openat2(dir->fd, name, O_PATH | O_NOFOLLOW, 0, 0);
	}
	if (fd < 0)
		return fd;
	return p9fs_node_new(dir->fs, dir, name, fd, local, node);
}

/* --- open files --- */

static int p9fs_host_flags(uint32_t flags)
{
	int host = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

	switch (flags & OFL_P9_ACCMODE) {
	case OFL_P9_RDONLY:
		host |= O_RDONLY;
		break;
	case OFL_P9_WRONLY:
		host |= O_WRONLY;
		break;
	case OFL_P9_RDWR:
		host |= O_RDWR;
		break;
	default:
		return -EINVAL;
	}
	if (flags & OFL_P9_TRUNC)
		host |= O_TRUNC;
	if (flags & OFL_P9_APPEND)
		host |= O_APPEND;
	if (flags & OFL_P9_DSYNC)
		host |= O_DSYNC;
	if (flags & OFL_P9_SYNC)
		host |= O_SYNC;
	return host;
}

/* Open what a node's descriptor refers to: a regular file or a folder. */
int ofl_p9fs_reopen(const struct ofl_p9_node *node, int host)
{
	char number[16];
	int fd;

	if (S_ISLNK(node->type))
		return -ELOOP;
	if (!S_ISREG(node->type) && !S_ISDIR(node->type))
		return -EPERM;
	snprintf(number, sizeof(number), "%d", node->fd);
	fd = openat(node->fs->proc, number, host);
	return fd < 0 ? -errno : fd;
}

/* Takes over fd, in the case of an error too. */
static int p9fs_file_new(struct ofl_p9_node *node, int fd,
			 struct ofl_p9_file **out)
{
	struct ofl_p9_file *file = malloc(sizeof(*file));

	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	file->node = ofl_p9fs_get(node);
	file->list = NULL;
	file->fd = fd;
	*out = file;
	return 0;
}

static int p9fs_open(struct ofl_p9_node *node, uint32_t flags,
		     struct ofl_p9_file **file)
{
	int host = p9fs_host_flags(flags);
	int fd;

	if (host < 0)
		return host;
	if ((flags & OFL_P9_DIRECTORY) && !S_ISDIR(node->type))
		return -ENOTDIR;
	fd = ofl_p9fs_reopen(node, host);
	if (fd < 0)
		return fd;
	return p9fs_file_new(node, fd, file);
}

static int p9fs_close_file(struct ofl_p9_file *file)
{
	int err = close(file->fd) ? -errno : 0;

	ofl_p9fs_put(file->node);
	free(file->list);
	free(file);
	return err;
}

/* A new file, or without EXCL an old one, found as every other. */
static int p9fs_create(struct ofl_p9_node *dir, const char *name,
		       uint32_t flags, uint32_t mode, bool quick,
		       struct ofl_p9_node **node, struct ofl_p9_file **file)
{
	int host = p9fs_host_flags(flags);
	int err, fd, tries;

	if (host < 0)
		return host;
	if (!S_ISDIR(dir->type))
		return -ENOTDIR;
	if (flags & OFL_P9_DIRECTORY)
		return -EINVAL;
	/* Between two looks the name may come and go: a few times is enough. */
	for (tries = 0; tries < 4; tries++) {
		fd = p9fs_openat2(dir->fd, name,
				  (uint64_t)host | O_CREAT | O_EXCL | O_NOFOLLOW,
				  mode & P9FS_MODE_MASK, 0);
		if (fd >= 0) {
			/* If the name is another's already, it is not ours to take. */
			err = p9fs_walk(dir, name, false, node);
			if (err) {
				close(fd);
				return err;
			}
			err = p9fs_file_new(*node, fd, file);
			if (err)
				ofl_p9fs_put(*node);
			return err;
		}
		if (fd != -EEXIST || (flags & OFL_P9_EXCL))
			return fd;
		err = p9fs_walk(dir, name, quick, node);
		if (err == -ENOENT)
			continue;
		if (err)
			return err;
		err = S_ISDIR((*node)->type) ? -EISDIR :
					       p9fs_open(*node, flags, file);
		if (err)
			ofl_p9fs_put(*node);
		return err;
	}
	return -EAGAIN;
}

static int64_t p9fs_read(struct ofl_p9_file *file, void *buf, uint32_t len,
			 uint64_t off)
{
	ssize_t n;

	if (off > INT64_MAX)
		return -EINVAL;
	do {
		n = pread(file->fd, buf, len, (off_t)off);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int64_t p9fs_write(struct ofl_p9_file *file, const void *buf,
			  uint32_t len, uint64_t off)
{
	ssize_t n;

	if (off > INT64_MAX)
		return -EINVAL;
	do {
		n = pwrite(file->fd, buf, len, (off_t)off);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int p9fs_iov(struct iovec *iov, const struct ofl_p9_span *span, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		iov[i] = (struct iovec){ span[i].base, span[i].len };
	return (int)nr;
}

static int64_t p9fs_writev(struct ofl_p9_file *file, const struct ofl_p9_span *span,
			   unsigned int nr, uint64_t off)
{
	struct iovec iov[OFL_P9_SPANS_MAX];
	int count = p9fs_iov(iov, span, nr);
	ssize_t n;

	if (count == 1)
		return p9fs_write(file, span->base, span->len, off);
	if (off > INT64_MAX)
		return -EINVAL;
	do {
		n = pwritev(file->fd, iov, count, (off_t)off);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int p9fs_fsync(struct ofl_p9_file *file, bool data_only)
{
	return (data_only ? fdatasync(file->fd) : fsync(file->fd)) ? -errno : 0;
}

static void p9fs_parent_qid(const struct ofl_p9_node *dir,
			    struct ofl_p9_qid *qid)
{
	pthread_mutex_lock(&dir->fs->lock);
	ofl_p9fs_qid(dir->parent ? dir->parent : dir, qid);
	pthread_mutex_unlock(&dir->fs->lock);
}

/* At offset off, or -errno.  To seek in a folder takes Linux as long as to list it. */
static int p9fs_list_at(struct ofl_p9_file *file, uint64_t off)
{
	struct p9fs_listing *list = file->list;

	if (off > INT64_MAX)
		return -EINVAL;
	if (list && off && off == list->next)
		return 0;
	if (!list) {
		list = malloc(sizeof(*list));
		if (!list)
			return -ENOMEM;
		file->list = list;
	}
	list->at = 0;
	list->end = 0;
	list->next = off;
	return lseek(file->fd, (off_t)off, SEEK_SET) < 0 ? -EINVAL : 0;
}

static int p9fs_readdir(struct ofl_p9_file *file, uint64_t off,
			ofl_p9_emit_fn emit, void *arg)
{
	const struct ofl_p9_node *dir = file->node;
	struct p9fs_listing *list;
	struct ofl_p9_qid qid;
	int err;

	if (!S_ISDIR(dir->type))
		return -ENOTDIR;
	err = p9fs_list_at(file, off);
	if (err)
		return err;
	list = file->list;
	for (;;) {
		const struct dirent64 *d = (const void *)(list->buf + list->at);

		if (list->at == list->end) {
			list->at = 0;
			list->end = syscall(SYS_getdents64, file->fd, list->buf,
					    sizeof(list->buf));
			err = list->end < 0 ? -errno : 0;
			if (list->end <= 0) {
				list->end = 0;
				return err;
			}
			continue;
		}
		ofl_p9fs_qid_of(dir->fs, dir->dev, d->d_ino, DTTOIF(d->d_type), &qid);
		/* What is above the root is nobody's business. */
		if (!strcmp(d->d_name, ".."))
			p9fs_parent_qid(dir, &qid);
		if (!emit(arg, &qid, (uint64_t)d->d_off, d->d_type, d->d_name))
			return 0;
		list->next = (uint64_t)d->d_off;
		list->at += d->d_reclen;
	}
}

const struct ofl_p9_fs_ops ofl_p9fs_ops = {
	.root = p9fs_root,
	.get = ofl_p9fs_get,
	.put = ofl_p9fs_put,
	.qid = ofl_p9fs_qid,
	.local = p9fs_local,
	.walk = p9fs_walk,
	.open = p9fs_open,
	.create = p9fs_create,
	.close = p9fs_close_file,
	.read = p9fs_read,
	.write = p9fs_write,
	.writev = p9fs_writev,
	.fsync = p9fs_fsync,
	.lock = ofl_p9fs_lock,
	.getlock = ofl_p9fs_getlock,
	.readdir = p9fs_readdir,
	.getattr = ofl_p9fs_getattr,
	.setattr = ofl_p9fs_setattr,
	.statfs = ofl_p9fs_statfs,
	.readlink = ofl_p9fs_readlink,
	.mkdir = ofl_p9fs_mkdir,
	.symlink = ofl_p9fs_symlink,
	.mknod = ofl_p9fs_mknod,
	.link = ofl_p9fs_link,
	.unlink = ofl_p9fs_unlink,
	.rename = ofl_p9fs_rename,
	.remove = ofl_p9fs_remove,
	.move = ofl_p9fs_move,
	.getxattr = ofl_p9fs_getxattr,
	.setxattr = ofl_p9fs_setxattr,
};

/*
 * File systems that end what they begin: on memory or on a disk of this machine.
 * Not overlayfs: what is below it may be anything.
 */
static bool p9fs_known_local(int fd)
{
	static const uint32_t known[] = {
		EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
		TMPFS_MAGIC, RAMFS_MAGIC, F2FS_SUPER_MAGIC, MSDOS_SUPER_MAGIC,
		EXFAT_SUPER_MAGIC, SQUASHFS_MAGIC, ISOFS_SUPER_MAGIC,
	};
	struct statfs st;
	unsigned int i;

	if (fstatfs(fd, &st))
		return false;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((uint32_t)st.f_type == known[i])
			return true;
	return false;
}

static int p9fs_open_root(struct ofl_p9fs *fs, const char *dir)
{
	int fd, err;

	fs->proc = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fs->proc < 0) {
		ofl_log("/proc/self/fd: %s; mount /proc first", strerror(errno));
		return -errno;
	}
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		ofl_log("--share %s: %s", dir,
			err == -ENOENT	? "no such folder" :
			err == -ENOTDIR ? "not a folder; share the folder it is in" :
					  strerror(-err));
		return err;
	}
	err = p9fs_node_new(fs, NULL, "", fd,
			    fs->mode == OFL_P9FS_INLINE ||
				    (fs->mode == OFL_P9FS_AUTO &&
				     p9fs_known_local(fd)),
			    &fs->root);
	if (err) {
		ofl_log("--share %s: %s", dir, strerror(-err));
		return err;
	}
	/* Old kernels: say so now, not at every lookup. */
	fd = p9fs_openat2(fs->root->fd, ".", O_PATH, 0, 0);
	if (fd < 0 && fd != -EACCES) {
		ofl_log("--share %s: openat2: %s; Linux 5.6 or later is needed",
			dir, strerror(-fd));
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return 0;
}

struct ofl_p9fs *ofl_p9fs_open(const char *dir, enum ofl_p9fs_mode mode)
{
	struct ofl_p9fs *fs = calloc(1, sizeof(*fs));

	if (!fs) {
		ofl_log("out of memory");
		return NULL;
	}
	fs->proc = -1;
	fs->mode = mode;
	pthread_mutex_init(&fs->lock, NULL);
	if (!p9fs_open_root(fs, dir))
		return fs;
	ofl_p9fs_close(fs);
	return NULL;
}

void ofl_p9fs_close(struct ofl_p9fs *fs)
{
	if (!fs)
		return;
	if (fs->root)
		ofl_p9fs_put(fs->root);
	if (fs->proc >= 0)
		close(fs->proc);
	pthread_mutex_destroy(&fs->lock);
	free(fs);
}
