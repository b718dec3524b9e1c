// SPDX-License-Identifier: BSD-2-Clause
/*
 * aarch64 before the MMU: page tables, built at physical addresses.
 *
 * Compiled with strict alignment, since all memory is Device memory now; no
 * static data, no calls but to mmu.c.
 */
#include <errno.h>

#include "core.h"
#include "cpu.h"
#include "mmu_arch.h"

_Static_assert(sizeof(struct early) == EARLY_SIZE, "start.S");
_Static_assert(offsetof(struct ofl_boot, image) == 256 && OFL_IMAGE_OFF == 0x40000 &&
	       OFL_REGION_VA == 0x700000000000ull, "start.S");
_Static_assert(offsetof(struct ofl_boot, arch.arm64.conduit) == 128 &&
	       (int)OFL_CONDUIT_SMC == 2 && (int)OFL_STATE_CRASHED == 5, "start.S");
_Static_assert(offsetof(struct ofl_boot, info.boot_flags) == 116 && OFL_BOOT_POWER_OFF == 1,
	       "start.S");
_Static_assert(OFL_ABI_VERSION == 1, "the note in start.S");

#define GICD_SIZE 0x1000u
#define GICC_SIZE 0x1000u
#define GICR_SIZE 0x20000u /* RD_base and SGI_base */

/* Pages for the tables that are live for a few instructions only. */
#define SWITCH_PAGES 8u

/* TCR: T0SZ 16 (48 bits), walks inner shareable write-back, 4 KiB granule */
#define TCR_COMMON (16ull | 1ull << 8 | 1ull << 10 | 3ull << 12)
#define TCR_EL1_EPD1 (1ull << 23)
#define TCR_EL1_IPS_SHIFT 32
#define TCR_EL2_RES1 (1ull << 31 | 1ull << 23)
#define TCR_EL2_PS_SHIFT 16
#define PARANGE_48 5u

int ofl_arm_early(struct early *early, const struct ofl_boot *boot, uint64_t el);

static int map_gic(struct ofl_mmu *mmu, const struct ofl_boot_arm64 *arm)
{
	int err = ofl_mmu_map(mmu, arm->gicd_pa, arm->gicd_pa, GICD_SIZE, OFL_PROT_DEVICE);

	if (err)
		return err;
	if (arm->gic_version >= 3)
		return ofl_mmu_map(mmu, arm->gicr_pa, arm->gicr_pa, GICR_SIZE,
				   OFL_PROT_DEVICE);
	return ofl_mmu_map(mmu, arm->gicc_pa, arm->gicc_pa, GICC_SIZE, OFL_PROT_DEVICE);
}

static void set_level(struct ofl_mmu *mmu, uint64_t el)
{
	if (el == 2) {
		mmu->leaf_set = OFL_PTE_EL2_SET;
		mmu->leaf_clear = OFL_PTE_EL2_CLEAR;
	}
}

/* start.S calls this at physical addresses; 0 or -errno. */
int ofl_arm_early(struct early *early, const struct ofl_boot *boot, uint64_t el)
{
	uint64_t region = boot->info.region_pa;
	uint64_t tables = region + OFL_PGTABLE_OFF;
	uint64_t range = read_sysreg("id_aa64mmfr0_el1") & 0xf;
	uint32_t pages = OFL_PGTABLE_SIZE / OFL_PAGE - SWITCH_PAGES;
	struct ofl_mmu mmu;
	int err;

	if (boot->info.magic != OFL_BOOT_MAGIC || boot->info.abi != OFL_ABI_VERSION ||
	    boot->info.machine != OFL_MACHINE_AARCH64 || region != (uintptr_t)boot)
		return -EINVAL;
	/* A core where E2H is stuck at 1 has another register layout. */
	if (el == 2 && read_sysreg("hcr_el2") >> 34 & 1)
		return -ENOTSUP;

	err = ofl_mmu_init(&mmu, (uint8_t *)tables, tables, pages, 4);
	if (err)
		return err;
	set_level(&mmu, el);
	err = ofl_mmu_map_region(&mmu, boot);
	if (!err)
		err = map_gic(&mmu, &boot->arch.arm64);
	if (err)
		return err;
	early->ttbr = ofl_mmu_root(&mmu);

	tables += (uint64_t)pages * OFL_PAGE;
	err = ofl_mmu_init(&mmu, (uint8_t *)tables, tables, SWITCH_PAGES, 4);
	if (err)
		return err;
	set_level(&mmu, el);
	/* start.S is the first page of text. */
	err = ofl_mmu_map(&mmu, region + OFL_IMAGE_OFF, region + OFL_IMAGE_OFF, OFL_PAGE,
			  OFL_PROT_RX);
	if (!err)
		err = ofl_mmu_map(&mmu, OFL_IMAGE_VA, region + OFL_IMAGE_OFF, OFL_PAGE,
				  OFL_PROT_RX);
	if (err)
		return err;
	early->ttbr_switch = ofl_mmu_root(&mmu);

	if (range > PARANGE_48)
		range = PARANGE_48;
	early->mair = OFL_MAIR;
	if (el == 2)
		early->tcr = TCR_COMMON | TCR_EL2_RES1 | range << TCR_EL2_PS_SHIFT;
	else
		early->tcr = TCR_COMMON | TCR_EL1_EPD1 | range << TCR_EL1_IPS_SHIFT;
	return 0;
}
