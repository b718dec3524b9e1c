/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 9P2000.L over stream sockets: the shares for Linux's own client (mount -t 9p
 * -o trans=unix or trans=fd), served by the same protocol layer as an image's.
 */
#ifndef OFL_PMM_P9SOCK_H
#define OFL_PMM_P9SOCK_H

#include <stdbool.h>

#include "loop.h"
#include "p9fs.h"

struct ofl_p9sock;
struct ofl_pool;

/*
 * where: unix:PATH, or fd:N, a connected stream socket.  Logs what is wrong and
 * returns NULL.
 */
struct ofl_p9sock *ofl_p9sock_open(const char *where, bool ro,
				   const struct ofl_p9_fs_ops *ops, void *fs,
				   struct ofl_pool *pool);
int ofl_p9sock_watch(struct ofl_p9sock *ps, struct ofl_loop *loop);
/* Of fd:N, or of all that ever connected: has it hung up? */
bool ofl_p9sock_over(const struct ofl_p9sock *ps);
/* Connections with operations under way stay, and need their pool until they end. */
void ofl_p9sock_close(struct ofl_p9sock *ps);

#endif
