/* SPDX-License-Identifier: BSD-2-Clause */
	.text

/*
 * From C at its physical address, MMU on, to an image with MMU and data cache
 * off.  All that it reads was cleaned to the point of coherency, these lines
 * included; there is no memory access between here and there.
 */
	.balign 64
	.globl ofl_enter
	.hidden ofl_enter
	.type ofl_enter, %function
ofl_enter:
	msr	daifset, #0xf
	mov	x2, x0
	mov	x0, x1
	mrs	x3, CurrentEL
	cmp	x3, #(2 << 2)
	b.eq	1f
	mrs	x3, sctlr_el1
	bic	x3, x3, #(1 << 0)	/* M */
	bic	x3, x3, #(1 << 2)	/* C */
	msr	sctlr_el1, x3
	isb
	tlbi	vmalle1
	b	2f
1:	mrs	x3, sctlr_el2
	bic	x3, x3, #(1 << 0)
	bic	x3, x3, #(1 << 2)
	msr	sctlr_el2, x3
	isb
	tlbi	alle2
2:	ic	iallu
	dsb	sy
	isb
	br	x2
	.globl ofl_enter_end
	.hidden ofl_enter_end
ofl_enter_end:
	.size ofl_enter, . - ofl_enter

/* x0: conduit; the call's own arguments move down by one. */
	.globl ofl_psci
	.hidden ofl_psci
	.type ofl_psci, %function
ofl_psci:
	mov	x9, x0
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	cmp	x9, #2			/* OFL_CONDUIT_SMC */
	b.eq	1f
	hvc	#0
	ret
1:	smc	#0
	ret
	.size ofl_psci, . - ofl_psci

	.section .note.GNU-stack, "", %progbits
