// SPDX-License-Identifier: BSD-2-Clause
/* The device's side of the ring benchmarks: the PMM's own ring code, polled. */
#include "ring.h"

#include "pmm/mem.h"
#include "pmm/vq.h"
#include "tests/bench/lib/bench.h"

static struct ofl_mem mem;
static struct ofl_vq queue[RING_LAYOUTS];
static struct ofl_vq_chain chain;
static uint8_t data[RING_MAX];

void ring_device_setup(uint8_t *window, const struct ofl_vq_driver *line, enum ring_layout layout)
{
	struct ofl_vq *vq = &queue[layout];

	mem = (struct ofl_mem){ window, RING_PA, RING_WINDOW };
	if (ofl_vq_setup(vq, &mem, line, OFL_VQ_SIZE_MAX,
			 OFL_VQ_EVENT_IDX |
				 (layout == RING_PACKED ? OFL_VQ_PACKED | OFL_VQ_IN_ORDER : 0)))
		bench_fail("device: %s", vq->why);
}

void ring_device_serve(const struct ring_job *job)
{
	struct ofl_vq *vq = &queue[job->layout];
	uint32_t left = job->count, written;
	uint64_t polls = 0;
	bool pushed = false;
	int ret;

	while (left) {
		ret = ofl_vq_pop(vq, &chain);
		if (ret < 0)
			bench_fail("device: %s", vq->why);
		if (!ret) {
			if (pushed)
				ofl_vq_should_call(vq);
			pushed = false;
			if (++polls >> 32)
				bench_fail("the driver is gone");
			continue;
		}
		polls = 0;
		if (job->size)
			ofl_vq_copy_out(vq, &chain, 0, data, job->size);
		written = !chain.nr_in ? 0 :
			  job->size    ? ofl_vq_copy_in(vq, &chain, 0, data, job->size) :
					 1;
		ofl_vq_push(vq, chain.head, written);
		pushed = true;
		left--;
	}
	ofl_vq_should_call(vq);
}
