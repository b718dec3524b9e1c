// SPDX-License-Identifier: BSD-2-Clause
#if defined(__x86_64__)
#include "irq/irq.h"

#include <errno.h>

#include "core.h"
#include "cpu.h"
#include "ktap.h"
#include "lapic.h"

#define REG_ISR 0x100u
#define REG_IRR 0x200u
#define REG_ICR 0x300u
#define SELF 0x40000u
#define NMI 0x400u
#define PENDING 0x1000u

static uint32_t lapic(uint32_t reg)
{
	volatile uint32_t *mmio = (volatile uint32_t *)ofl_boot->arch.x86.lapic_pa;

	return lapic_is_mmio() ? mmio[reg / 4] : (uint32_t)rdmsr(0x800 + reg / 16);
}

static void send(uint32_t icr)
{
	volatile uint32_t *mmio = (volatile uint32_t *)ofl_boot->arch.x86.lapic_pa;

	if (!lapic_is_mmio()) {
		wrmsr(0x800 + REG_ICR / 16, icr);
		return;
	}
	mmio[REG_ICR / 4] = icr;
	while (mmio[REG_ICR / 4] & PENDING)
		;
}

void irq_send(unsigned int irq)
{
	send(SELF | irq);
}

static volatile unsigned int calls;

static void count(unsigned int irq, void *arg)
{
	(void)irq;
	(void)arg;
	calls++;
}

void irq_errors(void)
{
	is(ofl_irq_handler(0x1f, count, NULL), -EINVAL, "no such number: an exception");
	is(ofl_irq_handler(2, count, NULL), -EINVAL, "no such number: NMI");
	is(ofl_irq_handler(LAPIC_VECTOR_TIMER, count, NULL), -EINVAL,
	   "no such number: the timer's");
	is(ofl_irq_handler(LAPIC_VECTOR_SPURIOUS, count, NULL), -EINVAL,
	   "no such number: the spurious one's");
}

/* It comes all the same, and is counted. */
void irq_disabled(uint64_t irqs, uint64_t spurious)
{
	is(irqs, spurious, "what is counted is spurious");
	ok(spurious >= 1, "and it is counted");
}

static unsigned int in_service(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < 8; i++)
		n += (unsigned int)__builtin_popcount(lapic(REG_ISR + i * 16));
	return n;
}

void irq_machine(void)
{
	unsigned long flags;
	unsigned int nmis;

	is(in_service(), 0, "every interrupt was acknowledged");
	ofl_irq_handler(IRQ_A, count, NULL);
	flags = ofl_irq_save();
	irq_send(IRQ_A);
	for (unsigned int i = 0; i < 100000; i++)
		if (lapic(REG_IRR + IRQ_A / 32 * 16) >> IRQ_A % 32 & 1)
			break;
	is(lapic(REG_IRR + IRQ_A / 32 * 16) >> IRQ_A % 32 & 1, 1, "one is requested, masked");
	/* By instruction: the same vector, nothing in service, no masking. */
	__asm__ volatile("int %0" : : "i"(IRQ_A) : "memory");
	is(calls, 1, "INT calls the handler, masked or not");
	is(lapic(REG_IRR + IRQ_A / 32 * 16) >> IRQ_A % 32 & 1, 1,
	   "and acknowledges nothing that it was not");
	ofl_irq_restore(flags);
	while (calls < 2)
		;
	is(calls, 2, "the requested one comes when it may");

	/* What Linux sends to all cores: counted, acknowledged, ignored. */
	calls = (unsigned int)ofl_boot->image.spurious;
	send(SELF | 0xfc);
	send(SELF | 0xec);
	while (ofl_boot->image.spurious < calls + 2ull)
		;
	ok(ofl_boot->image.spurious >= calls + 2ull, "Linux's vectors are spurious here");
	is(in_service(), 0, "and acknowledged");

	flags = ofl_irq_save();
	/* An NMI by the APIC, if it can be sent to oneself (no shorthand). */
	nmis = (unsigned int)ofl_boot->image.irqs;
	if (lapic_is_mmio()) {
		volatile uint32_t *mmio = (volatile uint32_t *)ofl_boot->arch.x86.lapic_pa;

		mmio[REG_ICR / 4 + 4] = (uint32_t)ofl_boot->info.hwid << 24;
		mmio[REG_ICR / 4] = NMI;
	} else {
		wrmsr(0x800 + REG_ICR / 16, ofl_boot->info.hwid << 32 | NMI);
	}
	for (unsigned int i = 0; i < 1000; i++)
		ofl_platform_relax();
	is(ofl_boot->image.irqs, nmis, "an NMI without a request does nothing");
	ofl_irq_restore(flags);
}
#endif
