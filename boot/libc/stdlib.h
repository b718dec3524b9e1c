/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFFLOAD_BOOT_STDLIB_H
#define OFFLOAD_BOOT_STDLIB_H

#include <stddef.h>

/* From the heap that ofl_heap_init() was given; see boot/heap.c. */
void *malloc(size_t size);
void *calloc(size_t nr, size_t size);
void *realloc(void *old, size_t size);
void free(void *p);

#endif
