// SPDX-License-Identifier: BSD-2-Clause
/*
 * GICv2 and GICv3, one core's part.
 *
 * The distributor is Linux's: GICD_CTLR and everything of other cores and of
 * SPIs is never written, but for the pending bit of the one that is the image's
 * doorbell, and the enable bits of those of its own devices.  What belongs to this core is, in GICv2, the banked
 * first registers of the distributor and the CPU interface; in GICv3, its
 * redistributor and the ICC system registers.  (Arm IHI 0048B, IHI 0069H.)
 *
 * GICv3 interrupts are group 1.  In GICv2 groups are left alone: one with the
 * security extensions shows us group 1 only, in one without all is group 0, and
 * bit 0 of GICC_CTLR enables what we see in either.
 */
#include "core.h"
#include "cpu.h"
#include "gic.h"

/* The registers for INTID 0 to 31: GICv2 in GICD, GICv3 in SGI_base. */
#define REG_IGROUPR0 0x080
#define REG_ISENABLER0 0x100
#define REG_ICENABLER0 0x180
#define REG_ICPENDR0 0x280
#define REG_ICACTIVER0 0x380
#define REG_IPRIORITYR 0x400
#define GICD_CTLR 0x000
#define GICD_CTLR_RWP (1u << 31) /* GICv3 */
#define GICD_ISENABLER 0x100
#define GICD_ICENABLER 0x180
#define GICD_ISPENDR 0x200
#define GICD_CPENDSGIR 0xf10 /* GICv2 */

#define GICC_CTLR 0x00
#define GICC_PMR 0x04
#define GICC_BPR 0x08
#define GICC_IAR 0x0c
#define GICC_EOIR 0x10
#define GICC_CTLR_ENABLE 1u
#define GICC_CTLR_KEEP 0x1e0u /* bypass disable */

#define GICR_CTLR 0x00
#define GICR_WAKER 0x14
#define GICR_SGI_BASE 0x10000
#define GICR_CTLR_RWP (1u << 3)
#define WAKER_SLEEP (1u << 1)
#define WAKER_CHILDREN_ASLEEP (1u << 2)

#define ICC_PMR "s3_0_c4_c6_0"
#define ICC_IAR1 "s3_0_c12_c12_0"
#define ICC_EOIR1 "s3_0_c12_c12_1"
#define ICC_BPR1 "s3_0_c12_c12_3"
#define ICC_CTLR "s3_0_c12_c12_4"
#define ICC_SRE_EL1 "s3_0_c12_c12_5"
#define ICC_IGRPEN1 "s3_0_c12_c12_7"
#define ICC_AP1R0 "s3_0_c12_c9_0"
#define ICC_SRE_EL2 "s3_4_c12_c9_5"
#define ICH_HCR_EL2 "s3_4_c12_c11_0"

#define PRIORITY 0xa0a0a0a0u
#define PRIORITY_MASK 0xf0u
#define POLL_NS 100000000ull /* for a bit to follow */

static volatile uint32_t *banked; /* registers of INTID 0 to 31 */
static volatile uint32_t *gicc;	  /* GICv2 */
static volatile uint32_t *gicr;	  /* GICv3: RD_base */

static uint32_t reg_read(volatile uint32_t *base, uint32_t reg)
{
	return base[reg / 4];
}

static void reg_write(volatile uint32_t *base, uint32_t reg, uint32_t value)
{
	base[reg / 4] = value;
}

/* Wait until `bit` of a register is 0. */
static bool wait_clear_of(volatile uint32_t *base, uint32_t reg, uint32_t bit)
{
	uint64_t end = ofl_now_ns() + POLL_NS;

	while (reg_read(base, reg) & bit) {
		if (ofl_now_ns() > end)
			return false;
		ofl_platform_relax();
	}
	return true;
}

/* The same of a redistributor register. */
static bool wait_clear(uint32_t reg, uint32_t bit)
{
	return wait_clear_of(gicr, reg, bit);
}

static void init_banked(void)
{
	reg_write(banked, REG_ICENABLER0, ~0u);
	reg_write(banked, REG_ICPENDR0, ~0u);
	reg_write(banked, REG_ICACTIVER0, ~0u);
	for (uint32_t i = 0; i < 32; i += 4)
		reg_write(banked, REG_IPRIORITYR + i, PRIORITY);
}

static void init_v2(void)
{
	gicc = (volatile uint32_t *)ofl_boot->arch.arm64.gicc_pa;
	banked = (volatile uint32_t *)ofl_boot->arch.arm64.gicd_pa;
	reg_write(gicc, GICC_CTLR, reg_read(gicc, GICC_CTLR) & GICC_CTLR_KEEP);
	init_banked();
	for (uint32_t i = 0; i < 16; i += 4)
		reg_write(banked, GICD_CPENDSGIR + i, ~0u);
	reg_write(gicc, GICC_PMR, PRIORITY_MASK);
	reg_write(gicc, GICC_BPR, 0);
	reg_write(gicc, GICC_CTLR,
		  (reg_read(gicc, GICC_CTLR) & GICC_CTLR_KEEP) | GICC_CTLR_ENABLE);
}

