// SPDX-License-Identifier: BSD-2-Clause
/*
 * File descriptors.
 *
 * A descriptor points to an open file description (openfile.h), which dup() shares.  0, 1
 * and 2 are the console (tty.c) from the start.  The table grows with what is opened.
 *
 * The POSIX functions return -1 and set errno; inside, 0 or -errno.
 */
#include "openfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tty.h"

#define FDS_FIRST 8

struct fd {
	struct open_file *file; /* NULL: free */
	void *stream;		/* fopen()'s on it */
};

static struct open_file console_file = { .ops = &ofl_console_ops, .refs = 3,
					 .flags = O_RDWR };
static struct fd first_fds[FDS_FIRST] = { { &console_file, NULL },
					  { &console_file, NULL },
					  { &console_file, NULL } };
static struct fd *fds = first_fds;
static int nr_fds = FDS_FIRST;
static int maybe_free = 3; /* below there is none */

/* -errno to the POSIX convention. */
static int64_t result(int64_t ret)
{
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

struct open_file *ofl_file_of(int fd)
{
	return fd >= 0 && fd < nr_fds ? fds[fd].file : NULL;
}

void **ofl_files_stream(int fd)
{
	return fd >= 0 && fd < nr_fds ? &fds[fd].stream : NULL;
}

/* --- the table --- */

/* Room for descriptor fd. */
static int grow(int fd)
{
	int n = nr_fds;
	struct fd *more;

	if (fd >= OFL_OPEN_MAX)
		return -EMFILE;
	while (n <= fd)
		n *= 2;
	more = calloc((size_t)n, sizeof(*more));
	if (!more)
		return -ENOMEM;
	memcpy(more, fds, (size_t)nr_fds * sizeof(*fds));
	if (fds != first_fds)
		free(fds);
	fds = more;
	nr_fds = n;
	return 0;
}

static int lowest_fd(int from)
{
	int fd = from > maybe_free ? from : maybe_free, err;

	while (fd < nr_fds && fds[fd].file)
		fd++;
	if (from <= maybe_free)
		maybe_free = fd;
	if (fd < nr_fds)
		return fd;
	err = grow(fd);
	return err ? err : fd;
}

int ofl_file_add(const struct ofl_file_ops *ops, int flags, struct open_file **file)
{
	int fd = lowest_fd(0);

	if (fd < 0)
		return fd;
	*file = calloc(1, sizeof(**file));
	if (!*file)
		return -ENOMEM;
	(*file)->ops = ops;
	(*file)->refs = 1;
	(*file)->flags = flags;
	fds[fd].file = *file;
	return fd;
}

/* The descriptor is free; the file, if there is no other one of it. */
static struct open_file *forget(int fd)
{
	struct open_file *file = fds[fd].file;

	fds[fd] = (struct fd){ 0 };
	if (fd < maybe_free)
		maybe_free = fd;
	return --file->refs ? NULL : file;
}

static void dispose(struct open_file *file)
{
	if (file != &console_file)
		free(file);
}

void ofl_file_drop(int fd)
{
	dispose(forget(fd));
}

int close(int fd)
{
	struct open_file *file = ofl_file_of(fd);
	int err = 0, lost;

	if (!file)
		return (int)result(-EBADF);
	/* fclose() of picolibc forgets that its last flush failed, not that this does. */
	lost = fds[fd].stream ? file->write_error : 0;
	file = forget(fd);
	if (file) {
		if (file->ops->close)
			err = file->ops->close(file);
		dispose(file);
	}
	return (int)result(err ? err : lost);
}

static int dup_from(int fd, int from)
{
	struct open_file *file = ofl_file_of(fd);
	int to;

	if (!file)
		return -EBADF;
	if (from < 0 || from >= OFL_OPEN_MAX)
		return -EINVAL;
	to = lowest_fd(from);
	if (to < 0)
		return to;
	file->refs++;
	fds[to].file = file;
	return to;
}

int dup(int fd)
{
	return (int)result(dup_from(fd, 0));
}

int dup2(int fd, int to)
{
	struct open_file *file = ofl_file_of(fd);
	int err;

	if (!file || to < 0 || to >= OFL_OPEN_MAX)
		return (int)result(-EBADF);
	if (fd == to)
		return to;
	err = to < nr_fds ? 0 : grow(to);
	if (err)
		return (int)result(err);
	if (fds[to].file)
		close(to);
	file->refs++;
	fds[to].file = file;
	return to;
}

int fcntl(int fd, int command, ...)
{
	const int changeable = O_APPEND | O_NONBLOCK;
	struct open_file *file = ofl_file_of(fd);
	va_list ap;
	int arg;

	if (!file)
		return (int)result(-EBADF);
	switch (command) {
	case F_GETFD:
		return 0;
	case F_GETFL:
		return file->flags;
	case F_DUPFD:
	case F_SETFD:
	case F_SETFL:
		break;
	default:
		return (int)result(-EINVAL);
	}
	va_start(ap, command);
	arg = va_arg(ap, int);
	va_end(ap);
	if (command == F_DUPFD)
		return (int)result(dup_from(fd, arg));
	if (command == F_SETFL)
		file->flags = (file->flags & ~changeable) | (arg & changeable);
	return 0;
}

/* --- what any descriptor can do --- */

ssize_t read(int fd, void *buf, size_t len)
{
	struct open_file *file = ofl_file_of(fd);

	if (!file || (file->flags & O_ACCMODE) == O_WRONLY)
		return (ssize_t)result(-EBADF);
	if (len > PTRDIFF_MAX)
		return (ssize_t)result(-EINVAL);
	return (ssize_t)result(file->ops->read(file, buf, len));
}

ssize_t write(int fd, const void *buf, size_t len)
{
	struct open_file *file = ofl_file_of(fd);

	if (!file || (file->flags & O_ACCMODE) == O_RDONLY)
		return (ssize_t)result(-EBADF);
	if (len > PTRDIFF_MAX)
		return (ssize_t)result(-EINVAL);
	return (ssize_t)result(file->ops->write(file, buf, len));
}

static int64_t do_lseek(struct open_file *file, off_t offset, int whence)
{
	int64_t base = 0;

	if (!file->ops->size)
		return -ESPIPE;
	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		base = (int64_t)file->offset;
		break;
	case SEEK_END:
		base = file->ops->size(file);
		if (base < 0)
			return base;
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

	return (off_t)result(file ? do_lseek(file, offset, whence) : -EBADF);
}

int fstat(int fd, struct stat *st)
{
	struct open_file *file = ofl_file_of(fd);

	if (!file)
		return (int)result(-EBADF);
	if (file->ops->attr)
		return (int)result(file->ops->attr(file, st));
	memset(st, 0, sizeof(*st));
	st->st_mode = file->ops->mode;
	st->st_nlink = 1;
	st->st_blksize = 1024;
	return 0;
}

int ofl_files_poll(int fd)
{
	struct open_file *file = ofl_file_of(fd);

	if (!file)
		return POLLNVAL;
	return file->ops->poll ? file->ops->poll(file) :
				 POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
}

/* --- consoles --- */

static int64_t console_read(struct open_file *file, void *buf, size_t len)
{
	return ofl_tty_read(file->port, buf, len, file->flags & O_NONBLOCK);
}

static int64_t console_write(struct open_file *file, const void *buf, size_t len)
{
	return ofl_tty_write(file->port, buf, len);
}

/* One that would end or fail at once does not wait either. */
static int console_poll(struct open_file *file)
{
	return POLLOUT | POLLWRNORM |
	       (ofl_tty_readable(file->port) ? POLLIN | POLLRDNORM : 0);
}

const struct ofl_file_ops ofl_console_ops = {
	.mode = S_IFCHR | 0620,
	.read = console_read,
	.write = console_write,
	.poll = console_poll,
};

int ofl_files_console_of(int fd, struct ofl_console **con)
{
	struct open_file *file = ofl_file_of(fd);

	if (!file)
		return -EBADF;
	if (file->ops != &ofl_console_ops)
		return -ENOTTY;
	*con = ofl_tty_console(file->port);
	return 0;
}

int isatty(int fd)
{
	struct open_file *file = ofl_file_of(fd);

	if (file && file->ops == &ofl_console_ops)
		return 1;
	errno = file ? ENOTTY : EBADF;
	return 0;
}
