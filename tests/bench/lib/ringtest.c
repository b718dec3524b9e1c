// SPDX-License-Identifier: BSD-2-Clause
/* Running ringtest; what that is, is in ringtest.h. */
#define _GNU_SOURCE
#include "ringtest.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

/* It prints nothing and knows no clock: how long it lived, start and end included. */
static uint64_t lifetime(const char *program, unsigned int ring, unsigned int depth, uint32_t count)
{
	char guest[16], host[16], size[16], under_way[16], cycles[16];
	char *argv[] = { (char *)program, "--guest-affinity", guest, "--host-affinity", host,
			 "--ring-size", size, "--outstanding", under_way, "--run-cycles", cycles,
			 NULL };
	uint64_t start = bench_ns();
	int status;
	pid_t pid;

	snprintf(guest, sizeof(guest), "%d", bench_cpu_number(0));
	snprintf(host, sizeof(host), "%d", bench_cpu_number(1));
	snprintf(size, sizeof(size), "%u", ring);
	snprintf(under_way, sizeof(under_way), "%u", depth);
	snprintf(cycles, sizeof(cycles), "%u", count);
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		bench_fail("fork: %s", strerror(errno));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execv(program, argv);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid)
		bench_fail("wait: %s", strerror(errno));
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		bench_fail("%s ended with status 0x%x", program, (unsigned int)status);
	return bench_ns() - start;
}

double ringtest_ns(const char *program, unsigned int ring, unsigned int depth, uint32_t count)
{
	/* What a life costs that does next to nothing is not the ring's. */
	uint64_t empty = lifetime(program, ring, depth, 1);
	uint64_t all = lifetime(program, ring, depth, count + 1);

	return all > empty ? (double)(all - empty) / count : 0;
}
