// SPDX-License-Identifier: BSD-2-Clause
/*
 * What nothing on the core can stop: an image runs at the kernel's level and may load
 * other tables.  Some of these are the last thing that a machine does.
 */
#include <string.h>

#include "faults.h"

#define ENTRIES 512
#define ALIAS 0x600000000000ull /* nothing is mapped there */
#define POOL 8

static _Alignas(OFL_PAGE) uint64_t root[ENTRIES];
static _Alignas(OFL_PAGE) uint8_t pool[POOL * OFL_PAGE];

static uint64_t pa_of(const void *p)
{
	return (uintptr_t)p - OFL_REGION_VA + ofl_boot->info.region_pa;
}

/* In the private region. */
static void *va_of(uint64_t pa)
{
	return (void *)(uintptr_t)(pa - ofl_boot->info.region_pa + OFL_REGION_VA);
}

static uint64_t get_root(void)
{
	uint64_t value;

#if defined(__x86_64__)
	__asm__ volatile("mov %%cr3, %0" : "=r"(value));
#else
	__asm__ volatile("mrs %0, ttbr0_el1" : "=r"(value));
#endif
	return value & 0x0000fffffffff000ull;
}

static void set_root(uint64_t value)
{
#if defined(__x86_64__)
	__asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
#else
	__asm__ volatile("dsb ish\n\tmsr ttbr0_el1, %0\n\tisb\n\ttlbi vmalle1\n\tdsb ish\n\tisb"
			 : : "r"(value) : "memory");
#endif
}

/* The page at pa, to be written to: its address under tables of our own. */
static volatile uint8_t *alias(uint64_t pa)
{
	const uint64_t *old = va_of(get_root());
	const uint64_t *new = (const uint64_t *)(uintptr_t)pool;
	struct ofl_mmu mmu;

	if (ofl_mmu_init(&mmu, pool, pa_of(pool), POOL, 4) ||
	    ofl_mmu_map(&mmu, ALIAS, pa & ~(uint64_t)(OFL_PAGE - 1), OFL_PAGE, OFL_PROT_RW))
		return NULL;
	for (int i = 0; i < ENTRIES; i++)
		root[i] = old[i] ? old[i] : new[i];
	set_root(pa_of(root));
	return (volatile uint8_t *)(uintptr_t)(ALIAS | (pa & (OFL_PAGE - 1)));
}

/* All of a page, through its alias. */
static void spoil(uint64_t pa, uint8_t with)
{
	volatile uint8_t *p = alias(pa & ~(uint64_t)(OFL_PAGE - 1));

	for (unsigned int i = 0; p && i < OFL_PAGE; i++)
		p[i] = with;
}

FAULT fault_linux_alias(void)
{
	*(volatile uint32_t *)alias(argument) = 0x5a5a5a5a;
	return 0;
}

FAULT fault_page_tables_alias(void)
{
	const uint64_t tables = get_root();

	spoil(tables, 0);
	set_root(tables);
	return MINDED;
}

FAULT fault_root(void)
{
	set_root(0); /* the first page of the machine, which has no tables in it */
	return MINDED;
}

#if defined(__x86_64__)

struct table_register {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static uint64_t idt_base(void)
{
	struct table_register reg;

