// SPDX-License-Identifier: BSD-2-Clause
#include "waiter.h"

#include "devices.h"
#include "net.h"
#include "tty.h"
#include "wait.h"

#define FOREVER UINT64_MAX

/* AF_INET and AF_INET6 are one stack. */
void ofl_progress_all(void)
{
	ofl_devices_check();
	ofl_family_vsock.progress();
	if (&ofl_net)
		ofl_net.inet->progress();
}

static void arm_all(bool on)
{
	ofl_family_vsock.arm(on);
	if (&ofl_net)
		ofl_net.inet->arm(on);
	ofl_tty_arm(on);
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
	bool look = w->spins >= OFL_WAIT_SPINS || w->spins % 256 == 255;

	if (look && w->deadline != FOREVER && ofl_now_ns() >= w->deadline)
		return false;
	if (w->spins >= OFL_WAIT_SPINS / 2 && !w->armed) {
		arm_all(true);
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
		arm_all(false);
}
