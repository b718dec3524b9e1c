// SPDX-License-Identifier: BSD-2-Clause
/* Files of shares: reading, writing, and where. */
#include "openfile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static ssize_t result(int64_t ret)
{
	if (ret >= 0)
		return (ssize_t)ret;
	errno = (int)-ret;
	return -1;
}

/* The file behind a descriptor; -EBADF, or `other` if it is something else. */
static int file_of(int fd, int other, struct open_file **file)
{
	*file = ofl_file_of(fd);
	if (!*file)
		return -EBADF;
	return (*file)->ops == &ofl_share_ops ? 0 : other;
}

int ofl_files_fid(int fd, struct ofl_p9 **p9, uint32_t *fid)
{
	struct open_file *file;
	int err = file_of(fd, -EINVAL, &file);

	if (err)
		return err;
	*p9 = file->p9;
	*fid = file->fid;
	return 0;
}

static int64_t do_read(struct open_file *file, void *buf, size_t len, uint64_t offset)
{
	if (file->is_dir)
		return -EISDIR;
	return ofl_p9_read_all(file->p9, file->fid, offset, buf, len);
}

/* At the end if that is the mode, and then *offset becomes where that was. */
static int64_t do_write(struct open_file *file, const void *buf, size_t len, uint64_t *offset)
{
	bool append = file->flags & O_APPEND;

	if (append) {
		struct ofl_p9_attr attr;
		int err = ofl_p9_getattr(file->p9, file->fid, &attr);

		if (err)
			return err;
		*offset = attr.size;
	}
	return ofl_p9_write_all(file->p9, file->fid, *offset, buf, len, append);
}

/* --- what any descriptor can do --- */

static int64_t share_read(struct open_file *file, void *buf, size_t len)
{
	int64_t n = do_read(file, buf, len, file->offset);

	if (n > 0)
		file->offset += (uint64_t)n;
	return n;
}

static int64_t share_write(struct open_file *file, const void *buf, size_t len)
{
	int64_t n = do_write(file, buf, len, &file->offset);

	if (n > 0)
		file->offset += (uint64_t)n;
	file->write_error = n < 0 ? (int)n : 0;
	return n;
}

static int share_attr(struct open_file *file, struct stat *st)
{
	struct ofl_p9_attr attr;
	int err = ofl_p9_getattr(file->p9, file->fid, &attr);

	if (!err)
		ofl_attr_to_stat(&attr, st);
	return err;
}

static int64_t share_size(struct open_file *file)
{
	struct ofl_p9_attr attr;
	int err = ofl_p9_getattr(file->p9, file->fid, &attr);

	return err ? err : (int64_t)attr.size;
}

static int share_close(struct open_file *file)
{
	return ofl_p9_clunk(file->p9, file->fid);
}

const struct ofl_file_ops ofl_share_ops = {
	.attr = share_attr,
	.read = share_read,
	.write = share_write,
	.size = share_size,
	.close = share_close,
};

/* --- what only they can do --- */

ssize_t pread(int fd, void *buf, size_t len, off_t offset)
{
	struct open_file *file;
	int err = file_of(fd, -ESPIPE, &file);

	if (err == -EBADF || (file->flags & O_ACCMODE) == O_WRONLY)
		return result(-EBADF);
	if (err)
		return result(err);
	if (len > PTRDIFF_MAX || offset < 0)
		return result(-EINVAL);
	return result(do_read(file, buf, len, (uint64_t)offset));
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	uint64_t at = (uint64_t)offset;
	struct open_file *file;
	int err = file_of(fd, -ESPIPE, &file);

	if (err == -EBADF || (file->flags & O_ACCMODE) == O_RDONLY)
		return result(-EBADF);
	if (err)
		return result(err);
	if (len > PTRDIFF_MAX || offset < 0)
		return result(-EINVAL);
	return result(do_write(file, buf, len, &at));
}

int ftruncate(int fd, off_t size)
{
	struct ofl_p9_set set = { .valid = OFL_P9_SET_SIZE };
	struct open_file *file;
	int err = file_of(fd, -EINVAL, &file);

	if (!err && (size < 0 || (file->flags & O_ACCMODE) == O_RDONLY))
		err = -EINVAL;
	if (err)
		return (int)result(err);
	set.size = (uint64_t)size;
	return (int)result(ofl_p9_setattr(file->p9, file->fid, &set));
}

static int sync_file(int fd, bool data_only)
{
	struct open_file *file;
	int err = file_of(fd, -EINVAL, &file);

	return (int)result(err ? err : ofl_p9_fsync(file->p9, file->fid, data_only));
}

int fsync(int fd)
{
	return sync_file(fd, false);
}

int fdatasync(int fd)
{
	return sync_file(fd, true);
}