	__asm__ volatile("sidt %0" : "=m"(reg));
	return reg.base;
}

static void load_idt(const void *base, unsigned int size)
{
	const struct table_register reg = { (uint16_t)(size - 1), (uintptr_t)base };

	__asm__ volatile("lidt %0" : : "m"(reg));
}

FAULT fault_idt(void)
{
	load_idt((const void *)(uintptr_t)NOWHERE, 4096);
	null[4] = 0;
	return MINDED;
}

FAULT fault_idt_alias(void)
{
	spoil(pa_of((const void *)(uintptr_t)idt_base()), 0xff);
	null[4] = 0;
	return MINDED;
}

FAULT fault_gdt_alias(void)
{
	struct table_register reg;

	__asm__ volatile("sgdt %0" : "=m"(reg));
	spoil(pa_of((const void *)(uintptr_t)reg.base), 0xff);
	null[4] = 0;
	return MINDED;
}

/* The code that gives the core back. */
FAULT fault_park_alias(void)
{
	spoil(ofl_boot->arch.x86.park_pa, 0);
	return 0;
}

/* The IDT as it is, but for one gate. */
static void divert(unsigned int vector, uintptr_t handler)
{
	static _Alignas(16) uint64_t idt[512];
	uint64_t *gate = &idt[2 * vector];

	memcpy(idt, (const void *)(uintptr_t)idt_base(), sizeof(idt));
	gate[0] = (gate[0] & 0x0000ffffffff0000ull) | (handler & 0xffff) |
		  (handler >> 16 & 0xffff) << 48;
	gate[1] = handler >> 32;
	load_idt(idt, sizeof(idt));
}

/* An NMI that never ends: no other one comes through. */
FAULT fault_nmi_loop(void)
{
	divert(2, (uintptr_t)stay);
	stay();
	return MINDED;
}

/* The IDT ends behind #DF: a page fault finds no gate, and that no other. */
FAULT fault_double_fault(void)
{
	load_idt((const void *)(uintptr_t)idt_base(), 9 * 16);
	null[4] = 0;
	return MINDED;
}

extern const char back_to_it[];
__asm__(".pushsection .text\n"
	"back_to_it:\n"
	"	iretq\n"
	".popsection");

/* A handler that goes back to what has faulted. */
FAULT fault_exception_loop(void)
{
	divert(6, (uintptr_t)back_to_it);
	__asm__ volatile("ud2");
	return MINDED;
}

/* INIT to core 1, by hand. */
FAULT fault_init(void)
{
	const uintptr_t lapic = ofl_boot->arch.x86.lapic_pa;

	*(volatile uint32_t *)(lapic + 0x310) = 1u << 24;
	*(volatile uint32_t *)(lapic + 0x300) = 0x4500;
	stay();
	return MINDED;
}

FAULT fault_reset(void)
{
	__asm__ volatile("outb %b0, %w1" : : "a"(6), "d"(0xcf9));
	return MINDED;
}

#else

FAULT fault_vectors(void)
{
	__asm__ volatile("msr vbar_el1, %0\n\tisb" : : "r"(NOWHERE & ~0x7ffull));
	null[4] = 0;
	return MINDED;
}

FAULT fault_vectors_alias(void)
{
	uint64_t vbar;

	__asm__ volatile("mrs %0, vbar_el1" : "=r"(vbar));
	spoil(pa_of((const void *)(uintptr_t)vbar), 0);
	__asm__ volatile("ic iallu\n\tdsb ish\n\tisb");
	null[4] = 0;
	return MINDED;
}

extern const char back_to_it[];
__asm__(".pushsection .text\n"
	"	.balign 2048\n"
	"back_to_it:\n"
	"	eret\n"
	"	.balign 128\n"
	"	.irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
	"	b	ofl_arm_vectors + 128 * \\n\n"
	"	.balign 128\n"
	"	.endr\n"
	".popsection");

/* A handler that goes back to what has faulted; interrupts are handled as ever. */
FAULT fault_exception_loop(void)
{
	__asm__ volatile("msr vbar_el1, %0\n\tisb" : : "r"(back_to_it));
	__asm__ volatile("udf #0");
	return MINDED;
}

FAULT fault_gicd(void)
{
	*(volatile uint32_t *)(uintptr_t)ofl_boot->arch.arm64.gicd_pa = 0;
	stay();
	return MINDED;
}

FAULT fault_reset(void)
{
	register uint64_t x0 __asm__("x0") = 0x84000009; /* PSCI SYSTEM_RESET */

	if (ofl_boot->arch.arm64.conduit == OFL_CONDUIT_HVC)
		__asm__ volatile("hvc #0" : "+r"(x0) : : "memory");
	else
		__asm__ volatile("smc #0" : "+r"(x0) : : "memory");
	return MINDED;
}

#endif

const struct fault faults_sabotage[] = {
	F(linux_alias), F(page_tables_alias), F(root), F(reset), F(exception_loop),
#if defined(__x86_64__)
	F(idt), F(idt_alias), F(gdt_alias), F(park_alias), F(nmi_loop), F(init),
	F(double_fault),
#else
	F(vectors), F(vectors_alias), F(gicd),
#endif
	{ 0 },
};
