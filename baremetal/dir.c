// SPDX-License-Identifier: BSD-2-Clause
/* Names and directories: the POSIX functions that take a path. */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_CHUNK 8000u

struct ofl_dir {
	struct ofl_p9 *p9;
	uint32_t fid;
	uint64_t offset; /* of the server: behind the last entry returned */
	size_t len, at;	 /* of what is in buf */
	struct dirent entry;
	uint8_t buf[DIR_CHUNK];
};

static int result(int err)
{
	if (!err)
		return 0;
	errno = -err;
	return -1;
}

static int get_attr(const char *name, struct ofl_p9_attr *attr)
{
	struct ofl_path path;
	int err;

	err = ofl_path_parse(name, &path);
	if (!err)
		err = ofl_p9_stat(path.p9, path.text, attr);
	if (!err && path.dir_only && !S_ISDIR(attr->mode))
		err = -ENOTDIR;
	return err;
}

/* Links are the server's to follow or to refuse, so lstat() is the same. */
int lstat(const char *restrict name, struct stat *restrict st)
{
	struct ofl_p9_attr attr;
	int err;

	err = get_attr(name, &attr);
	if (!err)
		ofl_attr_to_stat(&attr, st);
	return result(err);
}

int stat(const char *restrict name, struct stat *restrict st)
{
	return lstat(name, st);
}

/* There are no users on this core: a mode bit of anybody's will do. */
int access(const char *name, int mode)
{
	struct ofl_p9_attr attr;
	int err;

	err = get_attr(name, &attr);
	if (!err && (((mode & R_OK) && !(attr.mode & 0444)) ||
		     ((mode & W_OK) && !(attr.mode & 0222)) ||
		     ((mode & X_OK) && !(attr.mode & 0111))))
		err = -EACCES;
	return result(err);
}

static int do_mkdir(const char *name, mode_t mode)
{
	struct ofl_path path;
	uint32_t dir;
	int err;

	err = ofl_path_parse(name, &path);
	if (err)
		return err;
	if (!*path.name)
		return -EEXIST;
	err = ofl_path_walk_dir(&path, &dir);
	if (err)
		return err;
	err = ofl_p9_mkdir(path.p9, dir, path.name, mode & 07777);
	ofl_p9_clunk(path.p9, dir);
	return err;
}

int mkdir(const char *name, mode_t mode)
{
	return result(do_mkdir(name, mode));
}

static int do_unlink(const char *name, uint32_t flags)
{
	struct ofl_path path;
	uint32_t dir;
	int err;

	err = ofl_path_parse(name, &path);
	if (err)
		return err;
	if (path.dir_only && !flags)
		return -ENOTDIR;
	err = ofl_path_walk_dir(&path, &dir);
	if (err)
		return err;
	err = ofl_p9_unlinkat(path.p9, dir, path.name, flags);
	ofl_p9_clunk(path.p9, dir);
	return err;
}

int unlink(const char *name)
{
	return result(do_unlink(name, 0));
}

int rmdir(const char *name)
{
	return result(do_unlink(name, OFL_P9_REMOVEDIR));
}

static int do_rename(const char *from, const char *to)
{
	/* Two paths are too much for a small stack at once. */
	struct ofl_path *path = malloc(2 * sizeof(*path));
	uint32_t dir[2];
	int err;

	if (!path)
		return -ENOMEM;
	err = ofl_path_parse(from, &path[0]);
	if (!err)
		err = ofl_path_parse(to, &path[1]);
	if (err)
		goto out_free;
	err = -EXDEV;
	if (path[0].p9 != path[1].p9)
		goto out_free;
	err = ofl_path_walk_dir(&path[0], &dir[0]);
	if (err)
		goto out_free;
	err = ofl_path_walk_dir(&path[1], &dir[1]);
	if (err)
		goto out_clunk;
	err = ofl_p9_renameat(path[0].p9, dir[0], path[0].name, dir[1],
			      path[1].name);
	ofl_p9_clunk(path[0].p9, dir[1]);
out_clunk:
	ofl_p9_clunk(path[0].p9, dir[0]);
out_free:
	free(path);
	return err;
}

int rename(const char *from, const char *to)
{
	return result(do_rename(from, to));
}

/* --- directories --- */

static int do_opendir(const char *name, DIR *dir)
{
	const uint32_t flags = OFL_P9_RDONLY | OFL_P9_DIRECTORY;
	struct ofl_p9_attr attr;
	struct ofl_path path;
	int err, opened;

	err = ofl_path_parse(name, &path);
	if (!err)
		err = ofl_p9_find(path.p9, path.text, &dir->fid, &attr, flags, &opened);
	if (err)
		return err;
	if (!S_ISDIR(attr.mode))
		err = -ENOTDIR;
	else if (opened != OFL_P9_NOT_OPEN)
		err = opened;
	else
		err = ofl_p9_lopen(path.p9, dir->fid, flags);
	if (err)
		ofl_p9_clunk(path.p9, dir->fid);
	dir->p9 = path.p9;
	return err;
}

DIR *opendir(const char *name)
{
	DIR *dir = calloc(1, sizeof(*dir));

	if (!dir) {
		errno = ENOMEM;
		return NULL;
	}
	if (result(do_opendir(name, dir))) {
		free(dir);
		return NULL;
	}
	return dir;
}

struct dirent *readdir(DIR *dir)
{
	struct ofl_p9_dirent next;
	int64_t n;
	int ret;

	if (dir->at >= dir->len) {
		n = ofl_p9_readdir(dir->p9, dir->fid, dir->offset, dir->buf,
				   sizeof(dir->buf));
		if (n <= 0) {
			if (n < 0)
				errno = (int)-n;
			return NULL;
		}
		dir->len = (size_t)n;
		dir->at = 0;
	}
	ret = ofl_p9_next(dir->buf, dir->len, &dir->at, &next);
	if (ret < 0) {
		errno = -ofl_p9_lied(dir->p9, "9p directory entry overruns or has no proper name");
		return NULL;
	}
	dir->offset = next.offset;
	dir->entry.d_ino = (ino_t)next.ino;
	dir->entry.d_type = next.type;
	memcpy(dir->entry.d_name, next.name, sizeof(next.name));
	return &dir->entry;
}

void rewinddir(DIR *dir)
{
	dir->offset = 0;
	dir->len = 0;
	dir->at = 0;
}

int closedir(DIR *dir)
{
	int err = ofl_p9_clunk(dir->p9, dir->fid);

	free(dir);
	return result(err);
}
