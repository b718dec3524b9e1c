// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/*
 * Every FP and SIMD register must survive an interrupt whose handler fills all
 * of them with something else; 200 times.  On x86_64 the x87 registers are full
 * as well, and the handler, which may use long double, must have them empty.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <offload/rt.h>

#if defined(__x86_64__)
#define SIZE 256u
#define REGS(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) \
	op(8) op(9) op(10) op(11) op(12) op(13) op(14) op(15)
#define LOAD(n) "movdqu 16*" #n "(%[in]), %%xmm" #n "\n\t"
#define STORE(n) "movdqu %%xmm" #n ", 16*" #n "(%[out])\n\t"
#define CLOBBER(n) "xmm" #n,
#define WAIT "1:\tpause\n\tcmp %[old], (%[count])\n\tje 1b\n\t"
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
#endif

#if defined(__x86_64__)
#define X87_FILL "fld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\tfld1\n\t"
#define X87_SUM "faddp\n\tfaddp\n\tfaddp\n\tfaddp\n\tfaddp\n\tfaddp\n\tfaddp\n\t" \
	"fstpl %[sum]\n\t"
#else
#define X87_FILL
#define X87_SUM
#endif

static volatile uint64_t ticks;
static volatile long double three = 3, nine;
static double sum = 8;
static uint8_t pattern[SIZE], noise[SIZE], result[SIZE];

static void tick(struct ofl_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	__asm__ volatile(REGS(LOAD) : : [in] "r"(noise)
			 : REGS(CLOBBER) "memory");
	nine = three * three;
	ticks = ticks + 1;
}

static void wait_for_tick(void)
{
	uint64_t old = ticks;

	__asm__ volatile(X87_FILL REGS(LOAD) WAIT REGS(STORE) X87_SUM
			 : [sum] "+m"(sum) : [in] "r"(pattern), [out] "r"(result),
			 [count] "r"(&ticks), [old] "r"(old)
			 : REGS(CLOBBER) "memory", "cc"
#if defined(__aarch64__)
			 , "x9"
#else
			 , "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)"
#endif
			 );
}

int main(void)
{
	struct ofl_timer timer = { 0 };

	for (unsigned int i = 0; i < SIZE; i++) {
		pattern[i] = (uint8_t)(i * 7 + 1);
		noise[i] = (uint8_t)~pattern[i];
	}
	ofl_timer_start(&timer, ofl_now_ns(), 1000000, tick, NULL);
	for (unsigned int round = 0; round < 200; round++) {
		nine = 0;
		wait_for_tick();
		if (sum != 8 || nine != 9) {
			printf("FAIL: x87 registers differ in round %u\n", round);
			return 1;
		}
		if (memcmp(result, pattern, SIZE) != 0) {
			printf("FAIL: registers differ in round %u\n", round);
			return 1;
		}
	}
	ofl_timer_stop(&timer);
	printf("fpu ok\n");
	return 0;
}
