/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each buffer is filled by getrandom(), in place, and goes back at once.  At most
 * RNG_BYTES of one chain are filled, and RNG_CHAINS chains in a turn, so that an
 * image that wants nothing but random bytes takes no more than its share of the
 * loop; the driver asks again.
 */
#include "rng.h"

#include <errno.h>
#include <sys/random.h>

#define RNG_BYTES 4096u
#define RNG_CHAINS 8

/* As many bytes as there are, from the start; how many. */
static uint32_t rng_fill(const struct ofl_mem *mem, const struct ofl_vq_chain *chain)
{
	uint32_t done = 0, len;
	unsigned int i;
	ssize_t n;

	for (i = 0; i < chain->nr_in && done < RNG_BYTES; i++) {
		len = chain->seg[i].len;
		if (len > RNG_BYTES - done)
			len = RNG_BYTES - done;
		/* Waits only in the first moments of a machine; then 0 bytes. */
		n = getrandom(ofl_mem_at(mem, chain->seg[i].pa, len), len,
			      GRND_NONBLOCK);
		if (n > 0)
			done += (uint32_t)n;
		if (n != (ssize_t)len)
			break;
	}
	return done;
}

static bool rng_serve(struct ofl_dev *dev)
{
	struct ofl_vq *vq = &dev->vq[0];
	struct ofl_vq_chain chain;
	int i, got;

	if (!ofl_dev_live(dev, 0))
		return false;
	for (i = 0; i < RNG_CHAINS; i++) {
		got = ofl_vq_pop(vq, &chain);
		if (got < 0) {
			ofl_dev_break(dev, "request queue: %s", vq->why);
			return true;
		}
		if (!got)
			break;
		if (chain.nr_out) {
			ofl_dev_break(dev, "request queue: readable buffer");
			return true;
		}
		ofl_vq_push(vq, chain.head, rng_fill(dev->mem, &chain));
	}
	if (!i)
		return false;
	ofl_dev_call(dev, 0);
	return true;
}

static void rng_reset(struct ofl_dev *dev)
{
	(void)dev; /* it has no state */
}

static const struct ofl_dev_ops rng_ops = {
	.reset = rng_reset,
	.serve = rng_serve,
};

struct ofl_dev *ofl_rng_dev(void)
{
	static struct ofl_dev dev = {
		.ops = &rng_ops,
		.name = "entropy",
		.device_id = OFL_ID_RNG,
		.in_order = true,
		.nr_queues = 1,
		.mem_size = OFL_PAGE,
	};

	return &dev;
}
