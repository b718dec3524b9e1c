// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding the interrupt controller for an image, and ringing at its core.
 *
 * Addresses come from the device tree or from ACPI's MADT.  The distributor
 * is Linux's: it is read, and GICD_SGIR is written, nothing else.  The
 * redistributor frame of the core (GICv3) is looked for by its affinity in
 * GICR_TYPER; the core's bit for GICv2's SGIs is what the core itself reads
 * from GICD_ITARGETSR0 while Linux still has it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/acpi.h>
#include <linux/io.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/smp.h>
#include <asm/cputype.h>
#include <asm/sysreg.h>

#include "core.h"

/* GICv2 and GICv3 architecture specifications; the two kernel headers that
 * have these cannot be included together.
 */
#define GICD_ITARGETSR0 0x800
#define GICD_SGIR 0xf00
#define GICR_TYPER 0x8
#define GICR_TYPER_VLPIS BIT(1)
#define GICR_TYPER_LAST BIT(4)

#define GICR_FRAME_V3 (2 * SZ_64K)
#define GICR_FRAME_V4 (4 * SZ_64K)
/* More frames than any machine has CPUs: the end of a walk gone astray */
#define GICR_FRAMES_MAX 4096

/* ----------------------------------------------------------------- find */

static const char *const v2_compatibles[] = {
	"arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a9-gic",
	"arm,cortex-a7-gic", "arm,eb11mp-gic", "brcm,brahma-b15-gic",
	"qcom,msm-qgic2",
};

static int reg_address(struct device_node *node, int index, u64 *pa)
{
	struct resource res;
	int err = of_address_to_resource(node, index, &res);

	if (!err)
		*pa = res.start;
	return err;
}

struct device_node *ofl_gic_node(void)
{
	struct device_node *node;
	unsigned int i;

	node = of_find_compatible_node(NULL, NULL, "arm,gic-v3");
	for (i = 0; !node && i < ARRAY_SIZE(v2_compatibles); i++)
		node = of_find_compatible_node(NULL, NULL, v2_compatibles[i]);
	return node;
}

static int find_in_dt(struct ofl_gic *gic)
{
	struct device_node *node = ofl_gic_node();
	int err;

	if (!node)
		return -ENODEV;
	gic->version = of_device_is_compatible(node, "arm,gic-v3") ? 3 : 2;
	err = reg_address(node, 0, &gic->gicd_pa);
	if (!err && gic->version == 2)
		err = reg_address(node, 1, &gic->gicc_pa);
	of_node_put(node);
	return err;
}

/*
 * Call fn for each entry of a type in the MADT until it returns true.  The
 * length of each entry is checked against the table's and against min_len.
 */
static bool madt_walk(u8 type, size_t min_len,
		      bool (*fn)(struct acpi_subtable_header *entry, void *arg),
		      void *arg)
{
	struct acpi_table_header *table;
	bool found = false;
	u32 off;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_MADT, 0, &table)))
		return false;
	for (off = sizeof(struct acpi_table_madt);
	     !found && off + sizeof(struct acpi_subtable_header) <= table->length;) {
		struct acpi_subtable_header *entry = (void *)table + off;

		if (entry->length < sizeof(*entry) ||
		    entry->length > table->length - off)
			break;
		if (entry->type == type && entry->length >= min_len)
			found = fn(entry, arg);
		off += entry->length;
	}
	acpi_put_table(table);
	return found;
}

static bool madt_distributor(struct acpi_subtable_header *entry, void *arg)
{
	struct acpi_madt_generic_distributor *d = (void *)entry;
	struct ofl_gic *gic = arg;

	gic->gicd_pa = d->base_address;
	gic->version = d->version == ACPI_MADT_GIC_VERSION_V4 ? 3 : d->version;
	return true;
}

struct madt_core {
	u64 mpidr;
	struct ofl_gic *gic;
	u64 gicr_pa;
};

static bool madt_interface(struct acpi_subtable_header *entry, void *arg)
{
	struct acpi_madt_generic_interrupt *c = (void *)entry;
	struct madt_core *want = arg;

	if ((c->arm_mpidr & MPIDR_HWID_BITMASK) != want->mpidr)
		return false;
	want->gic->gicc_pa = c->base_address;
	want->gicr_pa = c->gicr_base_address;
	return true;
}

