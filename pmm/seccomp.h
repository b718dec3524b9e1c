/* SPDX-License-Identifier: BSD-2-Clause */
/* The system calls that are left to us (seccomp(2), mode 2). */
#ifndef OFL_PMM_SECCOMP_H
#define OFL_PMM_SECCOMP_H

/*
 * For this thread and those it makes; no_new_privs is set.  Any other call ends the
 * process: one line on standard error, exit status 1.  Logs; 0 or -errno.
 */
int ofl_seccomp_enter(void);

#endif
