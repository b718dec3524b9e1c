// SPDX-License-Identifier: BSD-2-Clause
/* Reading, writing, and where: the POSIX functions on the data behind a descriptor. */
#include "openfile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "socket.h"
#include "tty.h"

static ssize_t result(int64_t ret)
{
	if (ret >= 0)
		return (ssize_t)ret;
	errno = (int)-ret;
	return -1;
}

static int64_t do_read(struct open_file *file, void *buf, size_t len, uint64_t offset)
{
	if (file->is_dir)
		return -EISDIR;
	return ofl_p9_read_all(file->p9, file->fid, offset, buf, len);
}

ssize_t read(int fd, void *buf, size_t len)
{
	struct open_file *file = ofl_file_of(fd);
	int64_t n;

	if (!file || (file->flags & O_ACCMODE) == O_WRONLY)
		return result(-EBADF);
	if (len > PTRDIFF_MAX)
		return result(-EINVAL);
	if (file->kind == KIND_CONSOLE)
		return result(ofl_tty_read(file->port, buf, len,
					   file->flags & O_NONBLOCK));
	if (file->kind == KIND_SOCKET)
		return result(ofl_socket_read(file->socket, buf, len,
					      file->flags & O_NONBLOCK));
	n = do_read(file, buf, len, file->offset);
	if (n > 0)
		file->offset += (uint64_t)n;
	return result(n);
}

ssize_t pread(int fd, void *buf, size_t len, off_t offset)
{
	struct open_file *file = ofl_file_of(fd);

	if (!file || (file->flags & O_ACCMODE) == O_WRONLY)
		return result(-EBADF);
	if (file->kind != KIND_FILE)
		return result(-ESPIPE);
	if (len > PTRDIFF_MAX || offset < 0)
		return result(-EINVAL);
	return result(do_read(file, buf, len, (uint64_t)offset));
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

ssize_t write(int fd, const void *buf, size_t len)
{
	struct open_file *file = ofl_file_of(fd);
	int64_t n;

	if (!file || (file->flags & O_ACCMODE) == O_RDONLY)
		return result(-EBADF);
	if (len > PTRDIFF_MAX)
		return result(-EINVAL);
	if (file->kind == KIND_CONSOLE)
		return result(ofl_tty_write(file->port, buf, len));
	if (file->kind == KIND_SOCKET)
		return result(ofl_socket_write(file->socket, buf, len,
					       file->flags & O_NONBLOCK));
	n = do_write(file, buf, len, &file->offset);
	if (n > 0)
		file->offset += (uint64_t)n;
	file->write_error = n < 0 ? (int)n : 0;
	return result(n);
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	struct open_file *file = ofl_file_of(fd);
	uint64_t at = (uint64_t)offset;

	if (!file || (file->flags & O_ACCMODE) == O_RDONLY)
		return result(-EBADF);
	if (file->kind != KIND_FILE)
		return result(-ESPIPE);
	if (len > PTRDIFF_MAX || offset < 0)
		return result(-EINVAL);
	return result(do_write(file, buf, len, &at));
}

static int64_t do_lseek(struct open_file *file, off_t offset, int whence)
{
	struct ofl_p9_attr attr;
	int64_t base = 0;
	int err;

	if (file->kind != KIND_FILE)
		return -ESPIPE;
	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		base = (int64_t)file->offset;
		break;
	case SEEK_END:
		err = ofl_p9_getattr(file->p9, file->fid, &attr);
		if (err)
			return err;
		base = (int64_t)attr.size;
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, (int64_t)offset, &base))
		return -EOVERFLOW;
	if (base < 0)
		return -EINVAL;
	file->offset = (uint64_t)base;
	return base;
}

off_t lseek(int fd, off_t offset, int whence)
{
	struct open_file *file = ofl_file_of(fd);

	if (!file)
		return result(-EBADF);
	return (off_t)result(do_lseek(file, offset, whence));
}

int ftruncate(int fd, off_t size)
{
	struct ofl_p9_set set = { .valid = OFL_P9_SET_SIZE };
	struct open_file *file = ofl_file_of(fd);

	if (!file)
		return result(-EBADF);
	if (file->kind != KIND_FILE || size < 0 ||
	    (file->flags & O_ACCMODE) == O_RDONLY)
		return result(-EINVAL);
	set.size = (uint64_t)size;
	return result(ofl_p9_setattr(file->p9, file->fid, &set));
}

static int sync_file(int fd, bool data_only)
{
	struct open_file *file = ofl_file_of(fd);

	if (!file)
		return result(-EBADF);
	if (file->kind != KIND_FILE)
		return result(-EINVAL);
	return result(ofl_p9_fsync(file->p9, file->fid, data_only));
}

int fsync(int fd)
{
	return sync_file(fd, false);
}

int fdatasync(int fd)
{
	return sync_file(fd, true);
}

