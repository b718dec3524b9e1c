/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lays out the shared window as described in abi.h.
 *
 * The devices follow each other from OFL_WIN_DEVICES_OFF: a page of header,
 * then its memory; what they leave is the pool.  All of it is built in private memory and copied over; the
 * epoch is cleared first and stored last, so that an image sees either
 * nothing or a whole layout.
 */
#include "window.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <libfdt.h>

#define CTRL(mem, field)                                                       \
	((mem)->pa + OFL_WIN_CTRL_OFF + offsetof(struct ofl_window, field))

uint64_t ofl_window_need(struct ofl_dev *const devs[], unsigned int nr)
{
	uint64_t need = OFL_WIN_DEVICES_OFF;
	unsigned int i;

	for (i = 0; i < nr; i++)
		need += OFL_VDEV_SIZE + devs[i]->mem_size;
	return need < OFL_WIN_SIZE_MIN ? OFL_WIN_SIZE_MIN : need;
}

/* Half of what is left over is for wishes, the same for each; the pool has the rest. */
static uint64_t window_share(const struct ofl_mem *mem, struct ofl_dev *const devs[],
			     unsigned int nr)
{
	unsigned int i, wishes = 0;

	for (i = 0; i < nr; i++)
		wishes += devs[i]->mem_wish > devs[i]->mem_size;
	return wishes ? (mem->size - ofl_window_need(devs, nr)) / 2 / wishes : 0;
}

static uint64_t window_extra(const struct ofl_dev *dev, uint64_t share)
{
	uint64_t extra;

	if (dev->mem_wish <= dev->mem_size)
		return 0;
	extra = dev->mem_wish - dev->mem_size;
	return (extra < share ? extra : share) & ~(uint64_t)(OFL_PAGE - 1);
}

static int window_fdt_device(void *fdt, const struct ofl_dev *dev)
{
	static const char reg_names[] = "header\0memory";
	fdt64_t reg[4] = {
		cpu_to_fdt64(dev->header), cpu_to_fdt64(OFL_VDEV_SIZE),
		cpu_to_fdt64(dev->memory), cpu_to_fdt64(dev->mem_given),
	};
	char node[32];
	int err;

	snprintf(node, sizeof(node), "virtio@%llx",
		 (unsigned long long)dev->header);
	err = fdt_begin_node(fdt, node);
	if (!err)
		err = fdt_property_string(fdt, "compatible", OFL_FDT_DEVICE);
	if (!err)
		err = fdt_property(fdt, "reg", reg, sizeof(reg));
	if (!err)
		err = fdt_property(fdt, "reg-names", reg_names,
				   sizeof(reg_names));
	if (!err)
		err = fdt_property(fdt, "dma-coherent", "", 0);
	if (!err && *dev->options)
		err = fdt_property_string(fdt, OFL_FDT_OPTIONS, dev->options);
	if (!err)
		err = fdt_end_node(fdt);
	return err;
}

static int window_fdt_pool(void *fdt, uint64_t pa, uint64_t size)
{
	fdt64_t reg[2] = { cpu_to_fdt64(pa), cpu_to_fdt64(size) };
	char node[32];
	int err;

	snprintf(node, sizeof(node), "pool@%llx", (unsigned long long)pa);
	err = fdt_begin_node(fdt, node);
	if (!err)
		err = fdt_property_string(fdt, "compatible", OFL_FDT_POOL);
	if (!err)
		err = fdt_property(fdt, "reg", reg, sizeof(reg));
	if (!err)
		err = fdt_property(fdt, "dma-coherent", "", 0);
	if (!err)
		err = fdt_end_node(fdt);
	return err;
}

