// SPDX-License-Identifier: BSD-2-Clause
/* The TSC's frequency: what the CPU says, else measured. */
#include "machine.h"

#include "../acpi.h"

#define PM_HZ 3579545u
#define PM_MASK 0xffffffu /* 24 bits at least */
#define MEASURE_PM (PM_HZ / 50) /* 20 ms */
#define MEASURE_TRIES 3
#define MEASURE_LOOPS 10000000u
#define STALL_US 20000u

#define FADT_PM_TMR_BLK 76u

static uint64_t from_cpuid(void)
{
	uint32_t r[4], max;

	cpuid(0, 0, r);
	max = r[0];
	if (max >= 0x15) {
		cpuid(0x15, 0, r); /* crystal * ebx / eax */
		if (r[0] && r[1] && r[2])
			return (uint64_t)r[2] * r[1] / r[0];
	}
	cpuid(1, 0, r);
	if (!(r[2] >> 31)) /* no hypervisor */
		return 0;
	cpuid(0x40000000, 0, r);
	if (r[0] < 0x40000010 || r[0] > 0x4000ffff)
		return 0;
	cpuid(0x40000010, 0, r);
	return (uint64_t)r[0] * 1000;
}

static uint64_t against_pm_timer(uint16_t port)
{
	uint32_t begin, now, passed = 0;
	uint64_t t0, t1;

	begin = inl(port) & PM_MASK;
	for (unsigned int i = 0; i < 1000 && (inl(port) & PM_MASK) == begin; i++)
		;
	begin = inl(port) & PM_MASK;
	t0 = rdtsc();
	for (unsigned int i = 0; i < MEASURE_LOOPS && passed < MEASURE_PM; i++) {
		now = inl(port) & PM_MASK;
		passed = (now - begin) & PM_MASK;
	}
	t1 = rdtsc();
	return passed < MEASURE_PM ? 0 : (t1 - t0) * PM_HZ / passed;
}

/* What disturbs a measurement makes it too long: the smallest of some. */
static uint64_t measure(EFI_SYSTEM_TABLE *st)
{
	const uint8_t *fadt = ofl_acpi_find(st, "FACP");
	uint32_t port = 0;
	uint64_t best = 0, hz, t0;

	if (fadt && ((const struct ofl_acpi_header *)fadt)->length >= FADT_PM_TMR_BLK + 4)
		port = ofl_acpi_32(fadt + FADT_PM_TMR_BLK);
	for (unsigned int i = 0; i < MEASURE_TRIES; i++) {
		if (port && port <= 0xfffc) {
			hz = against_pm_timer((uint16_t)port);
		} else {
			t0 = rdtsc();
			st->BootServices->Stall(STALL_US);
			hz = (rdtsc() - t0) * (1000000 / STALL_US);
		}
		if (hz && (!best || hz < best))
			best = hz;
	}
	return best;
}

uint64_t ofl_tsc_hz(EFI_SYSTEM_TABLE *st)
{
	uint64_t hz = from_cpuid();

	return hz ? hz : measure(st);
}
