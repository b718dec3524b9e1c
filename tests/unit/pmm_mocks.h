/* SPDX-License-Identifier: BSD-2-Clause */
/* What several tests of the daemon have in the place of its loop and its options. */
#ifndef PMM_MOCKS_H
#define PMM_MOCKS_H

#include <stdlib.h>

#include "pmm/loop.h"
#include "pmm/options.h"

int ofl_loop_watch(struct ofl_loop *loop, struct ofl_source *source, uint32_t events)
{
	(void)loop;
	source->events = events;
	return 0;
}

int ofl_options_size(const char *text, uint64_t *size)
{
	*size = strtoull(text, NULL, 0);
	return 0;
}

#endif
