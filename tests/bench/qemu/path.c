// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=integer */
/*
 * The real-time path, for a machine that counts instructions (count.c, counts.sh):
 * 10,000 times from the timer's interrupt to the first store of its handler, and as
 * often from a ring to the store of the ring's handler.  The labels path_* are where
 * the counting begins and ends.  What it says itself is only that all of them came.
 */
#include <stdio.h>

#include "core.h"
#if defined(__x86_64__)
#include "lapic.h"
#else
#include "cpu.h"
#endif

#define ROUNDS 10000u
#define PERIOD 20000u /* ns */
#define PATIENCE 60000000000ull

/* One store, and a label on it. */
#if defined(__x86_64__)
#define STORE(label, where, what) \
	__asm__ volatile(".globl " #label "\n" #label ":\tmovq %1, %0" \
			 : "=m"(where) : "r"((uint64_t)(what)) : "memory")
#define RING 0x41u
#else
#define STORE(label, where, what) \
	__asm__ volatile(".globl " #label "\n" #label ":\tstr %1, %0" \
			 : "=m"(where) : "r"((uint64_t)(what)) : "memory")
#define RING 1u
#endif
#define LABEL(label) __asm__ volatile(".globl " #label "\n" #label ":\tnop" : : : "memory")

static uint64_t timer_store, ring_store;
static volatile unsigned int ticks, rings;

static void on_tick(struct ofl_timer *timer, void *arg)
{
	(void)timer;
	STORE(path_timer_store, timer_store, arg);
	ticks++;
}

static void on_ring(unsigned int irq, void *arg)
{
	(void)arg;
	STORE(path_ring_store, ring_store, irq);
	rings++;
}

/* To this very core: nothing but the interrupt controller is in between. */
static void ring(void)
{
#if defined(__x86_64__)
	lapic_send((uint32_t)ofl_boot->info.hwid, RING);
#else
	const struct ofl_boot_arm64 *arm = &ofl_boot->arch.arm64;

	dsb_sy();
	if (arm->gic_version < 3) {
		*(volatile uint32_t *)(arm->gicd_pa + 0xf00) = 2u << 24 | RING; /* GICD_SGIR */
	} else {
		uint64_t mpidr = read_sysreg("mpidr_el1");

		write_sysreg("s3_0_c12_c11_5", /* ICC_SGI1R_EL1 */
			     (uint64_t)RING << 24 | 1ull << (mpidr & 0xf) |
			     (mpidr >> 8 & 0xff) << 16 | (mpidr >> 16 & 0xff) << 32 |
			     (mpidr >> 32 & 0xff) << 48);
		isb();
	}
#endif
}

int main(int argc, char **argv)
{
	static struct ofl_timer timer;
	uint64_t end = ofl_now_ns() + PATIENCE;

	(void)argc;
	(void)argv;
	if (ofl_irq_handler(RING, on_ring, NULL))
		return 1;
	LABEL(path_begin);
	ofl_timer_start(&timer, ofl_now_ns() + PERIOD, PERIOD, on_tick, &timer);
	while (ticks < ROUNDS && ofl_now_ns() < end)
		ofl_idle();
	ofl_timer_stop(&timer);
	while (rings < ROUNDS && ofl_now_ns() < end) {
		unsigned int before = rings;

		LABEL(path_ring);
		ring();
		while (rings == before && ofl_now_ns() < end)
			ofl_platform_relax();
	}
	LABEL(path_end);
	printf("path: %u of the timer, %u late, %u rings\n", ticks,
	       (unsigned int)timer.overruns, rings);
	return ticks < ROUNDS || rings < ROUNDS;
}
