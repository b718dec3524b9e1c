// SPDX-License-Identifier: BSD-2-Clause
/*
 * Discovery of devices through the blob that the PMM wrote (see abi.h).
 *
 * The blob is copied to private memory once, as long as the window's control
 * page says and no longer than OFL_WIN_FDT_MAX; only the copy is looked at,
 * and only after fdt_check_full() has walked it from end to end.  The nodes
 * are then checked one by one: two ranges each, whole in the window behind
 * OFL_WIN_DEVICES_OFF, page aligned, and none over another.
 */
#include "devtree.h"

#include <errno.h>
#include <libfdt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

#define FDT_VERSION_MIN 16
#define CELLS 8 /* of reg: two times a 64-bit address and a 64-bit size */

struct range {
	uint64_t pa, size;
};

/* Ranges taken so far: header and memory of each device, and the pool. */
struct taken {
	unsigned int n;
	struct range range[2 * OFL_DEVICES_MAX + 1];
	const char *owner[2 * OFL_DEVICES_MAX + 1];
};

/* A node's name made fit for a line of text: bounded, printable. */
static void copy_name(char *to, size_t size, const char *from)
{
	size_t i = 0;

	for (; from && from[i] && i + 1 < size; i++)
		to[i] = from[i] > ' ' && from[i] <= '~' ? from[i] : '?';
	to[i] = '\0';
}

static const char *range_fault(const struct range *range)
{
	uint64_t pa = ofl_boot->info.window_pa + OFL_WIN_DEVICES_OFF;
	uint64_t size = ofl_boot->info.window_size - OFL_WIN_DEVICES_OFF;

	if (!range->size)
		return "is empty";
	if ((range->pa | range->size) & (OFL_PAGE - 1))
		return "is not page aligned";
	if (range->pa < pa || range->size > size ||
	    range->pa - pa > size - range->size)
		return "is not whole in the window";
	return NULL;
}

static bool overlap(const struct range *a, const struct range *b)
{
	return a->pa < b->pa + b->size && b->pa < a->pa + a->size;
}

/* Is nothing else there?  false after a line in the log. */
static bool is_free(const struct taken *taken, const char *name,
		    const struct range *range)
{
	for (unsigned int i = 0; i < taken->n; i++)
		if (overlap(&taken->range[i], range)) {
			ofl_log_printf("offload: %s refused: it overlaps %s\n", name,
				       taken->owner[i]);
			return false;
		}
	return true;
}

static void take(struct taken *taken, const char *name, const struct range *range)
{
	taken->owner[taken->n] = name;
	taken->range[taken->n++] = *range;
}

static uint64_t cells(const fdt32_t *at)
{
	return (uint64_t)fdt32_to_cpu(at[0]) << 32 | fdt32_to_cpu(at[1]);
}

/* The node's two ranges; false after a line in the log. */
static bool read_reg(const void *fdt, int node, const char *name,
		     struct range *range)
{
	static const char names[] = "header\0memory";
	static const char *const what[] = { "header", "memory" };
	const fdt32_t *reg;
	const char *text;
	int len;

	reg = fdt_getprop(fdt, node, "reg", &len);
	if (!reg || len != CELLS * (int)sizeof(*reg)) {
		ofl_log_printf("offload: %s refused: reg must be two 64-bit addresses with sizes\n",
			       name);
		return false;
	}
	text = fdt_getprop(fdt, node, "reg-names", &len);
	if (!text || len != (int)sizeof(names) ||
	    memcmp(text, names, sizeof(names))) {
		ofl_log_printf("offload: %s refused: reg-names must be \"header\", \"memory\"\n",
			       name);
		return false;
	}
	for (int i = 0; i < 2; i++) {
		const char *fault;

		range[i].pa = cells(&reg[4 * i]);
		range[i].size = cells(&reg[4 * i + 2]);
		fault = range_fault(&range[i]);
		if (!fault && i == 0 && range[i].size < OFL_VDEV_SIZE)
			fault = "is too small";
		if (fault) {
			ofl_log_printf("offload: %s refused: its %s, %llx bytes at %llx, %s\n",
				       name, what[i],
				       (unsigned long long)range[i].size,
				       (unsigned long long)range[i].pa, fault);
			return false;
		}
	}
	if (overlap(&range[0], &range[1])) {
		ofl_log_printf("offload: %s refused: its header and memory overlap\n",
			       name);
		return false;
	}
	return true;
}

