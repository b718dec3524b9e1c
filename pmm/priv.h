/* SPDX-License-Identifier: BSD-2-Clause */
/* As whom to serve, and giving up privileges. */
#ifndef OFL_PMM_PRIV_H
#define OFL_PMM_PRIV_H

struct ofl_options;

/*
 * --user NAME, UID or UID:GID; and when all options are known: root has to say (or
 * OFFLOAD_USER says it).  0, or an exit status plus 1, with a line logged.
 */
int ofl_user_option(struct ofl_options *opt, const char *arg);
int ofl_user_check(struct ofl_options *opt);

/*
 * After all that needs privileges is open: no supplementary groups, the user of
 * --user, no capability in any set, no way back by exec.  Logs; 0 or -errno.
 */
int ofl_priv_drop(const struct ofl_options *opt);

#endif
