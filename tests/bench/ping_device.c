/* SPDX-License-Identifier: BSD-2-Clause */
/* The device's side of the ping: the PMM's own ring code, polled. */
#include "ping.h"

#include <stdio.h>

#include "pmm/mem.h"
#include "pmm/vq.h"

void ping_serve(uint8_t *window, struct ping_lines *lines)
{
	struct ofl_mem mem = { window, PING_PA, PING_WINDOW };
	struct ofl_vq_chain chain;
	uint8_t data[PING_BYTES];
	struct ofl_vq vq;
	uint64_t seen = 0, ask;
	int ret;

	if (ofl_vq_setup(&vq, &mem, &lines->queue, OFL_VQ_SIZE_MAX, true)) {
		fprintf(stderr, "ping: %s\n", vq.why);
		return;
	}
	/* Tells the driver that the ring is there. */
	__atomic_store_n(&lines->answer, ~0ull, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&lines->quit, __ATOMIC_RELAXED)) {
		ask = __atomic_load_n(&lines->ask, __ATOMIC_ACQUIRE);
		if (ask != seen) {
			seen = ask;
			__atomic_store_n(&lines->answer, ask, __ATOMIC_RELEASE);
			continue;
		}
		ret = ofl_vq_pop(&vq, &chain);
		if (ret < 0) {
			fprintf(stderr, "ping: %s\n", vq.why);
			return;
		}
		if (!ret)
			continue;
		ofl_vq_copy_out(&vq, &chain, 0, data, sizeof(data));
		ofl_vq_copy_in(&vq, &chain, 0, data, sizeof(data));
		ofl_vq_push(&vq, chain.head, sizeof(data));
		ofl_vq_should_call(&vq);
	}
}
