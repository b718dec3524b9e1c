// SPDX-License-Identifier: BSD-2-Clause
/*
 * x86_64: what the image needs to know of the machine, the way into it and back.
 *
 * The image ends in park_entry, from where park.S comes back to C on the
 * firmware's tables: come_home() ends the machine, or on a second core says
 * that it is back and waits for ever.
 *
 * As host of another core this one runs with interrupts masked and lets them in
 * when it looks whether the image has rung.
 */
#include "machine.h"
#include "park.h"

#include <errno.h>
#include <string.h>

#include "../acpi.h"
#include "../loader.h"
#include "../pages.h"
#include "../say.h"

#define MSR_APIC_BASE 0x1bu
#define MSR_EFER 0xc0000080u
#define MSR_X2APIC 0x800u
#define MSR_X2APIC_ID 0x802u
#define MSR_X2APIC_ICR 0x830u
#define APIC_BASE_ENABLE (1ull << 11)
#define APIC_BASE_X2APIC (1ull << 10)
#define APIC_BASE_PA 0x000ffffffffff000ull

#define LAPIC_ID 0x20u
#define LAPIC_EOI 0xb0u
#define LAPIC_SVR 0xf0u
#define LAPIC_LVT_TIMER 0x320u
#define LAPIC_LVT_LINT0 0x350u
#define SVR_ENABLE 0x100u
#define LVT_MASKED 0x10000u
#define LAPIC_ICR_LOW 0x300u
#define LAPIC_ICR_HIGH 0x310u
#define ICR_FIXED 0x4000u
#define ICR_INIT 0x4500u
#define ICR_STARTUP 0x4600u
#define ICR_BUSY 0x1000u
#define ICR_LOOPS 100000u

#define BELL_VECTOR 0xf1u /* the image's */
#define HOST_VECTOR 0xe1u
#define FIRST_VECTOR 32u
#define SPURIOUS_VECTOR 0xffu

#define START_MS 30000u /* a virtual core may get none of a busy machine */
#define STARTUP_AGAIN_MS 20u
#define INIT_AGAIN_MS 100u /* at first; twice as long each time */

#define EFER_LME (1ull << 8)
#define EFER_NXE (1ull << 11)
#define CR4_LA57 (1ull << 12)

#define MADT_LAPIC 0u
#define MADT_X2APIC 9u
#define MADT_ENABLED 1u

#define COM1 0x3f8u
#define PIC1_MASK 0x21u
#define PIC2_MASK 0xa1u

/* Values for isa-debug-exit; QEMU's status is twice that plus one. */
#define EXIT_STATUS_MAX 0x3fu
#define EXIT_CRASHED 0x40u
#define EXIT_STOPPED 0x41u
#define EXIT_UNKNOWN 0x42u

const uint32_t ofl_machine_id = OFL_MACHINE_X86_64;

static struct ofl_park *park;
static uint8_t *park_area, *low_page;
static uint32_t other_id;
static volatile bool other_back;
static volatile bool rung;

enum ofl_serial ofl_machine_serial(struct ofl_loader *l, uint64_t *where)
{
	(void)l;
	/* every PC has it there, if it has one */
	*where = COM1;
	return OFL_SERIAL_16550_IO;
}

uint64_t ofl_machine_counter(void)
{
	return rdtsc();
}

static volatile uint32_t *lapic(uint32_t reg)
{
	return (volatile uint32_t *)(uintptr_t)((rdmsr(MSR_APIC_BASE) & APIC_BASE_PA) + reg);
}

static bool is_x2apic(void)
{
	return rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC;
}

static uint32_t own_id(void)
{
	return is_x2apic() ? (uint32_t)rdmsr(MSR_X2APIC_ID) : *lapic(LAPIC_ID) >> 24;
}

/*
 * The bits of IA32_APIC_BASE for the core of the image: x2APIC where it can, as
 * Linux has it.  Ids are the same in both modes.
 */
static uint32_t apic_bits(void)
{
	uint32_t r[4];

	cpuid(1, 0, r);
	return (uint32_t)APIC_BASE_ENABLE |
	       (r[2] >> 21 & 1 ? (uint32_t)APIC_BASE_X2APIC : 0);
}

static int find_other(struct ofl_loader *l)
{
	const struct ofl_acpi_header *madt = ofl_acpi_find(l->st, "APIC");
	uint32_t self = own_id(), at = 0;
	const uint8_t *e;

	while (madt && (e = ofl_acpi_madt(madt, &at, MADT_LAPIC, 8))) {
		other_id = e[3];
		if (other_id != self && (ofl_acpi_32(e + 4) & MADT_ENABLED))
			return 0;
	}
	at = 0;
	while (madt && (e = ofl_acpi_madt(madt, &at, MADT_X2APIC, 16))) {
		other_id = ofl_acpi_32(e + 4);
		if (other_id != self && (ofl_acpi_32(e + 8) & MADT_ENABLED))
			return 0;
	}
	ofl_say("core=other: the firmware names no second core (ACPI MADT)");
	return -ENODEV;
}

