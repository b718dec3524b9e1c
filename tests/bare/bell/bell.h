/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFL_TEST_BELL_H
#define OFL_TEST_BELL_H

#include <stdbool.h>
#include <stdint.h>

/* Is our doorbell pending at this core's interrupt controller? */
bool bell_pending(void);
/* A place like boot->host.bell where nobody listens. */
uint64_t bell_elsewhere(uint64_t place);

#endif
