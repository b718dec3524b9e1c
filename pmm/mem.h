/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one accessor for the bytes that the PMM shares with the image.
 *
 * The image is hostile and runs on while we look: what is read here may have
 * changed by the next read.  So nothing outside mem.c follows a pointer into
 * the window.  Everybody else names a physical address and a length, and gets
 * a private copy, or a place that only the kernel or a copy reads or writes
 * (ofl_mem_at); addresses are checked on every call, the whole range, with
 * arithmetic that cannot wrap.
 */
#ifndef OFL_PMM_MEM_H
#define OFL_PMM_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The shared window: page aligned in both address spaces. */
struct ofl_mem {
	uint8_t *base; /* our mapping */
	uint64_t pa;   /* the same byte as the image names it */
	uint64_t size;
};

/* Do all bytes of [pa, pa + len) lie in the window? */
static inline bool ofl_mem_has(const struct ofl_mem *mem, uint64_t pa, uint64_t len)
{
	uint64_t off = pa - mem->pa;

	return pa >= mem->pa && off <= mem->size && len <= mem->size - off;
}

/*
 * Copy out of, into, and clear; 0, or -EFAULT if the range is not whole in the
 * window, and then nothing was touched.  Each shared byte is read once.
 */
int ofl_mem_read(const struct ofl_mem *mem, uint64_t pa, void *dst, size_t len);
int ofl_mem_write(const struct ofl_mem *mem, uint64_t pa, const void *src,
		  size_t len);
int ofl_mem_zero(const struct ofl_mem *mem, uint64_t pa, uint64_t len);

/*
 * Where [pa, pa + len) is, for a system call or a copy to read from or write to; NULL if
 * it is not whole in the window.  Nobody decides anything by what is read there.
 */
void *ofl_mem_at(const struct ofl_mem *mem, uint64_t pa, uint64_t len);

/*
 * Single fields: loads are acquire, stores are release.  The caller has checked
 * the structure they belong to; should the address be outside or misaligned
 * all the same, a load gives 0 and a store does nothing.
 */
uint16_t ofl_mem_load16(const struct ofl_mem *mem, uint64_t pa);
uint32_t ofl_mem_load32(const struct ofl_mem *mem, uint64_t pa);
uint64_t ofl_mem_load64(const struct ofl_mem *mem, uint64_t pa);
void ofl_mem_store16(const struct ofl_mem *mem, uint64_t pa, uint16_t value);
void ofl_mem_store32(const struct ofl_mem *mem, uint64_t pa, uint32_t value);
void ofl_mem_store64(const struct ofl_mem *mem, uint64_t pa, uint64_t value);

/* The same without an order: what an acquire load or a release store covers. */
uint16_t ofl_mem_get16(const struct ofl_mem *mem, uint64_t pa);
uint32_t ofl_mem_get32(const struct ofl_mem *mem, uint64_t pa);
uint64_t ofl_mem_get64(const struct ofl_mem *mem, uint64_t pa);
void ofl_mem_put16(const struct ofl_mem *mem, uint64_t pa, uint16_t value);
void ofl_mem_put32(const struct ofl_mem *mem, uint64_t pa, uint32_t value);
void ofl_mem_put64(const struct ofl_mem *mem, uint64_t pa, uint64_t value);

/*
 * A part of the window that was found to be whole in it, once, for fields that are looked
 * at all the time: what is in it is as hostile as ever, but `off` is the caller's own, in
 * the part and aligned, so that nothing is checked here.
 */
struct ofl_mem_part {
	uint8_t *at;
};

/* [pa, pa + len) as a part: 0, or -EFAULT. */
int ofl_mem_part(const struct ofl_mem *mem, uint64_t pa, uint64_t len, struct ofl_mem_part *part);

static inline uint16_t ofl_mem_load16_in(const struct ofl_mem_part *part, uint32_t off)
{
	return __atomic_load_n((const uint16_t *)(const void *)(part->at + off), __ATOMIC_ACQUIRE);
}

static inline uint16_t ofl_mem_get16_in(const struct ofl_mem_part *part, uint32_t off)
{
	return __atomic_load_n((const uint16_t *)(const void *)(part->at + off), __ATOMIC_RELAXED);
}

static inline uint32_t ofl_mem_get32_in(const struct ofl_mem_part *part, uint32_t off)
{
	return __atomic_load_n((const uint32_t *)(const void *)(part->at + off), __ATOMIC_RELAXED);
}

static inline uint64_t ofl_mem_get64_in(const struct ofl_mem_part *part, uint32_t off)
{
	return __atomic_load_n((const uint64_t *)(const void *)(part->at + off), __ATOMIC_RELAXED);
}

static inline void ofl_mem_store16_in(const struct ofl_mem_part *part, uint32_t off, uint16_t value)
{
	__atomic_store_n((uint16_t *)(void *)(part->at + off), value, __ATOMIC_RELEASE);
}

static inline void ofl_mem_put16_in(const struct ofl_mem_part *part, uint32_t off, uint16_t value)
{
	__atomic_store_n((uint16_t *)(void *)(part->at + off), value, __ATOMIC_RELAXED);
}

static inline void ofl_mem_put32_in(const struct ofl_mem_part *part, uint32_t off, uint32_t value)
{
	__atomic_store_n((uint32_t *)(void *)(part->at + off), value, __ATOMIC_RELAXED);
}

/* Orders our stores before our later loads, as doorbells and EVENT_IDX need. */
void ofl_mem_fence(void);

#endif