static uint32_t exit_value(const struct ofl_boot *boot)
{
	switch (boot->image.state) {
	case OFL_STATE_EXITED:
		return (uint32_t)boot->image.exit_status & EXIT_STATUS_MAX;
	case OFL_STATE_CRASHED:
		return EXIT_CRASHED;
	case OFL_STATE_STOPPED:
		return EXIT_STOPPED;
	default:
		return EXIT_UNKNOWN;
	}
}

static void say_faults(void)
{
	if (park->faults)
		ofl_say("exception without a handler of the image's: vector %llu, error %#llx, rip %#llx, cr2 %#llx",
			OFL_ULL(park->vector), OFL_ULL(park->error), OFL_ULL(park->rip),
			OFL_ULL(park->cr2));
	park->faults = 0;
}

void ofl_machine_end(struct ofl_loader *l)
{
	say_faults();
	if (l->config.debug_exit)
		outb((uint16_t)l->config.debug_exit, (uint8_t)exit_value(l->boot));
	l->st->RuntimeServices->ResetSystem(EfiResetShutdown, EFI_SUCCESS, 0, NULL);
	for (;;)
		__asm__ volatile("cli\n\thlt");
}

/* Called by park.S, on a stack of the park's. */
static void come_home(struct ofl_loader *l)
{
	if (!l->config.other_core) {
		say_faults();
		ofl_loader_last_word(l);
		ofl_machine_end(l);
	}
	__atomic_store_n(&other_back, true, __ATOMIC_RELEASE);
	for (;;)
		__asm__ volatile("cli\n\thlt");
}

int ofl_machine_prepare(struct ofl_loader *l)
{
	struct ofl_boot *boot = l->boot;
	uint64_t cr3, cr4;
	int err;

	__asm__ volatile("mov %%cr3, %0\n\tmov %%cr4, %1" : "=r"(cr3), "=r"(cr4));
	if (cr4 & CR4_LA57) {
		ofl_say("the firmware runs with five levels of page tables, which is not supported");
		return -ENOTSUP;
	}
	boot->info.counter_hz = ofl_tsc_hz(l->st);
	if (!boot->info.counter_hz) {
		ofl_say("the frequency of the TSC cannot be found out");
		return -ENODEV;
	}
	boot->info.hwid = own_id();
	if (l->config.other_core) {
		err = find_other(l);
		if (err)
			return err;
		boot->info.cpu = 1;
		boot->info.hwid = other_id;
	}
	park_area = ofl_park_build(boot);
	if (!park_area) {
		ofl_say("no memory for the park area");
		return -ENOMEM;
	}
	park = (struct ofl_park *)(park_area + PARK_DATA);
	park->home_cr3 = cr3;
	park->home = (uintptr_t)come_home;
	park->home_arg = (uintptr_t)l;
	boot->arch.x86.park_pa = (uintptr_t)park_area;
	boot->arch.x86.park_entry = (uintptr_t)park_area +
				    ofl_park_offset(ofl_park_entry, ofl_park_text);
	boot->arch.x86.lapic_pa = rdmsr(MSR_APIC_BASE) & APIC_BASE_PA;
	boot->arch.x86.bell_vector = BELL_VECTOR;
	if (!l->config.other_core)
		return 0;
	low_page = ofl_pages_get(EfiLoaderCode, OFL_PAGE, OFL_PAGES_BELOW_1M);
	if (low_page && cr3 >> 32 == 0)
		return 0;
	ofl_say("core=other: no memory below 1 MiB, or page tables above 4 GiB");
	return -ENOMEM;
}

static void lapic_write(uint32_t reg, uint32_t value)
{
	if (is_x2apic())
		wrmsr(MSR_X2APIC + reg / 16, value);
	else
		*lapic(reg) = value;
}

struct frame;

__attribute__((interrupt, target("general-regs-only"))) static void on_bell(struct frame *f)
{
	(void)f;
	rung = true;
	lapic_write(LAPIC_EOI, 0);
}

/* What firmware has left behind. */
__attribute__((interrupt, target("general-regs-only"))) static void on_other(struct frame *f)
{
	(void)f;
	lapic_write(LAPIC_EOI, 0);
}

