// SPDX-License-Identifier: BSD-2-Clause
#if defined(__aarch64__)
#include "bell/bell.h"

#include "core.h"

#define ISPENDR0 0x200u
#define GICR_SGI_BASE 0x10000u

bool bell_pending(void)
{
	const struct ofl_boot_arm64 *arm = &ofl_boot->arch.arm64;
	uint64_t base = arm->gic_version >= 3 ? arm->gicr_pa + GICR_SGI_BASE : arm->gicd_pa;

	return *(volatile uint32_t *)(base + ISPENDR0) >> ofl_bell_irq() & 1;
}

/* Another shared interrupt. */
uint64_t bell_elsewhere(uint64_t place)
{
	return place - 1;
}
#endif
