// SPDX-License-Identifier: BSD-2-Clause
#if defined(__x86_64__)
#include "caught.h"
#include "core.h"
#include "cpu.h"
#include "ktap.h"
#include "lapic.h"
#include "memory/memory.h"

#define ADDRESS 0x000ffffffffff000ull

bool memory_valid(uint64_t entry)
{
	return entry & 1;
}

uint64_t memory_next(uint64_t entry)
{
	return entry & ADDRESS;
}

uint64_t memory_root(void)
{
	return read_cr3() & ADDRESS;
}

unsigned int memory_levels(void)
{
	return read_cr4() & CR4_LA57 ? 5 : 4;
}

bool memory_leaf(uint64_t entry, unsigned int level, struct leaf *leaf)
{
	bool device = (entry & 0x18) == 0x18; /* PCD and PWT */

	if (level && !(entry & 0x80))
		return false;
	leaf->pa = entry & ADDRESS & ~((1ull << (12 + 9 * level)) - 1);
	leaf->may = MAY_READ | (entry & 2 ? MAY_WRITE : 0) |
		    (entry >> 63 ? 0 : MAY_EXEC) | (device ? IS_DEVICE : 0);
	leaf->user = entry & 4;
	leaf->global = entry & 0x100;
	leaf->normal = device || !(entry & 0x18);
	return true;
}

void memory_list_machine(void)
{
	const struct ofl_boot_x86 *x86 = &ofl_boot->arch.x86;

	memory_add("park area, first page", x86->park_pa, x86->park_pa + OFL_PAGE,
		   x86->park_pa, MAY_READ | MAY_EXEC);
	memory_add("park area, the rest", x86->park_pa + OFL_PAGE,
		   x86->park_pa + OFL_PARK_SIZE, x86->park_pa + OFL_PAGE, MAY_READ);
	if (lapic_is_mmio())
		memory_add("local APIC", x86->lapic_pa, x86->lapic_pa + OFL_PAGE,
			   x86->lapic_pa, MAY_READ | MAY_WRITE | IS_DEVICE);
}

void memory_sync_code(const void *p)
{
	(void)p;
}

static void read_byte(uintptr_t addr, uintptr_t unused)
{
	(void)unused;
	(void)*(volatile uint8_t *)addr;
}

void memory_machine(void)
{
	/* CR0.WP is what makes read-only hold for ring 0. */
	uint64_t cr0 = read_cr0(), addr = OFL_REGION_VA + OFL_PGTABLE_OFF;
	uint8_t old = *(volatile uint8_t *)addr;
	bool stopped;

	write_cr0(cr0 & ~CR0_WP);
	stopped = caught_write(addr, old);
	write_cr0(cr0);
	ok(!stopped, "without CR0.WP the page tables could be written");
	ok(caught_write(addr, old), "with it they cannot");

	/* Not canonical: no page fault, a general protection fault. */
	ok(caught_between(read_byte, 0x800000000000ull, 0, (uintptr_t)__ofl_text_start,
			  (uintptr_t)__ofl_text_end), "a bad address is caught");
	is(ofl_fault_probe.vector, 13, "not canonical: general protection fault");
	ok(!caught(read_byte, addr, 0), "nothing is caught where nothing is wrong");
}
#endif
