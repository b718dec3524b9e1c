/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions and structures of the processor that C has no words for. */
#ifndef OFFLOAD_CPU_H
#define OFFLOAD_CPU_H

#include <stdint.h>

/*
 * Selectors: the same as in the host's park area, since an NMI can find its
 * IDT still loaded with our GDT, or ours with its GDT, and returns through
 * whichever it is.
 */
#define SEL_CODE 0x08
#define SEL_DATA 0x10
#define SEL_TSS 0x18

/* Interrupt stacks (index in the TSS, from 1). */
enum ist {
	IST_DF = 1, /* #DF */
	IST_NMI,
	IST_MC,
	IST_FAULT, /* every other exception: they all end in a crash record */
	IST_IRQ,   /* one for all: interrupts do not nest */
	IST_COUNT = 7,
};

#define MSR_APIC_BASE 0x1b
#define MSR_MCG_STATUS 0x17a
#define MSR_EFER 0xc0000080
#define EFER_NXE (1ull << 11)

#define CR0_PE (1ull << 0)
#define CR0_MP (1ull << 1)
#define CR0_ET (1ull << 4)
#define CR0_NE (1ull << 5)
#define CR0_WP (1ull << 16)
#define CR0_PG (1ull << 31)

#define CR4_PAE (1ull << 5)
#define CR4_MCE (1ull << 6)
#define CR4_PGE (1ull << 7)
#define CR4_OSFXSR (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_LA57 (1ull << 12)

#define RFLAGS_TF (1ull << 8)
#define RFLAGS_IF (1ull << 9)
#define RFLAGS_RF (1ull << 16)

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value),
			 "d"((uint32_t)(value >> 32)) : "memory");
}

#define CR_ACCESSORS(n) \
static inline uint64_t read_cr##n(void) \
{ \
	uint64_t x; \
	__asm__ volatile("mov %%cr" #n ", %0" : "=r"(x)); \
	return x; \
} \
static inline void write_cr##n(uint64_t x) \
{ \
	__asm__ volatile("mov %0, %%cr" #n : : "r"(x) : "memory"); \
}
CR_ACCESSORS(0)
CR_ACCESSORS(2)
CR_ACCESSORS(3)
CR_ACCESSORS(4)

#endif
