// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking a core on x86_64.
 *
 * An offlined CPU reports its death and then calls tboot_shutdown() on its way
 * to HLT or MWAIT.  A kprobe sits there from the first take on, and sends the one
 * CPU that is being taken to ofl_park_leave instead.  From then on an NMI is the host's signal
 * to it, first in the park's IDT, then in the image's.  add_cpu() sends INIT,
 * which ends whatever the core was doing.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/cc_platform.h>
#include <asm/apic.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/special_insns.h>
#include <asm/tsc.h>
#include <xen/xen.h>

#include "../fault.h"
#include "core.h"

/* From remove_cpu() to the park loop. */
#define PARK_MS 2000
#define RETURN_TRIES 3
/* Bound of the wait for an xAPIC to have sent the last interrupt. */
#define ICR_US 1000

const u32 ofl_arch_machine = OFL_MACHINE_X86_64;
const bool ofl_arch_can_force = true;

void ofl_arch_facts(struct ofl_refuse_facts *f)
{
	f->xen_pv = xen_pv_domain();
	f->encrypted_state = cc_platform_has(CC_ATTR_GUEST_STATE_ENCRYPT) ||
			     boot_cpu_has(X86_FEATURE_TDX_GUEST);
	f->encrypted_memory = cc_platform_has(CC_ATTR_MEM_ENCRYPT);
	f->five_levels = native_read_cr4() & X86_CR4_LA57;
	f->no_lapic = !boot_cpu_has(X86_FEATURE_APIC);
}

/* Local APIC; Linux requests those of the I/O APICs. */
bool ofl_arch_owns(u64 pa, u64 size)
{
	u64 base;

	rdmsrl(MSR_IA32_APICBASE, base);
	return ofl_memspec_overlap(base & MSR_IA32_APICBASE_BASE, SZ_4K, pa,
				   size);
}

/*
 * A device's interrupt would go through an I/O APIC or be a message, both Linux's
 * to set up: images poll.
 */
int ofl_arch_device_irq_get(struct ofl_device *d)
{
	pr_err("device=%s: an image on x86_64 gets no interrupt of a device; leave irq= out and poll\n",
	       d->spec.name);
	return -EOPNOTSUPP;
}

void ofl_arch_device_irq_put(struct ofl_device *d)
{
}

int ofl_arch_device_irq_lend(struct ofl_device *d, unsigned int cpu)
{
	return 0;
}

void ofl_arch_device_irq_quiet(struct ofl_device *d)
{
}

void ofl_arch_device_irq_unlend(struct ofl_device *d)
{
}

/* ------------------------------------------------------------- prepare */

static void read_apic_base(void *arg)
{
	u64 *base = arg;

	rdmsrl(MSR_IA32_APICBASE, *base);
}

