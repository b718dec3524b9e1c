// SPDX-License-Identifier: BSD-2-Clause
#if defined(__aarch64__)
#include "caught.h"
#include "core.h"
#include "cpu.h"
#include "ktap.h"
#include "memory/memory.h"

#define ADDRESS 0x0000fffffffff000ull

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
	return (current_el() == 2 ? read_sysreg("ttbr0_el2") : read_sysreg("ttbr0_el1")) &
	       ADDRESS;
}

unsigned int memory_levels(void)
{
	return 4;
}

bool memory_leaf(uint64_t entry, unsigned int level, struct leaf *leaf)
{
	bool el2 = current_el() == 2;
	bool device = (entry >> 2 & 7) == 1;
	/* EL1: PXN decides for us, UXN must be set too where PXN is. */
	bool never = entry >> 54 & 1, privileged_never = el2 ? never : entry >> 53 & 1;

	if (level && (entry & 2))
		return false;
	leaf->pa = entry & ADDRESS & ~((1ull << (12 + 9 * level)) - 1);
	leaf->may = MAY_READ | (entry >> 7 & 1 ? 0 : MAY_WRITE) |
		    (privileged_never ? 0 : MAY_EXEC) | (device ? IS_DEVICE : 0);
	leaf->user = el2 ? false : entry >> 6 & 1;
	leaf->global = !(entry >> 11 & 1);
	/* inner shareable, access flag set, one of our two types */
	leaf->normal = (entry >> 8 & 3) == 3 && entry >> 10 & 1 && (entry >> 2 & 7) < 2 &&
		       never == privileged_never;
	return true;
}

void memory_list_machine(void)
{
	const struct ofl_boot_arm64 *arm = &ofl_boot->arch.arm64;
	unsigned int may = MAY_READ | MAY_WRITE | IS_DEVICE;

	memory_add("GIC distributor", arm->gicd_pa, arm->gicd_pa + 0x1000, arm->gicd_pa, may);
	if (arm->gic_version >= 3)
		memory_add("GIC redistributor", arm->gicr_pa, arm->gicr_pa + 0x20000,
			   arm->gicr_pa, may);
	else
		memory_add("GIC CPU interface", arm->gicc_pa, arm->gicc_pa + 0x1000,
			   arm->gicc_pa, may);
}

void memory_sync_code(const void *p)
{
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb"
			 : : "r"(p) : "memory");
}

/* The processor's own opinion of an address: PAR_EL1. */
static uint64_t translate(const void *p, bool write)
{
	if (current_el() == 2) {
		if (write)
			__asm__ volatile("at s1e2w, %0" : : "r"(p));
		else
			__asm__ volatile("at s1e2r, %0" : : "r"(p));
	} else {
		if (write)
			__asm__ volatile("at s1e1w, %0" : : "r"(p));
		else
			__asm__ volatile("at s1e1r, %0" : : "r"(p));
	}
	isb();
	return read_sysreg("par_el1");
}

static void pointless(uintptr_t a, uintptr_t b)
{
	(void)a;
	(void)b;
}

void memory_machine(void)
{
	uint64_t text = (uintptr_t)__ofl_text_start & ~0xfffull;
	uint64_t pa = text - OFL_REGION_VA + ofl_boot->info.region_pa;

	is(translate(__ofl_text_start, false) & 1, 0, "AT: text can be read");
	is(translate(__ofl_text_start, false) & ADDRESS, pa, "AT: at its physical address");
	is(translate(__ofl_text_start, true) & 1, 1, "AT: text cannot be written");
	is(translate(__ofl_data_start, true) & 1, 0, "AT: data can be written");
	is(translate(__ofl_data_start, true) >> 56, 0xff, "AT: data is write-back memory");
	is(translate(__ofl_guard, false) & 1, 1, "AT: the guard page cannot be read");
	is(translate((void *)ofl_boot->arch.arm64.gicd_pa, true) >> 56, 0x04,
	   "AT: the GIC is device memory");
	ok(!caught(pointless, 0, 0), "nothing is caught where nothing is wrong");
	ok(caught_read(0xffff000000000000ull), "the upper half of the addresses is not mapped");
	is(caught_kind(), CAUGHT_UNMAPPED, "by any table");
}
#endif
