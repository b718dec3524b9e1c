// SPDX-License-Identifier: BSD-2-Clause
/* What the C library asks of the system besides files and clocks. */
#include "platform.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

/* The heap is what the platform left behind the image; it never moves. */
void *sbrk(ptrdiff_t change)
{
	static uint8_t *end;
	uint8_t *old;

	if (!end)
		end = ofl_heap_start;
	old = end;
	if (change > ofl_heap_end - end || change < ofl_heap_start - end) {
		errno = ENOMEM;
		return (void *)-1;
	}
	end += change;
	ofl_platform_used(end);
	return old;
}

pid_t getpid(void)
{
	return 1;
}

/* Some libraries' own would end as an exit, without a trace. */
void abort(void)
{
	void (*handler)(int) = signal(SIGABRT, SIG_DFL);

	if (handler != SIG_DFL && handler != SIG_IGN && handler != SIG_ERR)
		handler(SIGABRT);
	ofl_panic("abort() was called");
}

/* Signals exist only as abort() and raise() to oneself. */
int kill(pid_t pid, int sig)
{
	if (pid != 1) {
		errno = ESRCH;
		return -1;
	}
	if (!sig)
		return 0;
	ofl_panic("killed by signal %d%s", sig,
		  sig == SIGABRT ? " (abort)" : "");
}
