// SPDX-License-Identifier: BSD-2-Clause
/*
 * FP and SIMD registers, and what controls them, across an interrupt whose
 * handler changes all of it.
 */
#include "trap/trap.h"

#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "ktap.h"

#if defined(__x86_64__)
#define SIZE 256u
#define REGS(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) \
	op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)
#define LOAD(n) "movdqu 16*" #n "(%[in]), %%xmm" #n "\n\t"
#define STORE(n) "movdqu %%xmm" #n ", 16*" #n "(%[out])\n\t"
#define CLOBBER(n) "xmm" #n,
#define WAIT "1:\tpause\n\tcmp %[old], (%[count])\n\tje 1b\n\t"
#define EXTRA
#else
#define SIZE 512u
#define REGS(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) \
	op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15) \
	op(16) op(17) op(18) op(19) op(20) op(21) op(22) op(23) \
	op(24) op(25) op(26) op(27) op(28) op(29) op(30) op(31)
#define LOAD(n) "ldr q" #n ", [%[in], #16*" #n "]\n\t"
#define STORE(n) "str q" #n ", [%[out], #16*" #n "]\n\t"
#define CLOBBER(n) "v" #n,
#define WAIT "1:\tyield\n\tldr x9, [%[count]]\n\tcmp x9, %[old]\n\tb.eq 1b\n\t"
#define EXTRA , "x9"
#endif

static volatile uint64_t ticks;
static volatile double handler_sum;
static uint8_t pattern[SIZE], noise[SIZE], result[SIZE];

#if defined(__x86_64__)
static uint32_t control(void)
{
	uint32_t x;

	__asm__ volatile("stmxcsr %0" : "=m"(x));
	return x;
}

static void set_control(uint32_t x)
{
	__asm__ volatile("ldmxcsr %0" : : "m"(x));
}

static uint16_t control_x87(void)
{
	uint16_t x;

	__asm__ volatile("fnstcw %0" : "=m"(x));
	return x;
}

static void set_control_x87(uint16_t x)
{
	__asm__ volatile("fldcw %0" : : "m"(x));
}

#define ROUND_DOWN 0x3f80u
#define ROUND_UP 0x5f80u
#else
static uint64_t control(void)
{
	uint64_t x;

	__asm__ volatile("mrs %0, fpcr" : "=r"(x));
	return x;
}

static void set_control(uint64_t x)
{
	__asm__ volatile("msr fpcr, %0" : : "r"(x));
}

#define ROUND_DOWN (2ull << 22)
#define ROUND_UP (1ull << 22)
#endif

