/* SPDX-License-Identifier: BSD-2-Clause */
/* Access to the shared window; the rules are in mem.h. */
#include "mem.h"

#include <errno.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define MEM_STREAM 1024u /* bytes: from here on it pays */

/*
 * The compiler may not split, repeat or postpone the copy: without this it
 * could check one value and use another that it fetched again.
 */
static void mem_barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

/*
 * Long copies go around our caches: the lines are the other core's, which has read them
 * and will again, and to fetch each one first, to write to it, takes ten times as long
 * (docs/performance.md).  The fence: such stores are in no order with others.
 */
static void mem_copy_out(uint8_t *dst, const uint8_t *src, size_t len)
{
#ifdef __SSE2__
	size_t head = -(uintptr_t)dst & 15;

	if (len >= MEM_STREAM) {
		memcpy(dst, src, head);
		dst += head;
		src += head;
		len -= head;
		for (; len >= 64; len -= 64, dst += 64, src += 64)
			for (int i = 0; i < 64; i += 16)
				_mm_stream_si128((void *)(dst + i),
						 _mm_loadu_si128((const void *)(src + i)));
		_mm_sfence();
	}
#endif
	memcpy(dst, src, len);
}

int ofl_mem_read(const struct ofl_mem *mem, uint64_t pa, void *dst, size_t len)
{
	if (!ofl_mem_has(mem, pa, len))
		return -EFAULT;
	mem_barrier();
	memcpy(dst, mem->base + (pa - mem->pa), len);
	mem_barrier();
	return 0;
}

int ofl_mem_write(const struct ofl_mem *mem, uint64_t pa, const void *src,
		  size_t len)
{
	if (!ofl_mem_has(mem, pa, len))
		return -EFAULT;
	mem_barrier();
	mem_copy_out(mem->base + (pa - mem->pa), src, len);
	mem_barrier();
	return 0;
}

void *ofl_mem_at(const struct ofl_mem *mem, uint64_t pa, uint64_t len)
{
	return ofl_mem_has(mem, pa, len) ? mem->base + (pa - mem->pa) : NULL;
}

int ofl_mem_zero(const struct ofl_mem *mem, uint64_t pa, uint64_t len)
{
	if (!ofl_mem_has(mem, pa, len))
		return -EFAULT;
	memset(mem->base + (pa - mem->pa), 0, len);
	mem_barrier();
	return 0;
}

static void *mem_field(const struct ofl_mem *mem, uint64_t pa, size_t size)
{
	if ((pa & (size - 1)) || !ofl_mem_has(mem, pa, size))
		return NULL;
	return mem->base + (pa - mem->pa);
}

uint16_t ofl_mem_load16(const struct ofl_mem *mem, uint64_t pa)
{
	const uint16_t *p = mem_field(mem, pa, sizeof(*p));

	return p ? __atomic_load_n(p, __ATOMIC_ACQUIRE) : 0;
}

uint32_t ofl_mem_load32(const struct ofl_mem *mem, uint64_t pa)
{
	const uint32_t *p = mem_field(mem, pa, sizeof(*p));

	return p ? __atomic_load_n(p, __ATOMIC_ACQUIRE) : 0;
}

uint64_t ofl_mem_load64(const struct ofl_mem *mem, uint64_t pa)
{
	const uint64_t *p = mem_field(mem, pa, sizeof(*p));

	return p ? __atomic_load_n(p, __ATOMIC_ACQUIRE) : 0;
}

void ofl_mem_store16(const struct ofl_mem *mem, uint64_t pa, uint16_t value)
{
	uint16_t *p = mem_field(mem, pa, sizeof(*p));

	if (p)
		__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

void ofl_mem_store32(const struct ofl_mem *mem, uint64_t pa, uint32_t value)
{
	uint32_t *p = mem_field(mem, pa, sizeof(*p));

	if (p)
		__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

void ofl_mem_store64(const struct ofl_mem *mem, uint64_t pa, uint64_t value)
{
	uint64_t *p = mem_field(mem, pa, sizeof(*p));

	if (p)
		__atomic_store_n(p, value, __ATOMIC_RELEASE);
}

uint16_t ofl_mem_get16(const struct ofl_mem *mem, uint64_t pa)
{
	const uint16_t *p = mem_field(mem, pa, sizeof(*p));

	return p ? __atomic_load_n(p, __ATOMIC_RELAXED) : 0;
}

uint32_t ofl_mem_get32(const struct ofl_mem *mem, uint64_t pa)
{
	const uint32_t *p = mem_field(mem, pa, sizeof(*p));

	return p ? __atomic_load_n(p, __ATOMIC_RELAXED) : 0;
}

uint64_t ofl_mem_get64(const struct ofl_mem *mem, uint64_t pa)
{
	const uint64_t *p = mem_field(mem, pa, sizeof(*p));

	return p ? __atomic_load_n(p, __ATOMIC_RELAXED) : 0;
}

void ofl_mem_put16(const struct ofl_mem *mem, uint64_t pa, uint16_t value)
{
	uint16_t *p = mem_field(mem, pa, sizeof(*p));

	if (p)
		__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

void ofl_mem_put32(const struct ofl_mem *mem, uint64_t pa, uint32_t value)
{
	uint32_t *p = mem_field(mem, pa, sizeof(*p));

	if (p)
		__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

void ofl_mem_put64(const struct ofl_mem *mem, uint64_t pa, uint64_t value)
{
	uint64_t *p = mem_field(mem, pa, sizeof(*p));

	if (p)
		__atomic_store_n(p, value, __ATOMIC_RELAXED);
}

int ofl_mem_part(const struct ofl_mem *mem, uint64_t pa, uint64_t len, struct ofl_mem_part *part)
{
	if (!ofl_mem_has(mem, pa, len))
		return -EFAULT;
	part->at = mem->base + (pa - mem->pa);
	return 0;
}

void ofl_mem_fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
