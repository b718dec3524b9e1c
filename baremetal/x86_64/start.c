// SPDX-License-Identifier: BSD-2-Clause
/*
 * Bring-up of a borrowed x86_64 core, and the platform functions.
 *
 * Order: traps first (a triple fault would reset the whole machine), then the
 * control registers, page tables, clock, local APIC.  What Linux left in CR0
 * and CR4 is replaced as a whole: nothing of it is wanted but LA57, which
 * cannot change in long mode.  VMXE is never set.
 */
#include <errno.h>

#include "core.h"
#include "cpu.h"
#include "cpu_asm.h"
#include "lapic.h"
#include "trap.h"

_Static_assert(OFL_REGION_VA + offsetof(struct ofl_boot, host.request) ==
	       BOOT_HOST_REQUEST, "cpu_asm.h");
_Static_assert(OFL_REGION_VA + offsetof(struct ofl_boot, image.state) ==
	       BOOT_IMAGE_STATE, "cpu_asm.h");
_Static_assert(OFL_REGION_VA + offsetof(struct ofl_boot, host.sample_seq) ==
	       BOOT_HOST_SAMPLE && OFL_REGION_VA + OFL_SAMPLE_OFF == SAMPLE &&
	       offsetof(struct ofl_crash, nr_regs) == SAMPLE_NR_REGS &&
	       offsetof(struct ofl_crash, pc) == SAMPLE_PC &&
	       offsetof(struct ofl_crash, sp) == SAMPLE_SP &&
	       offsetof(struct ofl_crash, sampled_seq) == SAMPLE_SEQ &&
	       offsetof(struct ofl_crash, regs) == SAMPLE_REGS, "cpu_asm.h");
_Static_assert((int)OFL_REQUEST_STOP == REQUEST_STOP &&
	       (int)OFL_STATE_EXITED == STATE_EXITED &&
	       (int)OFL_STATE_CRASHED == STATE_CRASHED &&
	       (int)OFL_STATE_STOPPED == STATE_STOPPED, "cpu_asm.h");
_Static_assert(OFL_ABI_VERSION == 1, "the note in start.S");
_Static_assert((int)OFL_STATE_ENTERED == 1 && offsetof(struct ofl_boot, image) == 256 &&
	       offsetof(struct ofl_boot_image, entry_counter) == 16, "start.S");

#define PARK_TEXT OFL_PAGE /* the rest of the park area is data */
#define LAPIC_SIZE OFL_PAGE

OFL_SEALED uint64_t ofl_x86_park_entry;

static void check_boot_page(void)
{
	const struct ofl_boot_info *info = &ofl_boot->info;

	ofl_boot->image.abi = OFL_ABI_VERSION;
	if (info->magic != OFL_BOOT_MAGIC || info->abi != OFL_ABI_VERSION ||
	    info->machine != OFL_MACHINE_X86_64 || info->size != sizeof(struct ofl_boot))
		ofl_panic("boot page: ABI %u, machine %u, size %u; this image has ABI %u, machine %u, size %u",
			  info->abi, info->machine, info->size, OFL_ABI_VERSION,
			  OFL_MACHINE_X86_64, (unsigned int)sizeof(struct ofl_boot));
}

static void init_control_registers(void)
{
	/* CET goes before WP, PCID before a CR3 with other low bits. */
	write_cr4((read_cr4() & CR4_LA57) | CR4_PAE | CR4_MCE | CR4_OSFXSR |
		  CR4_OSXMMEXCPT);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
	write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
	__asm__ volatile("fninit\n\tldmxcsr %0" : : "m"((const uint32_t){ 0x1f80 }));
}

