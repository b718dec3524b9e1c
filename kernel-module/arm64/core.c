// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking a core on arm64: Linux's hotplug ends in PSCI CPU_OFF, a start is a
 * CPU_ON at the image's entry, and the image ends in CPU_OFF again, which
 * AFFINITY_INFO tells.  A core that masks its interrupts cannot be stopped
 * from outside: that is what the state `stuck` is for.
 *
 * A core that was just switched on has MMU and caches off and sees memory at
 * the point of coherency, while what Linux wrote may still be in caches.  The
 * rules, which a test machine without caches cannot check:
 *  - all that the core reads is cleaned to that point before CPU_ON;
 *  - it is invalidated as well, so that no dirty line of ours is written back
 *    over what the core has stored, and no stale one is read for it;
 *  - afterwards neither side writes to a line of the other's, and we clean
 *    and invalidate before each look at the image's lines: a no-op once the
 *    core has its caches on, which makes them coherent.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/of.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/acpi.h>
#include <asm/cputype.h>
#include <asm/sysreg.h>

#include "../fault.h"
#include "core.h"

/* From remove_cpu() to AFFINITY_INFO = off. */
#define OFF_MS 5000
#define RETURN_TRIES 3

#define AFFINITY_OFF 1
#define PSCI_ALREADY_ON (-4)
#define PSCI_ON_PENDING (-5)

const u32 ofl_arch_machine = OFL_MACHINE_AARCH64;
const bool ofl_arch_can_force; /* false */

static enum ofl_conduit conduit;

/* Other enable methods than PSCI have no way back. */
static bool is_spin_table(unsigned int cpu)
{
	struct device_node *node;
	const char *method;
	bool spin;

	if (!acpi_disabled)
		return false;
	node = of_get_cpu_node(cpu, NULL);
	spin = node && !of_property_read_string(node, "enable-method", &method) &&
	       strcmp(method, "psci");
	of_node_put(node);
	return spin;
}

void ofl_arch_facts(struct ofl_refuse_facts *f)
{
	struct ofl_gic gic;

	conduit = ofl_psci_find(&f->old_psci);
	f->no_psci = conduit == OFL_CONDUIT_NONE && !f->old_psci;
	f->spin_table = is_spin_table(f->cpu);
	f->no_gic = ofl_gic_find(&gic);
}

bool ofl_arch_owns(u64 pa, u64 size)
{
	return ofl_gic_overlaps(pa, size);
}

/* ------------------------------------------------------------- prepare */

static void read_mpidr(void *arg)
{
	u64 *mpidr = arg;

	*mpidr = read_cpuid_mpidr() & MPIDR_HWID_BITMASK;
}

int ofl_arch_prepare(struct ofl_instance *inst)
{
	struct ofl_arch_core *core =
		OFL_STEP(core, kzalloc(sizeof(*core), GFP_KERNEL), NULL);
	int err;

	if (!core) {
		pr_err("CPU %u cannot be taken: no memory\n", inst->cpu);
		return -ENOMEM;
	}
	err = OFL_STEP(core_call,
		       smp_call_function_single(inst->cpu, read_mpidr,
						&core->mpidr, 1), -ENXIO);
	if (err) {
		pr_err("CPU %u went offline meanwhile\n", inst->cpu);
		goto err_core;
	}
	err = ofl_gic_find(&core->gic);
	if (!err)
		err = OFL_STEP(core_gic,
			       ofl_gic_find_core(&core->gic, inst->cpu,
						 core->mpidr), -ENODEV);
	if (err) {
		pr_err("CPU %u cannot be taken: its interrupt controller was not found: error %d\n",
		       inst->cpu, err);
		goto err_core;
	}
	core->gicd = OFL_STEP(core_gicd,
			      ioremap(core->gic.gicd_pa, OFL_GICD_SIZE), NULL);
	if (!core->gicd) {
		pr_err("CPU %u cannot be taken: no mapping of the interrupt controller\n",
		       inst->cpu);
		err = -ENOMEM;
		goto err_core;
	}
	inst->core = core;
	return 0;

err_core:
	kfree(core);
	return err;
}

void ofl_arch_release(struct ofl_instance *inst)
{
	if (!inst->core)
		return;
	iounmap(inst->core->gicd);
	kfree(inst->core);
	inst->core = NULL;
}

/* ---------------------------------------------------------------- take */

bool ofl_arch_is_idle(struct ofl_instance *inst)
{
	return !inst->core ||
	       ofl_psci_affinity_info(inst->core->mpidr) == AFFINITY_OFF;
}

