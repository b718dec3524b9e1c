/* SPDX-License-Identifier: BSD-2-Clause */
	.section .text.start, "ax", @progbits
	.globl _start
	.type _start, @function
_start:
	xor	%ebp, %ebp
	mov	%rsp, %rdi		/* argc, argv, envp */
	and	$-16, %rsp
	call	ofl_native_start
	ud2
	.size _start, . - _start

	.globl ofl_native_sigreturn
	.type ofl_native_sigreturn, @function
ofl_native_sigreturn:
	mov	$15, %eax		/* rt_sigreturn */
	syscall
	.size ofl_native_sigreturn, . - ofl_native_sigreturn

	.section .note.GNU-stack, "", @progbits
