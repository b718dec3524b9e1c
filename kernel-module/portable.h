/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few names that the pure files of this folder (image.c, memspec.c,
 * devspec.c, spec.c, args.c, refuse.c, report.c, request.c, elfcore.c) need from
 * their surroundings, so that they
 * compile in the kernel and in user space alike.  Another loader adds its
 * branch here.
 */
#ifndef OFFLOAD_PORTABLE_H
#define OFFLOAD_PORTABLE_H

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#endif

#include <offload/abi.h>

/* For %llu and %llx: uint64_t is another type in each surroundings. */
#define OFL_ULL(x) ((unsigned long long)(x))

/* Long enough for every message of the pure files, NUL included. */
#define OFL_MSG_MAX 256

#endif
