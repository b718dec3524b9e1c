// SPDX-License-Identifier: BSD-2-Clause
/* Addresses that are not there, and those that only others may use. */
#include "faults.h"

static const uint32_t constant[16] = { 1, 2, 3 };

/* Through a pointer, so that no compiler sees what is wrong. */
static void store(uint64_t address)
{
	*(volatile uint32_t *)address = 0;
}

FAULT fault_null_read(void)
{
	sink = null[4];
	return MINDED;
}

FAULT fault_null_write(void)
{
	null[4] = 0;
	return MINDED;
}

FAULT fault_unmapped_read(void)
{
	sink = *(volatile uint32_t *)NOWHERE;
	return MINDED;
}

FAULT fault_unmapped_write(void)
{
	*(volatile uint32_t *)NOWHERE = 0;
	return MINDED;
}

FAULT fault_noncanonical(void)
{
	sink = *(volatile uint32_t *)0xdead000000000000;
	return MINDED;
}

/* Where Linux has its own memory mapped, and where it is. */
FAULT fault_linux_virtual(void)
{
#if defined(__x86_64__)
	*(volatile uint32_t *)0xffff888001000000 = 0;
#else
	*(volatile uint32_t *)0xffff000001000000 = 0;
#endif
	return MINDED;
}

FAULT fault_linux_physical(void)
{
#if defined(__x86_64__)
	*(volatile uint32_t *)0x1000000 = 0;
#else
	*(volatile uint32_t *)0x41000000 = 0;
#endif
	return MINDED;
}

FAULT fault_behind_heap(void)
{
	*(volatile uint32_t *)(uintptr_t)ofl_heap_end = 0;
	return MINDED;
}

FAULT fault_before_region(void)
{
	*(volatile uint32_t *)(OFL_REGION_VA - 8) = 0;
	return MINDED;
}

FAULT fault_page_tables_write(void)
{
	store(OFL_REGION_VA + OFL_PGTABLE_OFF);
	return MINDED;
}

FAULT fault_sealed_write(void)
{
	store((uintptr_t)__ofl_sealed_start);
	return MINDED;
}

FAULT fault_text_write(void)
{
	store((uintptr_t)stay);
	return MINDED;
}

FAULT fault_rodata_write(void)
{
	store((uintptr_t)&constant[2]);
	return MINDED;
}

FAULT fault_unaligned(void)
{
	uint8_t *p = (uint8_t *)code + 1;

#if defined(__x86_64__)
	__asm__ volatile("mov (%0), %%eax" : : "r"(p) : "rax", "memory");
#else
	__asm__ volatile("ldr w9, [%0]" : : "r"(p) : "x9", "memory");
#endif
	return 0;
}

#if defined(__x86_64__)

FAULT fault_park_write(void)
{
	store(ofl_boot->arch.x86.park_pa);
	return MINDED;
}

FAULT fault_park_data_write(void)
{
	store(ofl_boot->arch.x86.park_pa + OFL_PAGE);
	return MINDED;
}

#else

FAULT fault_vectors_write(void)
{
	uint64_t vbar;

	if (ofl_boot->image.level == 2)
		__asm__("mrs %0, vbar_el2" : "=r"(vbar));
	else
		__asm__("mrs %0, vbar_el1" : "=r"(vbar));
	store(vbar);
	return MINDED;
}

FAULT fault_exclusive(void)
{
	__asm__ volatile("ldxr w9, [%0]" : : "r"((uint8_t *)code + 1) : "x9", "memory");
	return MINDED;
}

FAULT fault_device_unaligned(void)
{
	__asm__ volatile("ldr w9, [%0]" : : "r"(ofl_boot->arch.arm64.gicd_pa + 1)
			 : "x9", "memory");
	return 0; /* an emulator may not mind */
}

#endif

const struct fault faults_address[] = {
	F(null_read), F(null_write), F(unmapped_read), F(unmapped_write), F(noncanonical),
	F(linux_virtual), F(linux_physical), F(behind_heap), F(before_region),
	F(page_tables_write), F(sealed_write), F(text_write), F(rodata_write),
	F(unaligned),
#if defined(__x86_64__)
	F(park_write), F(park_data_write),
#else
	F(vectors_write), F(exclusive), F(device_unaligned),
#endif
	{ 0 },
};
