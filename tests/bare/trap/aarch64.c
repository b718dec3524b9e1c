// SPDX-License-Identifier: BSD-2-Clause
#if defined(__aarch64__)
#include "caught.h"
#include "core.h"
#include "cpu.h"
#include "ktap.h"
#include "trap/trap.h"

#define TRIGGER(name, ...) \
static void name(uintptr_t a, uintptr_t b) \
{ \
	(void)a; \
	(void)b; \
	__VA_ARGS__ \
}

static uint64_t memory[4] __attribute__((aligned(64)));

TRIGGER(undefined, __asm__ volatile("udf #7");)
TRIGGER(svc, __asm__ volatile("svc #0x123" : : : "x0", "memory");)
TRIGGER(brk, __asm__ volatile("brk #0x456");)
TRIGGER(higher_level, __asm__ volatile("mrs %0, sctlr_el3" : "=r"(a));)
TRIGGER(no_register, __asm__ volatile("msr s3_7_c15_c15_7, xzr");)
TRIGGER(misaligned_pc, __asm__ volatile("br %0" : : "r"(a));)
TRIGGER(misaligned_sp, __asm__ volatile("mov x9, sp\n\tsub sp, sp, #8\n\tldr x10, [sp]\n\t"
					"mov sp, x9" : : : "x9", "x10", "memory");)
TRIGGER(lose_stack, __asm__ volatile("mov sp, %0\n\tstr x0, [sp, #-16]!"
				     : : "r"(a) : "memory");)
TRIGGER(exclusive, __asm__ volatile("ldxr x9, [%0]" : : "r"(a) : "x9", "memory");)
TRIGGER(illegal_state,
	__asm__ volatile("adr x9, 1f\n\t"
			 "mrs x10, CurrentEL\n\t"
			 "tbnz x10, #3, 2f\n\t"
			 "msr elr_el1, x9\n\tmrs x10, daif\n\torr x10, x10, #0x0f\n\t"
			 "msr spsr_el1, x10\n\teret\n"
			 "2:\tmsr elr_el2, x9\n\tmrs x10, daif\n\torr x10, x10, #0x0f\n\t"
			 "msr spsr_el2, x10\n\teret\n"
			 "1:\tnop" : : : "x9", "x10", "memory");)
TRIGGER(read_byte, (void)*(volatile uint8_t *)a;)
TRIGGER(write_byte, *(volatile uint8_t *)a = 1;)
TRIGGER(jump, __asm__ volatile("br %0" : : "r"(a));)

static unsigned int class(void)
{
	return ofl_fault_probe.error >> 26 & 0x3f;
}

static unsigned int status(void)
{
	return ofl_fault_probe.error & 0x3f;
}

static void expect(const char *name, caught_fn fn, uintptr_t a, unsigned int want)
{
	if (!ok(caught(fn, a, 0), "%s is caught", name))
		return;
	is(ofl_fault_probe.vector, 0, "%s: slot 0, from the image's own stack", name);
	is(class(), want, "%s: class %02x", name, want);
}

static void expect_opcode(const char *name, int32_t offset, uint32_t opcode)
{
	is(*(uint32_t *)(ofl_fault_probe.pc + offset), opcode, "%s: pc", name);
}

static void test_addresses(void)
{
	uint64_t text = (uintptr_t)__ofl_text_start;

	expect("read of nothing", read_byte, 16, 0x25);
	is(status() & ~3u, 0x04, "read of nothing: translation fault");
	is(ofl_fault_probe.error >> 6 & 1, 0, "read of nothing: a read");
	is(ofl_fault_probe.fault_address, 16, "read of nothing: its address");
	expect("write to nothing", write_byte, 17, 0x25);
	is(ofl_fault_probe.error >> 6 & 1, 1, "write to nothing: a write");
	is(ofl_fault_probe.fault_address, 17, "write to nothing: its address");
	expect("write to text", write_byte, text, 0x25);
	is(status() & ~3u, 0x0c, "write to text: permission fault");
	expect("unaligned exclusive access", exclusive, (uintptr_t)memory + 1, 0x25);
	is(status(), 0x21, "unaligned exclusive access: alignment fault");
	is(ofl_fault_probe.fault_address, (uintptr_t)memory + 1,
	   "unaligned exclusive access: its address");
	ok(caught_between(jump, (uintptr_t)memory, 0, (uintptr_t)memory,
			  (uintptr_t)memory + 1), "a jump into data is caught");
	is(class(), 0x21, "jump into data: instruction abort");
	is(status() & ~3u, 0x0c, "jump into data: permission fault");
	ok(caught_between(misaligned_pc, text + 2, 0, text + 2, text + 3),
	   "a misaligned pc is caught");
	is(class(), 0x22, "misaligned pc: class 22");
}

/* Before any exception was caught. */
static uint64_t tls;

__attribute__((constructor)) static void remember_tls(void)
{
	tls = read_sysreg("tpidr_el0");
}

void trap_classes(void)
{
	uint8_t here;

	expect("undefined instruction", undefined, 0, 0x00);
	is(read_sysreg("tpidr_el0"), tls, "exceptions leave TPIDR_EL0 alone");
	expect_opcode("undefined instruction", 0, 7);
	expect("svc", svc, 0, 0x15);
	is(ofl_fault_probe.error & 0xffff, 0x123, "svc: its number");
	expect_opcode("svc", -4, 0xd4002461);
	expect("brk", brk, 0, 0x3c);
	is(ofl_fault_probe.error & 0xffff, 0x456, "brk: its number");
	expect_opcode("brk", 0, 0xd4208ac0);
	expect("register of a higher level", higher_level, 0, 0x00);
	expect("register that does not exist", no_register, 0, 0x00);
	/* Not every emulator looks at it, though SCTLR.SA is set. */
	if (caught(misaligned_sp, 0, 0))
		is(class(), 0x26, "misaligned stack pointer: class 26");
	else
		ktap_skip("this machine does not check it",
			  "misaligned stack pointer: class 26");
	expect("illegal state", illegal_state, 0, 0x0e);
	test_addresses();

	expect("stack pointer into nowhere", lose_stack, 0x1000, 0x25);
	is(ofl_fault_probe.sp, 0x1000, "lost stack: with the pointer as it was");
	ok((uintptr_t)&here > (uintptr_t)__ofl_stack_bottom, "and ours is back");
	is(read_sysreg("spsel"), 0, "SP_EL0 is in use again");
}
#endif
