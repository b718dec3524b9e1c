/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A few threads for what may take for ever: the loop hands a job over and hears
 * of its end through a descriptor.  A job cannot be cancelled: the kernel has
 * it.  Whoever submitted it decides what its late end still means.
 */
#ifndef OFL_PMM_WORK_H
#define OFL_PMM_WORK_H

#include <stdbool.h>

#define OFL_WORKERS_MAX 64u

struct ofl_job {
	void (*run)(struct ofl_job *job);  /* in a thread of the pool */
	void (*done)(struct ofl_job *job); /* in the loop, from collect */
	struct ofl_job *next;
};

struct ofl_pool;

/* A pool of at most `workers` threads; they start with the first job. */
struct ofl_pool *ofl_pool_new(unsigned int workers);

/* 0, or -errno: there is not a single thread, and the job stays the caller's. */
int ofl_pool_submit(struct ofl_pool *pool, struct ofl_job *job);

/* True: no thread has begun with it, and it is the caller's again. */
bool ofl_pool_cancel(struct ofl_pool *pool, struct ofl_job *job);

/* Readable when a job has ended; cheaper to ask than to poll. */
int ofl_pool_fd(const struct ofl_pool *pool);
bool ofl_pool_pending(const struct ofl_pool *pool);

/* Call done() of what has ended.  True if there was any. */
bool ofl_pool_collect(struct ofl_pool *pool);

/*
 * Wait at most timeout_ms for the jobs under way, and free the pool; what ended
 * meanwhile is collected.  False: some hang, and the pool stays for
 * ever, as their memory must.
 */
bool ofl_pool_free(struct ofl_pool *pool, int timeout_ms);

/* The CPUs that workers may use: as they were before --cpu took effect. */
void ofl_pool_remember_cpus(void);

#endif
