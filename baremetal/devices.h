/* SPDX-License-Identifier: BSD-2-Clause */
/* The devices of the attached PMM. */
#ifndef OFFLOAD_DEVICES_H
#define OFFLOAD_DEVICES_H

#include <stdint.h>

/*
 * Find and start the devices of PMM number `epoch`: the first console takes
 * descriptors 0 to 2, the first 9p share is mounted on /, others on /TAG.  What
 * cannot be used is named in the log.  -errno if the window itself is unusable.
 */
int ofl_devices_attach(uint32_t epoch);
/*
 * Where a program's call begins, or waits: has the PMM gone, is there another one?
 * Then use its devices; may take as long as an attach does.  Costs a load otherwise.
 * No driver may be in the middle of something.
 */
void ofl_devices_check(void);
/* Before the core is given back: let the PMM take what is under way. */
void ofl_devices_drain(void);

#endif