static void init_v3(void)
{
	gicr = (volatile uint32_t *)ofl_boot->arch.arm64.gicr_pa;
	banked = gicr + GICR_SGI_BASE / 4;

	reg_write(gicr, GICR_WAKER, reg_read(gicr, GICR_WAKER) & ~WAKER_SLEEP);
	if (!wait_clear(GICR_WAKER, WAKER_CHILDREN_ASLEEP))
		ofl_panic("the redistributor at %lx does not wake up",
			  (unsigned long)ofl_boot->arch.arm64.gicr_pa);

	if (current_el() == 2) {
		write_sysreg(ICC_SRE_EL2, 0xf);
		isb();
		write_sysreg(ICH_HCR_EL2, 0);
	}
	write_sysreg(ICC_SRE_EL1, read_sysreg(ICC_SRE_EL1) | 1);
	isb();
	if (!(read_sysreg(ICC_SRE_EL1) & 1))
		ofl_panic("GICv3 system registers are switched off by firmware");
	write_sysreg(ICC_IGRPEN1, 0);
	isb();
	reg_write(banked, REG_IGROUPR0, ~0u);
	init_banked();
	wait_clear(GICR_CTLR, GICR_CTLR_RWP);
	write_sysreg(ICC_AP1R0, 0);
	write_sysreg(ICC_CTLR, 0);
	write_sysreg(ICC_BPR1, 0);
	write_sysreg(ICC_PMR, PRIORITY_MASK);
	write_sysreg(ICC_IGRPEN1, 1);
	isb();
}

void gic_init(void)
{
	uint32_t sgi = ofl_boot->arch.arm64.stop_sgi;

	if (sgi > 7)
		ofl_panic("the boot page names SGI %u; only 0 to 7 are usable", sgi);
	if (ofl_boot->arch.arm64.gic_version >= 3)
		init_v3();
	else
		init_v2();
	if (ofl_bell_irq() > 7)
		ofl_panic("the boot page names SGI %u as doorbell; only 1 to 7 are usable",
			  ofl_bell_irq());
	reg_write(banked, REG_ISENABLER0,
		  1u << sgi | 1u << ofl_bell_irq() | 1u << GIC_PPI_CNTV);
	dsb_sy();
}

uint32_t gic_ack(unsigned int *id)
{
	uint32_t token;

	if (gicr) {
		token = (uint32_t)read_sysreg(ICC_IAR1);
		dsb_sy();
		*id = token & 0xffffff;
	} else {
		token = reg_read(gicc, GICC_IAR);
		*id = token & 0x3ff; /* above it: who sent an SGI */
	}
	return token;
}

void gic_eoi(uint32_t token)
{
	if (gicr) {
		write_sysreg(ICC_EOIR1, token);
		isb();
	} else {
		reg_write(gicc, GICC_EOIR, token);
	}
}

void gic_quiet(void)
{
	if (!banked)
		return;
	reg_write(banked, REG_ICENABLER0, ~0u);
	if (gicr) {
		write_sysreg(ICC_IGRPEN1, 0);
		isb();
	} else {
		reg_write(gicc, GICC_CTLR, reg_read(gicc, GICC_CTLR) & GICC_CTLR_KEEP);
	}
	dsb_sy();
}

const char *gic_name(void)
{
	return gicr ? "GICv3" : "GICv2";
}

unsigned int ofl_bell_irq(void)
{
	return ofl_boot->arch.arm64.bell_sgi;
}

/* One bit of a register in which zeros do nothing: Linux may write it as well. */
void ofl_bell_hw_ring(uint64_t place)
{
	volatile uint32_t *gicd = (volatile uint32_t *)ofl_boot->arch.arm64.gicd_pa;

	if (!banked || place < OFL_NR_IRQS || place >= GIC_SPECIAL_FIRST)
		return;
	dsb_sy();
	reg_write(gicd, GICD_ISPENDR + (uint32_t)place / 32 * 4, 1u << place % 32);
	dsb_sy();
}

bool ofl_irqchip_valid(unsigned int irq)
{
	return irq < OFL_NR_IRQS || ofl_irq_of_device(irq);
}

bool ofl_irqchip_reserved(unsigned int irq)
{
	return irq == ofl_boot->arch.arm64.stop_sgi || irq == GIC_PPI_CNTV ||
	       (irq && irq == ofl_bell_irq());
}

/* One bit of a register in which zeros do nothing, as for the doorbell. */
static void enable_shared(unsigned int irq, bool on)
{
	volatile uint32_t *gicd = (volatile uint32_t *)ofl_boot->arch.arm64.gicd_pa;

	reg_write(gicd, (on ? GICD_ISENABLER : GICD_ICENABLER) + irq / 32 * 4,
		  1u << irq % 32);
	if (!on && gicr)
		wait_clear_of(gicd, GICD_CTLR, GICD_CTLR_RWP);
	dsb_sy();
}

void ofl_irqchip_enable(unsigned int irq, bool on)
{
	if (irq >= OFL_NR_IRQS) {
		enable_shared(irq, on);
		return;
	}
	reg_write(banked, on ? REG_ISENABLER0 : REG_ICENABLER0, 1u << irq);
	if (!on && gicr)
		wait_clear(GICR_CTLR, GICR_CTLR_RWP);
	dsb_sy();
}
