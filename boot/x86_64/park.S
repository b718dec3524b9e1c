/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Into an image and out of it again; and the first steps of a second core.
 *
 * The park text is copied into the park area and runs there, at its physical
 * address, which the firmware's tables, the park tables and the image's all map.
 * Coming back, it switches in steps, so that an NMI between any two finds an IDT, a
 * TSS and a stack: first the park tables, which also map the region where the
 * image has its own; then GDT and TR, then the IDT, then the firmware's tables.
 */
#include "park.h"

#define DATA(off) (ofl_park_text + PARK_DATA + (off))(%rip)

/* From abi.h, whose C parts the assembler does not see; machine.c checks. */
#define REGION_VA 0x700000000000
#define BOOT_HOST_REQUEST (REGION_VA + 192)
#define BOOT_IMAGE_STATE (REGION_VA + 256)
#define REQUEST_STOP 1
#define STATE_EXITED 4
#define STATE_CRASHED 5
#define STATE_STOPPED 6

#define GLOBAL(name) .globl name; .hidden name; name

	.section .rodata.ofl_park, "a"
	.balign 64
GLOBAL(ofl_park_text):

	.macro	switch_tables
	cli
	cld
	xorl	%eax, %eax
	movq	%rax, %dr7
	movl	$PARK_CR4, %eax		/* without PGE: global entries go */
	movq	%rax, %cr4
	movl	$PARK_CR0, %eax
	movq	%rax, %cr0
	movq	DATA(PARK_CR3), %rax
	movq	%rax, %cr3
	leaq	(ofl_park_text + PARK_STACK)(%rip), %rsp
	lgdt	DATA(PARK_GDTR)
	andb	$~2, DATA(PARK_GDT + PARK_TR + 5) /* not busy */
	movl	$PARK_TR, %eax
	ltr	%ax
	lidt	DATA(PARK_IDTR)
	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	.endm

	/* iretq, not a jump: it also unblocks NMIs */
	.macro	go_on_at label
	movq	%rsp, %rcx
	pushq	$PARK_DS
	pushq	%rcx
	pushq	$2
	pushq	$PARK_CS
	leaq	\label(%rip), %rax
	pushq	%rax
	iretq
	.endm

	/* Into the image, from 64-bit code on any tables that map this. */
GLOBAL(ofl_park_start):
	switch_tables
	go_on_at 1f
1:	movq	DATA(PARK_ENTRY), %rax
	movabsq	$REGION_VA, %rdi
	jmp	*%rax

	/* The image gives the core back: any state, IF = 0. */
GLOBAL(ofl_park_entry):
	switch_tables
	go_on_at 1f
1:	movq	DATA(PARK_HOME_CR3), %rax
	movq	%rax, %cr3
	movq	DATA(PARK_HOME_ARG), %rdi
	xorl	%ebp, %ebp
	call	*DATA(PARK_HOME)
2:	hlt
	jmp	2b

	/*
	 * An NMI before the image has an IDT, or after: only there is a boot
	 * page to look at.
	 */
GLOBAL(ofl_park_nmi):
	pushq	%rax
	pushq	%rcx
	movabsq	$REGION_VA, %rcx
	cmpq	%rcx, 16(%rsp)
	jb	1f
	movabsq	$BOOT_HOST_REQUEST, %rcx
	cmpl	$REQUEST_STOP, (%rcx)
	jne	1f
	movabsq	$BOOT_IMAGE_STATE, %rcx
	cmpl	$STATE_EXITED, (%rcx)	/* its own last word counts */
	je	ofl_park_entry
	cmpl	$STATE_CRASHED, (%rcx)
	je	ofl_park_entry
	movl	$STATE_STOPPED, (%rcx)
	jmp	ofl_park_entry
1:	popq	%rcx
	popq	%rax
GLOBAL(ofl_park_other):
	iretq

	/* An exception before the image has an IDT of its own. */
park_exception:
	pushq	%rax
	pushq	%rcx
	movq	16(%rsp), %rax
	movq	%rax, DATA(PARK_VECTOR)
	movq	24(%rsp), %rax
	movq	%rax, DATA(PARK_ERROR)
	movq	32(%rsp), %rax
	movq	%rax, DATA(PARK_RIP)
	movq	%cr2, %rax
	movq	%rax, DATA(PARK_CR2)
	incl	DATA(PARK_FAULTS)
	cmpl	$1, DATA(PARK_FAULTS)	/* one more on the way home: stay here */
	je	ofl_park_entry
3:	hlt
	jmp	3b

	.balign PARK_VECTOR_SIZE
GLOBAL(ofl_park_vectors):
	.set	vector, 0
	.rept	PARK_NR_VECTORS
	/* those without an error code of the CPU's get a zero */
	.if	!((0x60227d00 >> vector) & 1)
	pushq	$0
	.endif
	pushq	$vector
	jmp	park_exception
	.balign PARK_VECTOR_SIZE
	.set	vector, vector + 1
	.endr
GLOBAL(ofl_park_text_end):
	/* an error here means that the park text does not fit into its page */
	.org	ofl_park_text + PARK_DATA

/*
 * A second core, from its SIPI to ofl_park_start: copied to a page below 1 MiB,
 * %cs = page / 16.  Its own data are at LOW_DATA.
 */
	.balign 64
GLOBAL(ofl_low_text):
	.code16
	cli
	cld
	xorl	%ebx, %ebx
	movw	%cs, %bx
	movw	%bx, %ds
	shll	$4, %ebx
	lgdtl	LOW_DATA + LOW_GDTR
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	*(LOW_DATA + LOW_FAR32)
	.code32
GLOBAL(ofl_low_32):
	movl	$PARK_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$PARK_CR4, %eax
	movl	%eax, %cr4
	movl	(LOW_DATA + LOW_CR3)(%ebx), %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx	/* EFER */
	movl	(LOW_DATA + LOW_EFER)(%ebx), %eax
	xorl	%edx, %edx
	wrmsr
	movl	$PARK_CR0, %eax
	movl	%eax, %cr0
	ljmpl	*(LOW_DATA + LOW_FAR64)(%ebx)
	.code64
GLOBAL(ofl_low_64):
	movl	$0x1b, %ecx		/* IA32_APIC_BASE: into the mode wanted */
	rdmsr
	orl	(LOW_DATA + LOW_APIC)(%rbx), %eax
	wrmsr
	movl	$1, (LOW_DATA + LOW_SEEN)(%rbx)
1:	pause
	cmpl	$0, (LOW_DATA + LOW_GO)(%rbx)
	je	1b
	movq	(LOW_DATA + LOW_ENTRY)(%rbx), %rax
	jmp	*%rax
GLOBAL(ofl_low_text_end):
	.org	ofl_low_text + LOW_DATA

	.section .note.GNU-stack, "", @progbits
