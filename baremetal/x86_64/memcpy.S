/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memcpy, in place of the C library's: that one stores around the caches from 256 bytes
 * on (movnti), which makes a copy of what is in the caches, as buffers of the window are,
 * ten times as slow.  Integer registers only.
 *
 * Quadwords from the front, then the last eight bytes once more, whatever they overlap.
 * Every processor copies long runs of `rep movsq` by lines; an emulator eight bytes at a
 * time.
 */
#define LONG_RUN 256

	.section .text.memcpy, "ax"
	.globl memcpy
	.type memcpy, @function
memcpy:
	mov	%rdi, %rax
	cmp	$8, %rdx
	jb	.Lshort
	mov	-8(%rsi, %rdx), %r8		/* the last eight */
	lea	-8(%rdi, %rdx), %r9
	cmp	$LONG_RUN, %rdx
	jae	.Llong
	sub	$8, %rdx
	jbe	.Llast
.Lloop:
	mov	(%rsi), %rcx
	mov	%rcx, (%rdi)
	add	$8, %rsi
	add	$8, %rdi
	sub	$8, %rdx
	ja	.Lloop
.Llast:
	mov	%r8, (%r9)
	ret

.Llong:
	mov	(%rsi), %r10			/* align the destination */
	mov	8(%rsi), %r11
	mov	%r10, (%rdi)
	mov	%r11, 8(%rdi)
	mov	%edi, %ecx
	neg	%ecx
	and	$15, %ecx
	add	%rcx, %rsi
	add	%rcx, %rdi
	sub	%rcx, %rdx
	mov	%rdx, %rcx
	shr	$3, %rcx
	rep movsq
	mov	%r8, (%r9)
	ret

.Lshort:
	test	%edx, %edx
	jz	.Ldone
	cmp	$4, %edx
	jae	.Lfour
	movzbl	(%rsi), %ecx
	movzbl	-1(%rsi, %rdx), %r8d
	cmp	$2, %edx
	jbe	.Ltwo
	movzbl	1(%rsi), %r9d
	mov	%r9b, 1(%rdi)
.Ltwo:
	mov	%cl, (%rdi)
	mov	%r8b, -1(%rdi, %rdx)
.Ldone:
	ret
.Lfour:
	mov	(%rsi), %ecx
	mov	-4(%rsi, %rdx), %r8d
	mov	%ecx, (%rdi)
	mov	%r8d, -4(%rdi, %rdx)
	ret
	.size memcpy, . - memcpy
	.section .note.GNU-stack, "", @progbits
