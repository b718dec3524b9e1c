// SPDX-License-Identifier: BSD-2-Clause
/*
 * The C library's _set_tls for images: its own takes the TCB's offset from an
 * absolute symbol, which RIP-relative code linked this high cannot reach.
 */
#include <picotls.h>

#include "cpu.h"

#define MSR_FS_BASE 0xc0000100

extern uint8_t __tls_base[], __ofl_tls_tcb[]; /* linker script */

/* The ABI's variant II: %fs points behind the block, to a pointer to itself. */
void _set_tls(void *tls)
{
	uint64_t tcb = (uintptr_t)tls + ((uintptr_t)__ofl_tls_tcb - (uintptr_t)__tls_base);

	*(volatile uint64_t *)tcb = tcb;
	wrmsr(MSR_FS_BASE, tcb);
}
