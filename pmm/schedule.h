/* SPDX-License-Identifier: BSD-2-Clause */
/* --cpu, --sched, --mlockall: where and how the event loop runs. */
#ifndef OFL_PMM_SCHED_H
#define OFL_PMM_SCHED_H

struct ofl_options;

/*
 * "other", "batch", "idle", "fifo:PRIO", "rr:PRIO": 0 and the policy with its
 * priority, or -EINVAL.
 */
int ofl_sched_parse(const char *text, int *policy, int *priority);

/* Before privileges are given up.  Logs; 0 or -errno. */
int ofl_sched_apply(const struct ofl_options *opt);

#endif
