// SPDX-License-Identifier: BSD-2-Clause
/* There are no threads here: the 9p server does all of its work at once. */
#include <errno.h>
#include <stddef.h>

#include <pmm/work.h>

int ofl_pool_submit(struct ofl_pool *pool, struct ofl_job *job)
{
	(void)pool;
	(void)job;
	return -EAGAIN;
}

bool ofl_pool_cancel(struct ofl_pool *pool, struct ofl_job *job)
{
	(void)pool;
	(void)job;
	return false;
}

bool ofl_pool_pending(const struct ofl_pool *pool)
{
	(void)pool;
	return false;
}

bool ofl_pool_collect(struct ofl_pool *pool)
{
	(void)pool;
	return false;
}
