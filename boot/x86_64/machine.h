/* SPDX-License-Identifier: BSD-2-Clause */
/* The x86_64 half of the loader: CPU instructions, park.c, clock.c. */
#ifndef OFFLOAD_BOOT_X86_MACHINE_H
#define OFFLOAD_BOOT_X86_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include <efi.h>

#include <offload/abi.h>

/* The park area for this image, at its physical address; NULL: no memory. */
uint8_t *ofl_park_build(const struct ofl_boot *boot);
/*
 * Fill the page, below 1 MiB, that a second core starts in; it goes on at `entry` in
 * 64-bit code on cr3 (below 4 GiB) with this EFER and these bits set in
 * IA32_APIC_BASE.
 */
void ofl_low_build(uint8_t *page, uint64_t entry, uint64_t cr3, uint64_t efer,
		   uint32_t apic);

/* Frequency of the TSC in Hz, from the CPU or measured; 0: there is no way. */
uint64_t ofl_tsc_hz(EFI_SYSTEM_TABLE *st);

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence\n\trdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
	__asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(sub));
}

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

static inline uint32_t inl(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %w1" : : "a"(value), "Nd"(port) : "memory");
}

#endif
