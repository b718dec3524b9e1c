/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving up privileges. */
#ifndef OFL_PMM_PRIV_H
#define OFL_PMM_PRIV_H

struct ofl_options;

/*
 * After all that needs privileges is open: no supplementary groups, the user of
 * --user, no capability in any set, no way back by exec.  Logs; 0 or -errno.
 */
int ofl_priv_drop(const struct ofl_options *opt);

#endif
