/* SPDX-License-Identifier: BSD-2-Clause */
/* What both hosts do with window and devices. */
#include "pmm.h"

#include <errno.h>
#include <string.h>

#include "console.h"
#include "log.h"
#include "window.h"

/* An image that died may have left this many turns of work in its queues. */
#define DRAIN_TURNS 1024
#define DRAIN_CONSOLE_MS 2000

int ofl_pmm_layout(struct ofl_pmm *pmm, bool fresh)
{
	const struct ofl_mem *mem = &pmm->mem;
	unsigned long long need = ofl_window_need(pmm->devs, pmm->nr_devs);
	int err;

	err = ofl_window_layout(mem, pmm->devs, pmm->nr_devs, fresh);
	if (err == -ENOSPC)
		ofl_log("window of %llu KiB is too small: console, %u shares and the rest need %llu KiB; "
			"give %s, or fewer or smaller shares",
			(unsigned long long)mem->size / 1024, pmm->opt->nr_shares,
			need / 1024,
			pmm->opt->socket ? "a larger --window" :
					   "the module a larger window=");
	else if (err)
		ofl_log("window of 0x%llx bytes at 0x%llx cannot be laid out: %s",
			(unsigned long long)mem->size,
			(unsigned long long)mem->pa, strerror(-err));
	return err;
}

bool ofl_pmm_poll(struct ofl_pmm *pmm)
{
	bool work = false, called = false;
	unsigned int i;

	for (i = 0; i < pmm->nr_devs; i++) {
		struct ofl_dev *dev = pmm->devs[i];

		work |= ofl_dev_poll(dev);
		called |= dev->called;
		dev->called = false;
	}
	if (called && pmm->host->ring && ofl_window_image_asleep(&pmm->mem))
		pmm->host->ring(pmm);
	return work;
}

void ofl_pmm_image_ended(struct ofl_pmm *pmm, int exit_status)
{
	unsigned int i, turns = 0;

	while (turns++ < DRAIN_TURNS && ofl_pmm_poll(pmm))
		;
	if (pmm->console)
		ofl_console_drain(pmm->console, DRAIN_CONSOLE_MS);
	for (i = 0; i < pmm->nr_devs; i++)
		ofl_dev_forget(pmm->devs[i]);
	if (pmm->opt->once) {
		pmm->exit_status = exit_status;
		pmm->stop = true;
	}
}
