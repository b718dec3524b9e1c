/* SPDX-License-Identifier: BSD-2-Clause */
/* The event loop: file descriptors by epoll, queues by looking. */
#ifndef OFL_PMM_LOOP_H
#define OFL_PMM_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "ready.h"
#include "spin.h"

struct ofl_pmm;

struct ofl_loop {
	int epfd;
	uint32_t batch; /* counts the dispatches */
	uint32_t empty; /* of them, the last ones in a row that found nothing */
	uint32_t quiet; /* looks that were left out, as the kernel has told of nothing */
	struct ofl_ready ready;
	struct ofl_spin spin;
};

/* A file descriptor that somebody wants to hear of. */
struct ofl_source {
	int fd;
	/* Called with EPOLL* events. */
	void (*fn)(void *arg, uint32_t events);
	void *arg;
	uint32_t events; /* now asked for; 0: not in the set */
	bool always;	 /* epoll cannot watch it (a regular file): it is always ready */
};

/* 0 or -errno. */
int ofl_loop_open(struct ofl_loop *loop);
void ofl_loop_close(struct ofl_loop *loop);

/* Ask for these events, 0 for none.  0 or -errno. */
int ofl_loop_watch(struct ofl_loop *loop, struct ofl_source *source,
		   uint32_t events);

/*
 * A source may be freed when nobody can have an event for it in hand any more: in
 * another batch than the one in which it was unwatched.
 *
 * Call the sources that have something; wait at most timeout_ms for the first.
 */
void ofl_loop_dispatch(struct ofl_loop *loop, int timeout_ms);

/* Serve until pmm->stop. */
void ofl_loop_run(struct ofl_pmm *pmm);

#endif