static bool wait_off(struct ofl_instance *inst)
{
	unsigned long end = jiffies + msecs_to_jiffies(OFF_MS);

	while (!ofl_arch_is_idle(inst)) {
		if (time_after(jiffies, end))
			return false;
		usleep_range(100, 200);
	}
	return true;
}

int ofl_arch_take(struct ofl_instance *inst)
{
	u64 since = ktime_get_ns();
	int err = OFL_STEP(offline, remove_cpu(inst->cpu), -EBUSY);

	inst->dead_counter = ofl_arch_counter();
	ofl_timing_end(inst, OFL_TIMING_OFFLINE, since);
	if (err)
		return err < 0 ? err : -ENXIO;
	since = ktime_get_ns();
	if (OFL_STEP(off, wait_off(inst), false)) {
		ofl_timing_end(inst, OFL_TIMING_HELD, since);
		return 0;
	}
	pr_err("the firmware does not say that CPU %u is off: AFFINITY_INFO = %d\n",
	       inst->cpu, ofl_psci_affinity_info(inst->core->mpidr));
	add_cpu(inst->cpu);
	return -EIO;
}

void ofl_arch_init(void)
{
}

void ofl_arch_exit(void)
{
}

int ofl_arch_return(struct ofl_instance *inst)
{
	unsigned int i;
	u64 since;
	int err = 0;

	for (i = 0; i < RETURN_TRIES; i++) {
		since = ktime_get_ns();
		err = OFL_STEP(online, add_cpu(inst->cpu), -EBUSY);
		ofl_timing_end(inst, OFL_TIMING_ONLINE, since);
		/* 1: it was online; somebody was faster, fine as well */
		if (err >= 0 && cpu_online(inst->cpu))
			return 0;
		msleep(100);
	}
	return err < 0 ? err : -EIO;
}

/* --------------------------------------------------------------- start */

void ofl_arch_fill_boot(struct ofl_instance *inst, struct ofl_boot *boot)
{
	struct ofl_arch_core *core = inst->core;

	boot->info.hwid = core->mpidr;
	boot->arch.arm64.conduit = conduit;
	boot->arch.arm64.gic_version = core->gic.version;
	boot->arch.arm64.gicd_pa = core->gic.gicd_pa;
	boot->arch.arm64.gicc_pa = core->gic.gicc_pa;
	boot->arch.arm64.gicr_pa = core->gic.gicr_pa;
	boot->arch.arm64.stop_sgi = OFL_STOP_SGI;
	boot->arch.arm64.bell_sgi = OFL_BELL_SGI;
}

int ofl_arch_start(struct ofl_instance *inst)
{
	u64 entry = inst->region.pa +
		    (inst->source.image.entry - OFL_REGION_VA);
	int ret = OFL_STEP(cpu_on,
			   ofl_psci_cpu_on(inst->core->mpidr, entry,
					   inst->region.pa), PSCI_ON_PENDING);

	if (!ret)
		return 0;
	pr_err("the firmware does not switch CPU %u on: PSCI error %d\n",
	       inst->cpu, ret);
	return ret == PSCI_ALREADY_ON || ret == PSCI_ON_PENDING ? -EBUSY : -EIO;
}

int ofl_arch_start_again(struct ofl_instance *inst)
{
	return 0; /* CPU_ON does not get lost */
}

void ofl_arch_say_fault(struct ofl_instance *inst)
{
	/* nothing but the image's own vectors would know */
}

void ofl_arch_ring(struct ofl_instance *inst)
{
	ofl_gic_send_sgi(&inst->core->gic, inst->core->gicd, inst->core->mpidr,
			 OFL_STOP_SGI);
}

void ofl_arch_sync(const void *va, size_t len)
{
	/* CTR_EL0.DminLine: log2 of the words of the smallest data line */
	unsigned long line = 4ul << (read_cpuid_cachetype() >> 16 & 15);
	unsigned long p = (unsigned long)va & ~(line - 1);
	unsigned long end = (unsigned long)va + len;

	dsb(sy);
	for (; p < end; p += line)
		asm volatile("dc civac, %0" : : "r"(p) : "memory");
	dsb(sy);
}

u64 ofl_arch_counter(void)
{
	isb();
	return read_sysreg(cntvct_el0);
}

/* Linux's clock is this counter, by the same number. */
u64 ofl_arch_counter_hz(void)
{
	return read_sysreg(cntfrq_el0);
}
