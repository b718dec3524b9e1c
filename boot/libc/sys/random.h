/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFFLOAD_BOOT_SYS_RANDOM_H
#define OFFLOAD_BOOT_SYS_RANDOM_H

#include <stddef.h>

#define GRND_NONBLOCK 1u

typedef long ssize_t;

/* See boot/entropy.c; -1 without a seed. */
ssize_t getrandom(void *buf, size_t len, unsigned int flags);

#endif
