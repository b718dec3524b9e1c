/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI tables (ACPI 6.4), as far as the loader needs them. */
#ifndef OFFLOAD_BOOT_ACPI_H
#define OFFLOAD_BOOT_ACPI_H

#include <stdint.h>

#include <efi.h>

#include <offload/abi.h>

struct ofl_acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

/* The table of this signature, checked (length, checksum), or NULL. */
const void *ofl_acpi_find(EFI_SYSTEM_TABLE *st, const char *signature);

/*
 * The next entry of a MADT (5.2.12) behind *offset (begin with 0), or NULL: at
 * least min bytes of it are there.  The first byte is its type, the second its size.
 */
const uint8_t *ofl_acpi_madt(const struct ofl_acpi_header *madt, uint32_t *offset,
			     uint8_t type, uint8_t min);

/* Fields of tables have no alignment. */
uint16_t ofl_acpi_16(const void *p);
uint32_t ofl_acpi_32(const void *p);
uint64_t ofl_acpi_64(const void *p);

/* The console of the SPCR table; NONE: there is no table, or no kind we know. */
enum ofl_serial ofl_acpi_serial(EFI_SYSTEM_TABLE *st, uint64_t *where);

/* A configuration table of the firmware, or NULL. */
const void *ofl_efi_table(EFI_SYSTEM_TABLE *st, const EFI_GUID *guid);

#endif
