/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether an epoll set has something, without a system call while it has not. */
#ifndef OFL_PMM_READY_H
#define OFL_PMM_READY_H

#include <stdbool.h>

struct ofl_ready_ring;

struct ofl_ready {
	unsigned long context;	     /* of the kernel's asynchronous I/O */
	struct ofl_ready_ring *ring; /* NULL: not to be had here */
	bool armed;
};

/* Before the list of system calls is in force; ends with the process. */
void ofl_ready_open(struct ofl_ready *ready);

/* Ask to be told once when epfd has something; at once, if it has. */
void ofl_ready_arm(struct ofl_ready *ready, int epfd);

/* True: asked, and epfd had nothing since.  False: look for yourself. */
bool ofl_ready_quiet(struct ofl_ready *ready);

#endif
