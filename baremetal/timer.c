// SPDX-License-Identifier: BSD-2-Clause
/*
 * Timers (include/offload/rt.h): a list sorted by deadline over one one-shot
 * hardware timer, which is always set to the first deadline.
 *
 * The list is touched with interrupts masked only.  A timer is taken off, and
 * a periodic one put back for its next period, before its handler is called,
 * so that the handler may stop or restart it.
 */
#include <errno.h>

#include "core.h"

/*
 * Handlers called in one interrupt.  With periods shorter than its own
 * handlers take, an image would never leave the loop; so it gets some time of
 * its own between two rounds.
 */
#define ROUND_MAX 16
#define BREATH_NS 10000u

static struct ofl_timer *armed;

static void insert_at(struct ofl_timer *timer, uint64_t deadline)
{
	struct ofl_timer **link = &armed;

	while (*link && (*link)->deadline <= deadline)
		link = &(*link)->next;
	timer->deadline = deadline;
	timer->next = *link;
	timer->armed = true;
	*link = timer;
}

static void set_hardware(void)
{
	if (armed)
		ofl_timer_hw_set(armed->deadline);
	else
		ofl_timer_hw_off();
}

int ofl_timer_start(struct ofl_timer *timer, uint64_t first, uint64_t period,
		    ofl_timer_fn fn, void *arg)
{
	unsigned long flags;

	if (!fn)
		return -EINVAL;
	flags = ofl_irq_save();
	if (timer->armed) {
		ofl_irq_restore(flags);
		return -EBUSY;
	}
	timer->period = period;
	timer->fn = fn;
	timer->arg = arg;
	timer->expirations = 0;
	timer->overruns = 0;
	insert_at(timer, first);
	if (armed == timer)
		set_hardware();
	ofl_irq_restore(flags);
	return 0;
}

int ofl_timer_stop(struct ofl_timer *timer)
{
	unsigned long flags = ofl_irq_save();
	struct ofl_timer **link = &armed;
	int err = -EINVAL;

	while (*link && *link != timer)
		link = &(*link)->next;
	if (*link) {
		bool first = link == &armed;

		*link = timer->next;
		timer->next = NULL;
		timer->armed = false;
		if (first)
			set_hardware();
		err = 0;
	}
	ofl_irq_restore(flags);
	return err;
}

/* A period or more late: the next deadline is the first of its phase behind now. */
static void __attribute__((noinline)) catch_up(struct ofl_timer *timer, uint64_t now)
{
	uint64_t missed = (now - timer->deadline) / timer->period;
	uint64_t room = UINT64_MAX - timer->deadline;

	timer->overruns += missed;
	if (missed + 1 <= room / timer->period)
		insert_at(timer, timer->deadline + (missed + 1) * timer->period);
}

static inline void expire(struct ofl_timer *timer, uint64_t now)
{
	armed = timer->next;
	timer->next = NULL;
	timer->armed = false;
	if (timer->period) {
		uint64_t next = timer->deadline + timer->period;

		/* Nearly always it is in time; only who is late has to divide. */
		if (next < timer->period)
			; /* that was the end of time */
		else if (next > now)
			insert_at(timer, next);
		else
			catch_up(timer, now);
	}
	timer->expirations++;
	timer->fn(timer, timer->arg);
}

void ofl_timer_interrupt(void)
{
	for (unsigned int i = 0; armed; i++) {
		uint64_t now = ofl_now_ns();

		if (armed->deadline > now)
			break;
		if (i == ROUND_MAX) {
			/* An overdue deadline could interrupt again at once. */
			ofl_timer_hw_set(now + BREATH_NS);
			return;
		}
		expire(armed, now);
	}
	set_hardware();
}