static bool is_pool(const void *fdt, int node)
{
	return !fdt_node_check_compatible(fdt, node, OFL_FDT_POOL);
}

/* The pool; another one, or a bad one, is refused. */
static void read_pool(const void *fdt, int node, struct taken *taken, uint32_t epoch)
{
	const char *fault = NULL;
	struct range range;
	char name[sizeof(((struct ofl_virtio *)0)->name)];
	const fdt32_t *reg;
	int len;

	copy_name(name, sizeof(name), fdt_get_name(fdt, node, NULL));
	reg = fdt_getprop(fdt, node, "reg", &len);
	if (!reg || len != CELLS / 2 * (int)sizeof(*reg)) {
		fault = "reg must be one 64-bit address with size";
	} else if (ofl_pool_range.va) {
		fault = "there is one already";
	} else if (!fdt_getprop(fdt, node, "dma-coherent", NULL)) {
		fault = "not dma-coherent";
	} else {
		range = (struct range){ cells(reg), cells(reg + 2) };
		fault = range_fault(&range);
	}
	if (fault) {
		ofl_log_printf("offload: %s refused: %s\n", name, fault);
		return;
	}
	if (!is_free(taken, name, &range))
		return;
	take(taken, "the pool", &range);
	ofl_pool_range = (struct ofl_pool_range){
		.va = ofl_window_va + (range.pa - ofl_boot->info.window_pa),
		.pa = range.pa,
		.size = range.size,
		.epoch = epoch,
	};
}

/* NULL: none, or not text. */
static const char *text_property(const void *fdt, int node, const char *name)
{
	const char *text;
	int len;

	text = fdt_getprop(fdt, node, name, &len);
	return text && len > 0 && !text[len - 1] ? text : NULL;
}

/* One child of the root.  1: dev is a device; 0: it is not. */
static int read_node(const void *fdt, int node, struct ofl_virtio *dev,
		     struct taken *taken)
{
	uint64_t base = ofl_boot->info.window_pa;
	struct range range[2];

	copy_name(dev->name, sizeof(dev->name), fdt_get_name(fdt, node, NULL));
	if (fdt_node_check_compatible(fdt, node, OFL_FDT_DEVICE)) {
		ofl_log_printf("offload: %s ignored: not compatible with " OFL_FDT_DEVICE "\n",
			       dev->name);
		return 0;
	}
	if (!fdt_getprop(fdt, node, "dma-coherent", NULL)) {
		ofl_log_printf("offload: %s refused: not dma-coherent\n",
			       dev->name);
		return 0;
	}
	if (!read_reg(fdt, node, dev->name, range))
		return 0;
	if (!is_free(taken, dev->name, &range[0]) ||
	    !is_free(taken, dev->name, &range[1]))
		return 0;
	copy_name(dev->options, sizeof(dev->options),
		  text_property(fdt, node, OFL_FDT_OPTIONS));
	dev->hdr = (struct ofl_vdev *)(void *)(ofl_window_va +
					       (range[0].pa - base));
	dev->mem.va = ofl_window_va + (range[1].pa - base);
	dev->mem.pa = range[1].pa;
	dev->mem.size = range[1].size;
	dev->mem.used = 0;
	if (ofl_virtio_open(dev))
		return 0;
	take(taken, dev->name, &range[0]);
	take(taken, dev->name, &range[1]);
	return 1;
}

static bool cells_are(const void *fdt, const char *name, uint32_t value)
{
	const fdt32_t *cell;
	int len;

	cell = fdt_getprop(fdt, 0, name, &len);
	return cell && len == (int)sizeof(*cell) && fdt32_to_cpu(*cell) == value;
}

