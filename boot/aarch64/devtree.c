// SPDX-License-Identifier: BSD-2-Clause
/* The same from a device tree, where the firmware gives that instead of ACPI. */
#include <stdbool.h>
#include <string.h>

#include <libfdt.h>

#include "machine.h"

#include "../acpi.h"

static const void *tree(EFI_SYSTEM_TABLE *st)
{
	static const EFI_GUID guid = { 0xb1b621d5, 0xf19c, 0x41a5,
				       { 0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0 } };
	const void *fdt = ofl_efi_table(st, &guid);

	return fdt && !fdt_check_header(fdt) ? fdt : NULL;
}

static uint64_t cells(const fdt32_t *p, int nr)
{
	uint64_t value = 0;

	while (nr--)
		value = value << 32 | fdt32_to_cpu(*p++);
	return value;
}

/* A property that is one number. */
static int cell_count(const void *fdt, int node, const char *name, int missing)
{
	int len;
	const fdt32_t *p = fdt_getprop(fdt, node, name, &len);

	return p && len == 4 ? (int)fdt32_to_cpu(*p) : missing;
}

/* Entry `index` of a node's reg; buses between it and the root are 1:1. */
static bool get_reg(const void *fdt, int node, int index, uint64_t *base, uint64_t *size)
{
	int parent = fdt_parent_offset(fdt, node), len, na, ns;
	const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &len);

	if (!reg || parent < 0)
		return false;
	na = cell_count(fdt, parent, "#address-cells", 2);
	ns = cell_count(fdt, parent, "#size-cells", 1);
	if (na < 1 || na > 2 || ns < 0 || ns > 2 || len / 4 < (index + 1) * (na + ns))
		return false;
	reg += index * (na + ns);
	*base = cells(reg, na);
	*size = cells(reg + na, ns);
	return true;
}

static void find_gic(const void *fdt, struct ofl_found *found)
{
	static const char *const v2[] = { "arm,cortex-a15-gic", "arm,gic-400",
					  "arm,cortex-a9-gic", "arm,cortex-a7-gic" };
	uint64_t size;
	int node = fdt_node_offset_by_compatible(fdt, -1, "arm,gic-v3");
	unsigned int regions;

	if (node >= 0) {
		regions = (unsigned int)cell_count(fdt, node, "#redistributor-regions", 1);
		if (get_reg(fdt, node, 0, &found->gicd, &size))
			found->gic_version = 3;
		while (found->nr_gicr < OFL_GICR_RANGES && found->nr_gicr < regions &&
		       get_reg(fdt, node, (int)found->nr_gicr + 1,
			       &found->gicr[found->nr_gicr].base,
			       &found->gicr[found->nr_gicr].size))
			found->nr_gicr++;
		return;
	}
	for (unsigned int i = 0; i < sizeof(v2) / sizeof(v2[0]) && node < 0; i++)
		node = fdt_node_offset_by_compatible(fdt, -1, v2[i]);
	if (node >= 0 && get_reg(fdt, node, 0, &found->gicd, &size) &&
	    get_reg(fdt, node, 1, &found->gicc, &size))
		found->gic_version = 2;
}

static void find_psci(const void *fdt, struct ofl_found *found)
{
	int node = fdt_node_offset_by_compatible(fdt, -1, "arm,psci-0.2");
	const char *method;

	if (node < 0)
		node = fdt_node_offset_by_compatible(fdt, -1, "arm,psci-1.0");
	method = node < 0 ? NULL : fdt_getprop(fdt, node, "method", NULL);
	if (method && !strcmp(method, "hvc"))
		found->conduit = OFL_CONDUIT_HVC;
	if (method && !strcmp(method, "smc"))
		found->conduit = OFL_CONDUIT_SMC;
}

void ofl_find_dt(EFI_SYSTEM_TABLE *st, uint64_t self, struct ofl_found *found)
{
	const void *fdt = tree(st);
	int cpus, node;
	uint64_t mpidr, size;
	const char *type;

	memset(found, 0, sizeof(*found));
	if (!fdt)
		return;
	find_psci(fdt, found);
	find_gic(fdt, found);
	cpus = fdt_path_offset(fdt, "/cpus");
	if (cpus < 0)
		return;
	fdt_for_each_subnode(node, fdt, cpus) {
		type = fdt_getprop(fdt, node, "device_type", NULL);
		if (!type || strcmp(type, "cpu") || !get_reg(fdt, node, 0, &mpidr, &size) ||
		    mpidr == self)
			continue;
		found->have_other = true;
		found->other = mpidr;
		return;
	}
}

enum ofl_serial ofl_find_dt_serial(EFI_SYSTEM_TABLE *st, uint64_t *where)
{
	const void *fdt = tree(st);
	const char *path, *colon;
	uint64_t size;
	int node;

	if (!fdt)
		return OFL_SERIAL_NONE;
	node = fdt_path_offset(fdt, "/chosen");
	path = node < 0 ? NULL : fdt_getprop(fdt, node, "stdout-path", NULL);
	if (!path)
		return OFL_SERIAL_NONE;
	colon = strchr(path, ':'); /* options of the line */
	node = fdt_path_offset_namelen(fdt, path,
				       colon ? (int)(colon - path) : (int)strlen(path));
	if (node < 0 || !get_reg(fdt, node, 0, where, &size))
		return OFL_SERIAL_NONE;
	if (!fdt_node_check_compatible(fdt, node, "arm,pl011"))
		return OFL_SERIAL_PL011;
	return OFL_SERIAL_NONE;
}
