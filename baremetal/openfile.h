/* SPDX-License-Identifier: BSD-2-Clause */
/* What a descriptor stands for; inside files.c and files_io.c. */
#ifndef OFFLOAD_OPENFILE_H
#define OFFLOAD_OPENFILE_H

#include "files.h"

enum kind {
	KIND_NONE,
	KIND_CONSOLE,
	KIND_FILE,
	KIND_SOCKET,
};

struct open_file {
	enum kind kind;
	unsigned int refs;
	int flags; /* O_* as of open() */
	struct ofl_p9 *p9;
	uint32_t fid;
	bool is_dir;
	uint64_t offset;
	int write_error; /* of the last write() of a file; 0: it was taken */
	struct ofl_socket *socket;
	struct ofl_console *port; /* console: another than descriptors 0 to 2 have */
};

/* NULL: there is none. */
struct open_file *ofl_file_of(int fd);

#endif
