/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All 256 vectors.  Every one has a stub of five bytes, a call of the common
 * entry: the return address on the stack tells the vector.  NMI has an entry
 * of its own, which needs nothing but the boot page.
 *
 * Interrupts run on their own stack, so they may hit code that uses a red
 * zone (a foreign object, libgcc) and a main stack that is full.
 */
#include "cpu_asm.h"

	.text
	.globl ofl_x86_stubs
	.balign 16
ofl_x86_stubs:
	.rept 256
	.byte	0xe8				/* call, always with 32 bits */
	.long	entry - (. + 4)
	.endr

/*
 * Stack (grows down): ss rsp rflags cs rip [error] stub.
 */
	.type entry, @function
entry:
	push	%rax
	push	%rcx
	mov	16(%rsp), %rax
	lea	ofl_x86_stubs(%rip), %rcx
	sub	%rcx, %rax			/* 5 * (vector + 1) */
	imul	$0xcccd, %eax, %eax
	shr	$18, %eax
	dec	%eax
	cmp	$32, %eax
	jb	fault

	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbp				/* 16 words from the top: aligned */
	cld
	/*
	 * A frame for the backtrace, {rbp, rip} of what was interrupted, lies
	 * under the x87 and SSE state.
	 */
	push	88(%rsp)			/* rip */
	push	%rbp
	mov	%rsp, %rbp
	sub	$512, %rsp
	fxsave64 (%rsp)
	fninit				/* a handler finds the x87 stack empty */
	mov	%eax, %edi
	call	ofl_x86_irq
	fxrstor64 (%rsp)
	add	$528, %rsp
	pop	%rbp
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$8, %rsp
	iretq

/*
 * An exception: the rest of struct regs (trap.c), and no way back, but for one
 * that a test expected: %rax is then the frame to go on with.
 */
fault:
	push	%rdx
	push	%rbx
	push	%rbp
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	cld
	mov	%eax, %edi
	mov	%rsp, %rsi
	and	$-16, %rsp
	xor	%ebp, %ebp
	call	ofl_x86_fault
	mov	%rax, %rsp
	iretq
	.size entry, . - entry

/*
 * Every NMI is the host's.  It may come at any instruction, also on the host's
 * page tables before ours are loaded: both map all that is used here.  It is for a
 * stop, or for a sample of the registers.
 */
	.globl ofl_x86_nmi
	.type ofl_x86_nmi, @function
ofl_x86_nmi:
	push	%rax
	movabs	$BOOT_HOST_REQUEST, %rax
	cmpl	$REQUEST_STOP, (%rax)
	je	1f
	push	%rcx
	movabs	$BOOT_HOST_SAMPLE, %rcx
	mov	(%rcx), %eax
	movabs	$SAMPLE, %rcx
	cmp	SAMPLE_SEQ(%rcx), %eax
	jne	3f
	pop	%rcx
	pop	%rax
	iretq

	/* Stack: rcx rax rip cs rflags rsp ss. */
3:	push	%rax
	mov	16(%rsp), %rax
	mov	%rax, SAMPLE_REGS(%rcx)
	mov	%rbx, SAMPLE_REGS + 8(%rcx)
	mov	8(%rsp), %rax
	mov	%rax, SAMPLE_REGS + 16(%rcx)
	mov	%rdx, SAMPLE_REGS + 24(%rcx)
	mov	%rsi, SAMPLE_REGS + 32(%rcx)
	mov	%rdi, SAMPLE_REGS + 40(%rcx)
	mov	%rbp, SAMPLE_REGS + 48(%rcx)
	mov	48(%rsp), %rax
	mov	%rax, SAMPLE_REGS + 56(%rcx)
	mov	%rax, SAMPLE_SP(%rcx)
	mov	%r8, SAMPLE_REGS + 64(%rcx)
	mov	%r9, SAMPLE_REGS + 72(%rcx)
	mov	%r10, SAMPLE_REGS + 80(%rcx)
	mov	%r11, SAMPLE_REGS + 88(%rcx)
	mov	%r12, SAMPLE_REGS + 96(%rcx)
	mov	%r13, SAMPLE_REGS + 104(%rcx)
	mov	%r14, SAMPLE_REGS + 112(%rcx)
	mov	%r15, SAMPLE_REGS + 120(%rcx)
	mov	24(%rsp), %rax
	mov	%rax, SAMPLE_REGS + 128(%rcx)
	mov	%rax, SAMPLE_PC(%rcx)
	mov	40(%rsp), %rax
	mov	%rax, SAMPLE_REGS + 136(%rcx)
	movl	$-1, (%rcx)			/* OFL_VECTOR_NONE */
	movl	$18, SAMPLE_NR_REGS(%rcx)
	pop	%rax
	mov	%eax, SAMPLE_SEQ(%rcx)
	pop	%rcx
	pop	%rax
	iretq

	/* what the image has said of its end stays */
1:	movabs	$BOOT_IMAGE_STATE, %rax
	cmpl	$STATE_EXITED, (%rax)
	je	2f
	cmpl	$STATE_CRASHED, (%rax)
	je	2f
	movl	$STATE_STOPPED, (%rax)
2:	jmp	*ofl_x86_park_entry(%rip)
	.size ofl_x86_nmi, . - ofl_x86_nmi

	.section .note.GNU-stack, "", @progbits
