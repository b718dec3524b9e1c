/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each buffer is filled by getrandom() and goes back at once.  At most
 * RNG_BYTES of one chain are filled, and RNG_CHAINS chains in a turn, so that an
 * image that wants nothing but random bytes takes no more than its share of the
 * loop; the driver asks again.
 */
#include "rng.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define RNG_BYTES 1024u
#define RNG_CHAINS 8

static bool rng_serve(struct ofl_dev *dev)
{
	struct ofl_vq *vq = &dev->vq[0];
	struct ofl_vq_chain chain;
	uint8_t bytes[RNG_BYTES];
	uint32_t len;
	ssize_t n;
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
		len = chain.in_len < RNG_BYTES ? (uint32_t)chain.in_len :
						 RNG_BYTES;
		/* Waits only in the first moments of a machine; then 0 bytes. */
		n = getrandom(bytes, len, GRND_NONBLOCK);
		len = n < 0 ? 0 : ofl_vq_copy_in(vq, &chain, 0, bytes,
						 (uint32_t)n);
		ofl_vq_push(vq, chain.head, len);
	}
	if (!i)
		return false;
	explicit_bzero(bytes, sizeof(bytes));
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
		.nr_queues = 1,
		.mem_size = OFL_PAGE,
	};

	return &dev;
}
