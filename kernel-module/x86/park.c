// SPDX-License-Identifier: GPL-2.0-only
/*
 * Building the park area (park.h) and the page tables of a held core: the
 * private part of the region at OFL_REGION_VA, the park area at its physical
 * address, and the page of ofl_park_leave where Linux has it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/cpufeature.h>
#include <asm/desc_defs.h>

#include "../fault.h"
#include "core.h"
#include "park.h"

#define PTE_TABLE 0x023ull /* present, writable, accessed */
#define PTE_PAGE 0x063ull  /* and dirty: the core never writes to its tables */
#define PTE_LARGE 0x0e3ull
#define PTE_NX (1ull << 63)
#define PTE_ADDR 0x000ffffffffff000ull

static u64 *table_alloc(struct ofl_arch_core *core)
{
	u64 *table;

	if (core->nr_tables == OFL_PARK_TABLES)
		return NULL;
	table = OFL_STEP(park_table, (u64 *)get_zeroed_page(GFP_KERNEL), NULL);
	if (table)
		core->tables[core->nr_tables++] = table;
	return table;
}

/* Map [va, va + size) to pa with pages of 4 KiB or 2 MiB. */
static int park_map(struct ofl_arch_core *core, u64 va, u64 pa, u64 size,
		    bool large, u64 extra)
{
	u64 step = large ? SZ_2M : SZ_4K, off;
	unsigned int last = large ? 21 : 12, shift;

	for (off = 0; off < size; off += step) {
		u64 *table = core->tables[0], *entry;

		for (shift = 39; shift > last; shift -= 9) {
			entry = &table[(va + off) >> shift & 511];
			if (!*entry) {
				u64 *next = table_alloc(core);

				if (!next)
					return -ENOMEM;
				*entry = virt_to_phys(next) | PTE_TABLE;
			}
			table = phys_to_virt(*entry & PTE_ADDR);
		}
		entry = &table[(va + off) >> last & 511];
		*entry = (pa + off) | (large ? PTE_LARGE : PTE_PAGE) | extra;
	}
	return 0;
}

static int build_tables(struct ofl_instance *inst, struct ofl_arch_core *core)
{
	u64 nx = boot_cpu_has(X86_FEATURE_NX) ? PTE_NX : 0;
	u64 leave = (u64)ofl_park_leave & PAGE_MASK;
	u64 leave_pa = page_to_phys(vmalloc_to_page(ofl_park_leave));
	int err;

	if (!table_alloc(core))
		return -ENOMEM;
	err = park_map(core, OFL_REGION_VA, inst->region.pa,
		       inst->region.private_size, true, 0);
	if (!err)
		err = park_map(core, core->park_pa, core->park_pa, SZ_4K, false,
			       0);
	if (!err)
		err = park_map(core, core->park_pa + SZ_4K,
			       core->park_pa + SZ_4K, OFL_PARK_SIZE - SZ_4K,
			       false, nx);
	if (!err)
		err = park_map(core, leave, leave_pa, SZ_4K, false, 0);
	return err;
}

static void build_gate(void *idt, unsigned int vector, u64 handler,
		       unsigned int ist)
{
	gate_desc *gate = (gate_desc *)idt + vector;

	gate->offset_low = (u16)handler;
	gate->offset_middle = (u16)(handler >> 16);
	gate->offset_high = (u32)(handler >> 32);
	gate->segment = OFL_PARK_CS;
	gate->bits.ist = ist;
	gate->bits.type = 0xe; /* interrupt gate */
	gate->bits.p = 1;
}

static void build_area(struct ofl_arch_core *core)
{
	static const u32 ist[7] = {
		OFL_PARK_STACK_NMI,   OFL_PARK_STACK_DF,    OFL_PARK_STACK_MC,
		OFL_PARK_STACK_OTHER, OFL_PARK_STACK_OTHER, OFL_PARK_STACK_OTHER,
		OFL_PARK_STACK_OTHER,
	};
	const u64 pa = core->park_pa, tss = pa + OFL_PARK_DATA + OFL_PARK_TSS;
	void *data = core->park + OFL_PARK_DATA;
	void *idt = core->park + OFL_PARK_IDT;
	u64 *gdt = data + OFL_PARK_GDT;
	struct desc_ptr *gdtr = data + OFL_PARK_GDTR;
	struct desc_ptr *idtr = data + OFL_PARK_IDTR;
	unsigned int i;

	memcpy(core->park, ofl_park_text, ofl_park_text_end - ofl_park_text);
	core->mailbox = data;
	core->mailbox->cr3 = virt_to_phys(core->tables[0]);

	/* accessed bits set: loading a selector need not write */
	gdt[OFL_PARK_CS / 8] = 0x00af9b000000ffffull;
	gdt[OFL_PARK_DS / 8] = 0x00cf93000000ffffull;
	gdt[OFL_PARK_TR / 8] = 103 | (tss & 0xffffff) << 16 | 0x89ull << 40 |
			       (tss >> 24 & 0xff) << 56;
	gdt[OFL_PARK_TR / 8 + 1] = tss >> 32;
	gdtr->size = OFL_PARK_TR + 16 - 1;
	gdtr->address = pa + OFL_PARK_DATA + OFL_PARK_GDT;

	for (i = 0; i < 7; i++) {
		u64 top = pa + ist[i];

		memcpy(data + OFL_PARK_TSS + 36 + 8 * i, &top, sizeof(top));
	}
	*(u16 *)(data + OFL_PARK_TSS + 102) = 104; /* no I/O bitmap */

	for (i = 0; i < 256; i++) {
		u64 handler = i < OFL_PARK_NR_VECTORS ?
				      ofl_park_vectors - ofl_park_text +
					      i * OFL_PARK_VECTOR_SIZE :
				      ofl_park_other - ofl_park_text;

		build_gate(idt, i, pa + handler, 4);
	}
	build_gate(idt, 2, pa + (ofl_park_nmi - ofl_park_text), 1);
	build_gate(idt, 8,
		   pa + (ofl_park_vectors - ofl_park_text) +
			   8 * OFL_PARK_VECTOR_SIZE, 2);
	build_gate(idt, 18,
		   pa + (ofl_park_vectors - ofl_park_text) +
			   18 * OFL_PARK_VECTOR_SIZE, 3);
	idtr->size = SZ_4K - 1;
	idtr->address = pa + OFL_PARK_IDT;
}

int ofl_park_build(struct ofl_instance *inst, struct ofl_arch_core *core)
{
	int err;

	core->park = OFL_STEP(park,
			      (void *)__get_free_pages(GFP_KERNEL | GFP_DMA32 |
							       __GFP_ZERO,
						       get_order(OFL_PARK_SIZE)),
			      NULL);
	if (!core->park)
		return -ENOMEM;
	core->park_pa = virt_to_phys(core->park);
	core->park_entry = core->park_pa + (ofl_park_entry - ofl_park_text);
	err = build_tables(inst, core);
	if (err) {
		ofl_park_free(core);
		return err;
	}
	build_area(core);
	return 0;
}

void ofl_park_free(struct ofl_arch_core *core)
{
	while (core->nr_tables)
		free_page((unsigned long)core->tables[--core->nr_tables]);
	free_pages((unsigned long)core->park, get_order(OFL_PARK_SIZE));
	core->park = NULL;
}
