// SPDX-License-Identifier: BSD-2-Clause
/*
 * The local APIC in the mode that the host left it in (xAPIC by memory, x2APIC
 * by MSR), and its timer: one-shot, counting down at a frequency that is
 * measured once against the TSC.
 *
 * The measurement is good to about 0.1 %.  So a long wait is cut a little short
 * and the rest is set up anew when the interrupt comes: what counts is the TSC.
 */
#include "core.h"
#include "cpu.h"
#include "lapic.h"

/* Intel SDM volume 3, table 11-1; the MSR is 0x800 + offset / 16. */
#define REG_TPR 0x080
#define REG_EOI 0x0b0
#define REG_SVR 0x0f0
#define REG_ISR 0x100
#define REG_VERSION 0x030
#define REG_LVT_CMCI 0x2f0
#define REG_LVT_TIMER 0x320
#define REG_LVT_THERMAL 0x330
#define REG_LVT_PERF 0x340
#define REG_LVT_LINT0 0x350
#define REG_LVT_LINT1 0x360
#define REG_LVT_ERROR 0x370
#define REG_ICR 0x300
#define REG_ICR_HIGH 0x310
#define REG_TIMER_INIT 0x380
#define REG_TIMER_COUNT 0x390
#define REG_TIMER_DIVIDE 0x3e0

#define SVR_ENABLE 0x100u
#define LVT_MASKED 0x10000u
#define DIVIDE_BY_1 0xbu
#define ICR_FIXED_PHYSICAL 0x4000u /* asserted edge */
#define ICR_BUSY 0x1000u
#define ICR_LOOPS 100000u

#define APIC_BASE_X2APIC (1u << 10)
#define APIC_BASE_ENABLE (1u << 11)

#define MEASURE_MS 2
#define MEASURE_LOOPS 100000000u
#define MEASURE_TRIES 8u

static volatile uint32_t *mmio; /* xAPIC; NULL: x2APIC */
static bool ready;
static struct ofl_scale tsc_to_timer;
static uint64_t timer_hz;

static uint32_t lapic_read(uint32_t reg)
{
	return mmio ? mmio[reg / 4] : (uint32_t)rdmsr(0x800 + (reg >> 4));
}

static void lapic_write(uint32_t reg, uint32_t value)
{
	if (mmio)
		mmio[reg / 4] = value;
	else
		wrmsr(0x800 + (reg >> 4), value);
}

bool lapic_is_mmio(void)
{
	return !(rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC);
}

const char *lapic_mode(void)
{
	return mmio ? "xAPIC" : "x2APIC";
}

uint64_t lapic_timer_hz(void)
{
	return timer_hz;
}

/*
 * Timer and TSC at one moment: of some tries the one that took the shortest, as an SMI, or
 * a hypervisor with something else to do, may come between the two.
 */
static uint64_t both_counters(uint32_t *count)
{
	uint64_t before, after, at = 0, best = UINT64_MAX;
	uint32_t now;

	for (unsigned int i = 0; i < MEASURE_TRIES; i++) {
		before = ofl_counter();
		now = lapic_read(REG_TIMER_COUNT);
		after = ofl_counter();
		if (after - before < best) {
			best = after - before;
			at = before;
			*count = now;
		}
	}
	return at;
}

static void measure_timer(void)
{
	uint64_t ticks = ofl_counter_hz() / 1000 * MEASURE_MS;
	uint32_t first = 0, last = 0, loops = 0;
	uint64_t start, end;

	lapic_write(REG_TIMER_DIVIDE, DIVIDE_BY_1);
	lapic_write(REG_LVT_TIMER, LVT_MASKED | LAPIC_VECTOR_TIMER);
	lapic_write(REG_TIMER_INIT, ~0u);
	start = both_counters(&first);
	do
		ofl_platform_relax();
	while (ofl_counter() - start < ticks && ++loops < MEASURE_LOOPS);
	end = both_counters(&last);
	lapic_write(REG_TIMER_INIT, 0);

	if (end == start || first == last || !last)
		ofl_panic("local APIC timer: %u to %u in %lu TSC ticks: it does not count",
			  first, last, (unsigned long)(end - start));
	tsc_to_timer = ofl_scale_make(first - last, end - start);
	timer_hz = ofl_scale(tsc_to_timer, ofl_counter_hz());
}

