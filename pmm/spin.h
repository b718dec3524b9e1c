/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long to look for work before sleeping, learnt from what came of it (spin.c).
 *
 *	work was found:		if (spin->looks)
 *					ofl_spin_found(spin);
 *	none was:		if (ofl_spin_on(spin))
 *					look again;
 *	to sleep:		ofl_spin_sleep(spin); sleep; ofl_spin_wake(spin);
 */
#ifndef OFL_PMM_SPIN_H
#define OFL_PMM_SPIN_H

#include <stdbool.h>
#include <stdint.h>

/* As spin_us: never sleep. */
#define OFL_SPIN_ALWAYS UINT32_MAX

struct ofl_spin {
	uint64_t (*now)(void); /* ns */
	uint64_t max, floor;   /* ns; the limit is between them */
	uint64_t limit;
	uint64_t cost;	       /* ns; about the shortest sleep of late that ended with work */

	/* Since there was work last: */
	uint32_t looks;	       /* turns that found none; 0: this one had work */
	bool slept;
	uint64_t since;	       /* when it ended; known from the first look at the clock on */
	uint64_t last_sleep;   /* from when, then how long */
	uint64_t gap;	       /* looked for and slept, all together */

	bool trying;	       /* the limit was raised because a sleep was short */
	uint64_t proven;       /* the limit before that */
	uint32_t doubt;	       /* so many short sleeps prove nothing, after tries that failed */
	uint32_t doubted;

	struct {
		uint64_t spins, spins_paid, sleeps, wakes_paid;
	} count;
};

/* max_us: look no longer than this; 0: not at all. */
void ofl_spin_init(struct ofl_spin *spin, uint32_t max_us, uint64_t (*now)(void));
/* There is work again. */
void ofl_spin_found(struct ofl_spin *spin);
/* A turn found none.  True: look again; false: sleep. */
bool ofl_spin_on(struct ofl_spin *spin);
/* Around each sleep. */
void ofl_spin_sleep(struct ofl_spin *spin);
void ofl_spin_wake(struct ofl_spin *spin);
/* Log the counters. */
void ofl_spin_stats(const struct ofl_spin *spin);

#endif
