/* SPDX-License-Identifier: BSD-2-Clause */
/* What <dirent.h> of the C library needs to know of this system. */
#ifndef OFFLOAD_SYS_DIRENT_H
#define OFFLOAD_SYS_DIRENT_H

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define _DIRENT_HAVE_D_TYPE 1

struct dirent {
	ino_t d_ino;
	unsigned char d_type;
	char d_name[256];
};

#define DT_UNKNOWN 0
#define DT_FIFO 1
#define DT_CHR 2
#define DT_DIR 4
#define DT_BLK 6
#define DT_REG 8
#define DT_LNK 10
#define DT_SOCK 12

typedef struct ofl_dir DIR;

#ifdef __cplusplus
}
#endif
#endif
