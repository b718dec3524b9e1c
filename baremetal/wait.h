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

/* From here on a platform may sleep, so the clock is read in every step. */
#define OFL_WAIT_SPINS 4096u

/* 0, or -ETIMEDOUT. */
static inline int ofl_wait_step(struct ofl_wait *wait)
{
	ofl_platform_wait(wait->spins);
	if (wait->spins < ~0u)
		wait->spins++;
	if (wait->spins < OFL_WAIT_SPINS && wait->spins % 256)
		return 0;
	if (!wait->deadline)
		wait->deadline = ofl_now_ns() + wait->timeout;
	return ofl_now_ns() < wait->deadline ? 0 : -ETIMEDOUT;
}

#endif
