// SPDX-License-Identifier: BSD-2-Clause
#if defined(__x86_64__)
#include "bell/bell.h"

#include "core.h"
#include "cpu.h"
#include "lapic.h"

#define REG_IRR 0x200u

bool bell_pending(void)
{
	volatile uint32_t *mmio = (volatile uint32_t *)ofl_boot->arch.x86.lapic_pa;
	uint32_t reg = REG_IRR + ofl_bell_irq() / 32 * 16;
	uint32_t irr = lapic_is_mmio() ? mmio[reg / 4] : (uint32_t)rdmsr(0x800 + reg / 16);

	return irr >> ofl_bell_irq() % 32 & 1;
}

/* Another vector of the same core. */
uint64_t bell_elsewhere(uint64_t place)
{
	return place + 1;
}
#endif
