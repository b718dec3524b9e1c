/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * To look on, or to sleep.
 *
 * When an image wants something again soon, looking for it saves the way into
 * sleep and out of it, which is dozens of microseconds.  When it does not, looking
 * is a CPU's time for nothing.  So the time for which the loop looks (the limit)
 * follows what has come of looking:
 *
 * - Work came after a gap that was looked through: from now on four times that, if
 *   it is more than it was, and --spin at most.
 * - None came: half as long the next time, down to the floor.  The floor is not
 *   nothing: an image that has been woken sends its next request within a few
 *   microseconds, so that the first request after a pause brings the limit back.
 * - Work came so soon after falling asleep that looking for as long as --spin allows would
 *   have met it: try that.  How soon is not known exactly, because a sleep takes
 *   its own time (the cost) beside the time that was waited; the shortest sleep of late is
 *   taken for it, which may be too much.  So each try that fails doubles the
 *   number of such sleeps before the next one, and one that succeeds is believed.
 *
 * The clock is looked at every SPIN_LOOKS looks only; work that comes before the
 * first of them has no gap worth the name.
 */
#include "spin.h"

#include "log.h"

#define SPIN_LOOKS 8u /* a power of two */
#define SPIN_FLOOR_NS 4000u
#define SPIN_COST_NS 50000u /* what is believed at first */
#define SPIN_COST_MAX_NS 200000u
#define SPIN_DOUBT_MAX 127u

static uint64_t spin_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void ofl_spin_init(struct ofl_spin *spin, uint32_t max_us, uint64_t (*now)(void))
{
	*spin = (struct ofl_spin){ .now = now, .cost = SPIN_COST_NS };
	spin->max = max_us == OFL_SPIN_ALWAYS ? UINT64_MAX : (uint64_t)max_us * 1000;
	spin->floor = max_us == OFL_SPIN_ALWAYS ? UINT64_MAX :
						  spin_min(spin->max, SPIN_FLOOR_NS);
	spin->limit = spin->max;
}

/* Looking met the work, after this gap. */
static void spin_paid(struct ofl_spin *spin, uint64_t gap)
{
	uint64_t want = spin_min(gap << 2, spin->max);

	spin->count.spins_paid += spin->limit != 0;
	if (spin->trying && gap > spin->proven) {
		spin->trying = false;
		spin->doubt = 0;
	}
	if (want > spin->limit)
		spin->limit = want;
}

/* Looking met nothing. */
static void spin_failed(struct ofl_spin *spin)
{
	if (spin->trying) {
		spin->trying = false;
		spin->doubt = spin->doubt * 2 + 1;
		if (spin->doubt > SPIN_DOUBT_MAX)
			spin->doubt = SPIN_DOUBT_MAX;
		spin->doubted = spin->doubt;
	}
	spin->limit >>= 1;
	if (spin->limit < spin->floor)
		spin->limit = spin->floor;
}

/* A sleep ended with work.  Would looking have met it? */
static void spin_woken(struct ofl_spin *spin)
{
	uint64_t sleep = spin->last_sleep;

	spin->count.wakes_paid++;
	if (sleep < spin->cost)
		spin->cost -= (spin->cost - sleep) >> 3;
	else
		spin->cost += (spin_min(sleep, spin->cost << 1) - spin->cost) >> 5;
	spin->cost = spin_min(spin->cost, SPIN_COST_MAX_NS);

	if (spin->limit == spin->max || spin->gap > spin->max + spin->cost)
		return;
	if (spin->doubted) {
		spin->doubted--;
		return;
	}
	spin->trying = true;
	spin->proven = spin->limit;
	spin->limit = spin->max;
}

void ofl_spin_found(struct ofl_spin *spin)
{
	if (spin->slept)
		spin_woken(spin);
	else
		spin_paid(spin, spin->looks < SPIN_LOOKS ? 0 : spin->now() - spin->since);
	spin->slept = false;
	spin->looks = 0;
}

bool ofl_spin_on(struct ofl_spin *spin)
{
	uint64_t now;

	if (!spin->looks)
		spin->count.spins += spin->limit != 0;
	/* Who was woken for nothing sleeps on. */
	if (++spin->looks % SPIN_LOOKS)
		return spin->limit && !spin->slept;
	if (!spin->limit || spin->slept)
		return false;
	now = spin->now();
	if (spin->looks == SPIN_LOOKS)
		spin->since = now;
	return now - spin->since < spin->limit;
}

void ofl_spin_sleep(struct ofl_spin *spin)
{
	uint64_t now = spin->now();

	spin->count.sleeps++;
	if (!spin->slept) {
		spin->gap = spin->limit ? now - spin->since : 0;
		spin_failed(spin);
	}
	spin->slept = true;
	spin->last_sleep = now;
}

void ofl_spin_wake(struct ofl_spin *spin)
{
	spin->last_sleep = spin->now() - spin->last_sleep;
	spin->gap += spin->last_sleep;
}

void ofl_spin_stats(const struct ofl_spin *spin)
{
	ofl_log("loop: looked on %llu times, %llu times for something; slept %llu times, woken for work %llu times",
		(unsigned long long)spin->count.spins,
		(unsigned long long)spin->count.spins_paid,
		(unsigned long long)spin->count.sleeps,
		(unsigned long long)spin->count.wakes_paid);
	if (spin->max == UINT64_MAX)
		ofl_log("loop: looks on without an end");
	else
		ofl_log("loop: looks on for %llu us now, a sleep takes %llu us at least",
			(unsigned long long)(spin->limit / 1000),
			(unsigned long long)(spin->cost / 1000));
}