/* The root node: 0 or -errno after a line in the log. */
static int check_root(const void *fdt)
{
	const fdt32_t *abi;
	int len;

	abi = fdt_getprop(fdt, 0, "offload,abi", &len);
	if (fdt_node_check_compatible(fdt, 0, OFL_FDT_WINDOW) || !abi ||
	    len != (int)sizeof(*abi)) {
		ofl_log_printf("offload: the device tree in the window is not of " OFL_FDT_WINDOW "\n");
		return -EINVAL;
	}
	if (fdt32_to_cpu(*abi) != OFL_ABI_VERSION) {
		ofl_log_printf("offload: the device tree has ABI version %u, this image %u\n",
			       fdt32_to_cpu(*abi), OFL_ABI_VERSION);
		return -EPROTONOSUPPORT;
	}
	if (!cells_are(fdt, "#address-cells", 2) ||
	    !cells_are(fdt, "#size-cells", 2)) {
		ofl_log_printf("offload: the device tree must have 2 address and 2 size cells\n");
		return -EINVAL;
	}
	return 0;
}

static int read_blob(const void *fdt, struct ofl_virtio *dev, unsigned int max,
		     uint32_t epoch)
{
	struct taken taken = { 0 };
	unsigned int n = 0;
	int node, err;

	err = check_root(fdt);
	if (err)
		return err;
	fdt_for_each_subnode(node, fdt, 0) {
		if (is_pool(fdt, node))
			continue;
		if (n == max || n == OFL_DEVICES_MAX) {
			ofl_log_printf("offload: more than %u devices; the others are ignored\n",
				       n);
			break;
		}
		memset(&dev[n], 0, sizeof(dev[n]));
		dev[n].epoch = epoch;
		n += (unsigned int)read_node(fdt, node, &dev[n], &taken);
	}
	/* It yields to the devices. */
	fdt_for_each_subnode(node, fdt, 0)
		if (is_pool(fdt, node))
			read_pool(fdt, node, &taken, epoch);
	return (int)n;
}

/* The control page: 0 and the blob's size, or -errno after a line. */
static int check_control(uint32_t *fdt_size)
{
	struct ofl_window *win = ofl_window();
	uint64_t magic = __atomic_load_n(&win->pmm.magic, __ATOMIC_ACQUIRE);
	uint32_t abi = __atomic_load_n(&win->pmm.abi, __ATOMIC_RELAXED);

	if (magic != OFL_WIN_MAGIC) {
		ofl_log_printf("offload: the PMM did not lay out the window (magic %llx)\n",
			       (unsigned long long)magic);
		return -EINVAL;
	}
	if (abi != OFL_ABI_VERSION) {
		ofl_log_printf("offload: the PMM has ABI version %u, this image %u\n",
			       abi, OFL_ABI_VERSION);
		return -EPROTONOSUPPORT;
	}
	*fdt_size = __atomic_load_n(&win->pmm.fdt_size, __ATOMIC_RELAXED);
	if (*fdt_size < sizeof(struct fdt_header) ||
	    *fdt_size > OFL_WIN_FDT_MAX) {
		ofl_log_printf("offload: device tree of %u bytes in the window, at most %u fit\n",
			       *fdt_size, OFL_WIN_FDT_MAX);
		return -EINVAL;
	}
	return 0;
}

int ofl_devtree_read(struct ofl_virtio *dev, unsigned int max, uint32_t epoch)
{
	uint32_t size;
	void *fdt;
	int ret;

	if (!ofl_window_va || ofl_boot->info.window_size < OFL_WIN_SIZE_MIN) {
		ofl_log_printf("offload: the shared window is too small\n");
		return -EINVAL;
	}
	ofl_pool_range.va = NULL;
	ret = check_control(&size);
	if (ret)
		return ret;
	fdt = malloc(size);
	if (!fdt) {
		ofl_log_printf("offload: no memory for a device tree of %u bytes\n",
			       size);
		return -ENOMEM;
	}
	memcpy(fdt, ofl_window_va + OFL_WIN_FDT_OFF, size);
	/* Nobody writes the formats before 16, and of all readers theirs is tested least. */
	if (size >= sizeof(struct fdt_header) && fdt_version(fdt) < FDT_VERSION_MIN)
		ret = -FDT_ERR_BADVERSION;
	else
		ret = fdt_check_full(fdt, size);
	if (ret) {
		ofl_log_printf("offload: the device tree in the window is malformed: %s\n",
			       fdt_strerror(ret));
		ret = -EINVAL;
	} else {
		ret = read_blob(fdt, dev, max, epoch);
	}
	free(fdt);
	return ret;
}
