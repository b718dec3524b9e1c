/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A wait for anything that a device may bring: sockets' and poll()'s.
 *
 * It looks, spins, asks the devices to call (arm), looks once more, and only then lets
 * the platform sleep, so that no wake-up is lost.
 */
#ifndef OFFLOAD_WAITER_H
#define OFFLOAD_WAITER_H

#include <stdbool.h>
#include <stdint.h>

struct ofl_waiter {
	uint64_t deadline;
	unsigned int spins;
	bool armed;
};

/* timeout in ns; 0 stands for "none", as in struct ofl_socket. */
void ofl_waiter_start(struct ofl_waiter *w, uint64_t timeout);
/* One step, then progress.  False: time is up. */
bool ofl_waiter_step(struct ofl_waiter *w);
void ofl_waiter_end(struct ofl_waiter *w);
/* Take what all devices of sockets have. */
void ofl_progress_all(void);

#endif
