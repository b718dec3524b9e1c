// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>

#include "loader.h"
#include "say.h"

int ofl_host_prepare(struct ofl_loader *l)
{
	(void)l;
	ofl_say("core=other: there is no stand-in host yet");
	return -ENOTSUP;
}

void ofl_host_run(struct ofl_loader *l)
{
	ofl_machine_end(l);
}
