/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_INET and AF_INET6, seen from the rest of the runtime.
 *
 * The IP stack is in a library of its own (net/), and in an image only if
 * something refers to ofl_net strongly: <netinet/in.h> does.  The runtime refers to
 * it weakly, so test &ofl_net first.
 */
#ifndef OFFLOAD_NET_H
#define OFFLOAD_NET_H

#include "socket.h"

struct ofl_net {
	const struct ofl_family *inet, *inet6;
};

extern const struct ofl_net ofl_net __attribute__((weak));

#endif
