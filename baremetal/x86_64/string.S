/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memcpy() and memset(), in the place of the C library's.
 *
 * That one's write past the caches from 256 bytes on: right for a copy that nobody reads
 * soon, wrong for one that another core waits for.  These leave the bytes where they
 * will be wanted.  No vector registers: they may be called with interrupts' state live.
 */
#define LONG 512 /* from here on the processor's own loop is the fastest */

	.section .text.memcpy, "ax", @progbits
	.globl	memcpy
	.type	memcpy, @function
	.balign	16
memcpy:
	movq	%rdi, %rax
	cmpq	$32, %rdx
	jb	2f
	cmpq	$LONG, %rdx
	jae	3f
1:	movq	(%rsi), %rcx
	movq	8(%rsi), %r8
	movq	16(%rsi), %r9
	movq	24(%rsi), %r10
	movq	%rcx, (%rdi)
	movq	%r8, 8(%rdi)
	movq	%r9, 16(%rdi)
	movq	%r10, 24(%rdi)
	addq	$32, %rsi
	addq	$32, %rdi
	subq	$32, %rdx
	cmpq	$32, %rdx
	jae	1b
2:	testb	$16, %dl
	jz	1f
	movq	(%rsi), %rcx
	movq	8(%rsi), %r8
	movq	%rcx, (%rdi)
	movq	%r8, 8(%rdi)
	addq	$16, %rsi
	addq	$16, %rdi
1:	testb	$8, %dl
	jz	1f
	movq	(%rsi), %rcx
	movq	%rcx, (%rdi)
	addq	$8, %rsi
	addq	$8, %rdi
1:	testb	$4, %dl
	jz	1f
	movl	(%rsi), %ecx
	movl	%ecx, (%rdi)
	addq	$4, %rsi
	addq	$4, %rdi
1:	testb	$2, %dl
	jz	1f
	movw	(%rsi), %cx
	movw	%cx, (%rdi)
	addq	$2, %rsi
	addq	$2, %rdi
1:	testb	$1, %dl
	jz	1f
	movb	(%rsi), %cl
	movb	%cl, (%rdi)
1:	ret
3:	movq	%rdx, %rcx
	shrq	$3, %rcx
	rep movsq
	andl	$7, %edx
	jmp	2b
	.size	memcpy, . - memcpy

	.section .text.memset, "ax", @progbits
	.globl	memset
	.type	memset, @function
	.balign	16
memset:
	movq	%rdi, %r8
	movzbl	%sil, %eax
	movabsq	$0x0101010101010101, %rcx
	imulq	%rcx, %rax
	cmpq	$LONG, %rdx
	jae	2f
1:	subq	$8, %rdx
	jb	3f
	movq	%rax, (%rdi)
	addq	$8, %rdi
	jmp	1b
2:	movq	%rdx, %rcx
	shrq	$3, %rcx
	rep stosq
	andl	$7, %edx
	subq	$8, %rdx
3:	addq	$8, %rdx
	jz	5f
4:	movb	%al, (%rdi)
	incq	%rdi
	decq	%rdx
	jnz	4b
5:	movq	%r8, %rax
	ret
	.size	memset, . - memset

	.section .note.GNU-stack, "", @progbits
