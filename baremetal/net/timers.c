// SPDX-License-Identifier: BSD-2-Clause
/*
 * lwIP's timers, without memory.  Its own are allocated anew whenever one was due,
 * and it panics if that fails: a program that has used up its memory, and lives with
 * that, would be ended by them.
 */
#include <stdbool.h>

#include "lwip/sys.h"
#include "lwip/timeouts.h"

#define TIMERS 16 /* more than it has */

static u32_t due[TIMERS];
static u32_t first_due; /* no timer is due before it */

void sys_timeouts_init(void)
{
	u32_t now = sys_now();

	LWIP_ASSERT("a time for each timer", lwip_num_cyclic_timers <= TIMERS);
	for (int i = 0; i < lwip_num_cyclic_timers; i++)
		due[i] = now + lwip_cyclic_timers[i].interval_ms;
	first_due = now;
}

static bool is_over(u32_t time, u32_t now)
{
	return (s32_t)(now - time) >= 0;
}

void sys_check_timeouts(void)
{
	u32_t now = sys_now();

	if (!is_over(first_due, now))
		return;
	first_due = now + LWIP_UINT32_MAX / 4;
	for (int i = 0; i < lwip_num_cyclic_timers; i++) {
		const struct lwip_cyclic_timer *timer = &lwip_cyclic_timers[i];

		if (is_over(due[i], now)) {
			due[i] += timer->interval_ms;
			if (is_over(due[i], now)) /* nobody looked for long */
				due[i] = now + timer->interval_ms;
			timer->handler();
		}
		if (is_over(due[i], first_due))
			first_due = due[i];
	}
}
