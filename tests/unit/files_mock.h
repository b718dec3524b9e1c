/* SPDX-License-Identifier: BSD-2-Clause */
/* The file calls, over the mock server, with no sockets behind them. */
#ifndef OFL_TEST_FILES_MOCK_H
#define OFL_TEST_FILES_MOCK_H

#include "rt_mock.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "baremetal/console.c"
#include "baremetal/p9.c"
#include "baremetal/p9_many.c"
#include "baremetal/p9_names.c"
#include "baremetal/p9_ops.c"
#include "baremetal/p9_virtio.c"
#include "baremetal/virtio.c"
#include "baremetal/vq.c"

#include "p9_mock.h"

/* This program has a libc with the same names already. */
#define open t_open
#define creat t_creat
#define close t_close
#define read t_read
#define write t_write
#define pread t_pread
#define pwrite t_pwrite
#define lseek t_lseek
#define ftruncate t_ftruncate
#define fsync t_fsync
#define fdatasync t_fdatasync
#define fstat t_fstat
#define isatty t_isatty
#define dup t_dup
#define dup2 t_dup2
#define fcntl t_fcntl
#define stat(name, st) t_stat(name, st)
#define lstat t_lstat
#define access t_access
#define mkdir t_mkdir
#define unlink t_unlink
#define rmdir t_rmdir
#define rename t_rename
#define chmod t_chmod
#define fchmod t_fchmod
#define chown t_chown
#define lchown t_lchown
#define fchown t_fchown
#define truncate t_truncate
#define futimens t_futimens
#define utimensat t_utimensat
#define symlink t_symlink
#define readlink t_readlink
#define link t_link
#define statvfs(name, st) t_statvfs(name, st)
#define fstatvfs t_fstatvfs
#define ioctl t_ioctl
#define DIR struct ofl_dir
#define opendir t_opendir
#define readdir t_readdir
#define rewinddir t_rewinddir
#define closedir t_closedir
#define result files_result
#include "baremetal/files.c"
#undef result
#define result files_io_result
#include "baremetal/files_io.c"
#undef result
#include "baremetal/open.c"
#include "baremetal/tty.c"
#define result dir_result
#include "baremetal/dir.c"
#undef result
#include "baremetal/path.c"
#define result attr_result
#define owner attr_owner
#include "baremetal/attr.c"
#undef result
#define find port_find
#define post port_post
#define con ports
#include "baremetal/conports.c"
#undef con

/* Something behind a descriptor that is no file: a socket does the like. */
static unsigned int other_reads, other_writes, other_closes;

static int64_t other_read(struct open_file *file, void *buf, size_t len)
{
	(void)buf;
	other_reads++;
	return file->flags & O_NONBLOCK ? -EAGAIN : (int64_t)len;
}

static int64_t other_write(struct open_file *file, const void *buf, size_t len)
{
	(void)file;
	(void)buf;
	other_writes++;
	return (int64_t)len;
}

static int other_close(struct open_file *file)
{
	(void)file;
	other_closes++;
	return 0;
}

static int other_poll(struct open_file *file)
{
	(void)file;
	return POLLHUP;
}

static const struct ofl_file_ops other_ops = {
	.mode = S_IFSOCK | 0600,
	.read = other_read,
	.write = other_write,
	.poll = other_poll,
	.close = other_close,
};

static struct ofl_virtio dev;
static struct ofl_p9 share, other;

static inline void start_share(void)
{
	srv_prepare(&dev, 24 * 1024);
	ofl_files_forget(&share);
	ofl_files_forget(&other);
	ofl_tty_use(NULL);
	assert_int_equal(ofl_p9_start(&share, &dev), 0);
	assert_int_equal(ofl_files_mount(&share, true), 0);
}

static inline void end_share(void)
{
	for (int fd = 3; fd < OFL_OPEN_MAX; fd++)
		close(fd);
	free(share.reply);
	share.reply = NULL;
}

#define assert_fails(call, number)                                             \
	do {                                                                   \
		errno = 0;                                                     \
		assert_true((intptr_t)(call) == -1);                           \
		assert_int_equal(errno, number);                               \
	} while (0)

#endif
