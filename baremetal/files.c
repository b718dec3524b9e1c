// SPDX-License-Identifier: BSD-2-Clause
/*
 * File descriptors.
 *
 * A descriptor points to an open file description, which dup() shares: the
 * console (tty.c), a fid of a 9p share with an offset, or a socket.  0, 1 and 2
 * are the console from the start.  Data goes in and out in files_io.c.
 *
 * The POSIX functions return -1 and set errno; inside, 0 or -errno.
 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conports.h"
#include "openfile.h"
#include "socket.h"
#include "tty.h"

static struct open_file console_file = { .kind = KIND_CONSOLE, .refs = 3,
					 .flags = O_RDWR };
static struct open_file open_files[OFL_OPEN_MAX];
static struct open_file *fds[OFL_OPEN_MAX] = { &console_file, &console_file,
					       &console_file };
void *ofl_files_streams[OFL_OPEN_MAX];

/* -errno to the POSIX convention. */
static int result(int64_t ret)
{
	if (ret >= 0)
		return (int)ret;
	errno = (int)-ret;
	return -1;
}

struct open_file *ofl_file_of(int fd)
{
	return fd >= 0 && fd < OFL_OPEN_MAX ? fds[fd] : NULL;
}

static int lowest_fd(int from)
{
	for (int fd = from; fd < OFL_OPEN_MAX; fd++)
		if (!fds[fd])
			return fd;
	return -EMFILE;
}

static struct open_file *free_file(void)
{
	for (int i = 0; i < OFL_OPEN_MAX; i++)
		if (!open_files[i].refs)
			return &open_files[i];
	return NULL;
}

/* --- open and close --- */

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

static int do_open(const char *name, int flags, mode_t mode)
{
	struct ofl_console *port;
	struct open_file *file;
	struct ofl_path path;
	int fd, err;

	fd = lowest_fd(0);
	file = free_file();
	if (fd < 0 || !file)
		return -EMFILE;
	port = ofl_conports_find(name);
	if (port) {
		*file = (struct open_file){ .kind = KIND_CONSOLE, .refs = 1,
					    .flags = flags, .port = port };
		fds[fd] = file;
		return fd;
	}
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
	if (err)
		return err;
	file->kind = KIND_FILE;
	file->refs = 1;
	file->flags = flags;
	file->p9 = path.p9;
	file->offset = 0;
	file->write_error = 0;
	file->port = NULL;
	fds[fd] = file;
	return fd;
}

int open(const char *name, int flags, ...)
{
	mode_t mode = 0;

	if (flags & O_CREAT) {
		va_list ap;

		va_start(ap, flags);
		mode = (mode_t)va_arg(ap, int);
		va_end(ap);
	}
	return result(do_open(name, flags, mode));
}

int creat(const char *name, mode_t mode)
{
	return open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int close(int fd)
{
	struct open_file *file = ofl_file_of(fd);
	int err = 0, lost;

	if (!file)
		return result(-EBADF);
	/* fclose() of picolibc forgets that its last flush failed, not that this does. */
	lost = ofl_files_streams[fd] ? file->write_error : 0;
	fds[fd] = NULL;
	ofl_files_streams[fd] = NULL;
	if (--file->refs)
		return result(lost);
	if (file->kind == KIND_FILE)
		err = ofl_p9_clunk(file->p9, file->fid);
	else if (file->kind == KIND_SOCKET)
		ofl_socket_close(file->socket);
	return result(err ? err : lost);
}

/* --- about a descriptor --- */

int ofl_files_fid(int fd, struct ofl_p9 **p9, uint32_t *fid)
{
	struct open_file *file = ofl_file_of(fd);

	if (!file)
		return -EBADF;
	if (file->kind != KIND_FILE)
		return -EINVAL;
	*p9 = file->p9;
	*fid = file->fid;
	return 0;
}

int ofl_files_console_of(int fd, struct ofl_console **con)
{
	struct open_file *file = ofl_file_of(fd);

	if (!file)
		return -EBADF;
	if (file->kind != KIND_CONSOLE)
		return -ENOTTY;
	*con = ofl_tty_console(file->port);
	return 0;
}

int fstat(int fd, struct stat *st)
{
	struct open_file *file = ofl_file_of(fd);
	struct ofl_p9_attr attr;
	int err;

	if (!file)
		return result(-EBADF);
	if (file->kind != KIND_FILE) {
		memset(st, 0, sizeof(*st));
		st->st_mode = file->kind == KIND_SOCKET ? S_IFSOCK | 0600 :
							  S_IFCHR | 0620;
		st->st_nlink = 1;
		st->st_blksize = 1024;
		return 0;
	}
	err = ofl_p9_getattr(file->p9, file->fid, &attr);
	if (!err)
		ofl_attr_to_stat(&attr, st);
	return result(err);
}

int isatty(int fd)
{
	struct open_file *file = ofl_file_of(fd);

	if (!file) {
		errno = EBADF;
		return 0;
	}
	if (file->kind == KIND_CONSOLE)
		return 1;
	errno = ENOTTY;
	return 0;
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
	fds[to] = file;
	return to;
}

int dup(int fd)
{
	return result(dup_from(fd, 0));
}

int dup2(int fd, int to)
{
	struct open_file *file = ofl_file_of(fd);

	if (!file || to < 0 || to >= OFL_OPEN_MAX)
		return result(-EBADF);
	if (fd == to)
		return to;
	if (fds[to])
		close(to);
	file->refs++;
	fds[to] = file;
	return to;
}

int fcntl(int fd, int command, ...)
{
	const int changeable = O_APPEND | O_NONBLOCK;
	struct open_file *file = ofl_file_of(fd);
	va_list ap;
	int arg;

	if (!file)
		return result(-EBADF);
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
		return result(-EINVAL);
	}
	va_start(ap, command);
	arg = va_arg(ap, int);
	va_end(ap);
	if (command == F_DUPFD)
		return result(dup_from(fd, arg));
	if (command == F_SETFL)
		file->flags = (file->flags & ~changeable) | (arg & changeable);
	return 0;
}

/* --- for sockets and poll() --- */

bool ofl_files_room(void)
{
	return lowest_fd(0) >= 0 && free_file();
}

int ofl_files_add_socket(struct ofl_socket *sk, int flags)
{
	struct open_file *file = free_file();
	int fd = lowest_fd(0);

	if (fd < 0 || !file)
		return -EMFILE;
	*file = (struct open_file){ .kind = KIND_SOCKET, .refs = 1,
				    .flags = flags, .socket = sk };
	fds[fd] = file;
	return fd;
}

int ofl_files_socket(int fd, struct ofl_socket **sk, int *flags)
{
	struct open_file *file = ofl_file_of(fd);

	if (!file)
		return -EBADF;
	if (file->kind != KIND_SOCKET)
		return -ENOTSOCK;
	*sk = file->socket;
	*flags = file->flags;
	return 0;
}

/* Files are always ready; so is a console that would end or fail at once. */
int ofl_files_poll(int fd)
{
	struct open_file *file = ofl_file_of(fd);
	int bits = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;

	if (!file)
		return POLLNVAL;
	if (file->kind == KIND_SOCKET)
		return ofl_socket_poll(file->socket);
	if (file->kind == KIND_CONSOLE && !ofl_tty_readable(file->port))
		bits &= ~(POLLIN | POLLRDNORM);
	return bits;
}
