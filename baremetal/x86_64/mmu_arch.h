/* SPDX-License-Identifier: BSD-2-Clause */
/* Page table entries, Intel SDM volume 3, 4.5 (4-level and 5-level paging). */
#ifndef OFFLOAD_MMU_ARCH_H
#define OFFLOAD_MMU_ARCH_H

#include "core.h"

/* The lower half of the address space, with 4 levels. */
#define OFL_VA_BITS 47
#define OFL_PA_BITS 52

#define OFL_PTE_VALID 0x1ull
#define OFL_PTE_ADDR 0x000ffffffffff000ull

#define PTE_W 0x2ull
#define PTE_PWT 0x8ull
#define PTE_PCD 0x10ull
#define PTE_A 0x20ull
#define PTE_D 0x40ull
#define PTE_PS 0x80ull
#define PTE_G 0x100ull
#define PTE_NX (1ull << 63)

static inline uint64_t ofl_pte_table(uint64_t pa)
{
	return pa | OFL_PTE_VALID | PTE_W | PTE_A;
}

static inline bool ofl_pte_is_table(uint64_t pte)
{
	return !(pte & PTE_PS);
}

static inline uint64_t ofl_pte_leaf(uint64_t pa, enum ofl_prot prot, bool block)
{
	/* Accessed and dirty are set here: the tables are mapped read-only. */
	uint64_t pte = pa | OFL_PTE_VALID | PTE_A | PTE_G | (block ? PTE_PS : 0);

	switch (prot) {
	case OFL_PROT_R:
		return pte | PTE_NX;
	case OFL_PROT_RX:
		return pte;
	case OFL_PROT_RW:
		return pte | PTE_W | PTE_D | PTE_NX;
	case OFL_PROT_DEVICE:
		/* PAT entry 3: uncached, in Linux's PAT and after a reset */
		return pte | PTE_W | PTE_D | PTE_NX | PTE_PWT | PTE_PCD;
	}
	return 0;
}

#endif