static void tick(struct ofl_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	handler_sum = handler_sum + 0.25;
	__asm__ volatile(REGS(LOAD) : : [in] "r"(noise) : REGS(CLOBBER) "memory");
	set_control(ROUND_UP);
	/* What a call may lose; the compiler itself uses few of them. */
#if defined(__x86_64__)
	__asm__ volatile("xor %%ecx, %%ecx\n\txor %%edx, %%edx\n\txor %%esi, %%esi\n\t"
			 "xor %%edi, %%edi\n\txor %%r8d, %%r8d\n\txor %%r9d, %%r9d\n\t"
			 "xor %%r10d, %%r10d\n\txor %%r11d, %%r11d"
			 : : : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc");
	/* The x87 stack filled, and another precision. */
	__asm__ volatile("fninit\n\tfld1\n\tfldpi\n\tfldz\n\tfldl2e" : : : "st");
	set_control_x87(0x7f);
#else
	__asm__ volatile("mov x1, xzr\n\tmov x2, xzr\n\tmov x3, xzr\n\tmov x4, xzr\n\t"
			 "mov x5, xzr\n\tmov x6, xzr\n\tmov x7, xzr\n\tmov x8, xzr\n\t"
			 "mov x10, xzr\n\tmov x15, xzr\n\tmov x16, xzr\n\tmov x17, xzr\n\t"
			 "mov x18, xzr"
			 : : : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x10", "x15",
			 "x16", "x17", "x18");
#endif
	ticks = ticks + 1;
}

static void cross_tick(void)
{
	uint64_t old = ticks;

	__asm__ volatile(REGS(LOAD) WAIT REGS(STORE)
			 : : [in] "r"(pattern), [out] "r"(result),
			 [count] "r"(&ticks), [old] "r"(old)
			 : REGS(CLOBBER) "memory", "cc" EXTRA);
}

static void wait_tick(void)
{
	uint64_t old = ticks;

	while (ticks == old)
		;
}

static void test_registers(void)
{
	unsigned int rounds = 0;

	for (unsigned int i = 0; i < 50 && rounds == i; i++) {
		cross_tick();
		rounds += !memcmp(result, pattern, SIZE);
	}
	is(rounds, 50, "all SIMD registers survive 50 interrupts");
	ok(!memcmp(result, pattern, 16), "the first of them");
	ok(!memcmp(result + SIZE - 16, pattern + SIZE - 16, 16), "the last of them");
	ok(handler_sum >= 12.5, "handlers may use floating point");
}

static void test_control(void)
{
	volatile double one = 1.0, three = 3.0, down, nearest;

	nearest = one / three;
	set_control(ROUND_DOWN);
	wait_tick();
	is(control() & ROUND_DOWN, ROUND_DOWN, "the rounding mode survives an interrupt");
	is(control() & ROUND_UP & ~ROUND_DOWN, 0, "the handler's does not leak");
	one = -1.0;
	down = one / three;
	set_control(
#if defined(__x86_64__)
		0x1f80
#else
		0
#endif
	);
	ok(down < -nearest, "and it is in force");
}

#if defined(__x86_64__)
static void test_x87(void)
{
	long double deep[3] = { 0 };
	uint64_t old = ticks;
	uint16_t status;

	__asm__ volatile("fninit\n\tfldpi\n\tfld1\n\tfldz\n"
			 "1:\tpause\n\tcmp %[old], (%[count])\n\tje 1b\n\t"
			 "fnstsw %[status]\n\t"
			 "fstpt (%[out])\n\tfstpt 16(%[out])\n\tfstpt 32(%[out])\n\t"
			 : [status] "=&a"(status)
			 : [out] "r"(deep), [count] "r"(&ticks), [old] "r"(old)
			 : "memory", "cc", "st", "st(1)", "st(2)");
	is(status >> 11 & 7, 5, "x87: depth of the stack survives");
	ok(deep[0] == 0.0L, "x87: top of the stack");
	ok(deep[1] == 1.0L, "x87: the one below");
	ok(deep[2] > 3.14159265358979L && deep[2] < 3.14159265358980L, "x87: the third");
	is(control_x87(), 0x37f, "x87: the control word survives");
}
#else
static void test_status(void)
{
	volatile double zero = 0.0, one = 1.0, x;
	uint64_t fpsr;

	__asm__ volatile("msr fpsr, xzr");
	x = one / zero;
	wait_tick();
	__asm__ volatile("mrs %0, fpsr" : "=r"(fpsr));
	is(fpsr & 0x9f, 2, "FPSR: the division by zero is still known");
	ok(x > 1e308, "it gave infinity");
	__asm__ volatile("msr fpsr, xzr");
	wait_tick();
	__asm__ volatile("mrs %0, fpsr" : "=r"(fpsr));
	is(fpsr & 0x9f, 0, "FPSR: the handler's does not leak");
}
#endif

/* General registers that a call may lose, too: an interrupt may not. */
static void test_general(void)
{
	uint64_t old = ticks, sum = 0;

#if defined(__x86_64__)
	__asm__ volatile("mov $1, %%r8\n\tmov $2, %%r9\n\tmov $4, %%r10\n\tmov $8, %%r11\n\t"
			 "mov $16, %%rsi\n\tmov $32, %%rdi\n\tmov $64, %%rdx\n\t"
			 "mov $128, %%rcx\n\tstd\n"
			 "1:\tpause\n\tcmp %[old], (%[count])\n\tje 1b\n\t"
			 "pushfq\n\tpop %[sum]\n\tcld\n\tand $1024, %[sum]\n\t"
			 "add %%r8, %[sum]\n\tadd %%r9, %[sum]\n\tadd %%r10, %[sum]\n\t"
			 "add %%r11, %[sum]\n\tadd %%rsi, %[sum]\n\tadd %%rdi, %[sum]\n\t"
			 "add %%rdx, %[sum]\n\tadd %%rcx, %[sum]"
			 : [sum] "=&a"(sum)
			 : [count] "b"(&ticks), [old] "r"(old)
			 : "r8", "r9", "r10", "r11", "rsi", "rdi", "rdx", "rcx", "memory",
			 "cc");
	is(sum, 255 + 1024, "general registers and DF survive an interrupt");
#else
	__asm__ volatile("mov x1, #1\n\tmov x2, #2\n\tmov x3, #4\n\tmov x4, #8\n\t"
			 "mov x5, #16\n\tmov x6, #32\n\tmov x7, #64\n\tmov x8, #128\n\t"
			 "mov x16, #256\n\tmov x17, #512\n\tmov x18, #1024\n\t"
			 "mov x10, #2048\n\tmov x15, #4096\n"
			 "1:\tyield\n\tldr x9, [%[count]]\n\tcmp x9, %[old]\n\tb.eq 1b\n\t"
			 "add %[sum], x1, x2\n\tadd %[sum], %[sum], x3\n\t"
			 "add %[sum], %[sum], x4\n\tadd %[sum], %[sum], x5\n\t"
			 "add %[sum], %[sum], x6\n\tadd %[sum], %[sum], x7\n\t"
			 "add %[sum], %[sum], x8\n\tadd %[sum], %[sum], x16\n\t"
			 "add %[sum], %[sum], x17\n\tadd %[sum], %[sum], x18\n\t"
			 "add %[sum], %[sum], x10\n\tadd %[sum], %[sum], x15"
			 : [sum] "=&r"(sum)
			 : [count] "r"(&ticks), [old] "r"(old)
			 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10",
			 "x15", "x16", "x17", "x18", "memory", "cc");
	is(sum, 8191, "general registers survive an interrupt");
#endif
}

void trap_fpu(void)
{
	struct ofl_timer timer = { 0 };

	for (unsigned int i = 0; i < SIZE; i++) {
		pattern[i] = (uint8_t)(i * 7 + 1);
		noise[i] = (uint8_t)~pattern[i];
	}
	ofl_timer_start(&timer, ofl_now_ns(), 500000, tick, NULL);
	test_registers();
	test_control();
#if defined(__x86_64__)
	test_x87();
#else
	test_status();
#endif
	test_general();
	ofl_timer_stop(&timer);
}
