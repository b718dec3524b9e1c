/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a held core waits.
 *
 * ofl_park_leave runs in the module, on Linux's tables, on the dying CPU; the
 * rest is copied into the park page and runs there only, at its physical
 * address.  The image comes back to ofl_park_entry, which may be entered in
 * any state with IF = 0: from an NMI handler (NMIs blocked) as well as with
 * NMIs coming.  It switches in steps, so that an NMI between any two finds an
 * IDT, a TSS and a stack:
 *
 *   CR4, CR0, CR3  the park tables also map the region where the image has it,
 *                  so the image's IDT, TSS and stacks keep working;
 *   GDT, TR        the image's IDT with our TSS: all seven ISTs of ours are
 *                  stacks; selectors are the same;
 *   IDT            ours.
 *
 * An image has to go the other way: GDT, TR, IDT while it is on the park
 * tables, then CR3.
 *
 * One gap is left, in ofl_park_leave: after CR3 was loaded and before the IDT
 * is, some twenty instructions, an NMI would find Linux's IDT unmapped.
 * Nobody sends NMIs to a CPU that has reported its death, save a panic.
 */
#include <linux/linkage.h>
#include <asm/ibt.h>
#include <asm/nospec-branch.h>
#include "park.h"

#define DATA(off) (ofl_park_text + OFL_PARK_DATA + (off))(%rip)

/* From abi.h, whose C parts the assembler does not see */
#define REGION_VA 0x700000000000
#define BOOT_HOST_REQUEST (REGION_VA + 192)
#define BOOT_IMAGE_STATE (REGION_VA + 256)
#define REQUEST_STOP 1
#define STATE_EXITED 4
#define STATE_CRASHED 5
#define STATE_STOPPED 6

	.text
	.balign 256
SYM_FUNC_START(ofl_park_leave)
	ENDBR
	cli
	movq	%cr4, %rax
	btrq	$23, %rax		/* CET, before CR0.WP is touched */
	movq	%rax, %cr4
	btrq	$7, %rax		/* PGE: drop global entries, */
	btrq	$17, %rax		/* PCIDE: and those of other spaces */
	movq	%rax, %cr4
	movq	%rdi, %cr3
	ANNOTATE_RETPOLINE_SAFE
	jmp	*%rsi
SYM_FUNC_END(ofl_park_leave)
SYM_INNER_LABEL(ofl_park_leave_end, SYM_L_GLOBAL)
	.if	ofl_park_leave_end - ofl_park_leave > 256
	.error	"ofl_park_leave may cross a page"
	.endif

	.section .rodata.ofl_park, "a"
	.balign 64
SYM_INNER_LABEL(ofl_park_text, SYM_L_GLOBAL)

SYM_INNER_LABEL(ofl_park_entry, SYM_L_GLOBAL)
	cli
	cld
	xorl	%eax, %eax
	movq	%rax, %dr7
	movq	%cr4, %rax
	andl	$OFL_PARK_CR4_KEEP, %eax
	orl	$OFL_PARK_CR4_SET, %eax
	movq	%rax, %cr4
	movl	$OFL_PARK_CR0, %eax
	movq	%rax, %cr0
	movq	DATA(OFL_MBOX_CR3), %rax
	movq	%rax, %cr3

	leaq	(ofl_park_text + OFL_PARK_STACK_LOOP)(%rip), %rsp
	lgdt	DATA(OFL_PARK_GDTR)
	andb	$~2, DATA(OFL_PARK_GDT + OFL_PARK_TR + 5) /* not busy */
	movl	$OFL_PARK_TR, %eax
	ltr	%ax
	lidt	DATA(OFL_PARK_IDTR)

	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	/* iretq, not a jump: it also unblocks NMIs */
	movq	%rsp, %rcx
	pushq	$OFL_PARK_DS
	pushq	%rcx
	pushq	$2
	pushq	$OFL_PARK_CS
	leaq	park_loop(%rip), %rax
	pushq	%rax
	iretq

	/* An NMI in here starts again at park_loop. */
park_loop:
	movl	$1, DATA(OFL_MBOX_PARKED)
	movl	DATA(OFL_MBOX_START_SEQ), %eax
	cmpl	DATA(OFL_MBOX_DONE_SEQ), %eax
	jne	park_start
	hlt
	jmp	park_loop
park_start:
	movl	$0, DATA(OFL_MBOX_PARKED)
	movl	%eax, DATA(OFL_MBOX_DONE_SEQ)
	movq	DATA(OFL_MBOX_ENTRY), %rax
	movabsq	$REGION_VA, %rdi
	jmp	*%rax

	/*
	 * The host's signal: there is something in the mailbox, or, if an
	 * image has just been entered, in the boot page.
	 */
SYM_INNER_LABEL(ofl_park_nmi, SYM_L_GLOBAL)
	pushq	%rax
	pushq	%rcx
	movq	16(%rsp), %rax		/* where it came in */
	leaq	park_loop(%rip), %rcx
	cmpq	%rcx, %rax
	jb	1f
	leaq	park_start(%rip), %rcx
	cmpq	%rcx, %rax
	jae	1f
	leaq	park_loop(%rip), %rax
	movq	%rax, 16(%rsp)
	jmp	2f
1:	leaq	ofl_park_text(%rip), %rcx
	subq	%rcx, %rax
	cmpq	$OFL_PARK_DATA, %rax
	jb	2f			/* on our way in or out: go on */
	movabsq	$BOOT_HOST_REQUEST, %rcx
	cmpl	$REQUEST_STOP, (%rcx)
	jne	2f
	movabsq	$BOOT_IMAGE_STATE, %rcx
	cmpl	$STATE_EXITED, (%rcx)
	je	3f
	cmpl	$STATE_CRASHED, (%rcx)
	je	3f
	movl	$STATE_STOPPED, (%rcx)
3:	jmp	ofl_park_entry
2:	popq	%rcx
	popq	%rax
SYM_INNER_LABEL(ofl_park_other, SYM_L_GLOBAL)
	iretq

	/* An exception before the image has an IDT of its own. */
park_exception:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	movq	24(%rsp), %rax
	movq	%rax, DATA(OFL_MBOX_VECTOR)
	movq	32(%rsp), %rcx
	movq	%rcx, DATA(OFL_MBOX_ERROR)
	movq	40(%rsp), %rcx
	movq	%rcx, DATA(OFL_MBOX_RIP)
	movq	%cr2, %rcx
	movq	%rcx, DATA(OFL_MBOX_CR2)
	incl	DATA(OFL_MBOX_FAULTS)
	cmpl	$18, %eax		/* machine check: */
	jne	1f
	movl	$0x17a, %ecx		/* IA32_MCG_STATUS, or the next one */
	xorl	%eax, %eax		/* shuts the machine down */
	xorl	%edx, %edx
	wrmsr
1:	jmp	ofl_park_entry

	.balign OFL_PARK_VECTOR_SIZE
SYM_INNER_LABEL(ofl_park_vectors, SYM_L_GLOBAL)
	.set	vector, 0
	.rept	OFL_PARK_NR_VECTORS
	/* those without an error code of the CPU's get a zero */
	.if	!((0x60227d00 >> vector) & 1)
	pushq	$0
	.endif
	pushq	$vector
	jmp	park_exception
	.balign OFL_PARK_VECTOR_SIZE
	.set	vector, vector + 1
	.endr
SYM_INNER_LABEL(ofl_park_text_end, SYM_L_GLOBAL)
	/* an error here means that the park text does not fit into its page */
	.org	ofl_park_text + OFL_PARK_DATA
	.section .note.GNU-stack, "", @progbits
