// SPDX-License-Identifier: BSD-2-Clause
/* Interrupt handlers that go wrong, and too many interrupts. */
#include "faults.h"

static void on_timer_fault(struct ofl_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	null[4] = 0;
}

FAULT fault_in_handler(void)
{
	static struct ofl_timer timer;

	ofl_timer_start(&timer, ofl_now_ns(), 0, on_timer_fault, NULL);
	stay();
	return MINDED;
}

static void on_timer_deeper(struct ofl_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	sink = deeper(1000000);
}

FAULT fault_handler_overflow(void)
{
	static struct ofl_timer timer;

	ofl_timer_start(&timer, ofl_now_ns(), 0, on_timer_deeper, NULL);
	stay();
	return MINDED;
}

static void on_timer(struct ofl_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	sink++;
}

/* A timer whose next expiry is always past. */
FAULT fault_storm(void)
{
	static struct ofl_timer timer;

	ofl_timer_start(&timer, 1, 1, on_timer, NULL);
	stay();
	return MINDED;
}

#if defined(__x86_64__)

/* Interrupts that nobody has asked for, those of Linux among them. */
FAULT fault_spurious(void)
{
	__asm__ volatile("int $0x20\n\tint $0x81\n\tint $0xec\n\tint $0xf8\n\t"
			 "int $0xfb\n\tint $0xfc\n\tint $0xfd\n\tint $0xff");
	return ofl_boot->image.spurious >= 6 ? 0 : MINDED;
}

#else

/* Software interrupts that nobody has asked for: SGIs 1 to 6 of GICv3. */
FAULT fault_spurious(void)
{
	uint64_t mpidr;

	__asm__("mrs %0, mpidr_el1" : "=r"(mpidr));
	for (uint64_t id = 1; id <= 6; id++)
		__asm__ volatile("msr s3_0_c12_c11_5, %0\n\tisb"
				 : : "r"(id << 24 | 1ull << (mpidr & 0xf)));
	return 0; /* those that are not enabled wait for ever */
}

#endif

const struct fault faults_interrupt[] = {
	F(in_handler), F(handler_overflow), F(storm), F(spurious),
	{ 0 },
};
