/* SPDX-License-Identifier: BSD-2-Clause */
/* No image at all: the shares are served on sockets only (--serve-9p). */
#include "log.h"
#include "p9sock.h"
#include "pmm.h"

static int none_open(struct ofl_pmm *pmm)
{
	(void)pmm;
	return 0;
}

static int none_start(struct ofl_pmm *pmm)
{
	ofl_log("serving %u share(s) on sockets, no image", pmm->opt->nr_shares);
	return 0;
}

static void none_check(struct ofl_pmm *pmm)
{
	unsigned int i;

	for (i = 0; pmm->opt->once && i < pmm->nr_serving; i++)
		if (!ofl_p9sock_over(pmm->serving[i]))
			return;
	if (!pmm->opt->once)
		return;
	ofl_log("the last client has hung up");
	pmm->stop = true;
}

static int none_sleep_ms(struct ofl_pmm *pmm)
{
	(void)pmm;
	return -1;
}

static void none_close(struct ofl_pmm *pmm)
{
	(void)pmm;
}

const struct ofl_host_ops ofl_host_none = {
	.open = none_open,
	.start = none_start,
	.check = none_check,
	.sleep_ms = none_sleep_ms,
	.close = none_close,
};
