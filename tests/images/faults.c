// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal stack=16K */
/* native: no */
/*
 *	faults NAME
 *
 * Goes wrong in the way that is asked for; docs/faults.md tells what comes of
 * each.  Exits with 0 after one that the machine does not mind, with 99 if it
 * should have.
 */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "baremetal/core.h"

#define FAULT static __attribute__((noinline, noclone, used)) int

#define NOWHERE 0x123456789000ull
#define MINDED 99

static volatile uint32_t sink;
static uint32_t *volatile null;
static uint32_t code[16];
static const uint32_t constant[16] = { 1, 2, 3 };

static void stay(void)
{
	for (;;)
		sink++;
}

static void mask(void)
{
#if defined(__x86_64__)
	__asm__ volatile("cli" : : : "memory");
#else
	__asm__ volatile("msr daifset, #0xf" : : : "memory");
#endif
}

/* A function that returns, at p. */
static void call(void *p)
{
	void (*volatile fn)(void) = (void (*)(void))(uintptr_t)p;

#if defined(__x86_64__)
	*(uint32_t *)p = 0xc3c3c3c3;
#else
	*(uint32_t *)p = 0xd65f03c0;
#endif
	fn();
}

/* Through a pointer, so that no compiler sees what is wrong. */
static void store(uint64_t address)
{
	*(volatile uint32_t *)address = 0;
}

FAULT fault_null_read(void)
{
	sink = null[4];
	return MINDED;
}

FAULT fault_null_write(void)
{
	null[4] = 0;
	return MINDED;
}

FAULT fault_null_call(void)
{
	void (*volatile fn)(void) = (void (*)(void))(uintptr_t)null;

	fn();
	return MINDED;
}

FAULT fault_unmapped_read(void)
{
	sink = *(volatile uint32_t *)NOWHERE;
	return MINDED;
}

FAULT fault_unmapped_write(void)
{
	*(volatile uint32_t *)NOWHERE = 0;
	return MINDED;
}

FAULT fault_wild_call(void)
{
	void (*volatile fn)(void) = (void (*)(void))NOWHERE;

	fn();
	return MINDED;
}

FAULT fault_noncanonical(void)
{
	sink = *(volatile uint32_t *)0xdead000000000000;
	return MINDED;
}

/* Where Linux has its own memory mapped, and where it is. */
FAULT fault_linux_virtual(void)
{
#if defined(__x86_64__)
	*(volatile uint32_t *)0xffff888001000000 = 0;
#else
	*(volatile uint32_t *)0xffff000001000000 = 0;
#endif
	return MINDED;
}

FAULT fault_linux_physical(void)
{
#if defined(__x86_64__)
	*(volatile uint32_t *)0x1000000 = 0;
#else
	*(volatile uint32_t *)0x41000000 = 0;
#endif
	return MINDED;
}

FAULT fault_behind_heap(void)
{
	*(volatile uint32_t *)(uintptr_t)ofl_heap_end = 0;
	return MINDED;
}

FAULT fault_before_region(void)
{
	*(volatile uint32_t *)(OFL_REGION_VA - 8) = 0;
	return MINDED;
}

static __attribute__((noinline)) unsigned int deeper(unsigned int n)
{
	volatile char block[256];

	memset((char *)block, (int)n, sizeof(block));
	return n ? deeper(n - 1) + (unsigned int)block[n % sizeof(block)] : 0;
}

FAULT fault_stack_overflow(void)
{
	sink = deeper(1000000);
	return MINDED;
}

FAULT fault_stack_smash(void)
{
	uintptr_t *frame = __builtin_frame_address(0);

	/* what a string of As that is too long leaves there */
	for (volatile int i = 0; i < 2; i++)
		((volatile uintptr_t *)frame)[i] = 0x4141414141414141;
	return MINDED;
}

FAULT fault_bad_stack(void)
{
#if defined(__x86_64__)
	__asm__ volatile("mov $0x10, %%esp\n\tpush %%rax" : : : "memory");
#else
	__asm__ volatile("mov x9, #0x10\n\tmov sp, x9\n\tstr x9, [sp]" : : : "x9", "memory");
#endif
	return MINDED;
}

FAULT fault_wild_stack(void)
{
#if defined(__x86_64__)
	__asm__ volatile("movabs $0xdead000000000000, %%rsp\n\tpush %%rax" : : : "memory");
#else
	__asm__ volatile("mov x9, #0xdead000000000000\n\tmov sp, x9\n\tstr x9, [sp]"
			 : : : "x9", "memory");
#endif
	return MINDED;
}

