/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFFLOAD_NETINET_TCP_H
#define OFFLOAD_NETINET_TCP_H

/* Options of level IPPROTO_TCP. */
#define TCP_NODELAY 1
#define TCP_MAXSEG 2 /* read only */
#define TCP_KEEPIDLE 4 /* s */
#define TCP_KEEPINTVL 5
#define TCP_KEEPCNT 6

#endif