/* rest, rest_size: what the devices leave. */
static int window_fdt_build(void *fdt, int size, struct ofl_dev *const devs[],
			    unsigned int nr, uint64_t rest, uint64_t rest_size)
{
	unsigned int i;
	int err;

	err = fdt_create(fdt, size);
	if (!err)
		err = fdt_finish_reservemap(fdt);
	if (!err)
		err = fdt_begin_node(fdt, "");
	if (!err)
		err = fdt_property_u32(fdt, "#address-cells", 2);
	if (!err)
		err = fdt_property_u32(fdt, "#size-cells", 2);
	if (!err)
		err = fdt_property_string(fdt, "compatible", OFL_FDT_WINDOW);
	if (!err)
		err = fdt_property_u32(fdt, "offload,abi", OFL_ABI_VERSION);
	for (i = 0; !err && i < nr; i++)
		err = window_fdt_device(fdt, devs[i]);
	if (!err && rest_size)
		err = window_fdt_pool(fdt, rest, rest_size);
	if (!err)
		err = fdt_end_node(fdt);
	if (!err)
		err = fdt_finish(fdt);
	return err;
}

int ofl_window_layout(const struct ofl_mem *mem, struct ofl_dev *const devs[],
		      unsigned int nr, bool fresh)
{
	static uint64_t fdt[OFL_WIN_FDT_MAX / sizeof(uint64_t)];
	uint64_t pa = mem->pa + OFL_WIN_DEVICES_OFF;
	uint64_t share;
	uint32_t epoch, fdt_size;
	unsigned int i;

	if ((mem->pa | mem->size) & (OFL_PAGE - 1))
		return -EINVAL;
	if (mem->size < ofl_window_need(devs, nr))
		return -ENOSPC;
	share = window_share(mem, devs, nr);

	for (i = 0; i < nr; i++) {
		devs[i]->mem = mem;
		devs[i]->header = pa;
		devs[i]->memory = pa + OFL_VDEV_SIZE;
		devs[i]->mem_given = devs[i]->mem_size + window_extra(devs[i], share);
		pa = devs[i]->memory + devs[i]->mem_given;
	}
	memset(fdt, 0, sizeof(fdt));
	if (window_fdt_build(fdt, sizeof(fdt), devs, nr, pa,
			     mem->pa + mem->size - pa))
		return -E2BIG;
	fdt_size = fdt_totalsize(fdt);

	/* Whoever was here before us, an image that knew it must see a change. */
	epoch = ofl_mem_get32(mem, CTRL(mem, pmm.epoch)) + 1;
	if (!epoch)
		epoch = 1;
	ofl_mem_put32(mem, CTRL(mem, pmm.epoch), 0);
	ofl_mem_fence();
	if (fresh)
		ofl_mem_zero(mem, mem->pa, mem->size);

	ofl_mem_write(mem, mem->pa + OFL_WIN_FDT_OFF, fdt, sizeof(fdt));
	for (i = 0; i < nr; i++)
		ofl_dev_publish(devs[i], fresh);
	ofl_mem_put32(mem, CTRL(mem, pmm_bell.asleep), 0);
	ofl_mem_put32(mem, CTRL(mem, pmm_bell.rings), 0);
	ofl_mem_put64(mem, CTRL(mem, pmm.magic), OFL_WIN_MAGIC);
	ofl_mem_put32(mem, CTRL(mem, pmm.abi), OFL_ABI_VERSION);
	ofl_mem_put32(mem, CTRL(mem, pmm.fdt_size), fdt_size);
	/* Releases all of it. */
	ofl_mem_store32(mem, CTRL(mem, pmm.epoch), epoch);
	return 0;
}

void ofl_window_rings(const struct ofl_mem *mem, bool rings)
{
	ofl_mem_put32(mem, CTRL(mem, pmm_bell.rings), rings);
}

void ofl_window_sleep(const struct ofl_mem *mem, bool asleep)
{
	ofl_mem_put32(mem, CTRL(mem, pmm_bell.asleep), asleep);
	/* Before the last look for work; who wakes up looks anyway. */
	if (asleep)
		ofl_mem_fence();
}

bool ofl_window_image_asleep(const struct ofl_mem *mem)
{
	ofl_mem_fence();
	return ofl_mem_get32(mem, CTRL(mem, image_bell.asleep));
}
