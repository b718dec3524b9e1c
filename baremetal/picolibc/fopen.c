// SPDX-License-Identifier: BSD-2-Clause
/*
 * fopen(), so that exit() can flush: picolibc keeps no list of open streams, and POSIX
 * wants what was written to them to arrive.  The list is kept by descriptor; close(),
 * which fclose() calls, takes a stream off.
 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Of a stream on a share, in place of BUFSIZ (512): as few round trips as are not felt, and
 * little enough for a program that jumps about in a file.
 */
#define STREAM_BUFFER 16384u

static int open_flags(const char *mode)
{
	int access = strchr(mode, '+') ? O_RDWR : O_WRONLY;
	int exclusive = strchr(mode, 'x') ? O_EXCL : 0;

	switch (mode[0]) {
	case 'r':
		return access == O_RDWR ? O_RDWR : O_RDONLY;
	case 'w':
		return access | O_CREAT | O_TRUNC | exclusive;
	case 'a':
		return access | O_CREAT | O_APPEND | exclusive;
	default:
		return -1;
	}
}

FILE *fopen(const char *restrict name, const char *restrict mode)
{
	int flags = open_flags(mode), fd;
	struct ofl_p9 *p9;
	uint32_t fid;
	FILE *stream;

	if (flags < 0) {
		errno = EINVAL;
		return NULL;
	}
	fd = open(name, flags, 0666);
	if (fd < 0)
		return NULL;
	stream = fdopen(fd, mode); /* closes fd if it fails */
	if (!stream)
		return NULL;
	*ofl_files_stream(fd) = stream;
	/* Without the memory, it has what fdopen() gave it. */
	if (!ofl_files_fid(fd, &p9, &fid))
		setvbuf(stream, NULL, _IOFBF, STREAM_BUFFER);
	return stream;
}

/* Behind the handlers of atexit(), which may still write. */
__attribute__((destructor(101))) static void flush_all(void)
{
	void **stream;

	for (int fd = 0; (stream = ofl_files_stream(fd)); fd++)
		if (*stream)
			fflush(*stream);
}
