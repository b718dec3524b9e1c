// SPDX-License-Identifier: BSD-2-Clause
/*
 * The runtime's rings, split and packed, under a hostile device.  Input: steps.  The driver adds,
 * kicks and takes chains back; between that the device writes what it likes to
 * all that it can write to, which is the whole memory of the queue.
 */
#include "tests/unit/rt_mock.h"
#include "fuzz.h"

#include "baremetal/virtio.c"
#include "baremetal/vq.c"

#define SIZE 8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ofl_vq_buf bufs[4] = {
		{ WIN_PA + 0x80000, 16 }, { WIN_PA + 0x80100, 32 },
		{ WIN_PA + 0x80200, 64 }, { WIN_PA + 0x80300, 128 },
	};
	static char cookies[64];
	struct fuzz_in in = { data, size };
	static struct ofl_virtio dev;
	unsigned int with_device = 0;
	bool out[64] = { false };
	struct ofl_vq_desc *desc;
	struct ofl_vq vq;
	uint32_t layout;

	mock_steps = 0;
	pmm_step = NULL;
	sim_reset(4, 1);
	memset(&dev, 0, sizeof(dev));
	dev.hdr = sim_hdr();
	dev.mem = (struct ofl_devmem){ window_mem + MEM_OFF, WIN_PA + MEM_OFF, 0x4000, 0 };
	dev.epoch = 1;
	strcpy(dev.name, "virtio@test");
	MUST(!ofl_virtio_open(&dev));
	layout = fuzz_number(&in, 1);
	dev.features = (layout & 2 ? OFL_VIRTIO_F_RING_PACKED : 0) |
		       (layout & 4 ? OFL_VIRTIO_F_IN_ORDER : 0);
	MUST(!ofl_vq_init(&vq, &dev, 0, SIZE, layout & 1));
	for (unsigned int step = 0; in.left && step < 200; step++) {
		uint32_t what = fuzz_number(&in, 1), where, len = 0;
		unsigned int nr = what >> 4, id;
		void *cookie;
		int ret;

		switch (what & 7) {
		case 0:
			id = step % 64;
			if (out[id])
				break;
			ret = ofl_vq_add(&vq, bufs, nr & 1, nr >> 1 & 3, &cookies[id]);
			if (!ret) {
				out[id] = true;
				with_device++;
			}
			MUST(with_device <= SIZE);
			break;
		case 1:
			ofl_vq_kick(&vq);
			break;
		case 2:
		case 3:
			ret = what & 1 ? ofl_vq_get(&vq, &cookie, &len) :
					 ofl_vq_get_wait(&vq, &cookie, &len, 1000);
			MUST(ret == 1 || ret == 0 || ret == -EIO || ret == -ETIMEDOUT);
			if (ret != 1)
				break;
			/* Only what is there, each once, never longer than its room. */
			id = (unsigned int)((char *)cookie - cookies);
			MUST(id < 64 && out[id] && len <= 32 + 64 + 128);
			out[id] = false;
			with_device--;
			break;
		case 4: /* one used entry as it should be, but for the id */
			where = fuzz_number(&in, 1);
			if (vq.packed) {
				desc = &vq.desc[vq.last_used % SIZE];
				desc->packed.id = (uint16_t)where;
				desc->len = nr;
				desc->packed.flags = used_flags(&vq, vq.last_used);
				break;
			}
			vq.used->ring[vq.used->idx % SIZE].id = where;
			vq.used->ring[vq.used->idx % SIZE].len = nr;
			vq.used->idx++;
			break;
		default:
			where = fuzz_number(&in, 2) % 0x400;
			fuzz_take(&in, window_mem + MEM_OFF + where, nr);
			break;
		}
		MUST(vq.nr_free <= SIZE && vq.in_flight == with_device);
	}
	return 0;
}
