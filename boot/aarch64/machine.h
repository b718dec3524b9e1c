/* SPDX-License-Identifier: BSD-2-Clause */
/* The aarch64 half of the loader: what tables say, and the way in. */
#ifndef OFFLOAD_BOOT_ARM_MACHINE_H
#define OFFLOAD_BOOT_ARM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include <efi.h>

#include <offload/abi.h>

#define read_sysreg(name)                                                      \
	({                                                                     \
		uint64_t value_;                                               \
		__asm__ volatile("mrs %0, " name : "=r"(value_));              \
		value_;                                                        \
	})

#define write_sysreg(name, value)                                              \
	__asm__ volatile("msr " name ", %0" : : "r"((uint64_t)(value)) : "memory")

/* The affinity fields of MPIDR_EL1. */
#define MPIDR_MASK 0xff00ffffffull

#define OFL_GICR_RANGES 8

struct ofl_found {
	enum ofl_conduit conduit;
	unsigned int gic_version; /* 2 or 3; 0: not found */
	uint64_t gicd, gicc;
	/* ranges with the frames of all cores, or those of the two cores */
	struct {
		uint64_t base, size;
	} gicr[OFL_GICR_RANGES];
	unsigned int nr_gicr;
	uint64_t gicr_self, gicr_other;
	bool have_other;
	uint64_t other; /* MPIDR of a core that is not this one */
};

/*
 * What the ACPI tables, or without them the device tree, know about this core, `self`,
 * and another one.
 */
void ofl_find_acpi(EFI_SYSTEM_TABLE *st, uint64_t self, struct ofl_found *found);
void ofl_find_dt(EFI_SYSTEM_TABLE *st, uint64_t self, struct ofl_found *found);
enum ofl_serial ofl_find_dt_serial(EFI_SYSTEM_TABLE *st, uint64_t *where);

/* enter.S */

/* MMU and data cache off, then to pc with x0; both are physical addresses. */
_Noreturn void ofl_enter(uint64_t pc, uint64_t x0);
extern const uint8_t ofl_enter_end[];
/* PSCI by SMC or HVC. */
int64_t ofl_psci(enum ofl_conduit conduit, uint64_t function, uint64_t a1, uint64_t a2,
		 uint64_t a3);

#endif
