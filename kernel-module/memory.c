// SPDX-License-Identifier: GPL-2.0-only
/*
 * The region of an instance: physically contiguous, 2 MiB aligned, mapped
 * cached by us (region->va), by the image, and its window by the PMM.
 *
 *   mem=auto        taken from the running kernel with alloc_contig_range(),
 *                   which moves what is in the way; no boot option needed
 *   mem=SIZE@ADDR   kept from Linux on the boot line (memmap=SIZE$ADDR); what
 *                   /proc/iomem calls System RAM is refused
 *   mem=dt          a node below /reserved-memory, compatible "offload,region":
 *                   the first one that no other instance has
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "arch.h"
#include "fault.h"
#include "table.h"

#define DT_COMPATIBLE "offload,region"

/* ------------------------------------------------------------------ auto */

#define RANGES_MAX 32
#define SCAN_STEP SZ_4M
/* Expensive attempts, each of which may move pages about, before giving up. */
#define TRIES_MAX 64

struct ram_ranges {
	unsigned int nr;
	struct {
		u64 start, end; /* end is exclusive */
	} range[RANGES_MAX];
};

static int note_range(struct resource *res, void *arg)
{
	struct ram_ranges *ranges = arg;

	if (ranges->nr < RANGES_MAX) {
		ranges->range[ranges->nr].start = res->start;
		ranges->range[ranges->nr].end = res->end + 1;
		ranges->nr++;
	}
	return 0;
}

/* A cheap look, so that the expensive attempt is made only where it may work */
static bool may_be_taken(unsigned long pfn, unsigned long nr)
{
	struct zone *zone = NULL;
	unsigned long i;

	for (i = 0; i < nr; i++) {
		struct page *page = pfn_to_online_page(pfn + i);

		if (!page || PageReserved(page))
			return false;
		if (!zone)
			zone = page_zone(page);
		if (page_zone(page) != zone || zone_idx(zone) == ZONE_MOVABLE)
			return false;
	}
	return true;
}

/* Top-down through [start, end); address or 0. */
static u64 scan(u64 start, u64 end, u64 size, unsigned int *tries)
{
	u64 pa;

	if (end < start + size)
		return 0;
	for (pa = round_down(end - size, SCAN_STEP);
	     pa >= start && pa >= SZ_16M; pa -= SCAN_STEP) {
		unsigned long pfn = PHYS_PFN(pa), nr = PHYS_PFN(size);

		if (*tries >= TRIES_MAX || fatal_signal_pending(current))
			return 0;
		cond_resched();
		if (!may_be_taken(pfn, nr))
			continue;
		(*tries)++;
		if (!alloc_contig_range(pfn, pfn + nr, MIGRATE_MOVABLE,
					GFP_KERNEL | __GFP_NOWARN))
			return pa;
	}
	return 0;
}

static int get_auto(struct ofl_region *region, u64 size)
{
	struct ram_ranges *ranges;
	unsigned int tries = 0, i, high;
	u64 pa = 0;

	ranges = OFL_STEP(ranges, kzalloc(sizeof(*ranges), GFP_KERNEL), NULL);
	if (!ranges) {
		pr_err("mem=auto: no memory to look for memory\n");
		return -ENOMEM;
	}
	walk_iomem_res_desc(IORES_DESC_NONE,
			    IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1,
			    ranges, note_range);
	/* below 4 GiB first: images then need no 64-bit page table tricks */
	for (high = OFL_STEP(region, 0, 2); high < 2 && !pa; high++) {
		for (i = ranges->nr; i-- > 0 && !pa;) {
			u64 start = ranges->range[i].start;
			u64 end = ranges->range[i].end;

			if (high)
				start = max_t(u64, start, SZ_4G);
			else
				end = min_t(u64, end, SZ_4G);
			pa = scan(start, end, size, &tries);
		}
	}
	kfree(ranges);
	if (!pa) {
		pr_err("mem=auto: no %llu MiB of contiguous memory could be freed (%u attempts); ask for less with mem=auto:SIZE, or reserve it at boot\n",
		       size >> 20, tries);
		return -ENOMEM;
	}
	region->pa = pa;
	region->va = phys_to_virt(pa);
	return 0;
}

