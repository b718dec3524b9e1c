// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls to PSCI firmware (Arm DEN 0022) that a lent core needs.  Linux
 * exports neither its psci_ops nor, with firmware older than SMCCC 1.1, the
 * conduit, so the conduit is read where Linux reads it: "method" of the
 * device tree's psci node, or the boot flags of ACPI's FADT.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/acpi.h>
#include <linux/arm-smccc.h>
#include <linux/of.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "core.h"

#define PSCI_CPU_ON_64 0xc4000003
#define PSCI_AFFINITY_INFO_64 0xc4000004

static enum ofl_conduit conduit;

static enum ofl_conduit find_in_dt(bool *old_psci)
{
	enum ofl_conduit found = OFL_CONDUIT_NONE;
	struct device_node *node;
	const char *method;

	node = of_find_compatible_node(NULL, NULL, "arm,psci-1.0");
	if (!node)
		node = of_find_compatible_node(NULL, NULL, "arm,psci-0.2");
	if (!node) {
		node = of_find_compatible_node(NULL, NULL, "arm,psci");
		*old_psci = node;
	}
	if (node && !of_property_read_string(node, "method", &method)) {
		if (!strcmp(method, "hvc"))
			found = OFL_CONDUIT_HVC;
		else if (!strcmp(method, "smc"))
			found = OFL_CONDUIT_SMC;
	}
	of_node_put(node);
	return found;
}

static enum ofl_conduit find_in_acpi(void)
{
#ifdef CONFIG_ACPI /* without it there is no such table */
	u16 flags = acpi_gbl_FADT.arm_boot_flags;

	if (flags & ACPI_FADT_PSCI_COMPLIANT)
		return flags & ACPI_FADT_PSCI_USE_HVC ? OFL_CONDUIT_HVC :
							OFL_CONDUIT_SMC;
#endif
	return OFL_CONDUIT_NONE;
}

enum ofl_conduit ofl_psci_find(bool *old_psci)
{
	*old_psci = false;
	conduit = acpi_disabled ? find_in_dt(old_psci) : find_in_acpi();
	return conduit;
}

static int call(u32 function, u64 a, u64 b, u64 c)
{
	struct arm_smccc_res res;

	if (conduit == OFL_CONDUIT_HVC)
		arm_smccc_hvc(function, a, b, c, 0, 0, 0, 0, &res);
	else
		arm_smccc_smc(function, a, b, c, 0, 0, 0, 0, &res);
	return (int)res.a0;
}

int ofl_psci_cpu_on(u64 mpidr, u64 entry_pa, u64 context)
{
	return call(PSCI_CPU_ON_64, mpidr, entry_pa, context);
}

int ofl_psci_affinity_info(u64 mpidr)
{
	return call(PSCI_AFFINITY_INFO_64, mpidr, 0, 0);
}
