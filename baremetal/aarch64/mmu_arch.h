/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page table entries, Arm ARM D8.3 (VMSAv8-64, 4 KiB granule, 48 bits).
 * MAIR index 0: normal memory, write-back; 1: Device-nGnRE.  Leaves are made
 * for EL1, where bit 53 is PXN and bit 54 UXN.  EL2 without E2H has one XN,
 * bit 54, no PXN, and bit 6 (AP[1], "EL0 too" at EL1) is RES1: the builder gets
 * that as leaf_clear and leaf_set.
 */
#ifndef OFFLOAD_MMU_ARCH_H
#define OFFLOAD_MMU_ARCH_H

#include "core.h"

#define OFL_VA_BITS 48
#define OFL_PA_BITS 48

#define OFL_PTE_VALID 0x1ull
#define OFL_PTE_ADDR 0x0000fffffffff000ull

#define OFL_MAIR 0x04ffull

#define OFL_PTE_EL2_CLEAR PTE_PXN
#define OFL_PTE_EL2_SET (1ull << 6)

#define PTE_TABLE 0x2ull /* also: page, in the last level */
#define PTE_DEVICE (1ull << 2)
#define PTE_RO (1ull << 7)
#define PTE_INNER (3ull << 8)
#define PTE_AF (1ull << 10)
#define PTE_PXN (1ull << 53)
#define PTE_XN (1ull << 54)

static inline uint64_t ofl_pte_table(uint64_t pa)
{
	return pa | PTE_TABLE | OFL_PTE_VALID;
}

static inline bool ofl_pte_is_table(uint64_t pte)
{
	return pte & PTE_TABLE;
}

static inline uint64_t ofl_pte_leaf(uint64_t pa, enum ofl_prot prot, bool block)
{
	uint64_t pte = pa | OFL_PTE_VALID | PTE_AF | PTE_INNER | (block ? 0 : PTE_TABLE);

	switch (prot) {
	case OFL_PROT_R:
		return pte | PTE_RO | PTE_PXN | PTE_XN;
	case OFL_PROT_RX:
		return pte | PTE_RO;
	case OFL_PROT_RW:
		return pte | PTE_PXN | PTE_XN;
	case OFL_PROT_DEVICE:
		return pte | PTE_DEVICE | PTE_PXN | PTE_XN;
	}
	return 0;
}

#endif
