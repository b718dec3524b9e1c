// SPDX-License-Identifier: BSD-2-Clause
/*
 * The thread pointer.  A C library's own function for it takes the offset from
 * an absolute symbol, which RIP-relative code linked this high cannot reach.
 */
#include "tls.h"

#include "cpu.h"

#define MSR_FS_BASE 0xc0000100

extern uint8_t __ofl_tls_tcb[]; /* linker script */

/* The ABI's variant II: %fs points behind the block, to a pointer to itself. */
void ofl_tls_init(void)
{
	*(volatile uint64_t *)(void *)__ofl_tls_tcb = (uintptr_t)__ofl_tls_tcb;
	wrmsr(MSR_FS_BASE, (uintptr_t)__ofl_tls_tcb);
}
