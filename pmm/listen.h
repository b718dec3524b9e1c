/* SPDX-License-Identifier: BSD-2-Clause */
/* UNIX sockets that others connect to. */
#ifndef OFL_PMM_LISTEN_H
#define OFL_PMM_LISTEN_H

#include <stdbool.h>

/*
 * A listening stream socket at path, non-blocking; a stale one, behind which
 * nobody listens, is replaced.  `option` is for the log line that says what is
 * wrong.  only_us: mode 0600, else as the umask has it.  The descriptor, or -errno.
 */
int ofl_listen(const char *option, const char *path, bool only_us);

/* The next connection, non-blocking, or -errno. */
int ofl_accept(int listener);

#endif
