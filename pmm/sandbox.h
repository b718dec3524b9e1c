/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon can still reach once it serves: docs/threat-model.md. */
#ifndef OFL_PMM_SANDBOX_H
#define OFL_PMM_SANDBOX_H

struct ofl_options;
struct ofl_vsock;

/*
 * Still with all privileges, which the folders that opt and vs (or NULL) name may need:
 * note them down, and leave the namespaces of others (as root; else nothing of that).
 * Logs; 0 or -errno.
 */
int ofl_sandbox_prepare(const struct ofl_options *opt, const struct ofl_vsock *vs);

/*
 * After ofl_priv_drop(), before there are threads: from here on only below those
 * folders files can be opened or changed (Landlock, where the kernel has it), and only
 * the system calls of pmm/syscalls.txt be made: another ends the process with one
 * line.  Logs; 0 or -errno.
 */
int ofl_sandbox_enter(void);

#endif
