// SPDX-License-Identifier: BSD-2-Clause
#if defined(__aarch64__)
#include "irq/irq.h"

#include <errno.h>

#include "core.h"
#include "cpu.h"
#include "gic.h"
#include "ktap.h"

#define GICD_SGIR 0xf00u
#define SGIR_SELF (2u << 24)
#define ICC_SGI1R "s3_0_c12_c11_5"
#define ICC_RPR "s3_0_c12_c11_3"
#define GICC_RPR 0x14u
#define ISENABLER0 0x100u
#define ISACTIVER0 0x300u
#define PPI 30u /* the physical timer */

static volatile uint32_t *banked(uint32_t reg)
{
	const struct ofl_boot_arm64 *arm = &ofl_boot->arch.arm64;
	uint64_t base = arm->gic_version >= 3 ? arm->gicr_pa + 0x10000 : arm->gicd_pa;

	return (volatile uint32_t *)(base + reg);
}

void irq_send(unsigned int irq)
{
	const struct ofl_boot_arm64 *arm = &ofl_boot->arch.arm64;
	uint64_t mpidr = read_sysreg("mpidr_el1");

	dsb_sy();
	if (arm->gic_version < 3) {
		*(volatile uint32_t *)(arm->gicd_pa + GICD_SGIR) = SGIR_SELF | irq;
		return;
	}
	write_sysreg(ICC_SGI1R, (uint64_t)irq << 24 | 1ull << (mpidr & 0xf) |
		     (mpidr >> 4 & 0xf) << 44 | (mpidr >> 8 & 0xff) << 16 |
		     (mpidr >> 16 & 0xff) << 32 | (mpidr >> 32 & 0xff) << 48);
	isb();
}

static volatile unsigned int calls;

static void count(unsigned int irq, void *arg)
{
	(void)irq;
	(void)arg;
	write_sysreg("cntp_ctl_el0", 0);
	isb();
	calls++;
}

void irq_errors(void)
{
	is(ofl_irq_handler(ofl_boot->arch.arm64.stop_sgi, count, NULL), -EBUSY,
	   "the stop SGI is the runtime's");
	is(ofl_irq_handler(ofl_boot->arch.arm64.stop_sgi, NULL, NULL), -EBUSY,
	   "and cannot be switched off");
	is(ofl_irq_handler(GIC_PPI_CNTV, count, NULL), -EBUSY, "the timer is the runtime's");
	is(ofl_irq_handler(1023, count, NULL), -EINVAL, "no such number: a special one");
}

/* Some GICv2 have SGIs always enabled: then it is counted, and ignored. */
void irq_disabled(uint64_t irqs, uint64_t spurious)
{
	unsigned int always = *banked(ISENABLER0) >> IRQ_A & 1;

	is(irqs, always, "the interrupt is taken only if it cannot be disabled");
	is(spurious, always, "as a spurious one");
}

void irq_machine(void)
{
	const struct ofl_boot_arm64 *arm = &ofl_boot->arch.arm64;
	uint32_t enabled, priority;
	uint64_t before;

	is(*banked(ISACTIVER0), 0, "every interrupt was completed");
	enabled = *banked(ISENABLER0);
	is(enabled >> arm->stop_sgi & 1, 1, "the stop SGI is enabled");
	is(enabled >> GIC_PPI_CNTV & 1, 1, "the timer is enabled");
	is(enabled >> 30 & 1, 0, "the other timer is not");
	if (arm->gic_version >= 3)
		priority = (uint32_t)read_sysreg(ICC_RPR);
	else
		priority = *(volatile uint32_t *)(arm->gicc_pa + GICC_RPR);
	is(priority & 0xff, 0xff, "no priority is running");

	is(ofl_irq_handler(PPI, count, NULL), 0, "a PPI can be had");
	is(*banked(ISENABLER0) >> PPI & 1, 1, "it is enabled then");
	write_sysreg("cntp_tval_el0", 100);
	write_sysreg("cntp_ctl_el0", 1);
	for (unsigned int i = 0; i < 10000000 && !calls; i++)
		ofl_platform_relax();
	is(calls, 1, "it comes");
	is(ofl_irq_handler(PPI, NULL, NULL), 0, "it is given back");
	is(*banked(ISENABLER0) >> PPI & 1, 0, "it is disabled then");

	/* The stop SGI without a request is nothing. */
	before = ofl_boot->image.irqs;
	irq_send(arm->stop_sgi);
	for (unsigned int i = 0; i < 10000000 && ofl_boot->image.irqs == before; i++)
		ofl_platform_relax();
	is(ofl_boot->image.irqs - before, 1, "the stop SGI comes");
	is(ofl_boot->image.state, OFL_STATE_RUNNING, "without a request it does nothing");
	is(*banked(ISACTIVER0), 0, "and is completed");
}
#endif
