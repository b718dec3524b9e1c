// SPDX-License-Identifier: BSD-2-Clause
#if defined(__x86_64__)

#include "core.h"
#include "cpu.h"
#include "entry/entry.h"
#include "ktap.h"

#define MSR_FS_BASE 0xc0000100u
#define EFER_LMA (1ull << 10)
#define CR4_VMXE (1ull << 13)
#define CR4_PCIDE (1ull << 17)
#define CR4_CET (1ull << 23)
#define APIC_ENABLED (1ull << 11)
#define APIC_X2 (1ull << 10)

static _Thread_local volatile int own;

struct table {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static uint64_t flags(void)
{
	uint64_t x;

	__asm__ volatile("pushfq\n\tpop %0" : "=r"(x));
	return x;
}

static bool in_data(uint64_t addr, uint64_t size)
{
	return addr >= (uintptr_t)__ofl_data_start && addr + size <= (uintptr_t)__ofl_guard;
}

static void test_flags(void)
{
	uint64_t f = flags();
	unsigned long saved;

	is(f >> 9 & 1, 1, "RFLAGS: interrupts are on");
	is(f >> 10 & 1, 0, "RFLAGS: DF is clear");
	is(f >> 18 & 1, 0, "RFLAGS: AC is clear");
	is(f >> 8 & 1, 0, "RFLAGS: TF is clear");
	is(f >> 14 & 1, 0, "RFLAGS: NT is clear");
	is(f >> 12 & 3, 0, "RFLAGS: IOPL is 0");
	saved = ofl_irq_save();
	is(flags() >> 9 & 1, 0, "ofl_irq_save clears IF");
	ok(ofl_irq_flags_enabled(saved), "and says that it was set");
	ok(!ofl_irq_flags_enabled(flags()), "flags of now say that it is not");
	ofl_irq_restore(saved);
	is(flags() >> 9 & 1, 1, "ofl_irq_restore sets it again");
}

static void test_control(void)
{
	uint64_t cr4 = read_cr4();

	is(read_cr0(), CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG,
	   "CR0: protection, WP, paging, native x87 errors, and no more");
	is(cr4 & CR4_PAE, CR4_PAE, "CR4: PAE");
	is(cr4 & CR4_MCE, CR4_MCE, "CR4: machine checks");
	is(cr4 & CR4_PGE, CR4_PGE, "CR4: global pages");
	is(cr4 & (CR4_OSFXSR | CR4_OSXMMEXCPT), CR4_OSFXSR | CR4_OSXMMEXCPT, "CR4: SSE");
	is(cr4 & CR4_VMXE, 0, "CR4: VMXE is off");
	is(cr4 & CR4_PCIDE, 0, "CR4: PCIDE is off");
	is(cr4 & CR4_CET, 0, "CR4: CET is off");
	is(rdmsr(MSR_EFER) & (EFER_NXE | EFER_LMA), EFER_NXE | EFER_LMA,
	   "EFER: long mode, no-execute");
	is(read_cr3(), ofl_boot->info.region_pa + OFL_PGTABLE_OFF, "CR3: our own tables");
}

static void test_fpu(void)
{
	struct {
		uint16_t cw, r0, sw, r1, tag, r2;
		uint32_t rest[4];
	} env;
	uint32_t mxcsr;

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	is(mxcsr & ~0x3fu, 0x1f80, "MXCSR: all exceptions masked, round to nearest");
	__asm__ volatile("fnstenv %0\n\tfldenv %0" : "=m"(env));
	is(env.cw, 0x37f, "x87: control word");
	is(env.sw & 0x3800, 0, "x87: the stack is empty");
	is(env.tag, 0xffff, "x87: all tags empty");
}

static void test_tables(void)
{
	struct table gdt, idt;
	uint16_t cs, ss, ds, es, fs, gs, tr;
	uint64_t *descriptor, base, ist;

	__asm__ volatile("mov %%cs, %0\n\tmov %%ss, %1\n\tmov %%ds, %2\n\tmov %%es, %3\n\t"
			 "mov %%fs, %4\n\tmov %%gs, %5\n\tstr %6"
			 : "=r"(cs), "=r"(ss), "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs),
			 "=r"(tr));
	is(cs, SEL_CODE, "CS, ring 0");
	is(ss, SEL_DATA, "SS");
	is(ds, SEL_DATA, "DS");
	is(es, SEL_DATA, "ES");
	is(fs | gs, 0, "FS and GS are null selectors");
	is(tr, SEL_TSS, "TR");
	__asm__ volatile("sgdt %0\n\tsidt %1" : "=m"(gdt), "=m"(idt));
	ok(in_data(gdt.base, gdt.limit + 1u), "the GDT lies in our data");
	ok(in_data(idt.base, idt.limit + 1u), "the IDT lies in our data");
	is(idt.limit, 256 * 16 - 1, "the IDT has 256 gates");

	descriptor = (uint64_t *)(gdt.base + SEL_TSS);
	base = (descriptor[0] >> 16 & 0xffffff) | (descriptor[0] >> 56 << 24) |
	       descriptor[1] << 32;
	ok(in_data(base, 104), "the TSS lies in our data");
	is(descriptor[0] >> 40 & 0xff, 0x8b, "the TSS is busy: it is the one loaded");
	for (unsigned int i = 0; i < 7; i++) {
		ist = *(uint64_t *)(base + 36 + 8 * i);
		if (!in_data(ist - 4096, 4096) || ist % 16)
			break;
		if (i == 6)
			ok(true, "all seven interrupt stacks lie in our data, aligned");
	}
	for (unsigned int i = 0; i < 256; i++) {
		const uint64_t *gate = (uint64_t *)(idt.base + 16 * i);
		uint64_t offset = (gate[0] & 0xffff) | (gate[0] >> 48 << 16) |
				  gate[1] << 32;

		/* present, interrupt gate, our code segment, a stack of its own */
		if ((gate[0] >> 40 & 0xff) != 0x8e || (gate[0] >> 16 & 0xffff) != SEL_CODE ||
		    !(gate[0] >> 32 & 7) || offset < (uintptr_t)__ofl_text_start ||
		    offset >= (uintptr_t)__ofl_text_end) {
			ok(false, "vector %u: a gate with a stack of its own", i);
			break;
		}
		if (i == 255)
			ok(true, "every vector has a gate with a stack of its own");
	}
	base = rdmsr(MSR_FS_BASE);
	is(*(uint64_t *)base, base, "FS base points to itself");
	ok((uint64_t)&own < base && base - (uint64_t)&own < 4096,
	   "a thread-local variable lies below it");
}

static void test_nmi(void)
{
	/* The host's; without a request it comes back. */
	__asm__ volatile("int $2" : : : "memory");
	is(ofl_boot->image.state, OFL_STATE_RUNNING, "an NMI without a request is ignored");
}

void entry_registers(void)
{
	uint64_t apic = rdmsr(MSR_APIC_BASE), tpr;

	test_flags();
	test_control();
	test_fpu();
	test_tables();
	test_nmi();
	is(apic & APIC_ENABLED, APIC_ENABLED, "the local APIC is on");
	__asm__ volatile("mov %%cr8, %0" : "=r"(tpr));
	is(tpr, 0, "no interrupt is held back by priority");
	if (!(apic & APIC_X2))
		is(apic & 0xffffff000ull, ofl_boot->arch.x86.lapic_pa,
		   "the local APIC is where the boot page says");
	else
		ktap_skip("x2APIC", "the local APIC is where the boot page says");
	is(ofl_boot->arch.x86.park_pa % OFL_PAGE, 0, "the park area is aligned");
	ok(ofl_boot->arch.x86.park_entry - ofl_boot->arch.x86.park_pa < OFL_PAGE,
	   "its entry lies in its first page");
	is(ofl_boot->image.level, 0, "level: 0");
}

void entry_where(const struct ofl_where *where)
{
	is_string(where->mode, "ring 0", "ofl_where: mode");
	is_string(where->irqchip, rdmsr(MSR_APIC_BASE) & APIC_X2 ? "x2APIC" : "xAPIC",
		  "ofl_where: interrupt controller");
}
#endif