FAULT fault_data_exec(void)
{
	call(code);
	return MINDED;
}

FAULT fault_stack_exec(void)
{
	uint32_t local[4];

	call(local);
	return MINDED;
}

FAULT fault_heap_exec(void)
{
	call(malloc(64));
	return MINDED;
}

FAULT fault_rodata_exec(void)
{
	void (*volatile fn)(void) = (void (*)(void))(uintptr_t)constant;

	fn();
	return MINDED;
}

FAULT fault_text_write(void)
{
	store((uintptr_t)stay);
	return MINDED;
}

FAULT fault_rodata_write(void)
{
	store((uintptr_t)&constant[2]);
	return MINDED;
}

FAULT fault_page_tables_write(void)
{
	store(OFL_REGION_VA + OFL_PGTABLE_OFF);
	return MINDED;
}

FAULT fault_sealed_write(void)
{
	store((uintptr_t)__ofl_sealed_start);
	return MINDED;
}

FAULT fault_undefined(void)
{
#if defined(__x86_64__)
	__asm__ volatile("ud2");
#else
	__asm__ volatile("udf #0");
#endif
	return MINDED;
}

FAULT fault_trap(void)
{
	if (!sink)
		__builtin_trap();
	return MINDED;
}

FAULT fault_breakpoint(void)
{
#if defined(__x86_64__)
	__asm__ volatile("int3");
#else
	__asm__ volatile("brk #1");
#endif
	return MINDED;
}

FAULT fault_divide(void)
{
	sink = (uint32_t)(7 / (int)sink);
	return 0;
}

FAULT fault_divide_overflow(void)
{
	volatile int least = -2147483647 - 1, minus = -1;

	sink = (uint32_t)(least / minus);
	return 0;
}

FAULT fault_unaligned(void)
{
	uint8_t *p = (uint8_t *)code + 1;

#if defined(__x86_64__)
	__asm__ volatile("mov (%0), %%eax" : : "r"(p) : "rax", "memory");
#else
	__asm__ volatile("ldr w9, [%0]" : : "r"(p) : "x9", "memory");
#endif
	return 0;
}

FAULT fault_system_call(void)
{
#if defined(__x86_64__)
	__asm__ volatile("int $0x80");
#else
	__asm__ volatile("svc #0");
#endif
	return 0;
}

FAULT fault_abort(void)
{
	abort();
}

FAULT fault_assert(void)
{
	assert(null != NULL);
	return MINDED;
}

FAULT fault_raise(void)
{
	raise(SIGTERM);
	return MINDED;
}

FAULT fault_exit(void)
{
	exit(3);
}

FAULT fault_return(void)
{
	return 5;
}

FAULT fault_heap_exhaustion(void)
{
	void *p;

	do {
		p = malloc(65536);
		if (p)
			memset(p, 1, 65536);
	} while (p);
	return errno == ENOMEM ? 12 : MINDED;
}

FAULT fault_window_write(void)
{
	for (uint64_t i = 0; i < ofl_boot->info.window_size; i++)
		ofl_window_va[i] = 0xa5;
	return 0;
}

/* Each line of the boot page that is not the image's to write. */
FAULT fault_boot_page_write(void)
{
	memset(&ofl_boot->host, 0xa5, sizeof(ofl_boot->host) - 48);
	memset(ofl_boot->args, 0xa5, sizeof(ofl_boot->args));
	return 0;
}

/* The crash is reported with nothing but garbage to do it with. */
FAULT fault_no_globals(void)
{
	uint64_t *volatile p = (uint64_t *)(uintptr_t)NOWHERE;

	ofl_log = (void *)p;
	ofl_crash = (void *)p;
	ofl_boot = (void *)p;
	*p = 0;
	return MINDED;
}

static void mirror(const char *text, size_t len)
{
	(void)text;
	sink = (uint32_t)len / null[4];
}

/* A fault in the reporting of a fault, in one of two ways. */
FAULT fault_in_report(void)
{
	ofl_log_mirror = mirror;
	null[4] = 0;
	return MINDED;
}

FAULT fault_in_report_call(void)
{
	ofl_log_mirror = (void (*)(const char *, size_t))NOWHERE;
	null[4] = 0;
	return MINDED;
}

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

FAULT fault_endless(void)
{
	stay();
	return MINDED;
}

