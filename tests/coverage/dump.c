/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linked into a daemon that counts its lines.  Tests kill daemons, and one that has
 * locked itself in cannot write a file; so a thread that was there before writes the
 * counts, again and again.
 */
#include "dump.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static bool running, ending;
static FILE *to;

static void dump_begin(const char *path)
{
	to = fopen(path, "w");
}

static void dump_bytes(const void *bytes, unsigned int n, void *arg)
{
	(void)arg;
	if (to)
		fwrite(bytes, 1, n, to);
}

static bool dump_end(void)
{
	FILE *ended = to;

	to = NULL;
	return ended && !fclose(ended);
}

static void dump_rename(const char *from, const char *path)
{
	rename(from, path);
}

static void *dump_memory(unsigned int n, void *arg)
{
	(void)arg;
	return malloc(n);
}

static void *dump_thread(void *arg)
{
	struct timespec until;

	(void)arg;
	pthread_mutex_lock(&lock);
	while (!ending) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += DUMP_EVERY_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&wake, &lock, &until);
		dump_all();
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* What the daemon does to its threads later, signals or a list, is not this one's. */
__attribute__((constructor)) static void dump_thread_begin(void)
{
	sigset_t all, before;

	snprintf(dump_dir, sizeof(dump_dir), "%s/%d.%ld", RUNS, (int)getpid(), (long)time(NULL));
	if (mkdir(dump_dir, 0777) || chmod(dump_dir, 0777))
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	running = !pthread_create(&thread, NULL, dump_thread, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

__attribute__((destructor)) static void dump_thread_end(void)
{
	if (!running)
		return;
	pthread_mutex_lock(&lock);
	ending = true;
	pthread_cond_signal(&wake);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
}
