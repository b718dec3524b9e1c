// SPDX-License-Identifier: BSD-2-Clause
#include "wait.h"

#include <offload/rt.h>

unsigned int ofl_wait_sleep_at = OFL_WAIT_SPINS;

void ofl_wait_spins(unsigned int spins)
{
	ofl_wait_sleep_at = spins;
}
