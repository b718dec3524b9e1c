// SPDX-License-Identifier: BSD-2-Clause
/* The device's side of the ring benchmarks: the PMM's own ring code, polled. */
#include "ring.h"

#include "pmm/mem.h"
#include "pmm/vq.h"
#include "tests/bench/lib/bench.h"

static struct ofl_mem mem;
static struct ofl_vq vq;
static struct ofl_vq_chain chain;

void ring_device_setup(uint8_t *window, const struct ofl_vq_driver *line, uint64_t features)
{
	mem = (struct ofl_mem){ window, RING_PA, RING_WINDOW };
	(void)features;
	if (ofl_vq_setup(&vq, &mem, line, OFL_VQ_SIZE_MAX, true))
		bench_fail("device: %s", vq.why);
}

static void next_chain(void)
{
	uint64_t polls = 0;
	int ret;

	while (!(ret = ofl_vq_pop(&vq, &chain)))
		if (++polls >> 32)
			bench_fail("the driver is gone");
	if (ret < 0)
		bench_fail("device: %s", vq.why);
}

void ring_device_echo(uint32_t rounds)
{
	uint8_t data[RING_BYTES];

	while (rounds--) {
		next_chain();
		ofl_vq_copy_out(&vq, &chain, 0, data, sizeof(data));
		ofl_vq_copy_in(&vq, &chain, 0, data, sizeof(data));
		ofl_vq_push(&vq, chain.head, sizeof(data));
		ofl_vq_should_call(&vq);
	}
}
