/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where and how the event loop runs.  The workers are left where they were: see
 * work.c.
 */
#define _GNU_SOURCE 1
#include "schedule.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "log.h"
#include "options.h"
#include "work.h"

int ofl_sched_parse(const char *text, int *policy, int *priority)
{
	static const struct {
		const char *name;
		int policy;
		bool priority;
	} known[] = {
		{ "other", SCHED_OTHER, false }, { "batch", SCHED_BATCH, false },
		{ "idle", SCHED_IDLE, false },	 { "fifo:", SCHED_FIFO, true },
		{ "rr:", SCHED_RR, true },
	};
	unsigned int i;
	size_t len;
	char *end;
	long n;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		len = strlen(known[i].name);
		if (strncmp(text, known[i].name, len))
			continue;
		*policy = known[i].policy;
		*priority = 0;
		if (!known[i].priority)
			return text[len] ? -EINVAL : 0;
		if (text[len] < '0' || text[len] > '9')
			return -EINVAL;
		n = strtol(text + len, &end, 10);
		if (*end || n < sched_get_priority_min(*policy) ||
		    n > sched_get_priority_max(*policy))
			return -EINVAL;
		*priority = (int)n;
		return 0;
	}
	return -EINVAL;
}

int ofl_sched_apply(const struct ofl_options *opt)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct sched_param param = { .sched_priority = opt->sched_priority };
	cpu_set_t set;
	int err;

	ofl_pool_remember_cpus();
	if (opt->cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET((size_t)opt->cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set)) {
			err = -errno;
			ofl_log("--cpu %d: %s", opt->cpu,
				err == -EINVAL ? "no such CPU is online, or not for us" :
						 strerror(-err));
			return err;
		}
	}
	if (opt->sched_given && sched_setscheduler(0, opt->sched_policy, &param)) {
		err = -errno;
		ofl_log("--sched: %s%s", strerror(-err),
			err == -EPERM ? "; start as root, or with a RLIMIT_RTPRIO" :
					"");
		return err;
	}
	if (!opt->mlockall)
		return 0;
	/* Without privileges, later, the limit would hold. */
	setrlimit(RLIMIT_MEMLOCK, &all);
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) {
		err = -errno;
		ofl_log("--mlockall: %s%s", strerror(-err),
			err == -EPERM || err == -ENOMEM ?
				"; start as root, or with a larger RLIMIT_MEMLOCK" :
				"");
		return err;
	}
	return 0;
}
