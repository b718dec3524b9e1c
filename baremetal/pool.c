// SPDX-License-Identifier: BSD-2-Clause
/*
 * Allocator of the pool: runs of pages, first fit.  What is taken is recorded in private
 * memory only; in the pool itself there is nothing to corrupt.
 */
#include <offload/pool.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <offload/abi.h>

#include "pool.h"

/* By page: 0 free; else REST, or the number of pages of the run that begins here. */
#define REST UINT32_MAX
#define LOST (1u << 31) /* beside the number: the device may still write there */

static uint32_t *run;
static struct ofl_pool_range known;

static size_t nr_pages(void)
{
	return known.size / OFL_PAGE;
}

static void release(size_t first)
{
	size_t n = run[first] & ~LOST;

	memset(run + first, 0, n * sizeof(*run));
}

static void lost(uint64_t pa)
{
	size_t i = (size_t)(pa - known.pa) / OFL_PAGE;

	if (!run || pa - known.pa >= known.size)
		return;
	while (i && run[i] == REST)
		i--;
	if (run[i] && run[i] != REST)
		run[i] |= LOST;
}

/* Another PMM: buffers at the same place stay, what it cannot write to any more is free. */
static int look(void)
{
	const struct ofl_pool_range *now = &ofl_pool_range;

	if (!now->va)
		return -ENODEV;
	if (run && known.va == now->va && known.size == now->size) {
		for (size_t i = 0; known.epoch != now->epoch && i < nr_pages(); i++)
			if (run[i] != REST && (run[i] & LOST))
				release(i);
		known.epoch = now->epoch;
		return 0;
	}
	free(run);
	run = calloc(now->size / OFL_PAGE, sizeof(*run));
	if (!run)
		return -ENOMEM;
	known = *now;
	ofl_pool_lost = lost;
	return 0;
}

static int allocate(size_t size, void **buf)
{
	size_t n, got = 0;
	int err;

	if (!size)
		return -EINVAL;
	err = look();
	if (err)
		return err;
	if (size > known.size)
		return -ENOMEM;
	n = (size + OFL_PAGE - 1) / OFL_PAGE;
	for (size_t i = 0; i < nr_pages(); i++) {
		got = run[i] ? 0 : got + 1;
		if (got < n)
			continue;
		i -= n - 1;
		run[i] = (uint32_t)n;
		for (size_t k = 1; k < n; k++)
			run[i + k] = REST;
		*buf = known.va + i * OFL_PAGE;
		return 0;
	}
	return -EAGAIN;
}

void *ofl_pool_alloc(size_t size)
{
	void *buf = NULL;
	int err = allocate(size, &buf);

	if (err)
		errno = -err;
	return buf;
}

void ofl_pool_free(void *buf)
{
	size_t at = (size_t)((uintptr_t)buf - (uintptr_t)known.va);
	size_t i = at / OFL_PAGE;

	if (!buf || look() || at >= known.size || at % OFL_PAGE || !run[i] ||
	    run[i] == REST || (run[i] & LOST))
		return;
	release(i);
}

size_t ofl_pool_size(void)
{
	return ofl_pool_range.va ? ofl_pool_range.size : 0;
}
