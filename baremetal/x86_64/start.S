/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image's first instructions, and its note.  Hand-over state: see
 * struct ofl_boot_x86 in include/offload/abi.h; %rdi is the boot page, on the
 * host's page tables and descriptor tables, interrupts off.
 */
#define BOOT_IMAGE 256		/* offsetof(struct ofl_boot, image) */
#define STATE_ENTERED 1
#define CR0_MP 0x2
#define CR0_EM 0x4
#define CR0_TS 0x8
#define CR4_MCE 0x40
#define CR4_OSFXSR 0x200
#define CR4_OSXMMEXCPT 0x400

	.section .text.start, "ax"
	.globl _start
	.type _start, @function
_start:
	movl	$STATE_ENTERED, BOOT_IMAGE(%rdi)
	cld
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, BOOT_IMAGE + 16(%rdi)	/* entry_counter */
	mov	%cr0, %rax			/* C code may use SSE at once */
	and	$~(CR0_EM | CR0_TS), %eax
	or	$CR0_MP, %eax
	mov	%rax, %cr0
	mov	%cr4, %rax
	or	$(CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
	mov	%rax, %cr4
	lea	__ofl_stack_top(%rip), %rsp
	xor	%ebp, %ebp			/* the backtrace ends here */
	call	ofl_x86_start
	ud2
	.size _start, . - _start

/*
 * An optional hook of the C library's strerror.  Undefined, it would be called
 * at address 0, which no call from here can be encoded to reach.
 */
	.section .text._user_strerror, "ax"
	.weak _user_strerror
	.type _user_strerror, @function
_user_strerror:
	xor	%eax, %eax
	ret
	.size _user_strerror, . - _user_strerror

	.section .note.offload, "a", @note
	.balign 4
	.long	8, 16, 1
	.asciz	"offload"
	.long	1				/* OFL_ABI_VERSION */
	.long	__ofl_image_flags
	.quad	__ofl_heap_min

	.section .note.GNU-stack, "", @progbits
