// SPDX-License-Identifier: BSD-2-Clause
/* Building the park area and the park tables; park.h has the layout. */
#include "machine.h"
#include "park.h"

#include <errno.h>
#include <string.h>

#include <offload/abi.h>

#include "../pages.h"

#define PTE_TABLE 0x023ull /* present, writable, accessed */
#define PTE_PAGE 0x063ull  /* and dirty */
#define PTE_LARGE 0x0e3ull
#define PTE_ADDR 0x000ffffffffff000ull

_Static_assert(OFL_REGION_VA == 0x700000000000ull &&
	       offsetof(struct ofl_boot, host.request) == 192 &&
	       offsetof(struct ofl_boot, image.state) == 256 &&
	       (int)OFL_REQUEST_STOP == 1 && (int)OFL_STATE_STOPPED == 6 &&
	       (int)OFL_STATE_EXITED == 4 && (int)OFL_STATE_CRASHED == 5, "park.S");

static int map(uint64_t *root, uint64_t va, uint64_t pa, uint64_t size, bool large)
{
	unsigned int last = large ? 21 : 12;

	for (uint64_t off = 0; off < size; off += 1ull << last) {
		uint64_t *table = root;

		for (unsigned int shift = 39; shift > last; shift -= 9) {
			uint64_t *entry = &table[(va + off) >> shift & 511];

			if (!*entry) {
				void *next = ofl_pages_get(EfiLoaderData, OFL_PAGE,
							   OFL_PAGES_BELOW_4G);

				if (!next)
					return -ENOMEM;
				*entry = (uintptr_t)next | PTE_TABLE;
			}
			table = (uint64_t *)(uintptr_t)(*entry & PTE_ADDR);
		}
		table[(va + off) >> last & 511] = (pa + off) | (large ? PTE_LARGE : PTE_PAGE);
	}
	return 0;
}

static void set_gate(uint8_t *idt, unsigned int vector, uint64_t handler, unsigned int ist)
{
	uint64_t low = (handler & 0xffff) | PARK_CS << 16 | (uint64_t)ist << 32 |
		       0x8e00ull << 32 | (handler >> 16 & 0xffff) << 48;
	uint64_t high = handler >> 32;

	memcpy(idt + 16 * vector, &low, 8);
	memcpy(idt + 16 * vector + 8, &high, 8);
}

static void set_register(uint8_t *reg, uint16_t limit, uint64_t base)
{
	memcpy(reg, &limit, 2);
	memcpy(reg + 2, &base, 8);
}

static void build_area(uint8_t *area)
{
	static const uint32_t ist[7] = {
		PARK_STACK_NMI,	  PARK_STACK_DF,    PARK_STACK_MC,    PARK_STACK_OTHER,
		PARK_STACK_OTHER, PARK_STACK_OTHER, PARK_STACK_OTHER,
	};
	const uint64_t pa = (uintptr_t)area, tss = pa + PARK_DATA + PARK_TSS;
	const uint64_t vectors = pa + ofl_park_offset(ofl_park_vectors, ofl_park_text);
	uint8_t *data = area + PARK_DATA, *idt = area + PARK_IDT;
	uint64_t *gdt = (uint64_t *)(data + PARK_GDT);

	memcpy(area, ofl_park_text, ofl_park_offset(ofl_park_text_end, ofl_park_text));
	gdt[PARK_CS / 8] = 0x00af9b000000ffffull;
	gdt[PARK_DS / 8] = 0x00cf93000000ffffull;
	gdt[PARK_TR / 8] = 103 | (tss & 0xffffff) << 16 | 0x89ull << 40 |
			   (tss >> 24 & 0xff) << 56;
	gdt[PARK_TR / 8 + 1] = tss >> 32;
	set_register(data + PARK_GDTR, PARK_TR + 16 - 1, pa + PARK_DATA + PARK_GDT);
	for (unsigned int i = 0; i < 7; i++) {
		uint64_t top = pa + ist[i];

		memcpy(data + PARK_TSS + 36 + 8 * i, &top, 8);
	}
	data[PARK_TSS + 102] = 104; /* no I/O bitmap */

	for (unsigned int i = 0; i < 256; i++)
		set_gate(idt, i,
			 i < PARK_NR_VECTORS ?
				 vectors + i * PARK_VECTOR_SIZE :
				 pa + ofl_park_offset(ofl_park_other, ofl_park_text),
			 4);
	set_gate(idt, 2, pa + ofl_park_offset(ofl_park_nmi, ofl_park_text), 1);
	set_gate(idt, 8, vectors + 8 * PARK_VECTOR_SIZE, 2);
	set_gate(idt, 18, vectors + 18 * PARK_VECTOR_SIZE, 3);
	set_register(data + PARK_IDTR, OFL_PAGE - 1, pa + PARK_IDT);
}

/*
 * Below 4 GiB, since a second core loads CR3 in 32-bit code; and it has to be
 * code in the firmware's eyes, which may map data without execution.
 */
uint8_t *ofl_park_build(const struct ofl_boot *boot)
{
	uint8_t *area = ofl_pages_get(EfiLoaderCode, OFL_PARK_SIZE, OFL_PAGES_BELOW_4G);
	uint64_t *root = ofl_pages_get(EfiLoaderData, OFL_PAGE, OFL_PAGES_BELOW_4G);
	struct ofl_park *park;

	if (!area || !root ||
	    map(root, OFL_REGION_VA, boot->info.region_pa, boot->info.private_size, true) ||
	    map(root, (uintptr_t)area, (uintptr_t)area, OFL_PARK_SIZE, false))
		return NULL;
	build_area(area);
	park = (struct ofl_park *)(area + PARK_DATA);
	park->cr3 = (uintptr_t)root;
	return area;
}

void ofl_low_build(uint8_t *page, uint64_t entry, uint64_t cr3, uint64_t efer,
		   uint32_t apic)
{
	const uint32_t pa = (uint32_t)(uintptr_t)page;
	uint8_t *data = page + LOW_DATA;
	uint64_t far32, far64, gdt[4] = { 0 };

	memset(data, 0, LOW_END);
	memcpy(page, ofl_low_text, ofl_park_offset(ofl_low_text_end, ofl_low_text));
	far32 = (pa + ofl_park_offset(ofl_low_32, ofl_low_text)) | 0x18ull << 32;
	far64 = (pa + ofl_park_offset(ofl_low_64, ofl_low_text)) | (uint64_t)PARK_CS << 32;
	gdt[PARK_CS / 8] = 0x00af9b000000ffffull;
	gdt[PARK_DS / 8] = 0x00cf93000000ffffull;
	gdt[3] = 0x00cf9b000000ffffull; /* 32-bit code, 0x18 */
	memcpy(data + LOW_CR3, &cr3, 8);
	memcpy(data + LOW_EFER, &efer, 8);
	memcpy(data + LOW_ENTRY, &entry, 8);
	memcpy(data + LOW_FAR32, &far32, 8);
	memcpy(data + LOW_FAR64, &far64, 8);
	memcpy(data + LOW_APIC, &apic, 4);
	memcpy(data + LOW_GDT, gdt, sizeof(gdt));
	set_register(data + LOW_GDTR, sizeof(gdt) - 1, pa + LOW_DATA + LOW_GDT);
}
