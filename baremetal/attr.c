// SPDX-License-Identifier: BSD-2-Clause
/*
 * Links, attributes and file systems: POSIX functions by name or by descriptor.
 *
 * The server never follows a symbolic link, and neither do we: a name that ends at
 * one means the link itself.
 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Not every C library shows them by default. */
#ifndef UTIME_NOW
#define UTIME_NOW -2L
#define UTIME_OMIT -1L
#endif

static int result(int64_t ret)
{
	if (ret >= 0)
		return (int)ret;
	errno = (int)-ret;
	return -1;
}

/* --- attributes --- */

void ofl_attr_to_stat(const struct ofl_p9_attr *attr, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = (ino_t)attr->ino;
	st->st_mode = (mode_t)attr->mode;
	st->st_nlink = (nlink_t)attr->nlink;
	st->st_uid = (uid_t)attr->uid;
	st->st_gid = (gid_t)attr->gid;
	st->st_rdev = (dev_t)attr->rdev;
	st->st_size = (off_t)attr->size;
	st->st_blksize = (blksize_t)attr->blksize;
	st->st_blocks = (blkcnt_t)attr->blocks;
	st->st_atim.tv_sec = (time_t)attr->atime;
	st->st_atim.tv_nsec = (long)(attr->atime_ns % 1000000000u);
	st->st_mtim.tv_sec = (time_t)attr->mtime;
	st->st_mtim.tv_nsec = (long)(attr->mtime_ns % 1000000000u);
	st->st_ctim.tv_sec = (time_t)attr->ctime;
	st->st_ctim.tv_nsec = (long)(attr->ctime_ns % 1000000000u);
}

static int set_name(const char *name, const struct ofl_p9_set *set)
{
	struct ofl_path path;
	uint32_t fid;
	int err;

	err = ofl_path_find(name, &path, &fid);
	if (err)
		return err;
	err = ofl_p9_setattr(path.p9, fid, set);
	ofl_p9_clunk(path.p9, fid);
	return err;
}

static int set_fd(int fd, const struct ofl_p9_set *set)
{
	struct ofl_p9 *p9;
	uint32_t fid;
	int err;

	err = ofl_files_fid(fd, &p9, &fid);
	return err ? err : ofl_p9_setattr(p9, fid, set);
}

static struct ofl_p9_set owner(uid_t uid, gid_t gid)
{
	struct ofl_p9_set set = { .uid = uid, .gid = gid };

	if (uid != (uid_t)-1)
		set.valid |= OFL_P9_SET_UID;
	if (gid != (gid_t)-1)
		set.valid |= OFL_P9_SET_GID;
	return set;
}

int chmod(const char *name, mode_t mode)
{
	struct ofl_p9_set set = { .valid = OFL_P9_SET_MODE,
				  .mode = mode & 07777 };

	return result(set_name(name, &set));
}

int fchmod(int fd, mode_t mode)
{
	struct ofl_p9_set set = { .valid = OFL_P9_SET_MODE,
				  .mode = mode & 07777 };

	return result(set_fd(fd, &set));
}

int lchown(const char *name, uid_t uid, gid_t gid)
{
	struct ofl_p9_set set = owner(uid, gid);

	return result(set_name(name, &set));
}

int chown(const char *name, uid_t uid, gid_t gid)
{
	return lchown(name, uid, gid);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	struct ofl_p9_set set = owner(uid, gid);

	return result(set_fd(fd, &set));
}

int truncate(const char *name, off_t size)
{
	struct ofl_p9_set set = { .valid = OFL_P9_SET_SIZE,
				  .size = (uint64_t)size };

	if (size < 0)
		return result(-EINVAL);
	return result(set_name(name, &set));
}

/* One of the two times: now, left alone, or as given. */
static int one_time(const struct timespec *t, uint32_t bit, uint32_t bit_to,
		    uint32_t *valid, uint64_t *sec, uint64_t *nsec)
{
	if (t && t->tv_nsec == UTIME_OMIT)
		return 0;
	*valid |= bit;
	if (!t || t->tv_nsec == UTIME_NOW)
		return 0;
	if (t->tv_nsec < 0 || t->tv_nsec >= 1000000000)
		return -EINVAL;
	*valid |= bit_to;
	*sec = (uint64_t)t->tv_sec;
	*nsec = (uint64_t)t->tv_nsec;
	return 0;
}