int ofl_gic_find(struct ofl_gic *gic)
{
	memset(gic, 0, sizeof(*gic));
	if (acpi_disabled)
		return find_in_dt(gic);
	/* version 0 means "ask the hardware", which needs more than this */
	if (!madt_walk(ACPI_MADT_TYPE_GENERIC_DISTRIBUTOR,
		       sizeof(struct acpi_madt_generic_distributor),
		       madt_distributor, gic) ||
	    (gic->version != 2 && gic->version != 3))
		return -ENODEV;
	return 0;
}

bool ofl_gic_overlaps(u64 pa, u64 size)
{
	struct device_node *node;
	struct resource res;
	struct ofl_gic gic;
	bool found;
	int i;

	if (!acpi_disabled) /* there, Linux requests the other ranges */
		return !ofl_gic_find(&gic) &&
		       ofl_memspec_overlap(gic.gicd_pa, SZ_64K, pa, size);
	node = ofl_gic_node();
	found = false;
	for (i = 0; node && !of_address_to_resource(node, i, &res); i++)
		if (ofl_memspec_overlap(res.start, resource_size(&res), pa,
					size))
			found = true;
	of_node_put(node);
	return found;
}

/* ---------------------------------------- interrupts that messages make */

#define V2M_MSI_TYPER 0x8

/* A GICv2m frame says itself which ones it has. */
static bool frame_has(u64 pa, u32 intid)
{
	void __iomem *frame = ioremap(pa, SZ_4K);
	u32 typer;

	if (!frame)
		return true; /* better none than another's */
	typer = readl_relaxed(frame + V2M_MSI_TYPER);
	iounmap(frame);
	return intid - (typer >> 16 & 0x3ff) < (typer & 0x3ff);
}

static bool frames_in_dt(u32 intid)
{
	struct device_node *node;
	u32 base, span, i;
	u64 pa;

	for_each_compatible_node(node, NULL, "arm,gic-v2m-frame") {
		bool told = !of_property_read_u32(node, "arm,msi-base-spi", &base) &&
			    !of_property_read_u32(node, "arm,msi-num-spis", &span);

		if (told ? intid - base < span :
			   !reg_address(node, 0, &pa) && frame_has(pa, intid)) {
			of_node_put(node);
			return true;
		}
	}
	node = ofl_gic_node();
	for (i = 0; !of_property_read_u32_index(node, "mbi-ranges", i, &base) &&
		    !of_property_read_u32_index(node, "mbi-ranges", i + 1, &span);
	     i += 2)
		if (intid - base < span)
			break;
	/* behind the last pair: none of them */
	base = of_property_read_u32_index(node, "mbi-ranges", i, &span);
	of_node_put(node);
	return !base;
}

static bool madt_frame(struct acpi_subtable_header *entry, void *arg)
{
	struct acpi_madt_generic_msi_frame *frame = (void *)entry;
	u32 intid = *(u32 *)arg;

	if (frame->flags & ACPI_MADT_OVERRIDE_SPI_VALUES)
		return intid - frame->spi_base < frame->spi_count;
	return frame_has(frame->base_address, intid);
}

bool ofl_gic_is_msi(u32 intid)
{
	if (acpi_disabled)
		return frames_in_dt(intid);
	return madt_walk(ACPI_MADT_TYPE_GENERIC_MSI_FRAME,
			 sizeof(struct acpi_madt_generic_msi_frame), madt_frame,
			 &intid);
}

/* ------------------------------------------------------- the core's own */

static u64 typer_affinity(u64 mpidr)
{
	return MPIDR_AFFINITY_LEVEL(mpidr, 3) << 24 |
	       MPIDR_AFFINITY_LEVEL(mpidr, 2) << 16 |
	       MPIDR_AFFINITY_LEVEL(mpidr, 1) << 8 |
	       MPIDR_AFFINITY_LEVEL(mpidr, 0);
}

/* Walk the frames of one redistributor region; 0 or the frame's address. */
static u64 walk_frames(u64 pa, u64 size, u64 stride, u64 mpidr)
{
	u64 typer, off = 0, found = 0, step;
	void __iomem *base;
	unsigned int i;

	base = ioremap(pa, size);
	if (!base)
		return 0;
	for (i = 0; i < GICR_FRAMES_MAX && off + SZ_64K <= size; i++) {
		typer = readq_relaxed(base + off + GICR_TYPER);
		if (typer >> 32 == typer_affinity(mpidr)) {
			found = pa + off;
			break;
		}
		if (typer & GICR_TYPER_LAST)
			break;
		step = typer & GICR_TYPER_VLPIS ? GICR_FRAME_V4 : GICR_FRAME_V3;
		off += stride ?: step;
	}
	iounmap(base);
	return found;
}

