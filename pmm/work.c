/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Worker threads; the contract is in work.h.
 *
 * Two lists under one lock: jobs to do, jobs that ended.  Threads are made when
 * a job comes and none is free, so a daemon that never blocks has none.  They do
 * not inherit what --cpu and --sched made of the loop: a file system's
 * work does not belong on its core or before it.
 */
#define _GNU_SOURCE 1
#include "work.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define WORK_STACK (256u * 1024)

struct ofl_pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;  /* a job is there, or the end */
	pthread_cond_t ended; /* a job or a thread ended */
	struct ofl_job *todo, **todo_tail;
	struct ofl_job *over, **over_tail;
	unsigned int max;
	unsigned int threads;
	unsigned int idle;
	unsigned int queued; /* of todo */
	unsigned int under_way;
	bool over_any; /* atomic: there is something in `over` */
	bool stop;
	int fd;
};

static cpu_set_t work_cpus;
static bool work_cpus_known;

void ofl_pool_remember_cpus(void)
{
	work_cpus_known = !sched_getaffinity(0, sizeof(work_cpus), &work_cpus);
}

struct ofl_pool *ofl_pool_new(unsigned int workers)
{
	struct ofl_pool *pool = calloc(1, sizeof(*pool));
	pthread_condattr_t attr;

	if (!pool)
		return NULL;
	pool->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pool->fd < 0) {
		free(pool);
		return NULL;
	}
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->wake, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->ended, &attr);
	pthread_condattr_destroy(&attr);
	pool->todo_tail = &pool->todo;
	pool->over_tail = &pool->over;
	pool->max = workers < OFL_WORKERS_MAX ? workers : OFL_WORKERS_MAX;
	return pool;
}

static void work_finish(struct ofl_pool *pool, struct ofl_job *job)
{
	const uint64_t one = 1;

	job->next = NULL;
	*pool->over_tail = job;
	pool->over_tail = &job->next;
	pool->under_way--;
	__atomic_store_n(&pool->over_any, true, __ATOMIC_RELEASE);
	pthread_cond_signal(&pool->ended);
	/* Full: then it is readable, which is all that matters. */
	if (write(pool->fd, &one, sizeof(one)) < 0)
		return;
}

static void *work_thread(void *arg)
{
	struct ofl_pool *pool = arg;
	struct ofl_job *job;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (!pool->todo && !pool->stop) {
			pool->idle++;
			pthread_cond_wait(&pool->wake, &pool->lock);
			pool->idle--;
		}
		job = pool->todo;
		if (!job)
			break;
		pool->todo = job->next;
		if (!pool->todo)
			pool->todo_tail = &pool->todo;
		pool->queued--;
		pthread_mutex_unlock(&pool->lock);
		job->run(job);
		pthread_mutex_lock(&pool->lock);
		work_finish(pool, job);
	}
	pool->threads--;
	pthread_cond_signal(&pool->ended);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* With the lock held. */
static int work_start(struct ofl_pool *pool)
{
	struct sched_param plain = { 0 };
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t thread;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, WORK_STACK);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_OTHER);
	pthread_attr_setschedparam(&attr, &plain);
	if (work_cpus_known)
		pthread_attr_setaffinity_np(&attr, sizeof(work_cpus), &work_cpus);
	/* Signals are the loop's, which hears of them by descriptor. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&thread, &attr, work_thread, pool);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (!err)
		pool->threads++;
	return -err;
}

int ofl_pool_submit(struct ofl_pool *pool, struct ofl_job *job)
{
	int err = -EAGAIN;

	pthread_mutex_lock(&pool->lock);
	if (pool->idle <= pool->queued && pool->threads < pool->max)
		err = work_start(pool);
	if (pool->threads) {
		err = 0;
		job->next = NULL;
		*pool->todo_tail = job;
		pool->todo_tail = &job->next;
		pool->queued++;
		pool->under_way++;
		pthread_cond_signal(&pool->wake);
	}
	pthread_mutex_unlock(&pool->lock);
	return err;
}

bool ofl_pool_cancel(struct ofl_pool *pool, struct ofl_job *job)
{
	struct ofl_job **at;
	bool found = false;

	pthread_mutex_lock(&pool->lock);
	for (at = &pool->todo; *at && *at != job; at = &(*at)->next)
		;
	if (*at) {
		*at = job->next;
		if (!job->next)
			pool->todo_tail = at;
		pool->queued--;
		pool->under_way--;
		found = true;
	}
	pthread_mutex_unlock(&pool->lock);
	return found;
}

int ofl_pool_fd(const struct ofl_pool *pool)
{
	return pool->fd;
}

bool ofl_pool_pending(const struct ofl_pool *pool)
{
	return __atomic_load_n(&pool->over_any, __ATOMIC_ACQUIRE);
}

bool ofl_pool_collect(struct ofl_pool *pool)
{
	struct ofl_job *job, *next;
	uint64_t count;

	if (!ofl_pool_pending(pool))
		return false;
	pthread_mutex_lock(&pool->lock);
	job = pool->over;
	pool->over = NULL;
	pool->over_tail = &pool->over;
	__atomic_store_n(&pool->over_any, false, __ATOMIC_RELEASE);
	if (read(pool->fd, &count, sizeof(count)) < 0)
		count = 0;
	pthread_mutex_unlock(&pool->lock);
	for (; job; job = next) {
		next = job->next;
		job->done(job);
	}
	return true;
}

static bool work_wait(struct ofl_pool *pool, int timeout_ms)
{
	struct timespec end;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += timeout_ms / 1000;
	end.tv_nsec += timeout_ms % 1000 * 1000000l;
	if (end.tv_nsec >= 1000000000l) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000l;
	}
	pthread_mutex_lock(&pool->lock);
	while (!err && !pool->over && (pool->under_way || pool->threads) &&
	       !(pool->stop && !pool->threads))
		err = pthread_cond_timedwait(&pool->ended, &pool->lock, &end);
	pthread_mutex_unlock(&pool->lock);
	return !err;
}

bool ofl_pool_free(struct ofl_pool *pool, int timeout_ms)
{
	bool busy;

	if (!pool)
		return true;
	pthread_mutex_lock(&pool->lock);
	pool->stop = true; /* what is queued is still done */
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
	do {
		/* done() may submit another one: a thread may have to start. */
		if (ofl_pool_collect(pool))
			continue;
		pthread_mutex_lock(&pool->lock);
		busy = pool->threads || pool->over;
		pthread_mutex_unlock(&pool->lock);
		if (busy && !work_wait(pool, timeout_ms))
			return false;
	} while (ofl_pool_pending(pool) || pool->threads);
	close(pool->fd);
	pthread_cond_destroy(&pool->wake);
	pthread_cond_destroy(&pool->ended);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
	return true;
}
