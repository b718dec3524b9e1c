// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every reason not to take a core that can be known beforehand, as one
 * function of a record of facts.  The machine's reasons come first: if the
 * machine cannot do it, another cpu= does not help.
 */
#include "refuse.h"

#define SAY(...) snprintf(msg, OFL_MSG_MAX, __VA_ARGS__)

static int refuse_machine(const struct ofl_refuse_facts *f, char *msg)
{
	if (f->xen_pv) {
		SAY("this kernel is a Xen PV guest, whose CPUs belong to Xen; use an HVM or PVH guest");
		return -EOPNOTSUPP;
	}
	if (f->encrypted_state) {
		SAY("this is a confidential guest (SEV-ES, SEV-SNP or TDX) and cannot start a CPU anywhere but in its own kernel");
		return -EOPNOTSUPP;
	}
	if (f->encrypted_memory) {
		SAY("memory encryption (SME or SEV) is on, which images do not know; boot with mem_encrypt=off");
		return -EOPNOTSUPP;
	}
	if (f->five_levels) {
		SAY("the kernel uses 5-level page tables, which images do not know; boot with no5lvl");
		return -EOPNOTSUPP;
	}
	if (f->no_counter_hz) {
		SAY("the frequency of this machine's counter is not known (firmware left CNTFRQ_EL0 at 0, or the TSC is not calibrated): images would have no clock");
		return -EOPNOTSUPP;
	}
	if (f->no_lapic) {
		SAY("this kernel runs without a local APIC; boot without nolapic");
		return -EOPNOTSUPP;
	}
	if (f->spin_table) {
		SAY("CPU %u is started by a spin table, from which no CPU comes back; firmware with PSCI is needed",
		    f->cpu);
		return -EOPNOTSUPP;
	}
	if (f->no_psci) {
		SAY("neither the device tree nor ACPI tells of PSCI firmware");
		return -EOPNOTSUPP;
	}
	if (f->old_psci) {
		SAY("the firmware has PSCI 0.1 only, version 0.2 is needed");
		return -EOPNOTSUPP;
	}
	if (f->no_gic) {
		SAY("neither the device tree nor ACPI tells of a GICv2, GICv3 or GICv4 interrupt controller");
		return -EOPNOTSUPP;
	}
	return 0;
}

int ofl_refuse(const struct ofl_refuse_facts *f, char *msg)
{
	int err = refuse_machine(f, msg);

	if (err)
		return err;
	if (f->cpu >= f->nr_cpu_ids || !f->possible || !f->present) {
		SAY("there is no CPU %u; /sys/devices/system/cpu/present lists them",
		    f->cpu);
		return -ENODEV;
	}
	if (f->borrowed_by >= 0) {
		SAY("CPU %u is already lent to offload%d", f->cpu,
		    f->borrowed_by);
		return -EBUSY;
	}
	if (f->cpu == 0) {
		SAY("CPU 0 cannot be lent: Linux needs it; choose another with cpu=");
		return -EPERM;
	}
	if (!f->online) {
		SAY("CPU %u is offline; echo 1 > /sys/devices/system/cpu/cpu%u/online first",
		    f->cpu, f->cpu);
		return -ENXIO;
	}
	if (f->nr_online < 2) {
		SAY("CPU %u is the last one online; Linux needs it", f->cpu);
		return -EPERM;
	}
	if (f->no_hotplug) {
		SAY("this kernel cannot take CPU %u offline (no CPU hotplug)",
		    f->cpu);
		return -EOPNOTSUPP;
	}
	return 0;
}
