// SPDX-License-Identifier: BSD-2-Clause
/*
 * Discovery in the window.  Input: the blob; two device headers are there and
 * good.  What is found must lie in the window and not overlap.
 */
#include "tests/unit/rt_mock.h"
#include "fuzz.h"

#include "baremetal/devtree.c"
#include "baremetal/virtio.c"
#include "baremetal/vq.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ofl_virtio devs[OFL_DEVICES_MAX];
	struct ofl_window *win = ofl_window();
	int n;

	if (size > OFL_WIN_FDT_MAX)
		size = OFL_WIN_FDT_MAX;
	sim_reset(3, 1);
	for (unsigned int off = 0x10000; off <= 0x17000; off += 0x7000) {
		struct ofl_vdev *hdr = (void *)(window_mem + off);

		hdr->id.magic = OFL_VDEV_MAGIC;
		hdr->id.version = OFL_VDEV_VERSION;
		hdr->id.nr_queues = 1;
	}
	memcpy(window_mem, data, size);
	memset(window_mem + size, 0, OFL_WIN_FDT_MAX - size);
	win->pmm.magic = OFL_WIN_MAGIC;
	win->pmm.abi = OFL_ABI_VERSION;
	win->pmm.epoch = 1;
	win->pmm.fdt_size = (uint32_t)size;
	n = ofl_devtree_read(devs, OFL_DEVICES_MAX, 1);
	MUST(n <= (int)OFL_DEVICES_MAX);
	for (int i = 0; i < n; i++) {
		uint8_t *hdr = (uint8_t *)devs[i].hdr;
		struct ofl_devmem *mem = &devs[i].mem;

		MUST(hdr >= window_mem + OFL_WIN_DEVICES_OFF &&
		     hdr + OFL_VDEV_SIZE <= window_mem + WIN_SIZE);
		MUST(mem->va >= window_mem + OFL_WIN_DEVICES_OFF && mem->size <= WIN_SIZE &&
		     mem->va + mem->size <= window_mem + WIN_SIZE);
		MUST(mem->pa - WIN_PA == (uint64_t)(mem->va - window_mem));
		MUST(mem->va >= hdr + OFL_VDEV_SIZE || mem->va + mem->size <= hdr);
		MUST(memchr(devs[i].name, '\0', sizeof(devs[i].name)));
		for (int j = 0; j < i; j++) {
			MUST(devs[i].hdr != devs[j].hdr);
			MUST(mem->va >= devs[j].mem.va + devs[j].mem.size ||
			     devs[j].mem.va >= mem->va + mem->size);
		}
	}
	return 0;
}