static void init_page_tables(void)
{
	const struct ofl_boot_x86 *x86 = &ofl_boot->arch.x86;
	struct ofl_mmu mmu;
	int err;

	err = ofl_mmu_init(&mmu, (uint8_t *)OFL_REGION_VA + OFL_PGTABLE_OFF,
			   ofl_boot->info.region_pa + OFL_PGTABLE_OFF,
			   OFL_PGTABLE_SIZE / OFL_PAGE, read_cr4() & CR4_LA57 ? 5 : 4);
	if (!err)
		err = ofl_mmu_map_region(&mmu, ofl_boot);
	if (!err)
		err = ofl_mmu_map(&mmu, x86->park_pa, x86->park_pa, PARK_TEXT, OFL_PROT_RX);
	if (!err)
		err = ofl_mmu_map(&mmu, x86->park_pa + PARK_TEXT, x86->park_pa + PARK_TEXT,
				  OFL_PARK_SIZE - PARK_TEXT, OFL_PROT_R);
	if (!err && lapic_is_mmio())
		err = ofl_mmu_map(&mmu, x86->lapic_pa, x86->lapic_pa, LAPIC_SIZE,
				  OFL_PROT_DEVICE);
	if (err)
		ofl_panic("page tables: error %d (region %lx, window %lx, park %lx)", -err,
			  (unsigned long)ofl_boot->info.region_pa,
			  (unsigned long)ofl_boot->info.window_pa,
			  (unsigned long)x86->park_pa);
	/* CR4.PGE is off: this leaves no translation of the host's behind. */
	write_cr3(ofl_mmu_root(&mmu));
	write_cr4(read_cr4() | CR4_PGE);
}

_Noreturn void ofl_x86_start(void);
void ofl_x86_start(void)
{
	ofl_core_init();
	ofl_x86_park_entry = ofl_boot->arch.x86.park_entry;
	ofl_x86_trap_init();
	ofl_line_init(false);
	check_boot_page();
	init_control_registers();
	init_page_tables();
	ofl_line_init(true);
	ofl_clock_init();
	lapic_init();
	__asm__ volatile("sti" : : : "memory");
	ofl_main();
}

/* --- the platform --- */

uint64_t ofl_counter(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

/* Nothing that a wild write may have changed is used here. */
static _Noreturn void give_back(enum ofl_image_state state)
{
	struct ofl_boot *boot = (struct ofl_boot *)OFL_REGION_VA;

	/* again, for those who come without ringing */
	__atomic_store_n(&boot->image.state, state, __ATOMIC_RELEASE);
	__asm__ volatile("jmp *%0" : : "r"(ofl_x86_park_entry) : "memory");
	__builtin_unreachable();
}

void ofl_platform_leave(enum ofl_image_state state, int status)
{
	__asm__ volatile("cli" : : : "memory");
	lapic_quiet();
	ofl_line_end(state, status);
	ofl_boot->image.exit_status = status;
	ofl_platform_state(state);
	give_back(state);
}

void ofl_platform_abandon(void)
{
	ofl_line_end(OFL_STATE_CRASHED, 0);
	give_back(OFL_STATE_CRASHED);
}

unsigned long ofl_irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq\n\tpop %0\n\tcli" : "=r"(flags) : : "memory");
	return flags;
}

void ofl_irq_restore(unsigned long flags)
{
	if (flags & RFLAGS_IF)
		__asm__ volatile("sti" : : : "memory");
	else
		__asm__ volatile("cli" : : : "memory");
}

bool ofl_irq_flags_enabled(unsigned long flags)
{
	return flags & RFLAGS_IF;
}

void ofl_idle(void)
{
	unsigned long flags = ofl_irq_save();

	/* sti takes effect behind hlt: what is pending ends it at once. */
	__asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
	ofl_irq_restore(flags);
}

void ofl_where(struct ofl_where *where)
{
	*where = (struct ofl_where){
		.arch = "x86_64",
		.mode = "ring 0",
		.irqchip = lapic_mode(),
		.cpu = ofl_boot->info.cpu,
		.hwid = ofl_boot->info.hwid,
		.timer_hz = lapic_timer_hz(),
		.boot_to_main_ns = ofl_counter_to_ns(ofl_boot->image.main_counter -
						     ofl_boot->info.start_counter),
	};
}
