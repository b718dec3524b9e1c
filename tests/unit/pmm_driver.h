/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tiny scripted driver for tests of the PMM: it owns a window, between guard
 * pages, places rings and buffers in it by hand, and may lie as it likes.  The
 * PMM's log lines are kept instead of printed.
 */
#ifndef PMM_DRIVER_H
#define PMM_DRIVER_H

#define _GNU_SOURCE 1
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <offload/abi.h>

#include "pmm/log.h"
#include "pmm/mem.c"
#include "pmm/vq.c"

#define WINDOW_PA 0x140000000ull
#define GUARD 0x10000u

#define NEXT 1u
#define WRITE 2u
#define INDIRECT 4u

static char last_log[1024];
static unsigned int logs;

void ofl_log(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last_log, sizeof(last_log), fmt, ap);
	va_end(ap);
	logs++;
	if (getenv("PMM_TEST_LOG"))
		fprintf(stderr, "# %s\n", last_log);
}

static inline struct ofl_mem window_new(uint64_t size)
{
	struct ofl_mem mem = { .pa = WINDOW_PA, .size = size };
	int fd = memfd_create("test-window", MFD_CLOEXEC);
	uint8_t *area;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	area = mmap(NULL, size + 2 * GUARD, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(area, MAP_FAILED);
	mem.base = mmap(area + GUARD, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED, fd, 0);
	assert_ptr_equal(mem.base, area + GUARD);
	close(fd);
	return mem;
}

static inline void window_free(struct ofl_mem *mem)
{
	munmap(mem->base - GUARD, mem->size + 2 * GUARD);
}

/* The driver's view: any byte of the window. */
static inline void *at(const struct ofl_mem *mem, uint64_t pa)
{
	assert_true(pa >= mem->pa && pa < mem->pa + mem->size);
	return mem->base + (pa - mem->pa);
}

struct ring {
	const struct ofl_mem *mem;
	struct ofl_vq_driver line;
	uint16_t avail_idx, used_seen;
};

/* Lay out a ring at pa; what is behind it. */
static inline uint64_t ring_init(struct ring *ring, const struct ofl_mem *mem,
				 uint64_t pa, uint32_t size)
{
	memset(ring, 0, sizeof(*ring));
	ring->mem = mem;
	ring->line.size = size;
	ring->line.desc = pa;
	ring->line.driver = pa + 16u * size;
	ring->line.device = (ring->line.driver + 6 + 2u * size + 3) & ~3ull;
	pa = (ring->line.device + 6 + 8u * size + 15) & ~15ull;
	memset(at(mem, ring->line.desc), 0, pa - ring->line.desc);
	return pa;
}

static inline void ring_desc(struct ring *ring, uint16_t i, uint64_t addr,
			     uint32_t len, uint16_t flags, uint16_t next)
{
	struct vq_desc *d = at(ring->mem, ring->line.desc + 16u * i);

	*d = (struct vq_desc){ addr, len, flags, next };
}

static inline void ring_set_avail(struct ring *ring, uint16_t idx)
{
	ring->avail_idx = idx;
	__atomic_store_n((uint16_t *)at(ring->mem, ring->line.driver + 2), idx,
			 __ATOMIC_RELEASE);
}

static inline void ring_submit(struct ring *ring, uint16_t head)
{
	uint16_t slot = ring->avail_idx & (ring->line.size - 1);

	*(uint16_t *)at(ring->mem, ring->line.driver + 4 + 2u * slot) = head;
	ring_set_avail(ring, ring->avail_idx + 1);
}

static inline uint16_t ring_used_idx(struct ring *ring)
{
	return __atomic_load_n((uint16_t *)at(ring->mem, ring->line.device + 2),
			       __ATOMIC_ACQUIRE);
}

/* The next used entry: 1 and its id and length, or 0. */
static inline int ring_used(struct ring *ring, uint32_t *id, uint32_t *len)
{
	uint32_t *entry;

	if (ring_used_idx(ring) == ring->used_seen)
		return 0;
	entry = at(ring->mem, ring->line.device + 4 +
				      8u * (ring->used_seen &
					    (ring->line.size - 1)));
	*id = entry[0];
	*len = entry[1];
	ring->used_seen++;
	return 1;
}

#endif
