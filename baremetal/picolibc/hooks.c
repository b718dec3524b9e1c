// SPDX-License-Identifier: BSD-2-Clause
/* What picolibc needs beyond POSIX functions; fopen.c has the rest of it. */
#include "hooks.h"

/* Its exit() runs destructors by itself. */
void ofl_libc_init(void)
{
	__libc_init_array();
}
