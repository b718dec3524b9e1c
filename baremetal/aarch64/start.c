// SPDX-License-Identifier: BSD-2-Clause
/*
 * Bring-up of a borrowed aarch64 core behind start.S (MMU, caches, vectors are
 * on), its timer, and the platform functions.
 *
 * The timer is the virtual one, CNTV: it exists at EL1 and EL2, under a
 * hypervisor and without, and at EL2 start.S made its offset 0.
 */
#include "core.h"
#include "cpu.h"
#include "gic.h"

#define DAIF_I (1ul << 7)

#define CTL_ENABLE 1u

#define PSCI_CPU_OFF 0x84000002u
#define PSCI_SYSTEM_OFF 0x84000008u

_Noreturn void ofl_arm_start(void);
void ofl_arm_start(void)
{
	ofl_core_init();
	ofl_boot->image.abi = OFL_ABI_VERSION;
	ofl_boot->image.level = current_el();
	ofl_line_init(true);
	ofl_clock_init();
	ofl_timer_hw_off();
	gic_init();
	/* SError and interrupts on; FIQ, the secure world's, and debug stay off. */
	__asm__ volatile("msr daifclr, #6" : : : "memory");
	ofl_main();
}

/* --- the timer --- */

void ofl_timer_hw_set(uint64_t deadline_ns)
{
	uint64_t target = ofl_ns_to_counter(deadline_ns);

	if (target > INT64_MAX)
		target = INT64_MAX;
	write_sysreg("cntv_cval_el0", target);
	write_sysreg("cntv_ctl_el0", CTL_ENABLE);
	isb();
}

void ofl_timer_hw_off(void)
{
	write_sysreg("cntv_ctl_el0", 0);
	isb();
}

uint64_t ofl_counter(void)
{
	isb();
	return read_sysreg("cntvct_el0");
}

/* --- the platform --- */

/* The last store is in a cacheable line; CPU_OFF makes firmware clean it. */
static _Noreturn void give_back(enum ofl_image_state state)
{
	/* not by a pointer that a wild write may have changed */
	struct ofl_boot *boot = (struct ofl_boot *)OFL_REGION_VA;
	uint32_t function = boot->info.boot_flags & OFL_BOOT_POWER_OFF ?
				    PSCI_SYSTEM_OFF : PSCI_CPU_OFF;

	__atomic_store_n(&boot->image.state, state, __ATOMIC_RELEASE);
	dsb_sy();
	if (boot->arch.arm64.conduit == OFL_CONDUIT_SMC)
		ofl_psci_smc(function);
	else
		ofl_psci_hvc(function);
	/* Denied: the host sees the state, but a core that is still on. */
	for (;;)
		__asm__ volatile("wfi");
}

void ofl_platform_leave(enum ofl_image_state state, int status)
{
	__asm__ volatile("msr daifset, #0xf" : : : "memory");
	ofl_timer_hw_off();
	gic_quiet();
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
	unsigned long flags = read_sysreg("daif");

	__asm__ volatile("msr daifset, #2" : : : "memory");
	return flags;
}

void ofl_irq_restore(unsigned long flags)
{
	write_sysreg("daif", flags);
}

bool ofl_irq_flags_enabled(unsigned long flags)
{
	return !(flags & DAIF_I);
}

void ofl_idle(void)
{
	unsigned long flags = ofl_irq_save();

	/* A pending interrupt ends wfi, masked or not; then it is taken. */
	__asm__ volatile("dsb sy\n\twfi\n\tmsr daifclr, #2\n\tisb" : : : "memory");
	ofl_irq_restore(flags);
}

void ofl_where(struct ofl_where *where)
{
	*where = (struct ofl_where){
		.arch = "aarch64",
		.mode = current_el() == 2 ? "EL2" : "EL1",
		.irqchip = gic_name(),
		.cpu = ofl_boot->info.cpu,
		.hwid = ofl_boot->info.hwid,
		.timer_hz = ofl_counter_hz(),
		.boot_to_main_ns = ofl_counter_to_ns(ofl_boot->image.main_counter -
						     ofl_boot->info.start_counter),
	};
}
