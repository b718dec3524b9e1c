/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image's first instructions, and its note.  Hand-over state: see
 * struct ofl_boot_arm64 in include/offload/abi.h; x0 is the physical address of
 * the boot page, MMU and data cache are off, at EL1 or EL2.
 *
 * Steps: the level's registers to known values; the page tables (early.c, at
 * physical addresses); caches; MMU on with tables that map this page twice, at
 * its physical and at its virtual address; on at the virtual one with the
 * final tables, where only that exists.
 *
 * Caches: the host cleaned the region to the point of coherency, but its own
 * cacheable mapping of it still exists, so that clean lines of old content
 * may be in caches that we share with it.  What is written here with the
 * data cache off goes to memory below them.  So before the MMU goes on, boot
 * page to end of bss is cleaned and invalidated by address: no line of it is
 * dirty anywhere but those that the host writes in the boot page, and those
 * are kept, since this cleans too.  The page table walker reads through the
 * same caches, so the tables lie in that range.
 */
#include "cpu.h"

#define BOOT_FLAGS 116		/* offsetof(struct ofl_boot, info.boot_flags) */
#define BOOT_IMAGE 256		/* offsetof(struct ofl_boot, image) */
#define STATE_ENTERED 1
#define IMAGE_OFF 0x40000	/* OFL_IMAGE_OFF */
#define REGION_VA 0x700000000000

#define SCTLR_EL1_OFF 0x30d00800	/* RES1 bits; MMU and caches off */
#define SCTLR_EL2_OFF 0x30c50830
#define SCTLR_ON 0x100d		/* I, SA, C, M */
#define HCR_EL2_VALUE 0x38	/* AMO, IMO, FMO: all of them come to EL2; E2H = 0 */
#define CNTHCTL_EL2_VALUE 3	/* no trap of counter and timer at EL1 */
#define CPTR_EL2_VALUE 0x33ff	/* no trap of FP and SIMD */
#define CPACR_FPEN (3 << 20)

	.section .text.start, "ax"
	.globl _start
	.type _start, %function
_start:
	msr	daifset, #0xf
	mov	x19, x0
	mov	w1, #STATE_ENTERED
	str	w1, [x19, #BOOT_IMAGE]
	/* seen by a host whose caches hold the old line */
	add	x2, x19, #BOOT_IMAGE
	dc	civac, x2
	dsb	sy
	mrs	x1, cntvct_el0
	str	x1, [x19, #BOOT_IMAGE + 16]	/* entry_counter */

	mrs	x20, CurrentEL
	ubfx	x20, x20, #2, #2
	cmp	x20, #2
	b.eq	1f
	ldr	w1, =SCTLR_EL1_OFF
	msr	sctlr_el1, x1
	mov	x1, #CPACR_FPEN
	msr	cpacr_el1, x1
	isb
	b	2f
1:	mov	x1, #HCR_EL2_VALUE
	msr	hcr_el2, x1
	isb
	ldr	w1, =SCTLR_EL2_OFF
	msr	sctlr_el2, x1
	mov	x1, #CPTR_EL2_VALUE
	msr	cptr_el2, x1
	mov	x1, #CNTHCTL_EL2_VALUE
	msr	cnthctl_el2, x1
	msr	cntvoff_el2, xzr
	isb
2:
	/* The stack, at its physical address: SP_ELx for now. */
	msr	spsel, #1
	adrp	x1, __ofl_stack_top
	mov	sp, x1
	mov	x29, xzr
	mov	x30, xzr
	sub	sp, sp, #EARLY_SIZE
	mov	x0, sp
	mov	x1, x19
	mov	x2, x20
	bl	ofl_arm_early
	cbnz	w0, early_failed
	ldp	x21, x22, [sp]		/* ttbr_switch, ttbr */
	ldp	x23, x24, [sp, #16]	/* tcr, mair */

	/* Boot page to end of image out of all caches. */
	mrs	x1, ctr_el0
	ubfx	x1, x1, #16, #4		/* DminLine: log2 of words */
	mov	x2, #4
	lsl	x2, x2, x1
	sub	x3, x2, #1
	bic	x4, x19, x3
	adrp	x5, __ofl_image_end
	dsb	sy
3:	dc	civac, x4
	add	x4, x4, x2
	cmp	x4, x5
	b.lo	3b
	dsb	sy
	ic	iallu
	dsb	sy
	isb

	ldr	x25, =virtual
	cmp	x20, #2
	b.eq	5f

	msr	mair_el1, x24
	msr	tcr_el1, x23
	msr	ttbr0_el1, x21
	msr	ttbr1_el1, xzr
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	mrs	x1, sctlr_el1
	mov	x2, #SCTLR_ON
	orr	x1, x1, x2
	msr	sctlr_el1, x1
	isb
	br	x25
5:	msr	mair_el2, x24
	msr	tcr_el2, x23
	msr	ttbr0_el2, x21
	isb
	tlbi	alle2
	dsb	nsh
	isb
	mrs	x1, sctlr_el2
	mov	x2, #SCTLR_ON
	orr	x1, x1, x2
	msr	sctlr_el2, x1
	isb
	br	x25

/*
 * At the virtual address.  The image runs on SP_EL0, its interrupts on SP_ELx,
 * so that a full main stack does not matter to them.
 */
virtual:
	cmp	x20, #2
	b.eq	6f
	msr	ttbr0_el1, x22
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	b	7f
6:	msr	ttbr0_el2, x22
	isb
	tlbi	alle2
	dsb	nsh
	isb
7:	ldr	x1, =ofl_arm_irq_stack_top
	mov	sp, x1
	ldr	x1, =ofl_arm_vectors
	cmp	x20, #2
	b.eq	8f
	msr	vbar_el1, x1
	b	9f
8:	msr	vbar_el2, x1
9:	isb
	msr	spsel, #0
	ldr	x1, =__ofl_stack_top
	mov	sp, x1
	mov	x29, xzr
	bl	ofl_arm_start
	brk	#1

/*
 * No page tables, so no log either: the code in the boot page is all that can
 * be said.  w0: -errno.
 */
early_failed:
	str	w0, [x19, #BOOT_IMAGE + 4]	/* exit_status */
	mov	w1, #5				/* OFL_STATE_CRASHED */
	str	w1, [x19, #BOOT_IMAGE]
	dsb	sy
	ldr	w1, [x19, #128]			/* conduit */
	mov	w0, #0x84000000
	ldr	w2, [x19, #BOOT_FLAGS]
	tbnz	w2, #0, 9f			/* OFL_BOOT_POWER_OFF */
	orr	w0, w0, #2			/* PSCI CPU_OFF */
	b	12f
9:	orr	w0, w0, #8			/* PSCI SYSTEM_OFF */
12:	cmp	w1, #2
	b.eq	10f
	hvc	#0
	b	11f
10:	smc	#0
11:	wfi
	b	11b
	.ltorg
	.globl __ofl_start_end
__ofl_start_end:
	.size _start, . - _start

/* The C library's optional hook, undefined otherwise. */
	.section .text._user_strerror, "ax"
	.weak _user_strerror
	.type _user_strerror, %function
_user_strerror:
	mov	x0, xzr
	ret
	.size _user_strerror, . - _user_strerror

	.section .note.offload, "a", %note
	.balign 4
	.long	8, 16, 1
	.asciz	"offload"
	.long	1				/* OFL_ABI_VERSION */
	.long	__ofl_image_flags
	.quad	__ofl_heap_min

	.section .note.GNU-stack, "", %progbits