FAULT fault_masked(void)
{
	mask();
	while (!ofl_platform_pmm_epoch())
		ofl_platform_relax();
	ofl_irq_restore(0x202); /* never on x86_64, where it was stopped */
	stay();
	return MINDED;
}

FAULT fault_masked_sleep(void)
{
	mask();
	while (!ofl_platform_pmm_epoch())
#if defined(__x86_64__)
		__asm__ volatile("hlt");
#else
		__asm__ volatile("wfi");
#endif
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

FAULT fault_park_write(void)
{
	store(ofl_boot->arch.x86.park_pa);
	return MINDED;
}

FAULT fault_park_data_write(void)
{
	store(ofl_boot->arch.x86.park_pa + OFL_PAGE);
	return MINDED;
}

FAULT fault_segment(void)
{
	__asm__ volatile("mov %w0, %%ds" : : "r"(0x1238));
	return MINDED;
}

FAULT fault_single_step(void)
{
	__asm__ volatile("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop" : : : "memory", "cc");
	return MINDED;
}

FAULT fault_x87(void)
{
	const uint16_t control = 0x0340; /* nothing masked */

	__asm__ volatile("fldcw %0\n\tfld1\n\tfldz\n\tfdivrp\n\tfwait" : : "m"(control));
	return MINDED;
}

FAULT fault_vmxon(void)
{
	__asm__ volatile("vmxon %0" : : "m"(code[0]));
	return MINDED;
}

/* Interrupts that nobody has asked for, those of Linux among them. */
FAULT fault_spurious(void)
{
	__asm__ volatile("int $0x20\n\tint $0x81\n\tint $0xec\n\tint $0xf8\n\t"
			 "int $0xfb\n\tint $0xfc\n\tint $0xfd\n\tint $0xff");
	return ofl_boot->image.spurious >= 6 ? 0 : MINDED;
}

#else

FAULT fault_vectors_write(void)
{
	uint64_t vbar;

	if (ofl_boot->image.level == 2)
		__asm__("mrs %0, vbar_el2" : "=r"(vbar));
	else
		__asm__("mrs %0, vbar_el1" : "=r"(vbar));
	store(vbar);
	return MINDED;
}

FAULT fault_exclusive(void)
{
	__asm__ volatile("ldxr w9, [%0]" : : "r"((uint8_t *)code + 1) : "x9", "memory");
	return MINDED;
}

FAULT fault_device_unaligned(void)
{
	__asm__ volatile("ldr w9, [%0]" : : "r"(ofl_boot->arch.arm64.gicd_pa + 1)
			 : "x9", "memory");
	return 0; /* an emulator may not mind */
}

FAULT fault_pc_unaligned(void)
{
	void (*volatile fn)(void) = (void (*)(void))((uintptr_t)stay + 2);

	fn();
	return MINDED;
}

FAULT fault_system_register(void)
{
	__asm__ volatile("mrs x9, s3_7_c15_c15_7" : : : "x9");
	return MINDED;
}

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

#define F(name) { #name, fault_##name }
static const struct {
	const char *name;
	int (*fn)(void);
} faults[] = {
	F(null_read), F(null_write), F(null_call), F(unmapped_read), F(unmapped_write),
	F(wild_call), F(noncanonical), F(linux_virtual), F(linux_physical), F(behind_heap),
	F(before_region), F(stack_overflow), F(stack_smash), F(bad_stack), F(wild_stack),
	F(data_exec), F(stack_exec), F(heap_exec), F(rodata_exec), F(text_write),
	F(rodata_write), F(page_tables_write), F(sealed_write), F(undefined), F(trap),
	F(breakpoint), F(divide), F(divide_overflow), F(unaligned), F(system_call), F(abort),
	F(assert), F(raise), F(exit), F(return), F(heap_exhaustion), F(window_write),
	F(boot_page_write), F(no_globals), F(in_report), F(in_report_call), F(in_handler),
	F(handler_overflow), F(endless), F(masked), F(masked_sleep), F(storm), F(spurious),
#if defined(__x86_64__)
	F(park_write), F(park_data_write), F(segment), F(single_step), F(x87), F(vmxon),
#else
	F(vectors_write), F(exclusive), F(device_unaligned), F(pc_unaligned),
	F(system_register),
#endif
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(faults) / sizeof(faults[0]); i++)
		if (!strcmp(argv[1], faults[i].name)) {
			int status = faults[i].fn();

			sink++; /* not a tail call: main is in the backtrace */
			return status;
		}
	return 127;
}
