/* SPDX-License-Identifier: BSD-2-Clause */
/* What lwIP asks of stack.c and random.c. */
#ifndef OFFLOAD_HOOKS_LWIP_H
#define OFFLOAD_HOOKS_LWIP_H

#include "lwip/ip_addr.h"

struct netif;

uint32_t ofl_net_isn(const ip_addr_t *local, uint16_t local_port,
		     const ip_addr_t *remote, uint16_t remote_port);
const ip6_addr_t *ofl_net_gateway6(struct netif *netif, const ip6_addr_t *dest);

#endif
