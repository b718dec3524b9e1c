// SPDX-License-Identifier: BSD-2-Clause
#if defined(__aarch64__)

#include "core.h"
#include "cpu.h"
#include "entry/entry.h"
#include "ktap.h"

#define DAIF_F (1u << 6)
#define DAIF_I (1u << 7)
#define DAIF_A (1u << 8)
#define DAIF_D (1u << 9)

static unsigned int el;
static _Thread_local volatile int own;

/* A register that both levels have, of the level we run at. */
#define sysreg_el(name) (el == 2 ? read_sysreg(name "_el2") : read_sysreg(name "_el1"))

static void test_flags(void)
{
	unsigned long saved;

	is(read_sysreg("daif") & DAIF_I, 0, "DAIF: interrupts are on");
	is(read_sysreg("daif") & DAIF_A, 0, "DAIF: SError is on");
	is(read_sysreg("daif") & DAIF_F, DAIF_F, "DAIF: FIQ is masked");
	is(read_sysreg("daif") & DAIF_D, DAIF_D, "DAIF: debug is masked");
	saved = ofl_irq_save();
	is(read_sysreg("daif") & DAIF_I, DAIF_I, "ofl_irq_save masks interrupts");
	ok(ofl_irq_flags_enabled(saved), "and says that they were on");
	ok(!ofl_irq_flags_enabled(read_sysreg("daif")), "flags of now say that they are not");
	ofl_irq_restore(saved);
	is(read_sysreg("daif") & DAIF_I, 0, "ofl_irq_restore turns them on again");
	is(read_sysreg("spsel"), 0, "the image runs on SP_EL0");
	is(read_sysreg("nzcv") & 0x0fffffff, 0, "NZCV: reserved bits");
}

static void test_sctlr(void)
{
	uint64_t sctlr = sysreg_el("sctlr");

	is(sctlr >> 0 & 1, 1, "SCTLR: MMU");
	is(sctlr >> 2 & 1, 1, "SCTLR: data cache");
	is(sctlr >> 12 & 1, 1, "SCTLR: instruction cache");
	is(sctlr >> 3 & 1, 1, "SCTLR: stack alignment is checked");
	is(sctlr >> 1 & 1, 0, "SCTLR: unaligned accesses to memory are allowed");
	is(sctlr >> 25 & 1, 0, "SCTLR: little endian");
	if (el == 1) {
		is(read_sysreg("cpacr_el1") >> 20 & 3, 3, "CPACR: FP is not trapped");
		is(read_sysreg("ttbr1_el1"), 0, "TTBR1: none");
		is(read_sysreg("tcr_el1") >> 23 & 1, 1, "TCR: no walks by TTBR1");
		ktap_skip("EL1", "HCR: interrupts come to EL2, no E2H, no TGE");
		ktap_skip("EL1", "CNTVOFF is 0");
		return;
	}
	is(read_sysreg("hcr_el2") >> 3 & 7, 7, "HCR: interrupts and SError come to EL2");
	is(read_sysreg("hcr_el2") >> 34 & 1, 0, "HCR: no E2H");
	is(read_sysreg("hcr_el2") >> 27 & 1, 0, "HCR: no TGE");
	is(read_sysreg("hcr_el2") & 1, 0, "HCR: no stage 2");
	is(read_sysreg("cptr_el2") >> 10 & 1, 0, "CPTR: FP is not trapped");
	is(read_sysreg("cntvoff_el2"), 0, "CNTVOFF is 0");
}

void entry_registers(void)
{
	uint64_t vbar;

	el = current_el();
	is(el, ofl_boot->image.level, "the level is written");
	ok(el == 1 || el == 2, "EL1 or EL2");
	test_flags();
	test_sctlr();
	is(sysreg_el("ttbr0"), ofl_boot->info.region_pa + OFL_PGTABLE_OFF,
	   "TTBR0: our own tables");
	is(sysreg_el("tcr") & 0x3f, 16, "TCR: 48 bits");
	is(sysreg_el("tcr") >> 14 & 3, 0, "TCR: 4 KiB pages");
	is(sysreg_el("tcr") >> 8 & 0x3f, 0x35, "TCR: walks are cacheable, inner shareable");
	is(sysreg_el("mair") & 0xff, 0xff, "MAIR: index 0 is write-back memory");
	is(sysreg_el("mair") >> 8 & 0xff, 0x04, "MAIR: index 1 is device nGnRE");
	vbar = sysreg_el("vbar");
	is(vbar, (uintptr_t)ofl_arm_vectors, "VBAR: our vectors");
	is(vbar % 2048, 0, "VBAR: aligned");
	is(read_sysreg("fpcr"), 0, "FPCR: round to nearest, no traps");
	is(read_sysreg("cntv_ctl_el0") & 1, 0, "the timer is off");
	is(read_sysreg("cntfrq_el0"), ofl_boot->info.counter_hz,
	   "the boot page has the frequency of the counter");
	is(read_sysreg("mpidr_el1") & 0xff00ffffffull, ofl_boot->info.hwid & 0xff00ffffffull,
	   "the boot page has the core's MPIDR");
	ok(ofl_boot->arch.arm64.conduit == OFL_CONDUIT_HVC ||
	   ofl_boot->arch.arm64.conduit == OFL_CONDUIT_SMC, "there is a conduit");
	ok(ofl_boot->arch.arm64.gic_version >= 2 && ofl_boot->arch.arm64.gic_version <= 4,
	   "the version of the GIC");
	ok(ofl_boot->arch.arm64.stop_sgi < 8, "the stop SGI is one that we may use");
	ok((uintptr_t)&own - read_sysreg("tpidr_el0") < 4096,
	   "a thread-local variable lies behind TPIDR");
}

void entry_where(const struct ofl_where *where)
{
	is_string(where->mode, el == 2 ? "EL2" : "EL1", "ofl_where: mode");
	is_string(where->irqchip, ofl_boot->arch.arm64.gic_version == 2 ? "GICv2" : "GICv3",
		  "ofl_where: interrupt controller");
	is(where->timer_hz, read_sysreg("cntfrq_el0"), "ofl_where: the timer's own frequency");
}
#endif
