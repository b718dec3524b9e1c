// SPDX-License-Identifier: BSD-2-Clause
/*
 * Page tables.
 *
 * Both architectures have the same shape here: 4 KiB pages, tables of 512
 * entries of 8 bytes, 2 MiB blocks in the last level but one.  They differ in
 * the bits of an entry, which come from <arch>/mmu_arch.h.
 *
 * The image's map (nothing else is mapped, nothing is both writable and
 * executable):
 *
 *   OFL_REGION_VA + boot, crash record, log   RW
 *                 + page tables               R
 *                 + text                      RX
 *                 + rodata                    R
 *                 + data, bss                 RW
 *                   GDT, IDT, TSS in it       R
 *                 + the guard page            -
 *                 + stack, heap               RW
 *   window_pa     the shared window           RW   at its physical address
 *   device registers, x86_64's park area           at their physical address
 *   devices that are the image's              RW   at their physical address
 *
 * On aarch64 this runs with the MMU off, at physical addresses: it must not
 * call anything outside this file, use no static data, and make only aligned
 * accesses (see baremetal/build.mk for the flags).
 */
#include <errno.h>

#include "core.h"
#include "mmu_arch.h"

#define ENTRIES 512u
#define BLOCK 0x200000ull

/* linker/offload.lds has these numbers too. */
_Static_assert(OFL_IMAGE_VA == 0x700000040000ull, "linker/offload.lds");

static int new_page(struct ofl_mmu *mmu, uint64_t *pa)
{
	volatile uint64_t *table;

	if (mmu->used >= mmu->pages)
		return -ENOMEM;
	table = (volatile uint64_t *)(mmu->pool + (uint64_t)mmu->used * OFL_PAGE);
	for (unsigned int i = 0; i < ENTRIES; i++)
		table[i] = 0;
	*pa = mmu->pool_pa + (uint64_t)mmu->used * OFL_PAGE;
	mmu->used++;
	return 0;
}

int ofl_mmu_init(struct ofl_mmu *mmu, uint8_t *pool, uint64_t pool_pa, uint32_t pages,
		 uint32_t levels)
{
	uint64_t root;

	mmu->pool = pool;
	mmu->pool_pa = pool_pa;
	mmu->pages = pages;
	mmu->used = 0;
	mmu->levels = levels;
	mmu->leaf_set = 0;
	mmu->leaf_clear = 0;
	return new_page(mmu, &root);
}

uint64_t ofl_mmu_root(const struct ofl_mmu *mmu)
{
	return mmu->pool_pa;
}

/* The table at pa, where the builder sees it. */
static volatile uint64_t *table_at(const struct ofl_mmu *mmu, uint64_t pa)
{
	return (volatile uint64_t *)(mmu->pool + (pa - mmu->pool_pa));
}

/*
 * One page or, with block set, one 2 MiB block.  Levels count from 0, the one
 * whose entries are pages.
 */
static int map_one(struct ofl_mmu *mmu, uint64_t va, uint64_t pa, enum ofl_prot prot,
		   bool block)
{
	volatile uint64_t *entry;
	uint64_t table = mmu->pool_pa;
	uint32_t last = block ? 1 : 0;
	int err;

	for (uint32_t level = mmu->levels - 1;; level--) {
		entry = &table_at(mmu, table)[va >> (12 + 9 * level) & (ENTRIES - 1)];
		if (level == last)
			break;
		if (!(*entry & OFL_PTE_VALID)) {
			err = new_page(mmu, &table);
			if (err)
				return err;
			*entry = ofl_pte_table(table);
		} else if (!ofl_pte_is_table(*entry)) {
			return -EEXIST;
		}
		table = *entry & OFL_PTE_ADDR;
	}
	if (*entry & OFL_PTE_VALID)
		return -EEXIST;
	*entry = (ofl_pte_leaf(pa, prot, block) & ~mmu->leaf_clear) | mmu->leaf_set;
	return 0;
}

int ofl_mmu_map(struct ofl_mmu *mmu, uint64_t va, uint64_t pa, uint64_t size,
		enum ofl_prot prot)
{
	if (!size || (va | pa | size) & (OFL_PAGE - 1))
		return -EINVAL;
	/* Address bits that no entry holds; and an end that wraps around. */
	if (pa + size - 1 < pa || va + size - 1 < va || (pa + size - 1) >> OFL_PA_BITS ||
	    (va + size - 1) >> OFL_VA_BITS)
		return -EINVAL;
	while (size) {
		bool block = !((va | pa) & (BLOCK - 1)) && size >= BLOCK;
		uint64_t step = block ? BLOCK : OFL_PAGE;
		int err = map_one(mmu, va, pa, prot, block);

		if (err)
			return err;
		va += step;
		pa += step;
		size -= step;
	}
	return 0;
}

/* [from, to) of the private region, in offsets. */
static int map_private(struct ofl_mmu *mmu, uint64_t region_pa, uint64_t from, uint64_t to,
		       enum ofl_prot prot)
{
	if (from == to)
		return 0;
	return ofl_mmu_map(mmu, OFL_REGION_VA + from, region_pa + from, to - from, prot);
}

/* A linker symbol's offset in the image, wherever this code runs. */
static uint64_t image_offset(const uint8_t *symbol)
{
	return OFL_IMAGE_OFF + (uint64_t)(symbol - __ofl_text_start);
}

int ofl_mmu_map_region(struct ofl_mmu *mmu, const struct ofl_boot *boot)
{
	uint64_t pa = boot->info.region_pa;
	uint64_t end = boot->info.private_size;
	int err;

	err = map_private(mmu, pa, 0, OFL_PGTABLE_OFF, OFL_PROT_RW);
	if (!err)
		err = map_private(mmu, pa, OFL_PGTABLE_OFF, OFL_IMAGE_OFF, OFL_PROT_R);
	if (!err)
		err = map_private(mmu, pa, OFL_IMAGE_OFF, image_offset(__ofl_text_end),
				  OFL_PROT_RX);
	if (!err)
		err = map_private(mmu, pa, image_offset(__ofl_rodata_start),
				  image_offset(__ofl_rodata_end), OFL_PROT_R);
	if (!err)
		err = map_private(mmu, pa, image_offset(__ofl_data_start),
				  image_offset(__ofl_sealed_start), OFL_PROT_RW);
	if (!err)
		err = map_private(mmu, pa, image_offset(__ofl_sealed_start),
				  image_offset(__ofl_sealed_end), OFL_PROT_R);
	if (!err)
		err = map_private(mmu, pa, image_offset(__ofl_sealed_end),
				  image_offset(__ofl_guard), OFL_PROT_RW);
	if (!err)
		err = map_private(mmu, pa, image_offset(__ofl_stack_bottom), end,
				  OFL_PROT_RW);
	if (!err && boot->info.window_size)
		err = ofl_mmu_map(mmu, boot->info.window_pa, boot->info.window_pa,
				  boot->info.window_size, OFL_PROT_RW);
	if (!err && (boot->info.serial == OFL_SERIAL_16550_MMIO ||
		     boot->info.serial == OFL_SERIAL_PL011)) {
		uint64_t page = boot->info.serial_pa & ~(uint64_t)(OFL_PAGE - 1);

		err = ofl_mmu_map(mmu, page, page, OFL_PAGE, OFL_PROT_DEVICE);
	}
	for (uint32_t i = 0; !err && i < OFL_BOOT_DEVICES; i++) {
		const struct ofl_boot_device *d = &boot->device[i];

		if (d->name[0])
			err = ofl_mmu_map(mmu, d->pa, d->pa, d->size, OFL_PROT_DEVICE);
	}
	return err;
}
