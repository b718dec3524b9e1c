/* SPDX-License-Identifier: BSD-2-Clause */
	.section .text.start, "ax", %progbits
	.globl _start
	.type _start, %function
_start:
	mov	x29, #0
	mov	x30, #0
	mov	x0, sp			/* argc, argv, envp */
	bl	ofl_native_start
	brk	#0
	.size _start, . - _start

	.globl ofl_native_sigreturn
	.type ofl_native_sigreturn, %function
ofl_native_sigreturn:
	mov	x8, #139		/* rt_sigreturn */
	svc	#0
	.size ofl_native_sigreturn, . - ofl_native_sigreturn

	.section .note.GNU-stack, "", %progbits