static void put_auto(struct ofl_region *region)
{
	unsigned long pfn = PHYS_PFN(region->pa), i;

	/* not free_contig_range(): it warns if somebody still pins a page */
	for (i = 0; i < PHYS_PFN(region->size); i++)
		__free_page(pfn_to_page(pfn + i));
}

/* ------------------------------------------------------------- SIZE@ADDR */

/*
 * Is there memory, and not a device, behind a range that is no System RAM?
 * Either the firmware's or the boot line's map says "Reserved", or nobody has
 * claimed the range (mem= on the boot line) and it holds what is stored there.
 */
static bool claimed_by_device(u64 pa, u64 size)
{
	if (!IS_ENABLED(CONFIG_X86)) /* elsewhere "reserved" has no descriptor */
		return false;
	return region_intersects(pa, size, IORESOURCE_MEM,
				 IORES_DESC_RESERVED) != REGION_INTERSECTS &&
	       region_intersects(pa, size, IORESOURCE_MEM,
				 IORES_DESC_NONE) != REGION_DISJOINT;
}

static bool holds_data(void *va, u64 size)
{
	u64 off, i;

	for (i = 0; i < 2; i++) {
		for (off = 0; off < size; off += SZ_2M)
			WRITE_ONCE(*(u64 *)(va + off), i ? 0 : ~off);
		mb(); /* stores before loads */
		for (off = 0; off < size; off += SZ_2M)
			if (READ_ONCE(*(u64 *)(va + off)) != (i ? 0 : ~off))
				return false;
	}
	return true;
}

