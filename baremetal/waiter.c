// SPDX-License-Identifier: BSD-2-Clause
#include "waiter.h"

#include "devices.h"
#include "wait.h"

#define FOREVER UINT64_MAX

void ofl_progress_all(void)
{
	ofl_devices_check();
	ofl_devices_progress();
}

void ofl_waiter_start(struct ofl_waiter *w, uint64_t timeout)
{
	uint64_t now = timeout ? ofl_now_ns() : 0;

	w->deadline = !timeout || timeout > FOREVER - now ? FOREVER :
							    now + timeout;
	w->spins = 0;
	w->armed = false;
}

bool ofl_waiter_step(struct ofl_waiter *w)
{
	bool look = ofl_wait_may_sleep(w->spins) || w->spins % 256 == 255;

	if (look && w->deadline != FOREVER && ofl_now_ns() >= w->deadline)
		return false;
	if (w->spins >= ofl_wait_sleep_at / 2 && !w->armed) {
		ofl_devices_arm(true);
		w->armed = true;
	} else {
		ofl_platform_wait(w->spins);
		if (w->spins < ~0u)
			w->spins++;
	}
	ofl_progress_all();
	return true;
}

void ofl_waiter_end(struct ofl_waiter *w)
{
	if (w->armed)
		ofl_devices_arm(false);
}
