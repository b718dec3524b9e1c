// SPDX-License-Identifier: BSD-2-Clause
/* Images that do not end. */
#include "faults.h"

static void mask(void)
{
#if defined(__x86_64__)
	__asm__ volatile("cli" : : : "memory");
#else
	__asm__ volatile("msr daifset, #0xf" : : : "memory");
#endif
}

FAULT fault_endless(void)
{
	stay();
	return MINDED;
}

FAULT fault_masked(void)
{
	mask();
	while (!ofl_platform_pmm_epoch())
		ofl_platform_relax();
	ofl_irq_restore(0x202); /* never on x86_64, where it was stopped */
	stay();
	return MINDED;
}

FAULT fault_masked_sleep(void)
{
	mask();
	while (!ofl_platform_pmm_epoch())
#if defined(__x86_64__)
		__asm__ volatile("hlt");
#else
		__asm__ volatile("wfi");
#endif
	return MINDED;
}

const struct fault faults_loop[] = {
	F(endless), F(masked), F(masked_sleep),
	{ 0 },
};
