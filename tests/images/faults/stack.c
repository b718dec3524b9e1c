// SPDX-License-Identifier: BSD-2-Clause
/* The stack: too deep, overwritten, elsewhere. */
#include "faults.h"

FAULT fault_stack_overflow(void)
{
	sink = deeper(1000000);
	return MINDED;
}

FAULT fault_stack_smash(void)
{
	uintptr_t *frame = __builtin_frame_address(0);

	/* what a string of As that is too long leaves there */
	for (volatile int i = 0; i < 2; i++)
		((volatile uintptr_t *)frame)[i] = 0x4141414141414141;
	return MINDED;
}

FAULT fault_bad_stack(void)
{
#if defined(__x86_64__)
	__asm__ volatile("mov $0x10, %%esp\n\tpush %%rax" : : : "memory");
#else
	__asm__ volatile("mov x9, #0x10\n\tmov sp, x9\n\tstr x9, [sp]" : : : "x9", "memory");
#endif
	return MINDED;
}

FAULT fault_wild_stack(void)
{
#if defined(__x86_64__)
	__asm__ volatile("movabs $0xdead000000000000, %%rsp\n\tpush %%rax" : : : "memory");
#else
	__asm__ volatile("mov x9, #0xdead000000000000\n\tmov sp, x9\n\tstr x9, [sp]"
			 : : : "x9", "memory");
#endif
	return MINDED;
}

const struct fault faults_stack[] = {
	F(stack_overflow), F(stack_smash), F(bad_stack), F(wild_stack),
	{ 0 },
};
