// SPDX-License-Identifier: BSD-2-Clause
/* Conduit, GIC and cores, from ACPI: FADT and MADT (ACPI 6.4, 5.2.9, 5.2.12). */
#include <stdbool.h>
#include <string.h>

#include "machine.h"

#include "../acpi.h"

#define FADT_ARM_BOOT_ARCH 129u
#define ARM_BOOT_PSCI 1u
#define ARM_BOOT_HVC 2u

#define MADT_GICC 0x0bu
#define MADT_GICD 0x0cu
#define MADT_GICR 0x0eu

#define GICC_FLAGS 12u
#define GICC_BASE 32u
#define GICC_GICR_BASE 60u
#define GICC_MPIDR 68u
#define GICC_SIZE 76u
#define GICD_BASE 8u
#define GICD_VERSION 20u
#define GICD_SIZE 24u
#define GICR_BASE 4u
#define GICR_LENGTH 12u
#define GICR_SIZE 16u

/* An old table without a version: the distributor itself knows. */
static unsigned int gicd_version(uint64_t gicd)
{
	/* GICD_PIDR2.ArchRev, at the same place in versions 3 and 4 */
	uint32_t pidr2 = *(volatile uint32_t *)(uintptr_t)(gicd + 0xffe8);

	return (pidr2 >> 4 & 0xf) >= 3 ? 3 : 2;
}

void ofl_find_acpi(EFI_SYSTEM_TABLE *st, uint64_t self, struct ofl_found *found)
{
	const struct ofl_acpi_header *fadt = ofl_acpi_find(st, "FACP");
	const struct ofl_acpi_header *madt = ofl_acpi_find(st, "APIC");
	const uint8_t *e;
	uint32_t at = 0;

	memset(found, 0, sizeof(*found));
	if (fadt && fadt->length >= FADT_ARM_BOOT_ARCH + 2) {
		uint16_t arch = ofl_acpi_16((const uint8_t *)fadt + FADT_ARM_BOOT_ARCH);

		if (arch & ARM_BOOT_PSCI)
			found->conduit = arch & ARM_BOOT_HVC ? OFL_CONDUIT_HVC :
							       OFL_CONDUIT_SMC;
	}
	if (!madt)
		return;
	e = ofl_acpi_madt(madt, &at, MADT_GICD, GICD_SIZE);
	if (!e)
		return;
	found->gicd = ofl_acpi_64(e + GICD_BASE);
	found->gic_version = e[GICD_VERSION] ? e[GICD_VERSION] : gicd_version(found->gicd);
	if (found->gic_version > 3)
		found->gic_version = 3;
	at = 0;
	while (found->nr_gicr < OFL_GICR_RANGES &&
	       (e = ofl_acpi_madt(madt, &at, MADT_GICR, GICR_SIZE))) {
		found->gicr[found->nr_gicr].base = ofl_acpi_64(e + GICR_BASE);
		found->gicr[found->nr_gicr++].size = ofl_acpi_32(e + GICR_LENGTH);
	}
	at = 0;
	while ((e = ofl_acpi_madt(madt, &at, MADT_GICC, GICC_SIZE))) {
		uint64_t mpidr = ofl_acpi_64(e + GICC_MPIDR) & MPIDR_MASK;

		if (mpidr == self) {
			found->gicc = ofl_acpi_64(e + GICC_BASE);
			found->gicr_self = ofl_acpi_64(e + GICC_GICR_BASE);
		} else if (!found->have_other && (ofl_acpi_32(e + GICC_FLAGS) & 1)) {
			found->have_other = true;
			found->other = mpidr;
			found->gicr_other = ofl_acpi_64(e + GICC_GICR_BASE);
		}
	}
}
