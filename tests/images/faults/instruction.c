// SPDX-License-Identifier: BSD-2-Clause
/* Instructions that the machine refuses, or should. */
#include "faults.h"

FAULT fault_undefined(void)
{
#if defined(__x86_64__)
	__asm__ volatile("ud2");
#else
	__asm__ volatile("udf #0");
#endif
	return MINDED;
}

FAULT fault_trap(void)
{
	if (!sink)
		__builtin_trap();
	return MINDED;
}

FAULT fault_breakpoint(void)
{
#if defined(__x86_64__)
	__asm__ volatile("int3");
#else
	__asm__ volatile("brk #1");
#endif
	return MINDED;
}

FAULT fault_divide(void)
{
	sink = (uint32_t)(7 / (int)sink);
	return 0;
}

FAULT fault_divide_overflow(void)
{
	volatile int least = -2147483647 - 1, minus = -1;

	sink = (uint32_t)(least / minus);
	return 0;
}

FAULT fault_system_call(void)
{
#if defined(__x86_64__)
	__asm__ volatile("int $0x80");
#else
	__asm__ volatile("svc #0");
#endif
	return 0;
}

#if defined(__x86_64__)

FAULT fault_single_step(void)
{
	__asm__ volatile("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop" : : : "memory", "cc");
	return MINDED;
}

FAULT fault_x87(void)
{
	const uint16_t control = 0x0340; /* nothing masked */

	__asm__ volatile("fldcw %0\n\tfld1\n\tfldz\n\tfdivrp\n\tfwait" : : "m"(control));
	return MINDED;
}

FAULT fault_segment(void)
{
	__asm__ volatile("mov %w0, %%ds" : : "r"(0x1238));
	return MINDED;
}

FAULT fault_vmxon(void)
{
	__asm__ volatile("vmxon %0" : : "m"(code[0]));
	return MINDED;
}

#else

FAULT fault_system_register(void)
{
	__asm__ volatile("mrs x9, s3_7_c15_c15_7" : : : "x9");
	return MINDED;
}

#endif

const struct fault faults_instruction[] = {
	F(undefined), F(trap), F(breakpoint), F(divide), F(divide_overflow),
	F(system_call),
#if defined(__x86_64__)
	F(single_step), F(x87), F(segment), F(vmxon),
#else
	F(system_register),
#endif
	{ 0 },
};
