/* SPDX-License-Identifier: BSD-2-Clause */
/* Random bytes, from Linux's own generator by way of the PMM. */
#ifndef OFFLOAD_SYS_RANDOM_H
#define OFFLOAD_SYS_RANDOM_H

#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GRND_NONBLOCK 1
#define GRND_RANDOM 2

/* At most 256 bytes.  EIO: too many, or the PMM went away; ENOSYS: no device. */
int getentropy(void *buf, size_t len);
ssize_t getrandom(void *buf, size_t len, unsigned int flags);

#ifdef __cplusplus
}
#endif
#endif
