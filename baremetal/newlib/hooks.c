// SPDX-License-Identifier: BSD-2-Clause
/*
 * What newlib needs beyond POSIX functions.
 *
 * It is built without system calls of its own and without the underscores
 * (MISSING_SYSCALL_NAMES), so its _read_r() and the like call read() of the
 * runtime.  errno is in its one struct _reent, in data; exit() flushes the
 * streams, which it keeps a list of.
 */
#include "hooks.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

void __libc_fini_array(void);

/* Registered first, so it runs behind all handlers of the image. */
void ofl_libc_init(void)
{
	atexit(__libc_fini_array);
	__libc_init_array();
}

/* Its aligned_alloc() stands on this, which it leaves to the system. */
int posix_memalign(void **out, size_t align, size_t size)
{
	void *p;

	if (align < sizeof(void *) || (align & (align - 1)))
		return EINVAL;
	p = memalign(align, size);
	if (!p)
		return ENOMEM;
	*out = p;
	return 0;
}