static int times_of(const struct timespec times[2], struct ofl_p9_set *set)
{
	int err;

	memset(set, 0, sizeof(*set));
	err = one_time(times ? &times[0] : NULL, OFL_P9_SET_ATIME,
		       OFL_P9_SET_ATIME_TO, &set->valid, &set->atime,
		       &set->atime_ns);
	if (!err)
		err = one_time(times ? &times[1] : NULL, OFL_P9_SET_MTIME,
			       OFL_P9_SET_MTIME_TO, &set->valid, &set->mtime,
			       &set->mtime_ns);
	return err;
}

int futimens(int fd, const struct timespec times[2])
{
	struct ofl_p9_set set;
	int err = times_of(times, &set);

	return result(err ? err : set_fd(fd, &set));
}

/* There are no directory descriptors to start from: all names are from "/". */
int utimensat(int dir, const char *name, const struct timespec times[2], int flags)
{
	struct ofl_p9_set set;
	int err = times_of(times, &set);

	(void)dir;
	(void)flags;
	return result(err ? err : set_name(name, &set));
}

/* --- links --- */

static int do_symlink(const char *target, const char *name)
{
	struct ofl_path path;
	uint32_t dir;
	int err;

	if (!target || !*target)
		return -ENOENT;
	err = ofl_path_parse(name, &path);
	if (err)
		return err;
	if (!*path.name)
		return -EEXIST;
	err = ofl_path_walk_dir(&path, &dir);
	if (err)
		return err;
	err = ofl_p9_symlink(path.p9, dir, path.name, target);
	ofl_p9_clunk(path.p9, dir);
	return err;
}

int symlink(const char *target, const char *name)
{
	return result(do_symlink(target, name));
}

static int64_t do_readlink(const char *name, char *buf, size_t size)
{
	struct ofl_path path;
	uint32_t fid;
	int64_t n;
	int err;

	err = ofl_path_find(name, &path, &fid);
	if (err)
		return err;
	n = ofl_p9_readlink(path.p9, fid, buf, size);
	ofl_p9_clunk(path.p9, fid);
	return n;
}

ssize_t readlink(const char *restrict name, char *restrict buf, size_t size)
{
	return result(do_readlink(name, buf, size));
}

static int do_link(const char *from, const char *to)
{
	/* Two paths are too much for a small stack at once. */
	struct ofl_path *path = malloc(2 * sizeof(*path));
	uint32_t fid, dir;
	int err;

	if (!path)
		return -ENOMEM;
	err = ofl_path_parse(from, &path[0]);
	if (!err)
		err = ofl_path_parse(to, &path[1]);
	if (!err && path[0].p9 != path[1].p9)
		err = -EXDEV;
	if (!err)
		err = ofl_path_walk(&path[0], &fid);
	if (err)
		goto out_free;
	err = ofl_path_walk_dir(&path[1], &dir);
	if (!err) {
		err = ofl_p9_link(path[0].p9, dir, fid, path[1].name);
		ofl_p9_clunk(path[0].p9, dir);
	}
	ofl_p9_clunk(path[0].p9, fid);
out_free:
	free(path);
	return err;
}

int link(const char *from, const char *to)
{
	return result(do_link(from, to));
}

/* --- file systems --- */

static int get_statvfs(struct ofl_p9 *p9, uint32_t fid, struct statvfs *st)
{
	struct ofl_p9_statfs fs;
	int err;

	err = ofl_p9_statfs(p9, fid, &fs);
	if (err)
		return err;
	memset(st, 0, sizeof(*st));
	st->f_bsize = fs.bsize;
	st->f_frsize = fs.bsize;
	st->f_blocks = fs.blocks;
	st->f_bfree = fs.bfree;
	st->f_bavail = fs.bavail;
	st->f_files = fs.files;
	st->f_ffree = fs.ffree;
	st->f_favail = fs.ffree;
	st->f_flag = ST_NOSUID;
	st->f_namemax = fs.namelen;
	return 0;
}

int fstatvfs(int fd, struct statvfs *st)
{
	struct ofl_p9 *p9;
	uint32_t fid;
	int err;

	err = ofl_files_fid(fd, &p9, &fid);
	return result(err ? err : get_statvfs(p9, fid, st));
}

int statvfs(const char *name, struct statvfs *st)
{
	struct ofl_path path;
	uint32_t fid;
	int err;

	err = ofl_path_find(name, &path, &fid);
	if (!err) {
		err = get_statvfs(path.p9, fid, st);
		ofl_p9_clunk(path.p9, fid);
	}
	return result(err);
}
