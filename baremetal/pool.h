/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the pool of shared buffers is (in virtio.c; devtree.c finds it), for drivers. */
#ifndef OFFLOAD_BAREMETAL_POOL_H
#define OFFLOAD_BAREMETAL_POOL_H

#include <stddef.h>
#include <stdint.h>

struct ofl_pool_range {
	uint8_t *va; /* NULL: there is none */
	uint64_t pa;
	size_t size;
	uint32_t epoch; /* of the PMM that laid it out */
};

extern struct ofl_pool_range ofl_pool_range;

/* The physical address of a buffer that is whole in the pool; 0: it is not. */
static inline uint64_t ofl_pool_pa(const void *buf, size_t len)
{
	uintptr_t at = (uintptr_t)buf - (uintptr_t)ofl_pool_range.va;

	if (!ofl_pool_range.va || at >= ofl_pool_range.size ||
	    len > ofl_pool_range.size - at)
		return 0;
	return ofl_pool_range.pa + at;
}

/*
 * The device never gave the buffer at pa back.  Set by pool.c, which is linked into
 * images that have such buffers.
 */
extern void (*ofl_pool_lost)(uint64_t pa);

#endif
