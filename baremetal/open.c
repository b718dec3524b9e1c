// SPDX-License-Identifier: BSD-2-Clause
/* open(): from a name to a descriptor, of a file of a share or a console's port. */
#include "openfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "conports.h"

static const struct {
	int local;
	uint32_t wire;
} flag_map[] = {
	{ O_CREAT, OFL_P9_CREATE }, { O_EXCL, OFL_P9_EXCL },
	{ O_TRUNC, OFL_P9_TRUNC },  { O_APPEND, OFL_P9_APPEND },
#ifdef O_DIRECTORY
	{ O_DIRECTORY, OFL_P9_DIRECTORY },
#endif
#ifdef O_NOFOLLOW
	{ O_NOFOLLOW, OFL_P9_NOFOLLOW },
#endif
};

static uint32_t wire_flags(int flags)
{
	uint32_t wire;

	switch (flags & O_ACCMODE) {
	case O_WRONLY:
		wire = OFL_P9_WRONLY;
		break;
	case O_RDWR:
		wire = OFL_P9_RDWR;
		break;
	default:
		wire = OFL_P9_RDONLY;
		break;
	}
	for (size_t i = 0; i < sizeof(flag_map) / sizeof(flag_map[0]); i++)
		if ((flags & flag_map[i].local) == flag_map[i].local)
			wire |= flag_map[i].wire;
	return wire;
}

/* An existing file. */
static int open_existing(const struct ofl_path *path, int flags,
			 struct open_file *file)
{
	/* Only what does no harm goes ahead of the checks. */
	bool ahead = !(flags & O_TRUNC) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
	struct ofl_p9_attr attr;
	int err, opened;

	err = ofl_p9_find(path->p9, path->text, &file->fid, &attr,
			  ahead ? wire_flags(flags & ~(O_CREAT | O_EXCL)) : OFL_P9_NOT_OPEN,
			  &opened);
	if (err)
		return err;
	file->is_dir = S_ISDIR(attr.mode);
	err = -EEXIST;
	if ((flags & O_CREAT) && (flags & O_EXCL))
		goto err_clunk;
	err = -EISDIR;
	if (file->is_dir && (flags & O_ACCMODE) != O_RDONLY)
		goto err_clunk;
	err = -ENOTDIR;
	if (!file->is_dir && path->dir_only)
		goto err_clunk;
	err = opened;
	if (err == OFL_P9_NOT_OPEN)
		err = ofl_p9_lopen(path->p9, file->fid, wire_flags(flags & ~(O_CREAT | O_EXCL)));
	if (err)
		goto err_clunk;
	return 0;

err_clunk:
	ofl_p9_clunk(path->p9, file->fid);
	return err;
}

static int open_new(const struct ofl_path *path, int flags, mode_t mode,
		    struct open_file *file)
{
	int err;

	if (path->dir_only)
		return -EISDIR;
	err = ofl_path_walk_dir(path, &file->fid);
	if (err)
		return err;
	err = ofl_p9_lcreate(path->p9, file->fid, path->name,
			     wire_flags(flags), mode & 07777);
	if (err)
		ofl_p9_clunk(path->p9, file->fid);
	file->is_dir = false;
	return err;
}

static int open_share(const char *name, int flags, mode_t mode, struct open_file *file)
{
	struct ofl_path path;
	int err;

	err = ofl_path_parse(name, &path);
	if (err)
		return err;
	err = open_existing(&path, flags, file);
	if (err == -ENOENT && (flags & O_CREAT)) {
		err = open_new(&path, flags, mode, file);
		/* Somebody on the other side was faster. */
		if (err == -EEXIST && !(flags & O_EXCL))
			err = open_existing(&path, flags, file);
	}
	file->p9 = path.p9;
	return err;
}

static int do_open(const char *name, int flags, mode_t mode)
{
	struct ofl_console *port = ofl_conports_find(name);
	struct open_file *file;
	int fd, err;

	fd = ofl_file_add(port ? &ofl_console_ops : &ofl_share_ops, flags, &file);
	if (fd < 0)
		return fd;
	file->port = port;
	err = port ? 0 : open_share(name, flags, mode, file);
	if (!err)
		return fd;
	ofl_file_drop(fd);
	return err;
}

int open(const char *name, int flags, ...)
{
	mode_t mode = 0;
	int fd;

	if (flags & O_CREAT) {
		va_list ap;

		va_start(ap, flags);
		mode = (mode_t)va_arg(ap, int);
		va_end(ap);
	}
	fd = do_open(name, flags, mode);
	if (fd >= 0)
		return fd;
	errno = -fd;
	return -1;
}

int creat(const char *name, mode_t mode)
{
	return open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);
}