/* An IDT of ours: exceptions as before, one vector rings, others are nothing. */
static void listen(void)
{
	static uint64_t idt[512] __attribute__((aligned(16)));
	struct ofl_idtr {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idtr;
	uint16_t cs;

	__asm__ volatile("sidt %0\n\tmov %%cs, %1" : "=m"(idtr), "=r"(cs));
	memcpy(idt, (const void *)(uintptr_t)idtr.base, FIRST_VECTOR * 16);
	for (unsigned int i = FIRST_VECTOR; i < 256; i++) {
		uint64_t at = (uintptr_t)(i == HOST_VECTOR ? on_bell : on_other);

		idt[2 * i] = (at & 0xffff) | (uint64_t)cs << 16 | 0x8e00ull << 32 |
			     (at >> 16 & 0xffff) << 48;
		idt[2 * i + 1] = at >> 32;
	}
	idtr = (struct ofl_idtr){ sizeof(idt) - 1, (uintptr_t)idt };
	__asm__ volatile("lidt %0" : : "m"(idtr));
	lapic_write(LAPIC_SVR, SVR_ENABLE | SPURIOUS_VECTOR);
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
	lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
}

void ofl_machine_alone(struct ofl_loader *l)
{
	__asm__ volatile("cli" : : : "memory");
	outb(PIC1_MASK, 0xff);
	outb(PIC2_MASK, 0xff);
	if (l->config.other_core)
		listen();
	else
		wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | apic_bits());
}

void ofl_machine_enter(struct ofl_loader *l)
{
	void (*start)(void) =
		(void (*)(void))((uintptr_t)park_area +
				 ofl_park_offset(ofl_park_start, ofl_park_text));

	park->entry = l->boot->info.entry;
	start();
	__builtin_unreachable();
}

static void wait_us(struct ofl_loader *l, uint64_t us)
{
	uint64_t end = rdtsc() + l->boot->info.counter_hz / 1000000 * us;

	while (rdtsc() < end)
		__asm__ volatile("pause");
}

static void send_ipi(uint32_t command)
{
	if (is_x2apic()) {
		__asm__ volatile("mfence\n\tlfence" : : : "memory");
		wrmsr(MSR_X2APIC_ICR, (uint64_t)other_id << 32 | command);
		return;
	}
	*lapic(LAPIC_ICR_HIGH) = other_id << 24;
	*lapic(LAPIC_ICR_LOW) = command;
	for (unsigned int i = 0; i < ICR_LOOPS && (*lapic(LAPIC_ICR_LOW) & ICR_BUSY); i++)
		__asm__ volatile("pause");
}

/*
 * INIT, 10 ms, STARTUP: true if the core has come to our page and waits there.  It may
 * not: a STARTUP that firmware left pending sends a virtual core to the page where
 * firmware's code was, and another STARTUP does nothing to a core that runs.
 */
static bool call_other(struct ofl_loader *l, unsigned int limit_ms)
{
	const uint32_t *seen = (const uint32_t *)(low_page + LOW_DATA + LOW_SEEN);

	send_ipi(ICR_INIT);
	wait_us(l, 10000);
	/*
	 * Not earlier: firmware wakes the other cores up through low memory as it
	 * leaves, and puts back what it has found there some time before.
	 */
	ofl_low_build(low_page,
		      (uintptr_t)park_area + ofl_park_offset(ofl_park_start, ofl_park_text),
		      park->home_cr3, (rdmsr(MSR_EFER) & EFER_NXE) | EFER_LME, apic_bits());
	for (unsigned int ms = 0; ms < limit_ms; ms++) {
		if (ms % STARTUP_AGAIN_MS == 0)
			send_ipi(ICR_STARTUP | (uint32_t)((uintptr_t)low_page >> 12));
		if (__atomic_load_n(seen, __ATOMIC_ACQUIRE))
			return true;
		wait_us(l, 1000);
	}
	return false;
}

/* The core goes on from our page when it is told to, thus after the last INIT. */
int ofl_machine_start_other(struct ofl_loader *l)
{
	uint32_t *go = (uint32_t *)(low_page + LOW_DATA + LOW_GO);
	unsigned int limit_ms = INIT_AGAIN_MS;

	park->entry = l->boot->info.entry;
	other_back = false;
	while (!call_other(l, limit_ms)) {
		limit_ms *= 2;
		if (limit_ms > START_MS)
			return -ETIMEDOUT;
	}
	__atomic_store_n(go, 1, __ATOMIC_RELEASE);
	for (unsigned int ms = 0; ms < START_MS; ms++) {
		/* back: it has faulted at once */
		if (__atomic_load_n(&l->boot->image.state, __ATOMIC_ACQUIRE) || other_back)
			return 0;
		wait_us(l, 1000);
	}
	return -ETIMEDOUT;
}

uint64_t ofl_machine_bell(void)
{
	return (uint64_t)own_id() << 32 | HOST_VECTOR;
}

bool ofl_machine_rung(void)
{
	bool yes;

	__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
	yes = rung;
	rung = false;
	return yes;
}

void ofl_machine_ring(const struct ofl_loader *l)
{
	(void)l;
	send_ipi(ICR_FIXED | BELL_VECTOR);
}

bool ofl_machine_other_is_back(struct ofl_loader *l)
{
	(void)l;
	if (!__atomic_load_n(&other_back, __ATOMIC_ACQUIRE))
		return false;
	say_faults();
	return true;
}