void lapic_init(void)
{
	static const uint16_t sources[] = {
		/* in the order of the version register's "max LVT" */
		REG_LVT_TIMER, REG_LVT_LINT0, REG_LVT_LINT1, REG_LVT_ERROR,
		REG_LVT_PERF,  REG_LVT_THERMAL, REG_LVT_CMCI,
	};
	uint32_t max_lvt;

	if (!(rdmsr(MSR_APIC_BASE) & APIC_BASE_ENABLE))
		ofl_panic("the local APIC of this core is switched off");
	mmio = lapic_is_mmio() ? (volatile uint32_t *)ofl_boot->arch.x86.lapic_pa : NULL;

	lapic_write(REG_SVR, SVR_ENABLE | LAPIC_VECTOR_SPURIOUS);
	max_lvt = lapic_read(REG_VERSION) >> 16 & 0xff;
	for (unsigned int i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (i <= max_lvt)
			lapic_write(sources[i], LVT_MASKED);
	lapic_write(REG_TIMER_INIT, 0);
	measure_timer();
	lapic_write(REG_LVT_TIMER, LAPIC_VECTOR_TIMER);
	lapic_write(REG_TPR, 0);
	ready = true;
}

void lapic_ack(unsigned int vector)
{
	/* Spurious interrupts, and INT instructions, are not in service. */
	if (vector == LAPIC_VECTOR_TIMER ||
	    lapic_read(REG_ISR + vector / 32 * 16) >> vector % 32 & 1)
		lapic_write(REG_EOI, 0);
}

/* Reading back also keeps later loads behind the write. */
static void wait_sent(void)
{
	for (unsigned int i = 0; i < ICR_LOOPS && (lapic_read(REG_ICR) & ICR_BUSY); i++)
		ofl_platform_relax();
}

void lapic_send(uint32_t id, uint8_t vector)
{
	unsigned long flags;

	if (!ready)
		return;
	/* A write to an x2APIC register orders nothing, hence the fences. */
	__asm__ volatile("mfence\n\tlfence" : : : "memory");
	flags = ofl_irq_save();
	if (mmio) {
		wait_sent();
		lapic_write(REG_ICR_HIGH, id << 24);
		lapic_write(REG_ICR, ICR_FIXED_PHYSICAL | vector);
		wait_sent();
	} else {
		wrmsr(0x800 + (REG_ICR >> 4),
		      (uint64_t)id << 32 | ICR_FIXED_PHYSICAL | vector);
	}
	ofl_irq_restore(flags);
	__asm__ volatile("mfence\n\tlfence" : : : "memory");
}

unsigned int ofl_bell_irq(void)
{
	return ofl_boot->arch.x86.bell_vector;
}

void ofl_bell_hw_ring(uint64_t place)
{
	lapic_send((uint32_t)(place >> 32), (uint8_t)place);
}

void lapic_quiet(void)
{
	if (!ready)
		return;
	lapic_write(REG_TIMER_INIT, 0);
	lapic_write(REG_LVT_TIMER, LVT_MASKED | LAPIC_VECTOR_TIMER);
}

void ofl_timer_hw_set(uint64_t deadline_ns)
{
	uint64_t target = ofl_ns_to_counter(deadline_ns);
	uint64_t now = ofl_counter();
	uint64_t count = 1;

	if (target > now) {
		count = ofl_scale(tsc_to_timer, target - now);
		if (count > timer_hz / 64)
			count -= count / 256;
		if (count < UINT32_MAX)
			count++;
		else
			count = UINT32_MAX;
	}
	lapic_write(REG_TIMER_INIT, (uint32_t)count);
}

void ofl_timer_hw_off(void)
{
	lapic_write(REG_TIMER_INIT, 0);
}
