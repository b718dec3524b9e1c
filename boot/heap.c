// SPDX-License-Identifier: BSD-2-Clause
/*
 * malloc for the stand-in host: first fit in a list of blocks in the order of
 * their addresses; free neighbours are merged by the next search.
 */
#include "heap.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 16u

struct block {
	size_t size; /* of what follows, a multiple of ALIGN */
	size_t used;
};
_Static_assert(sizeof(struct block) == ALIGN, "data are as aligned as blocks");

static uint8_t *heap, *heap_end;

void ofl_heap_init(void *start, size_t size)
{
	struct block *first = start;

	heap = start;
	heap_end = heap + size / ALIGN * ALIGN;
	first->size = (size_t)(heap_end - heap) - sizeof(*first);
	first->used = false;
}

static struct block *next_of(struct block *b)
{
	uint8_t *next = (uint8_t *)(b + 1) + b->size;

	return next < heap_end ? (struct block *)next : NULL;
}

static void merge(struct block *b)
{
	struct block *next;

	while ((next = next_of(b)) && !next->used)
		b->size += sizeof(*next) + next->size;
}

/* Cut what is behind size bytes off, if that is worth it. */
static void split(struct block *b, size_t size)
{
	struct block *rest = (struct block *)((uint8_t *)(b + 1) + size);

	if (b->size < size + 2 * sizeof(*b))
		return;
	rest->size = b->size - size - sizeof(*rest);
	rest->used = false;
	b->size = size;
}

void *malloc(size_t size)
{
	struct block *b;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + !size + ALIGN - 1) / ALIGN * ALIGN;
	for (b = (struct block *)heap; b; b = next_of(b)) {
		if (b->used)
			continue;
		merge(b);
		if (b->size < size)
			continue;
		split(b, size);
		b->used = true;
		return b + 1;
	}
	return NULL;
}

void *calloc(size_t nr, size_t size)
{
	void *p;

	if (size && nr > SIZE_MAX / size)
		return NULL;
	p = malloc(nr * size);
	if (p)
		memset(p, 0, nr * size);
	return p;
}

void *realloc(void *old, size_t size)
{
	struct block *b;
	void *new;

	if (!old)
		return malloc(size);
	b = (struct block *)old - 1;
	if (size <= b->size)
		return old;
	new = malloc(size);
	if (new) {
		memcpy(new, old, b->size);
		free(old);
	}
	return new;
}

void free(void *p)
{
	if (p)
		((struct block *)p - 1)->used = false;
}
