// SPDX-License-Identifier: BSD-2-Clause
#include "acpi.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Tables larger than this are not believed. */
#define TABLE_MAX (16u << 20)
#define MADT_ENTRIES 44u

/* RSDP (5.2.5.3) */
#define RSDP_REVISION 15u
#define RSDP_RSDT 16u
#define RSDP_XSDT 24u

/* SPCR, Microsoft's, version 2 and up */
#define SPCR_TYPE 36u
#define SPCR_GAS 40u
#define SPCR_SIZE 80u
#define SPCR_16550 0u
#define SPCR_16450 1u
#define SPCR_PL011 3u
#define SPCR_SBSA_32 13u
#define SPCR_SBSA 14u
#define SPCR_16550_GAS 18u
#define GAS_IO 1u

uint16_t ofl_acpi_16(const void *p)
{
	uint16_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

uint32_t ofl_acpi_32(const void *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

uint64_t ofl_acpi_64(const void *p)
{
	uint64_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

const void *ofl_efi_table(EFI_SYSTEM_TABLE *st, const EFI_GUID *guid)
{
	for (UINTN i = 0; i < st->NumberOfTableEntries; i++)
		if (!memcmp(&st->ConfigurationTable[i].VendorGuid, guid, sizeof(*guid)))
			return st->ConfigurationTable[i].VendorTable;
	return NULL;
}

static bool is_table(const struct ofl_acpi_header *table, const char *signature)
{
	const uint8_t *bytes = (const uint8_t *)table;
	uint8_t sum = 0;

	if (!table || memcmp(table->signature, signature, 4) ||
	    table->length < sizeof(*table) || table->length > TABLE_MAX)
		return false;
	for (uint32_t i = 0; i < table->length; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return !sum;
}

const void *ofl_acpi_find(EFI_SYSTEM_TABLE *st, const char *signature)
{
	static const EFI_GUID guid2 = ACPI_20_TABLE_GUID, guid1 = ACPI_TABLE_GUID;
	const struct ofl_acpi_header *root = NULL;
	const uint8_t *rsdp = ofl_efi_table(st, &guid2), *p;
	uint32_t step = 8;

	if (!rsdp)
		rsdp = ofl_efi_table(st, &guid1);
	if (!rsdp || memcmp(rsdp, "RSD PTR ", 8))
		return NULL;
	if (rsdp[RSDP_REVISION] >= 2)
		root = (const void *)(uintptr_t)ofl_acpi_64(rsdp + RSDP_XSDT);
	if (!is_table(root, "XSDT")) {
		root = (const void *)(uintptr_t)ofl_acpi_32(rsdp + RSDP_RSDT);
		step = 4;
		if (!is_table(root, "RSDT"))
			return NULL;
	}
	for (p = (const uint8_t *)(root + 1); p + step <= (const uint8_t *)root + root->length;
	     p += step) {
		uint64_t pa = step == 8 ? ofl_acpi_64(p) : ofl_acpi_32(p);

		if (is_table((const void *)(uintptr_t)pa, signature))
			return (const void *)(uintptr_t)pa;
	}
	return NULL;
}

const uint8_t *ofl_acpi_madt(const struct ofl_acpi_header *madt, uint32_t *offset,
			     uint8_t type, uint8_t min)
{
	const uint8_t *entry;

	if (!*offset)
		*offset = MADT_ENTRIES;
	while (*offset + 2 <= madt->length) {
		entry = (const uint8_t *)madt + *offset;
		if (entry[1] < 2 || entry[1] > madt->length - *offset)
			return NULL;
		*offset += entry[1];
		if (entry[0] == type && entry[1] >= min)
			return entry;
	}
	return NULL;
}

enum ofl_serial ofl_acpi_serial(EFI_SYSTEM_TABLE *st, uint64_t *where)
{
	const uint8_t *spcr = ofl_acpi_find(st, "SPCR");
	const uint8_t *gas;

	if (!spcr || ((const struct ofl_acpi_header *)spcr)->length < SPCR_SIZE)
		return OFL_SERIAL_NONE;
	gas = spcr + SPCR_GAS;
	*where = ofl_acpi_64(gas + 4);
	if (!*where)
		return OFL_SERIAL_NONE;
	switch (spcr[SPCR_TYPE]) {
	case SPCR_16550:
	case SPCR_16450:
	case SPCR_16550_GAS:
		if (gas[0] == GAS_IO)
			return OFL_SERIAL_16550_IO;
		/* registers of 32 bits, four bytes apart */
		return gas[1] == 32 ? OFL_SERIAL_16550_MMIO : OFL_SERIAL_NONE;
	case SPCR_PL011:
	case SPCR_SBSA_32:
	case SPCR_SBSA:
		return OFL_SERIAL_PL011;
	default:
		return OFL_SERIAL_NONE;
	}
}
