/* SPDX-License-Identifier: BSD-2-Clause */
/* SMC calling convention: function in x0, arguments in x1 to x3, result in x0. */
	.text
	.macro conduit name, insn
	.globl \name
	.type \name, %function
\name:
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	\insn	#0
	ldp	x29, x30, [sp], #16
	ret
	.size \name, . - \name
	.endm

	conduit	ofl_psci_hvc, hvc
	conduit	ofl_psci_smc, smc

	.section .note.GNU-stack, "", %progbits