int ofl_arch_prepare(struct ofl_instance *inst)
{
	struct ofl_arch_core *core =
		OFL_STEP(core, kzalloc(sizeof(*core), GFP_KERNEL), NULL);
	u64 base = 0;
	int err;

	if (!core) {
		pr_err("CPU %u cannot be taken: no memory\n", inst->cpu);
		return -ENOMEM;
	}
	err = OFL_STEP(core_call,
		       smp_call_function_single(inst->cpu, read_apic_base, &base, 1),
		       -ENXIO);
	if (err) {
		pr_err("CPU %u went offline meanwhile\n", inst->cpu);
		goto err_core;
	}
	core->lapic_pa = base & MSR_IA32_APICBASE_BASE;
	core->apic_id = per_cpu(x86_cpu_to_apicid, inst->cpu);
	err = ofl_park_build(inst, core);
	if (err) {
		pr_err("no memory for the park area: error %d\n", err);
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
	ofl_park_free(inst->core);
	kfree(inst->core);
	inst->core = NULL;
}

/* ---------------------------------------------------------------- take */

/* Whom the kprobe sends where; one core is taken at a time. */
static DEFINE_MUTEX(divert_lock);
static int divert_cpu = -1;
static struct ofl_arch_core *divert_core;

static int divert_pre(struct kprobe *p, struct pt_regs *regs)
{
	if (raw_smp_processor_id() != READ_ONCE(divert_cpu))
		return 0;
	WRITE_ONCE(divert_cpu, -1);
	regs->di = divert_core->mailbox->cr3;
	regs->si = divert_core->park_entry;
	regs->ip = (unsigned long)ofl_park_leave;
	return 1; /* with ip changed: no single step, bookkeeping done */
}
NOKPROBE_SYMBOL(divert_pre);

/* Its presence keeps the probe from being optimised into a jump. */
static void divert_post(struct kprobe *p, struct pt_regs *regs,
			unsigned long flags)
{
}
NOKPROBE_SYMBOL(divert_post);

/*
 * From the first take until the module goes: to arm and to disarm it costs as much as
 * hotplug does, and all other CPUs it lets pass.
 */
static struct kprobe probe = {
	.symbol_name = "tboot_shutdown",
	.pre_handler = divert_pre,
	.post_handler = divert_post,
};
static bool probing;

static int probe_once(void)
{
	int err;

	if (probing)
		return 0;
	probe.addr = NULL; /* of a try that failed */
	err = register_kprobe(&probe);
	probing = !err;
	return err;
}

void ofl_arch_exit(void)
{
	if (probing)
		unregister_kprobe(&probe);
	probing = false;
}

static bool wait_parked(struct ofl_arch_core *core)
{
	unsigned long end = jiffies + msecs_to_jiffies(PARK_MS);

	/* the park stores nothing that matters after this */
	while (!smp_load_acquire(&core->mailbox->parked)) {
		if (time_after(jiffies, end))
			return false;
		usleep_range(50, 100);
	}
	return true;
}

int ofl_arch_take(struct ofl_instance *inst)
{
	u64 since;
	int err;

	mutex_lock(&divert_lock);
	err = OFL_STEP(kprobe, probe_once(), -EINVAL);
	if (err) {
		pr_err("no kprobe on tboot_shutdown: error %d; the kernel needs CONFIG_KPROBES and CONFIG_INTEL_TXT\n",
		       err);
		err = -EOPNOTSUPP;
		goto out;
	}
	divert_core = inst->core;
	WRITE_ONCE(divert_cpu, inst->cpu);
	since = ktime_get_ns();
	err = OFL_STEP(offline, remove_cpu(inst->cpu), -EBUSY);
	inst->dead_counter = ofl_arch_counter();
	ofl_timing_end(inst, OFL_TIMING_OFFLINE, since);
	since = ktime_get_ns();
	if (err > 0) { /* somebody else took it offline just now */
		err = -ENXIO;
	} else if (!err && !OFL_STEP(parked, wait_parked(inst->core), false)) {
		pr_err("CPU %u went offline but did not reach the park page; kprobes need sysctl kernel.ftrace_enabled=1\n",
		       inst->cpu);
		err = -EIO;
	}
	ofl_timing_end(inst, OFL_TIMING_HELD, since);
	WRITE_ONCE(divert_cpu, -1);
	if (err == -EIO)
		add_cpu(inst->cpu);
out:
	mutex_unlock(&divert_lock);
	return err;
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

void ofl_x86_send(struct ofl_arch_core *core, u32 what)
{
	unsigned long flags;
	unsigned int us;

	/*
	 * By physical id, in the mode Linux uses: the logical one of an
	 * offline CPU is not its own any more.  A write to an x2APIC's ICR
	 * orders nothing, hence the fences.
	 */
	asm volatile("mfence; lfence" ::: "memory");
	local_irq_save(flags);
	for (us = 0; us < ICR_US && (apic->icr_read() & APIC_ICR_BUSY); us++)
		udelay(1);
	apic->icr_write(what | APIC_DEST_PHYSICAL, core->apic_id);
	local_irq_restore(flags);
}

static void send_nmi(struct ofl_arch_core *core)
{
	ofl_x86_send(core, APIC_DM_NMI);
}

bool ofl_arch_is_idle(struct ofl_instance *inst)
{
	struct ofl_park_mailbox *mailbox;

	if (!inst->core)
		return true;
	mailbox = inst->core->mailbox;
	/* the park clears parked before it acknowledges a start */
	if (smp_load_acquire(&mailbox->done_seq) != mailbox->start_seq)
		return false;
	/* 1 is stored after all that the image has stored */
	return smp_load_acquire(&mailbox->parked);
}

void ofl_arch_fill_boot(struct ofl_instance *inst, struct ofl_boot *boot)
{
	struct ofl_arch_core *core = inst->core;

	boot->info.hwid = core->apic_id;
	boot->arch.x86.park_pa = core->park_pa;
	boot->arch.x86.park_entry = core->park_entry;
	boot->arch.x86.lapic_pa = core->lapic_pa;
	boot->arch.x86.bell_vector = OFL_BELL_VECTOR;
}

int ofl_arch_start(struct ofl_instance *inst)
{
	struct ofl_park_mailbox *mailbox = inst->core->mailbox;

	inst->core->faults = READ_ONCE(mailbox->faults);
	mailbox->entry = inst->source.image.entry;
	/* after entry, and after the image was copied */
	smp_store_release(&mailbox->start_seq, mailbox->start_seq + 1);
	send_nmi(inst->core);
	return 0;
}

int ofl_arch_start_again(struct ofl_instance *inst)
{
	struct ofl_park_mailbox *mailbox = inst->core->mailbox;

	if (READ_ONCE(mailbox->done_seq) != mailbox->start_seq) {
		send_nmi(inst->core);
		return 0;
	}
	if (READ_ONCE(mailbox->faults) == inst->core->faults)
		return 0;
	ofl_arch_say_fault(inst);
	return -EIO;
}

void ofl_arch_say_fault(struct ofl_instance *inst)
{
	struct ofl_park_mailbox *mailbox = inst->core->mailbox;

	if (READ_ONCE(mailbox->faults) != inst->core->faults)
		pr_err("CPU %u: exception without a handler of the image's: vector %llu, error %#llx, rip %#llx, cr2 %#llx\n",
		       inst->cpu, READ_ONCE(mailbox->vector),
		       READ_ONCE(mailbox->error), READ_ONCE(mailbox->rip),
		       READ_ONCE(mailbox->cr2));
}

void ofl_arch_ring(struct ofl_instance *inst)
{
	send_nmi(inst->core);
}

void ofl_arch_sync(const void *va, size_t len)
{
	/* caches are coherent with every core, in every mode */
}

u64 ofl_arch_counter(void)
{
	return rdtsc_ordered();
}
