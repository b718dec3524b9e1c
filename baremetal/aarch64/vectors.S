/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sixteen vectors.  The image runs on SP_EL0, so its interrupts come in
 * slot 1 and run on SP_ELx; slot 5 would be an interrupt inside a handler,
 * where they are masked.  Everything but the two is fatal and runs on a stack
 * of its own: whichever stack was in use may be what is broken.
 */
#define IRQ_STACK 16384
#define FAULT_STACK 8192
#define REGS_SIZE 272	/* struct regs in trap.c: x0..x30, sp, pc, pstate */

	/* A page that nobody may write to, then the stack: see linker/offload.lds. */
	.section .bss.ofl_sealed, "aw", @nobits
	.balign 4096
	.skip	4096
	.section .bss.ofl_irq_stack, "aw", @nobits
	.balign 16
	.skip	IRQ_STACK
	.globl ofl_arm_irq_stack_top
ofl_arm_irq_stack_top:
	.bss
	.balign 16
	.skip	FAULT_STACK
fault_stack_top:

	.text
	.balign 2048
	.globl ofl_arm_vectors
	.type ofl_arm_vectors, %function
	.macro fatal slot
	.balign 128
	msr	tpidrro_el0, x0
	mov	x0, #\slot
	b	fault
	.endm
ofl_arm_vectors:
	fatal	0
	.balign 128
	b	irq
	fatal	2
	fatal	3
	fatal	4
	.balign 128
	b	irq
	fatal	6
	fatal	7
	fatal	8
	fatal	9
	fatal	10
	fatal	11
	fatal	12
	fatal	13
	fatal	14
	fatal	15
	.balign 128
	.size ofl_arm_vectors, . - ofl_arm_vectors

	/* \reg = the level's \name register */
	.macro mrs_level reg, name
	mrs	\reg, CurrentEL
	tbnz	\reg, #3, 21f
	mrs	\reg, \name\()_el1
	b	22f
21:	mrs	\reg, \name\()_el2
22:
	.endm

/*
 * An interrupt: what the calling convention lets a function change, the
 * FP and SIMD state (handlers may use it), and a frame for the backtrace.
 */
	.type irq, %function
irq:
	stp	x29, x30, [sp, #-176]!
	stp	x0, x1, [sp, #16]
	stp	x2, x3, [sp, #32]
	stp	x4, x5, [sp, #48]
	stp	x6, x7, [sp, #64]
	stp	x8, x9, [sp, #80]
	stp	x10, x11, [sp, #96]
	stp	x12, x13, [sp, #112]
	stp	x14, x15, [sp, #128]
	stp	x16, x17, [sp, #144]
	str	x18, [sp, #160]
	mrs_level x0, elr
	stp	x29, x0, [sp, #-16]!
	mov	x29, sp
	sub	sp, sp, #608
	/* below the frame, for a sample: C code keeps these for us */
	stp	x19, x20, [x29, #-80]
	stp	x21, x22, [x29, #-64]
	stp	x23, x24, [x29, #-48]
	stp	x25, x26, [x29, #-32]
	stp	x27, x28, [x29, #-16]
	stp	q0, q1, [sp]
	stp	q2, q3, [sp, #32]
	stp	q4, q5, [sp, #64]
	stp	q6, q7, [sp, #96]
	stp	q8, q9, [sp, #128]
	stp	q10, q11, [sp, #160]
	stp	q12, q13, [sp, #192]
	stp	q14, q15, [sp, #224]
	stp	q16, q17, [sp, #256]
	stp	q18, q19, [sp, #288]
	stp	q20, q21, [sp, #320]
	stp	q22, q23, [sp, #352]
	stp	q24, q25, [sp, #384]
	stp	q26, q27, [sp, #416]
	stp	q28, q29, [sp, #448]
	stp	q30, q31, [sp, #480]
	mrs	x1, fpcr
	mrs	x2, fpsr
	str	x1, [sp, #512]
	str	x2, [sp, #520]
	mov	x0, x29
	bl	ofl_arm_irq
	ldr	x1, [sp, #512]
	ldr	x2, [sp, #520]
	msr	fpcr, x1
	msr	fpsr, x2
	ldp	q0, q1, [sp]
	ldp	q2, q3, [sp, #32]
	ldp	q4, q5, [sp, #64]
	ldp	q6, q7, [sp, #96]
	ldp	q8, q9, [sp, #128]
	ldp	q10, q11, [sp, #160]
	ldp	q12, q13, [sp, #192]
	ldp	q14, q15, [sp, #224]
	ldp	q16, q17, [sp, #256]
	ldp	q18, q19, [sp, #288]
	ldp	q20, q21, [sp, #320]
	ldp	q22, q23, [sp, #352]
	ldp	q24, q25, [sp, #384]
	ldp	q26, q27, [sp, #416]
	ldp	q28, q29, [sp, #448]
	ldp	q30, q31, [sp, #480]
	add	sp, sp, #624
	ldp	x0, x1, [sp, #16]
	ldp	x2, x3, [sp, #32]
	ldp	x4, x5, [sp, #48]
	ldp	x6, x7, [sp, #64]
	ldp	x8, x9, [sp, #80]
	ldp	x10, x11, [sp, #96]
	ldp	x12, x13, [sp, #112]
	ldp	x14, x15, [sp, #128]
	ldp	x16, x17, [sp, #144]
	ldr	x18, [sp, #160]
	ldp	x29, x30, [sp], #176
	eret
	.size irq, . - irq

/*
 * x0: slot; the interrupted x0 is in TPIDRRO_EL0.  Slots 0 to 3 ran on SP_EL0,
 * the others on SP_ELx.  Neither stack is touched: x1 waits in TPIDR_EL1, which
 * is nobody's, and SP_ELx in SP_EL0 where that is not needed any more.
 *
 * ofl_arm_fault comes back from slot 0 only, if a test expected the exception;
 * it has set ELR, SPSR and SP_EL0.
 */
	.type fault, %function
fault:
	msr	daifset, #0xf
	msr	tpidr_el1, x1
	cmp	x0, #4
	b.lo	1f
	mov	x1, sp
	msr	sp_el0, x1
1:	adrp	x1, fault_stack_top
	add	x1, x1, :lo12:fault_stack_top
	sub	x1, x1, #REGS_SIZE
	mov	sp, x1
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x2, sp_el0
	stp	x30, x2, [sp, #240]
	mrs	x2, tpidrro_el0
	mrs	x3, tpidr_el1
	stp	x2, x3, [sp]
	mrs_level x2, elr
	mrs_level x3, spsr
	stp	x2, x3, [sp, #256]
	mov	x1, sp
	mov	x29, xzr
	bl	ofl_arm_fault
	adrp	x1, ofl_arm_irq_stack_top
	add	x1, x1, :lo12:ofl_arm_irq_stack_top
	mov	sp, x1
	eret
	.size fault, . - fault

	.section .note.GNU-stack, "", %progbits
