// SPDX-License-Identifier: BSD-2-Clause
#if defined(__x86_64__)
#include <string.h>

#include "caught.h"
#include "core.h"
#include "cpu.h"
#include "ktap.h"
#include "trap/trap.h"

#define CR0_TS (1ull << 3)
#define NOT_CANONICAL 0x800000000000ull
#define SEL_ABSENT 0x28 /* in the test's own GDT */

struct table {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

#define TRIGGER(name, ...) \
static void name(uintptr_t a, uintptr_t b) \
{ \
	(void)a; \
	(void)b; \
	__VA_ARGS__ \
}

TRIGGER(divide, __asm__ volatile("xor %%edx, %%edx\n\tdiv %%ecx"
				 : : "a"(1), "c"(0) : "rdx", "cc");)
TRIGGER(divide_overflow, __asm__ volatile("div %%ecx" : : "a"(0), "d"(5), "c"(5) : "cc");)
TRIGGER(step, __asm__ volatile("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop\n\tnop"
			       : : : "memory", "cc");)
TRIGGER(int3, __asm__ volatile("int3");)
TRIGGER(int4, __asm__ volatile("int $4");)
TRIGGER(int5, __asm__ volatile("int $5");)
TRIGGER(int9, __asm__ volatile("int $9");)
TRIGGER(int15, __asm__ volatile("int $15");)
TRIGGER(int31, __asm__ volatile("int $31");)
TRIGGER(undefined, __asm__ volatile("ud2");)
TRIGGER(invalid, __asm__ volatile(".byte 0x06");)
TRIGGER(no_fpu, write_cr0(read_cr0() | CR0_TS);
	__asm__ volatile("movaps %%xmm0, %%xmm1" : : : "xmm1");)
TRIGGER(load_segment, __asm__ volatile("mov %w0, %%es" : : "r"(a));)
TRIGGER(lose_stack, __asm__ volatile("mov %0, %%rsp\n\tpush %%rax" : : "r"(a) : "memory");)
TRIGGER(bad_stack, __asm__ volatile("mov %0, %%rcx\n\tpush %%rbp\n\tmov %%rcx, %%rbp\n\t"
				    "mov (%%rbp), %%rax"
				    : : "r"(a) : "rax", "rcx", "memory");)
TRIGGER(bad_address, (void)*(volatile uint8_t *)a;)
TRIGGER(misaligned_sse, __asm__ volatile("movaps 1(%0), %%xmm0" : : "r"(a) : "xmm0");)
TRIGGER(read_byte, (void)*(volatile uint8_t *)a;)
TRIGGER(write_byte, *(volatile uint8_t *)a = 1;)
TRIGGER(x87_divide, __asm__ volatile("fninit\n\tfldcw %0\n\tfld1\n\tfldz\n\tfdivrp\n\tfwait"
				     : : "m"((const uint16_t){ 0x37b }) : "st", "st(1)");)
TRIGGER(sse_divide, __asm__ volatile("ldmxcsr %0\n\tdivss %1, %2"
				     : : "m"((const uint32_t){ 0x1d80 }), "x"(0.0f),
				     "x"(1.0f));)
TRIGGER(far_call, __asm__ volatile("pushq $0x18\n\tpushq %0\n\tlretq" : : "r"(a));)

/* cause, vector, error code: three results in one line each */
static void expect(const char *name, caught_fn fn, uintptr_t a, uintptr_t b,
		   unsigned int vector, uint64_t error)
{
	if (!ok(caught(fn, a, b), "%s is caught", name))
		return;
	is(ofl_fault_probe.vector, vector, "%s: vector %u", name, vector);
	is(ofl_fault_probe.error, error, "%s: error code %llx", name,
	   (unsigned long long)error);
}

/* Where, for an exception that is a fault: at the instruction, not behind it. */
static void expect_pc(const char *name, const uint8_t *bytes, size_t len)
{
	ok(!memcmp((const void *)ofl_fault_probe.pc, bytes, len),
	   "%s: pc is at the instruction", name);
}

static void test_segments(void)
{
	static uint64_t gdt[6] __attribute__((aligned(16)));
	struct table old, new;
	struct table short_idt;

	__asm__ volatile("sgdt %0" : "=m"(old));
	memcpy(gdt, (void *)old.base, old.limit + 1u);
	gdt[SEL_ABSENT / 8] = 0x00cf13000000ffffull; /* data, not present */
	new = (struct table){ sizeof(gdt) - 1, (uintptr_t)gdt };
	__asm__ volatile("lgdt %0" : : "m"(new));
	expect("segment not present", load_segment, SEL_ABSENT, 0, 11, SEL_ABSENT);
	__asm__ volatile("lgdt %0" : : "m"(old));

	/* An IDT that ends behind #DF: a page fault finds no gate, twice. */
	__asm__ volatile("sidt %0" : "=m"(old));
	short_idt = old;
	short_idt.limit = 9 * 16 - 1;
	__asm__ volatile("lidt %0" : : "m"(short_idt));
	ok(caught(read_byte, 0, 0), "a double fault is caught");
	__asm__ volatile("lidt %0" : : "m"(old));
	is(ofl_fault_probe.vector, 8, "double fault: vector 8");
	is(ofl_fault_probe.error, 0, "double fault: error code 0");
}

static void test_stacks(void)
{
	uint8_t here;

	/* On a stack that is no memory at all: the exception has its own. */
	ok(caught(lose_stack, 0x1000, 0), "a stack pointer into nowhere is caught");
	is(ofl_fault_probe.vector, 14, "lost stack: page fault, not double fault");
	is(ofl_fault_probe.sp, 0x1000, "lost stack: with the pointer as it was");
	ok((uintptr_t)&here > (uintptr_t)__ofl_stack_bottom, "and ours is back");
}

void trap_classes(void)
{
	expect("division by zero", divide, 0, 0, 0, 0);
	expect_pc("division by zero", (const uint8_t *)"\xf7\xf1", 2);
	expect("quotient too large", divide_overflow, 0, 0, 0, 0);
	expect("single step", step, 0, 0, 1, 0);
	expect("int3", int3, 0, 0, 3, 0);
	is(*(uint8_t *)(ofl_fault_probe.pc - 1), 0xcc, "int3: pc is behind it");
	expect("int 4", int4, 0, 0, 4, 0);
	expect("int 5", int5, 0, 0, 5, 0);
	expect("invalid opcode", undefined, 0, 0, 6, 0);
	expect_pc("invalid opcode", (const uint8_t *)"\x0f\x0b", 2);
	expect("opcode of another mode", invalid, 0, 0, 6, 0);
	expect("FPU switched off", no_fpu, 0, 0, 7, 0);
	write_cr0(read_cr0() & ~CR0_TS);
	expect("int 9", int9, 0, 0, 9, 0);
	expect("bad selector", load_segment, 0x1230, 0, 13, 0x1230);
	expect("return to a bad segment", far_call, 0, 0, 13, 0x18);
	/* A stack segment fault; some emulators make it a general one. */
	ok(caught(bad_stack, NOT_CANONICAL, 0), "stack access at a bad address is caught");
	is_between(ofl_fault_probe.vector, 12, 13, "stack access at a bad address: vector");
	expect("bad address", bad_address, NOT_CANONICAL, 0, 13, 0);
	expect("misaligned SSE access", misaligned_sse,
	       (uintptr_t)__ofl_data_start, 0, 13, 0);
	expect("read of nothing", read_byte, 16, 0, 14, 0);
	is(read_cr2(), 16, "read of nothing: CR2");
	expect("write to nothing", write_byte, 17, 0, 14, 2);
	is(ofl_fault_probe.fault_address, 17, "write to nothing: its address");
	expect("write to text", write_byte, (uintptr_t)__ofl_text_start, 0, 14, 3);
	expect("int 15", int15, 0, 0, 15, 0);
	expect("x87 division by zero", x87_divide, 0, 0, 16, 0);
	__asm__ volatile("fninit");
	/* QEMU's TCG raises none of these. */
	if (caught(sse_divide, 0, 0))
		is(ofl_fault_probe.vector, 19, "SSE division by zero: vector 19");
	else
		ktap_skip("this machine has no SSE exceptions",
			  "SSE division by zero: vector 19");
	__asm__ volatile("ldmxcsr %0" : : "m"((const uint32_t){ 0x1f80 }));
	expect("int 31", int31, 0, 0, 31, 0);
	test_segments();
	test_stacks();
}
#endif
