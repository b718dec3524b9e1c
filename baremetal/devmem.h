/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of one device inside its window: rings and bounce buffers.  It
 * is handed out while the device starts and taken back as a whole by a
 * reset; nothing is allocated while it works.
 */
#ifndef OFFLOAD_DEVMEM_H
#define OFFLOAD_DEVMEM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <offload/abi.h>

struct ofl_devmem {
	uint8_t *va;
	uint64_t pa;
	size_t size;
	size_t used;
};

static inline void ofl_devmem_reset(struct ofl_devmem *mem)
{
	mem->used = 0;
}

/* Bytes left for one more allocation. */
static inline size_t ofl_devmem_left(const struct ofl_devmem *mem)
{
	size_t used = (mem->used + OFL_LINE - 1) & ~(size_t)(OFL_LINE - 1);

	return used < mem->size ? mem->size - used : 0;
}

/*
 * size bytes on cache lines of their own, zeroed, their physical address in
 * *pa; NULL if there is no room.
 */
static inline void *ofl_devmem_alloc(struct ofl_devmem *mem, size_t size,
				     uint64_t *pa)
{
	size_t at = (mem->used + OFL_LINE - 1) & ~(size_t)(OFL_LINE - 1);

	if (at > mem->size || size > mem->size - at)
		return NULL;
	mem->used = at + size;
	*pa = mem->pa + at;
	memset(mem->va + at, 0, size);
	return mem->va + at;
}

#endif