static u64 frame_in_dt(u64 mpidr)
{
	struct device_node *node;
	u32 regions = 1, i;
	u64 stride = 0, found = 0;

	node = of_find_compatible_node(NULL, NULL, "arm,gic-v3");
	if (!node)
		return 0;
	of_property_read_u32(node, "#redistributor-regions", &regions);
	of_property_read_u64(node, "redistributor-stride", &stride);
	for (i = 0; i < regions && !found; i++) {
		struct resource res;

		if (of_address_to_resource(node, 1 + i, &res))
			break;
		found = walk_frames(res.start, resource_size(&res), stride,
				    mpidr);
	}
	of_node_put(node);
	return found;
}

static bool madt_redistributor(struct acpi_subtable_header *entry, void *arg)
{
	struct acpi_madt_generic_redistributor *r = (void *)entry;
	struct madt_core *want = arg;

	want->gicr_pa = walk_frames(r->base_address, r->length, 0, want->mpidr);
	return want->gicr_pa;
}

/* The MADT has a region of frames, or one frame in each CPU's entry. */
static u64 frame_in_acpi(struct ofl_gic *gic, u64 mpidr)
{
	struct madt_core want = { .mpidr = mpidr, .gic = gic };

	madt_walk(ACPI_MADT_TYPE_GENERIC_INTERRUPT,
		  offsetofend(struct acpi_madt_generic_interrupt, arm_mpidr),
		  madt_interface, &want);
	if (gic->version == 3 && !want.gicr_pa)
		madt_walk(ACPI_MADT_TYPE_GENERIC_REDISTRIBUTOR,
			  sizeof(struct acpi_madt_generic_redistributor),
			  madt_redistributor, &want);
	return want.gicr_pa;
}

struct target_query {
	void __iomem *gicd;
	u32 mask;
};

/* On the core: which bit of GICD_SGIR is me?  Any byte of the banked words. */
static void read_target(void *arg)
{
	struct target_query *query = arg;
	u32 mask = readl_relaxed(query->gicd + GICD_ITARGETSR0);

	mask |= mask >> 16;
	mask |= mask >> 8;
	query->mask = mask & 0xff;
}

static int find_target(struct ofl_gic *gic, unsigned int cpu)
{
	struct target_query query = { 0 };
	int err;

	query.gicd = ioremap(gic->gicd_pa, OFL_GICD_SIZE);
	if (!query.gicd)
		return -ENOMEM;
	err = smp_call_function_single(cpu, read_target, &query, 1);
	iounmap(query.gicd);
	if (!err && !query.mask) {
		pr_err("the GIC does not tell its number for CPU %u\n", cpu);
		err = -ENXIO;
	}
	gic->target_mask = query.mask;
	return err;
}

int ofl_gic_find_core(struct ofl_gic *gic, unsigned int cpu, u64 mpidr)
{
	gic->gicr_pa = acpi_disabled ?
			       (gic->version == 3 ? frame_in_dt(mpidr) : 0) :
			       frame_in_acpi(gic, mpidr);
	if (gic->version == 2)
		return find_target(gic, cpu);
	if (!gic->gicr_pa) {
		pr_err("no GIC redistributor has the affinity of CPU %u, %#llx\n",
		       cpu, mpidr);
		return -ENXIO;
	}
	return 0;
}

/* ----------------------------------------------------------------- ring */

void ofl_gic_send_sgi(const struct ofl_gic *gic, void __iomem *gicd,
		      u64 mpidr, u32 sgi)
{
	u64 aff0 = MPIDR_AFFINITY_LEVEL(mpidr, 0);

	dsb(ishst); /* what the interrupt is about is visible before it */
	if (gic->version == 2) {
		writel_relaxed(gic->target_mask << 16 | sgi,
			       gicd + GICD_SGIR);
		return;
	}
	write_sysreg_s((u64)MPIDR_AFFINITY_LEVEL(mpidr, 3) << 48 |
		       (aff0 >> 4) << 44 | /* range selector */
		       (u64)MPIDR_AFFINITY_LEVEL(mpidr, 2) << 32 |
		       (u64)sgi << 24 |
		       (u64)MPIDR_AFFINITY_LEVEL(mpidr, 1) << 16 |
		       1ull << (aff0 & 15),
		       SYS_ICC_SGI1R_EL1);
	isb();
}
