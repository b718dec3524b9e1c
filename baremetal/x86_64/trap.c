// SPDX-License-Identifier: BSD-2-Clause
/*
 * GDT, TSS and IDT of the image, exceptions and interrupts.
 *
 * All of them lie in the private region, which the host's park tables map at
 * the same address: whichever tables are loaded while a step of a switch is
 * half done, an NMI finds its gate and its stack.  For the same reason every
 * IST slot has a stack: between ltr and lidt an NMI comes through the host's
 * IDT, with the host's idea of IST numbers.
 */
#include "core.h"
#include "cpu.h"
#include "lapic.h"
#include "trap.h"

#define FAULT_STACK 4096
#define IRQ_STACK 16384

struct gate {
	uint16_t offset0;
	uint16_t selector;
	uint8_t ist;
	uint8_t type;
	uint16_t offset1;
	uint32_t offset2;
	uint32_t reserved;
};

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[IST_COUNT];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t iomap;
} __attribute__((packed));

struct table_register {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

#define GATE_INTERRUPT 0x8e
#define GDT_CODE64 0x00af9b000000ffffull
#define GDT_DATA 0x00cf93000000ffffull
#define GDT_TSS 0x89ull

/* Complete before the image's page tables are loaded; a stray write finds them sealed. */
static OFL_SEALED struct gate idt[256] __attribute__((aligned(16)));
static OFL_SEALED uint64_t gdt[5] __attribute__((aligned(16)));
static OFL_SEALED struct tss tss __attribute__((aligned(16)));
static uint8_t fault_stacks[IST_COUNT][FAULT_STACK] __attribute__((aligned(16)));
static OFL_IRQ_STACK uint8_t irq_stack[IRQ_STACK] __attribute__((aligned(16)));

/* vectors.S */
extern uint8_t ofl_x86_stubs[];
extern uint8_t ofl_x86_nmi[];
void ofl_x86_irq(unsigned int vector);
uint64_t *ofl_x86_fault(unsigned int vector, uint64_t *frame);

#define STUB_SIZE 5

static void set_gate(unsigned int vector, const uint8_t *code, enum ist ist)
{
	uint64_t addr = (uintptr_t)code;

	idt[vector] = (struct gate){
		.offset0 = (uint16_t)addr,
		.selector = SEL_CODE,
		.ist = (uint8_t)ist,
		.type = GATE_INTERRUPT,
		.offset1 = (uint16_t)(addr >> 16),
		.offset2 = (uint32_t)(addr >> 32),
	};
}

static enum ist ist_of(unsigned int vector)
{
	switch (vector) {
	case 8:
		return IST_DF;
	case 18:
		return IST_MC;
	default:
		return vector < 32 ? IST_FAULT : IST_IRQ;
	}
}

void ofl_x86_trap_init(void)
{
	struct table_register reg;
	uint64_t base = (uintptr_t)&tss;

	for (unsigned int i = 0; i < IST_COUNT; i++)
		tss.ist[i] = (uintptr_t)fault_stacks[i] + FAULT_STACK;
	tss.ist[IST_IRQ - 1] = (uintptr_t)irq_stack + IRQ_STACK;
	tss.iomap = sizeof(tss);
	for (unsigned int i = 0; i < 256; i++)
		set_gate(i, ofl_x86_stubs + i * STUB_SIZE, ist_of(i));
	set_gate(2, ofl_x86_nmi, IST_NMI);

	gdt[SEL_CODE / 8] = GDT_CODE64;
	gdt[SEL_DATA / 8] = GDT_DATA;
	gdt[SEL_TSS / 8] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | GDT_TSS << 40 |
			   (base >> 24 & 0xff) << 56;
	gdt[SEL_TSS / 8 + 1] = base >> 32;

	reg = (struct table_register){ sizeof(gdt) - 1, (uintptr_t)gdt };
	__asm__ volatile("lgdt %0" : : "m"(reg) : "memory");
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS) : "memory");
	reg = (struct table_register){ sizeof(idt) - 1, (uintptr_t)idt };
	__asm__ volatile("lidt %0" : : "m"(reg) : "memory");
	__asm__ volatile("push %q0\n\t"
			 "lea 1f(%%rip), %%rax\n\t"
			 "push %%rax\n\t"
			 "lretq\n"
			 "1:\tmov %w1, %%ds\n\t"
			 "mov %w1, %%es\n\t"
			 "mov %w1, %%ss\n\t"
			 "xor %%eax, %%eax\n\t"
			 "mov %%eax, %%fs\n\t"
			 "mov %%eax, %%gs"
			 : : "i"(SEL_CODE), "r"(SEL_DATA) : "rax", "memory");
}

