/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFFLOAD_BOOT_LIMITS_H
#define OFFLOAD_BOOT_LIMITS_H

#define CHAR_BIT 8
#define INT_MAX __INT_MAX__
#define INT_MIN (-INT_MAX - 1)
#define UINT_MAX (INT_MAX * 2u + 1)
#define LONG_MAX __LONG_MAX__
#define ULONG_MAX (LONG_MAX * 2ul + 1)

#endif
