/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFFLOAD_BOOT_HEAP_H
#define OFFLOAD_BOOT_HEAP_H

#include <stddef.h>

/* What malloc() gives out from now on; start is aligned to 16 bytes. */
void ofl_heap_init(void *start, size_t size);

#endif
