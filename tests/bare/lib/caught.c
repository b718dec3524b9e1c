// SPDX-License-Identifier: BSD-2-Clause
#include "caught.h"

#include <setjmp.h>

#include "core.h"

static jmp_buf env;
static uint8_t landing_stack[4096] __attribute__((aligned(16)));

/* Here the trap code resumes, on a stack of its own. */
static void landed(void)
{
	longjmp(env, 1);
}

bool caught_between(caught_fn fn, uintptr_t a, uintptr_t b, uint64_t from, uint64_t to)
{
	ofl_fault_probe = (struct ofl_fault_probe){
		.from = from,
		.to = to,
		.resume = landed,
		.stack = landing_stack + sizeof(landing_stack),
	};
	if (setjmp(env))
		return true;
	ofl_fault_probe.armed = true;
	__asm__ volatile("" : : : "memory");
	fn(a, b);
	ofl_fault_probe.armed = false;
	return false;
}

bool caught(caught_fn fn, uintptr_t a, uintptr_t b)
{
	return caught_between(fn, a, b, (uintptr_t)__ofl_text_start,
			      (uintptr_t)__ofl_text_end);
}

/* Functions of (a, b), with a label on the instruction that may fault. */
void caught_do_read(uintptr_t addr, uintptr_t unused);
void caught_do_write(uintptr_t addr, uintptr_t value);
void caught_do_exec(uintptr_t addr, uintptr_t unused);
extern const uint8_t caught_pc_read[], caught_pc_write[];

#if defined(__x86_64__)
__asm__(
"	.section .text.caught, \"ax\"\n"
"caught_do_read:\n"
"caught_pc_read:\n"
"	movb	(%rdi), %al\n"
"caught_return:\n"
"	ret\n"
"caught_do_write:\n"
"	mov	%esi, %eax\n"
"caught_pc_write:\n"
"	movb	%al, (%rdi)\n"
"	ret\n"
"caught_do_exec:\n"
"	sub	$8, %rsp\n"
"	call	*%rdi\n"
"	add	$8, %rsp\n"
"	ret\n"
"	.globl caught_return\n"
"	.previous\n");
#else
__asm__(
"	.section .text.caught, \"ax\"\n"
"	.balign 4\n"
"caught_do_read:\n"
"caught_pc_read:\n"
"	ldrb	w0, [x0]\n"
"caught_return:\n"
"	ret\n"
"caught_do_write:\n"
"caught_pc_write:\n"
"	strb	w1, [x0]\n"
"	ret\n"
"caught_do_exec:\n"
"	stp	x29, x30, [sp, #-16]!\n"
"	mov	x29, sp\n"
"	blr	x0\n"
"	ldp	x29, x30, [sp], #16\n"
"	ret\n"
"	.globl caught_return\n"
"	.previous\n");
#endif

bool caught_read(uintptr_t addr)
{
	uintptr_t pc = (uintptr_t)caught_pc_read;

	return caught_between(caught_do_read, addr, 0, pc, pc + 1) &&
	       ofl_fault_probe.fault_address == addr;
}

bool caught_write(uintptr_t addr, uint8_t value)
{
	uintptr_t pc = (uintptr_t)caught_pc_write;

	return caught_between(caught_do_write, addr, value, pc, pc + 1) &&
	       ofl_fault_probe.fault_address == addr;
}

bool caught_exec(uintptr_t addr)
{
	return caught_between(caught_do_exec, addr, 0, addr, addr + 1) &&
	       ofl_fault_probe.fault_address == addr;
}

#if defined(__x86_64__)
enum caught_kind caught_kind(void)
{
	uint64_t error = ofl_fault_probe.error;

	if (ofl_fault_probe.vector != 14)
		return CAUGHT_OTHER;
	if (!(error & 1))
		return CAUGHT_UNMAPPED;
	if (error & ~0x13ull) /* a reserved bit, or user mode */
		return CAUGHT_OTHER;
	if (error & 0x10)
		return CAUGHT_EXEC;
	return error & 2 ? CAUGHT_WRITE : CAUGHT_READ;
}
#else
enum caught_kind caught_kind(void)
{
	uint64_t esr = ofl_fault_probe.error;
	unsigned int class = esr >> 26 & 0x3f, status = esr & 0x3f;

	if (ofl_fault_probe.vector != 0 || (class != 0x21 && class != 0x25))
		return CAUGHT_OTHER;
	if ((status & ~3u) == 0x04) /* translation fault */
		return CAUGHT_UNMAPPED;
	if ((status & ~3u) != 0x0c) /* permission fault */
		return CAUGHT_OTHER;
	if (class == 0x21)
		return CAUGHT_EXEC;
	return esr & 1u << 6 ? CAUGHT_WRITE : CAUGHT_READ;
}
#endif
