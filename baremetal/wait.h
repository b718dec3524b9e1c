/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bounded wait for the PMM.
 *
 *	struct ofl_wait wait = OFL_WAIT(timeout_ns);
 *
 *	while (!done())
 *		if (ofl_wait_step(&wait))
 *			return -ETIMEDOUT;
 *
 * done() is always looked at between two steps: a platform may announce in
 * one step that it is going to sleep, and sleep only in the next one, so that
 * work published in between is never missed; a full fence stands behind the
 * announcement.  The clock is read now and then
 * only; a wait that ends soon never reads it.
 */
#ifndef OFFLOAD_WAIT_H
#define OFFLOAD_WAIT_H

#include <errno.h>

#include "platform.h"

struct ofl_wait {
	uint64_t timeout;
	uint64_t deadline; /* 0: not yet known */
	unsigned int spins;
};

#define OFL_WAIT(ns) { .timeout = (ns), .deadline = 0, .spins = 0 }

#define OFL_MS 1000000ull
#define OFL_SEC 1000000000ull

/*
 * From so many steps on a platform may sleep, and the clock is read in each.
 * ofl_wait_spins() changes it; OFL_SPIN_ONLY: it never sleeps.
 */
#define OFL_WAIT_SPINS 4096u
extern unsigned int ofl_wait_sleep_at;

static inline bool ofl_wait_may_sleep(unsigned int spins)
{
	return spins >= ofl_wait_sleep_at && ofl_wait_sleep_at != OFL_SPIN_ONLY;
}

/* 0, or -ETIMEDOUT. */
static inline int ofl_wait_step(struct ofl_wait *wait)
{
	ofl_platform_wait_until(wait->spins, wait->deadline);
	if (wait->spins < ~0u)
		wait->spins++;
	if (!ofl_wait_may_sleep(wait->spins) && wait->spins % 256)
		return 0;
	if (!wait->deadline)
		wait->deadline = ofl_now_ns() + wait->timeout;
	return ofl_now_ns() < wait->deadline ? 0 : -ETIMEDOUT;
}

#endif
