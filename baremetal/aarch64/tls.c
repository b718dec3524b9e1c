// SPDX-License-Identifier: BSD-2-Clause
/* The thread pointer. */
#include "tls.h"

extern char __ofl_tls_tp[]; /* linker script */

/* The ABI's variant I: two words, which nobody uses here, then the block. */
void ofl_tls_init(void)
{
	__asm__ volatile("msr tpidr_el0, %0" : : "r"(__ofl_tls_tp) : "memory");
}
