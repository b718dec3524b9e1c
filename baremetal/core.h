/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside a bare core: what mmu.c, irq.c, timer.c, clock.c and fault.c share
 * with the two architectures' folders.
 */
#ifndef OFFLOAD_CORE_H
#define OFFLOAD_CORE_H

#include "platform.h"

/* --- from the linker script --- */

extern uint8_t __ofl_text_start[], __ofl_text_end[];
extern uint8_t __ofl_rodata_start[], __ofl_rodata_end[];
extern uint8_t __ofl_data_start[];
extern uint8_t __ofl_sealed_start[], __ofl_sealed_end[]; /* read-only pages in bss */
extern uint8_t __ofl_guard[];	     /* the page under the stack, unmapped */
extern uint8_t __ofl_stack_bottom[], __ofl_stack_top[];
extern uint8_t __ofl_image_end[];    /* here the heap begins */

/* Zero at first, written before the image's own page tables are loaded, never after. */
#define OFL_SEALED __attribute__((section(".bss.ofl_sealed")))
/* The stack of interrupts, right above the sealed pages, which catch its overflow. */
#define OFL_IRQ_STACK __attribute__((section(".bss.ofl_irq_stack")))

/* --- mmu.c --- */

enum ofl_prot {
	OFL_PROT_R,	 /* read-only, no execute */
	OFL_PROT_RX,
	OFL_PROT_RW,	 /* no execute */
	OFL_PROT_DEVICE, /* read-write device registers, no execute */
};

/* One set of page tables, built in a pool of pages. */
struct ofl_mmu {
	uint8_t *pool; /* where the builder sees it */
	uint64_t pool_pa;
	uint32_t pages; /* size of the pool */
	uint32_t used;
	uint32_t levels; /* 4; 5 on an x86_64 with LA57 */
	uint64_t leaf_set, leaf_clear; /* aarch64: EL2's leaf bits that differ from EL1's */
};

/* Take the first page of what is left of a pool as root. */
int ofl_mmu_init(struct ofl_mmu *mmu, uint8_t *pool, uint64_t pool_pa, uint32_t pages,
		 uint32_t levels);
/* Physical address of the root. */
uint64_t ofl_mmu_root(const struct ofl_mmu *mmu);
/*
 * Map [va, va + size) to pa, all page aligned, in 2 MiB blocks where the
 * addresses allow.  -EINVAL: not aligned or empty; -EEXIST: something is
 * mapped there; -ENOMEM: the pool is used up.
 */
int ofl_mmu_map(struct ofl_mmu *mmu, uint64_t va, uint64_t pa, uint64_t size,
		enum ofl_prot prot);
/*
 * The image's own map of its region, window, serial line and devices.  boot: as
 * the builder sees it.
 */
int ofl_mmu_map_region(struct ofl_mmu *mmu, const struct ofl_boot *boot);

/* --- fault.c --- */

/* Set ofl_boot and what follows from it; the boot page must be mapped. */
void ofl_core_init(void);
/*
 * First step of a crash: only the first caller returns, with the record
 * cleared; a fault while one is being reported gives the core back at once.
 */
struct ofl_crash *ofl_fault_begin(void);
/*
 * The architecture's: store CRASHED and give the core back, touching nothing
 * else.  ofl_platform_leave tidies up devices first, which may be what faults.
 */
_Noreturn void ofl_platform_abandon(void);
/* Walk frame pointers from fp into crash->trace. */
void ofl_fault_trace(struct ofl_crash *crash, uint64_t fp);
/* Name an address for people: "guard page of the stack", "text", ... */
const char *ofl_fault_place(uint64_t addr);
/* crash->text = "what: kind at/of ..."; plain string building, no libc. */
void ofl_fault_text(struct ofl_crash *crash, const char *what, const char *access,
		    bool has_address);

/* --- line.c --- */

/*
 * Use the serial line of the boot page.  mapped: device memory is, too; before
 * that, only I/O ports are.  Does nothing when it has been done.
 */
void ofl_line_init(bool mapped);
/* The last words of an image, if there is a line. */
void ofl_line_end(enum ofl_image_state state, int status);

/*
 * For tests of the runtime: an exception that is expected.  While `armed`, one
 * whose pc lies in [from, to) is written down here instead of ending in a crash,
 * and the image goes on at `resume` (a function that does not return: it may
 * longjmp) on the stack below `stack`, with interrupts masked or not as they
 * were, single-stepping off and other registers lost.  It is good for one: any
 * other exception, also one that comes before `resume` has armed it anew, is a
 * crash.  Not for faults in interrupt handlers.
 */
struct ofl_fault_probe {
	uint64_t from, to;
	void (*resume)(void);
	uint8_t *stack; /* 16 bytes aligned */
	volatile bool armed;
	/* what came, as in struct ofl_crash */
	uint32_t vector;
	uint64_t error;
	uint64_t pc;
	uint64_t sp;
	uint64_t fault_address;
};
extern struct ofl_fault_probe ofl_fault_probe;
/* For the trap code: was this one expected?  Writes it down if it was. */
bool ofl_fault_expected(uint32_t vector, uint64_t error, uint64_t pc, uint64_t sp,
			uint64_t fault_address);

/* --- clock.c --- */

/* Before the first use of a clock: counter_hz of the boot page is not 0. */
void ofl_clock_init(void);
uint64_t ofl_ns_to_counter(uint64_t ns); /* rounded up, saturating */
uint64_t ofl_counter_to_ns(uint64_t count);

/* value * mult / 2^shift without loss or overflow on the way; saturates. */
struct ofl_scale {
	uint64_t mult;
	uint32_t shift;
};
struct ofl_scale ofl_scale_make(uint64_t to_hz, uint64_t from_hz);
uint64_t ofl_scale(struct ofl_scale scale, uint64_t value);

/* --- irq.c --- */

#if defined(__x86_64__)
#define OFL_NR_IRQS 256u
#else
#define OFL_NR_IRQS 32u
#endif

/* Is it the interrupt of a device that is the image's? */
bool ofl_irq_of_device(unsigned int irq);

/* From the trap code: count it and call its handler.  False: there is none. */
bool ofl_irq_dispatch(unsigned int irq);

/* The architecture's interrupt controller. */
bool ofl_irqchip_valid(unsigned int irq);    /* may an image have it? */
bool ofl_irqchip_reserved(unsigned int irq); /* is it the runtime's own? */
void ofl_irqchip_enable(unsigned int irq, bool on);

/* --- bell.c --- */

/* From the trap code: the host has rung. */
void ofl_bell_interrupt(void);
/* The architecture's: the interrupt by which it does; 0: it never rings. */
unsigned int ofl_bell_irq(void);
/*
 * Ring the host at `place` (boot->host.bell).  What was stored before is visible to
 * it first, and the ring is on its way before any later load.
 */
void ofl_bell_hw_ring(uint64_t place);

/* --- timer.c --- */

/* From the timer interrupt. */
void ofl_timer_interrupt(void);

/* The architecture's one-shot timer: interrupt at or soon after deadline. */
void ofl_timer_hw_set(uint64_t deadline_ns);
void ofl_timer_hw_off(void);

/* Do these flags (ofl_irq_save) have interrupts enabled? */
bool ofl_irq_flags_enabled(unsigned long flags);

#endif
