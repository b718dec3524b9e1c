// SPDX-License-Identifier: BSD-2-Clause
/* Calls of what is no code. */
#include <stdlib.h>

#include "faults.h"

static const uint32_t constant[16] = { 1, 2, 3 };

FAULT fault_null_call(void)
{
	void (*volatile fn)(void) = (void (*)(void))(uintptr_t)null;

	fn();
	return MINDED;
}

FAULT fault_wild_call(void)
{
	void (*volatile fn)(void) = (void (*)(void))NOWHERE;

	fn();
	return MINDED;
}

/* A function that returns, at p. */
static void call(void *p)
{
	void (*volatile fn)(void) = (void (*)(void))(uintptr_t)p;

#if defined(__x86_64__)
	*(uint32_t *)p = 0xc3c3c3c3;
#else
	*(uint32_t *)p = 0xd65f03c0;
#endif
	fn();
}

FAULT fault_data_exec(void)
{
	call(code);
	return MINDED;
}

FAULT fault_stack_exec(void)
{
	uint32_t local[4];

	call(local);
	return MINDED;
}

FAULT fault_heap_exec(void)
{
	call(malloc(64));
	return MINDED;
}

FAULT fault_rodata_exec(void)
{
	void (*volatile fn)(void) = (void (*)(void))(uintptr_t)constant;

	fn();
	return MINDED;
}

#if defined(__aarch64__)

FAULT fault_pc_unaligned(void)
{
	void (*volatile fn)(void) = (void (*)(void))((uintptr_t)stay + 2);

	fn();
	return MINDED;
}

#endif

const struct fault faults_code[] = {
	F(null_call), F(wild_call), F(data_exec), F(stack_exec), F(heap_exec),
	F(rodata_exec),
#if defined(__aarch64__)
	F(pc_unaligned),
#endif
	{ 0 },
};