/* --- exceptions --- */

/* As vectors.S pushes it; behind it [error] rip cs rflags rsp ss. */
struct regs {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t stub;
	uint64_t tail[];
};

#define HAS_ERROR_CODE 0x60227d00u /* #DF #TS #NP #SS #GP #PF #AC #CP #VC #SX */
#define VECTOR_PF 14
#define VECTOR_MC 18

#define PF_PRESENT 1u
#define PF_WRITE 2u
#define PF_FETCH 16u

static const char *const names[32] = {
	"division error", "debug trap", "NMI", "breakpoint", "overflow",
	"bound range exceeded", "invalid opcode", "no FPU", "double fault", NULL,
	"invalid TSS", "segment not present", "stack segment fault",
	"general protection fault", "page fault", NULL, "x87 error",
	"alignment check", "machine check", "SIMD floating-point error",
	"virtualisation exception", "control protection fault",
};

/* Returns the frame to go on with, if the exception was expected. */
uint64_t *ofl_x86_fault(unsigned int vector, uint64_t *frame)
{
	struct regs *r = (struct regs *)frame;
	uint64_t *hw = r->tail;
	const char *access = "read of";
	struct ofl_crash *crash;
	uint64_t error = 0;

	if (HAS_ERROR_CODE >> vector & 1)
		error = *hw++;
	if (vector != VECTOR_MC &&
	    ofl_fault_expected(vector, error, hw[0], hw[3],
			       vector == VECTOR_PF ? read_cr2() : 0)) {
		hw[0] = (uintptr_t)ofl_fault_probe.resume;
		hw[2] &= ~(RFLAGS_TF | RFLAGS_RF);
		hw[3] = (uintptr_t)ofl_fault_probe.stack - 8; /* as behind a call */
		return hw;
	}
	crash = ofl_fault_begin();

	const uint64_t regs[] = {
		r->rax, r->rbx, r->rcx, r->rdx, r->rsi, r->rdi, r->rbp, hw[3],
		r->r8,	r->r9,	r->r10, r->r11, r->r12, r->r13, r->r14, r->r15,
		hw[0],	hw[2],	read_cr0(), read_cr2(), read_cr3(), read_cr4(),
	};

	crash->vector = vector;
	crash->error = error;
	crash->pc = hw[0];
	crash->sp = hw[3];
	crash->fault_address = vector == VECTOR_PF ? read_cr2() : 0;
	crash->nr_regs = sizeof(regs) / sizeof(regs[0]);
	for (unsigned int i = 0; i < crash->nr_regs; i++)
		crash->regs[i] = regs[i];
	ofl_fault_trace(crash, r->rbp);
	if (error & PF_FETCH)
		access = "execution of";
	else if (error & PF_WRITE)
		access = "write to";
	ofl_fault_text(crash, vector < 32 && names[vector] ? names[vector] : "exception",
		       access, vector == VECTOR_PF);
	/* Left set, "in progress" would make the next one shut the machine down. */
	if (vector == VECTOR_MC)
		wrmsr(MSR_MCG_STATUS, 0);
	ofl_crashed();
}

/* --- interrupts --- */

void ofl_x86_irq(unsigned int vector)
{
	lapic_ack(vector);
	if (vector == LAPIC_VECTOR_TIMER) {
		ofl_boot->image.irqs++;
		ofl_timer_interrupt();
	} else if (vector == ofl_bell_irq()) {
		ofl_bell_interrupt();
	} else {
		ofl_irq_dispatch(vector);
	}
}

bool ofl_irqchip_valid(unsigned int irq)
{
	return irq >= 0x20 && irq <= 0xef;
}

bool ofl_irqchip_reserved(unsigned int irq)
{
	return irq == LAPIC_VECTOR_TIMER || irq == ofl_bell_irq();
}

/* A vector needs no enabling: who sends it decides. */
void ofl_irqchip_enable(unsigned int irq, bool on)
{
	(void)irq;
	(void)on;
}
