/* SPDX-License-Identifier: BSD-2-Clause */
/* The C library's, and what newlib declares for other systems only. */
#ifndef OFFLOAD_SYS_STAT_H
#define OFFLOAD_SYS_STAT_H

#include_next <sys/stat.h>

#ifdef __cplusplus
extern "C" {
#endif

/* POSIX, lstat(): of a symbolic link itself. */
int lstat(const char *__restrict name, struct stat *__restrict st);

#ifdef __cplusplus
}
#endif
#endif
