// SPDX-License-Identifier: BSD-2-Clause
/*
 * The live page tables, entry by entry.  They lie in the region's pool of
 * tables, which is mapped, so a physical address can be followed there.
 */
#include "memory/memory.h"

#include "core.h"
#include "ktap.h"

#define MAX_AREAS 24u

static struct {
	uint64_t leaves, wx, user, stray, wrong_may, wrong_pa, odd_type, not_global;
	uint64_t outside; /* tables that do not lie in the pool */
	uint64_t first_bad;
	uint64_t bytes[MAX_AREAS];
} found;

static const struct area *listed;

static void bad(uint64_t *counter, uint64_t va)
{
	(*counter)++;
	if (!found.first_bad)
		found.first_bad = va ? va : 1;
}

static void check_leaf(uint64_t va, uint64_t size, const struct leaf *leaf)
{
	const struct area *area;

	found.leaves++;
	if ((leaf->may & MAY_WRITE) && (leaf->may & MAY_EXEC))
		bad(&found.wx, va);
	if (leaf->user)
		bad(&found.user, va);
	if (!leaf->global)
		bad(&found.not_global, va);
	if (!leaf->normal)
		bad(&found.odd_type, va);
	/* A block may hold the end of an area, never two of them. */
	area = memory_area(va);
	if (area == &memory_none || va + size > area->end) {
		bad(&found.stray, va);
		return;
	}
	if (leaf->may != area->may)
		bad(&found.wrong_may, va);
	if (leaf->pa != va - area->start + area->pa)
		bad(&found.wrong_pa, va);
	found.bytes[area - listed] += size;
}

static const uint64_t *table_at(uint64_t pa)
{
	uint64_t pool = ofl_boot->info.region_pa + OFL_PGTABLE_OFF;

	if (pa < pool || pa >= pool + OFL_PGTABLE_SIZE) {
		found.outside++;
		return NULL;
	}
	return (const uint64_t *)(OFL_REGION_VA + OFL_PGTABLE_OFF + (pa - pool));
}

static void walk(uint64_t pa, unsigned int level, uint64_t base)
{
	uint64_t size = 1ull << (12 + 9 * level);
	const uint64_t *table = table_at(pa);
	struct leaf leaf;

	for (unsigned int i = 0; table && i < 512; i++) {
		if (!memory_valid(table[i]))
			continue;
		if (memory_leaf(table[i], level, &leaf))
			check_leaf(base + i * size, size, &leaf);
		else
			walk(memory_next(table[i]), level - 1, base + i * size);
	}
}

void memory_walk(const struct area *areas, unsigned int nr)
{
	listed = areas;
	walk(memory_root(), memory_levels() - 1, 0);
	ok(found.leaves > 10, "page tables: there are entries");
	is(found.outside, 0, "page tables: all of them lie in their pool");
	is(found.wx, 0, "page tables: nothing is writable and executable");
	is(found.user, 0, "page tables: nothing is open to user mode");
	is(found.stray, 0, "page tables: nothing is mapped that is on no list");
	is(found.wrong_may, 0, "page tables: every entry allows what its area should");
	is(found.wrong_pa, 0, "page tables: every entry leads to the right memory");
	is(found.odd_type, 0, "page tables: memory is cacheable, or a device");
	is(found.not_global, 0, "page tables: every entry is global");
	if (found.first_bad)
		ktap_note("first bad entry at %llx", (unsigned long long)found.first_bad);
	for (unsigned int i = 0; i < nr; i++)
		is(found.bytes[i], areas[i].end - areas[i].start, "%s: mapped as a whole",
		   areas[i].name);
}
