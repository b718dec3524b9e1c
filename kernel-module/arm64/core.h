/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OFFLOAD_ARM64_CORE_H
#define OFFLOAD_ARM64_CORE_H

#include "../arch.h"

/*
 * The software generated interrupt that means "look at the boot page".  8 to
 * 15 are the secure firmware's; of Linux's own, 0 to 7, none is sent to a CPU
 * that is offline, so any would do.  0 is Linux's "reschedule": one that is
 * still pending when the core goes back does nothing there.
 */
#define OFL_STOP_SGI 0
/* The doorbell.  5 is Linux's "run irq_work": with none queued it does nothing. */
#define OFL_BELL_SGI 5

struct ofl_gic {
	u32 version; /* 2 or 3 */
	u64 gicd_pa;
	u64 gicc_pa; /* v2 */
	u64 gicr_pa; /* v3: frame of the core */
	u32 target_mask; /* v2: the core's bit in GICD_SGIR */
};

struct ofl_arch_core {
	u64 mpidr; /* affinity fields */
	struct ofl_gic gic;
	void __iomem *gicd;
};

/* --- psci.c --- */
/* Conduit from device tree or ACPI; OFL_CONDUIT_NONE: none. */
enum ofl_conduit ofl_psci_find(bool *old_psci);
/* 0, or the negative PSCI error */
int ofl_psci_cpu_on(u64 mpidr, u64 entry_pa, u64 context);
/* 0 on, 1 off, 2 on its way, or the negative PSCI error */
int ofl_psci_affinity_info(u64 mpidr);

/* --- gic.c --- */
/* Is there one that we know?  -ENODEV if not. */
int ofl_gic_find(struct ofl_gic *gic);
/* Its node in the device tree, to be put; NULL: there is none. */
struct device_node *ofl_gic_node(void);
/* Are registers of it, or of a redistributor, in this range? */
bool ofl_gic_overlaps(u64 pa, u64 size);
/* Is this shared interrupt one that message signalled interrupts are made of? */
bool ofl_gic_is_msi(u32 intid);
/* Fill in what belongs to the core; it is online.  Messages are printed. */
int ofl_gic_find_core(struct ofl_gic *gic, unsigned int cpu, u64 mpidr);
/* gicd: mapping of the distributor */
void ofl_gic_send_sgi(const struct ofl_gic *gic, void __iomem *gicd,
		      u64 mpidr, u32 sgi);
#define OFL_GICD_SIZE 0x1000

#endif