/* Before anything else is said about a range: is it Linux's? */
static int check_not_ram(u64 pa, u64 size)
{
	if (!size || pa > U64_MAX - size)
		return 0; /* ofl_memspec_check() has a word on these */
	if (region_intersects(pa, size, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT ||
	    page_is_ram(PHYS_PFN(pa)) || page_is_ram(PHYS_PFN(pa + size - 1))) {
		pr_err("mem=: [%#llx-%#llx] lies in System RAM, which Linux uses; keep it from Linux with memmap=%lluM$%#llx on the boot line, or use mem=auto\n",
		       pa, pa + size - 1, size >> 20, pa);
		return -EBUSY;
	}
	return 0;
}

static int get_range(struct ofl_region *region, u64 pa, u64 size)
{
	int user = ofl_table_memory(pa, size);

	if (user >= 0) {
		pr_err("mem=: [%#llx-%#llx] overlaps the memory of offload%d\n",
		       pa, pa + size - 1, user);
		return -EBUSY;
	}
	if (claimed_by_device(pa, size)) {
		pr_err("mem=: [%#llx-%#llx] is not a reserved range of memory; /proc/iomem tells what it is\n",
		       pa, pa + size - 1);
		return -EINVAL;
	}
	region->va = memremap(pa, size, MEMREMAP_WB);
	if (!region->va) {
		pr_err("mem=: [%#llx-%#llx] cannot be mapped\n", pa,
		       pa + size - 1);
		return -ENXIO;
	}
	if (!holds_data(region->va, size)) {
		pr_err("mem=: there is no memory at [%#llx-%#llx]\n", pa,
		       pa + size - 1);
		memunmap(region->va);
		region->va = NULL;
		return -ENXIO;
	}
	region->pa = pa;
	return 0;
}

/* -------------------------------------------------------------------- dt */

/* Is this node's memory ours to take?  Says why not. */
static bool node_usable(struct device_node *node, struct resource *res)
{
	struct device_node *parent = of_get_parent(node);
	const char *why = NULL;

	if (!parent || !of_node_name_eq(parent, "reserved-memory"))
		why = "is not below /reserved-memory: Linux uses that memory";
	else if (!of_device_is_available(node))
		why = "has a status other than okay";
	else if (of_property_read_bool(node, "reusable"))
		why = "is reusable: Linux uses that memory until somebody wants it";
	else if (of_address_to_resource(node, 0, res))
		why = "has no usable reg property";
	of_node_put(parent);
	if (why)
		pr_warn("mem=dt: %pOF %s\n", node, why);
	return !why;
}

static int find_node(u64 *pa, u64 *size)
{
	struct device_node *node;
	int err = -ENODEV, user;
	struct resource res;

	for_each_compatible_node(node, NULL, DT_COMPATIBLE) {
		if (!node_usable(node, &res)) {
			if (err == -ENODEV)
				err = -EINVAL;
			continue;
		}
		user = ofl_table_memory(res.start, resource_size(&res));
		if (user < 0) {
			*pa = res.start;
			*size = resource_size(&res);
			of_node_put(node);
			return 0;
		}
		pr_info("mem=dt: offload%d has %pOF\n", user, node);
		err = -EBUSY;
	}
	if (err == -ENODEV)
		pr_err("mem=dt: the device tree has no reserved-memory node compatible with \"%s\"\n",
		       DT_COMPATIBLE);
	else if (err == -EBUSY)
		pr_err("mem=dt: other instances have all reserved-memory nodes compatible with \"%s\"\n",
		       DT_COMPATIBLE);
	return err;
}

static int get_dt(struct ofl_region *region, u64 pa, u64 size)
{
	region->va = memremap(pa, size, MEMREMAP_WB);
	if (!region->va) {
		pr_err("mem=dt: [%#llx-%#llx] cannot be mapped\n", pa,
		       pa + size - 1);
		return -ENXIO;
	}
	region->pa = pa;
	return 0;
}

/* ------------------------------------------------------------------ both */

int ofl_region_get(struct ofl_region *region, const struct ofl_memspec *spec,
		   u64 window)
{
	u64 pa = spec->pa, size = spec->size;
	char msg[OFL_MSG_MAX];
	int err;

	if (spec->kind == OFL_MEM_DT) {
		err = find_node(&pa, &size);
		if (err)
			return err;
	}
	if (spec->kind == OFL_MEM_RANGE) {
		err = check_not_ram(pa, size);
		if (err)
			return err;
	}
	err = ofl_memspec_check("mem=", pa, size, window, msg);
	if (err) {
		pr_err("%s\n", msg);
		return err;
	}

	memset(region, 0, sizeof(*region));
	switch (spec->kind) {
	case OFL_MEM_AUTO:
		err = get_auto(region, size);
		break;
	case OFL_MEM_RANGE:
		err = get_range(region, pa, size);
		break;
	case OFL_MEM_DT:
		err = get_dt(region, pa, size);
		break;
	}
	if (err)
		return err;
	region->kind = spec->kind;
	region->size = size;
	region->private_size = size - window;
	region->window_size = window;
	memset(region->va, 0, size);
	ofl_arch_sync(region->va, size);
	return 0;
}

bool ofl_region_left;

bool ofl_region_is_lost(const struct ofl_region *region)
{
	return region->in_use && region->kind == OFL_MEM_AUTO;
}

void ofl_region_put(struct ofl_region *region)
{
	if (!region->va)
		return;
	if (region->in_use) {
		pr_err("[%#llx-%#llx] is left allocated: the core that uses it has not come back\n",
		       (u64)region->pa, (u64)region->pa + region->size - 1);
		ofl_region_left |= ofl_region_is_lost(region);
		return;
	}
	if (region->kind == OFL_MEM_AUTO)
		put_auto(region);
	else
		memunmap(region->va);
	region->va = NULL;
}

const char *ofl_region_kind(const struct ofl_region *region)
{
	switch (region->kind) {
	case OFL_MEM_AUTO:
		return "auto";
	case OFL_MEM_DT:
		return "dt";
	default:
		return "range";
	}
}
