/* SPDX-License-Identifier: BSD-2-Clause */
/* The IP stack: lwIP between netdev.c and the sockets of tcp.c and udp.c. */
#ifndef OFFLOAD_NET_STACK_H
#define OFFLOAD_NET_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "lwip/err.h"
#include "lwip/ip_addr.h"
#include "socket.h"

/* Before the first use of lwIP; cheap. */
void ofl_net_init(void);
/* Take what came, run lwIP's timers, send what is due. */
void ofl_net_progress(void);
void ofl_net_arm(bool on);

/*
 * Addresses, routes or name servers may still be on their way (DHCP, SLAAC): what
 * failed for the lack of one shall be tried again.
 */
bool ofl_net_settling(void);
/* Is there a way to this address now, from an address that can be answered? */
bool ofl_net_has_route(const ip_addr_t *to);
/* Is it an address of ours, or "any"? */
bool ofl_net_is_ours(const ip_addr_t *addr);

/* A link-local address is of the one link that there is. */
void ofl_net_assign_zone(ip6_addr_t *ip);

/* --- random.c --- */

uint32_t ofl_net_random(void);

/* --- tcp.c, udp.c --- */

int ofl_tcp_create(int family, struct ofl_socket **sk);
int ofl_udp_create(int family, struct ofl_socket **sk);
/* The device is gone. */
void ofl_tcp_lost(void);
/* Close all; is something still to be sent? */
void ofl_tcp_close_all(void);
bool ofl_tcp_busy(void);

/* --- addr.c --- */

/* A program's address for a socket of this family; -EINVAL, -EAFNOSUPPORT. */
int ofl_inet_take(int family, const struct sockaddr *addr, socklen_t len,
		  ip_addr_t *ip, uint16_t *port);
/* And back. */
void ofl_inet_put(int family, const ip_addr_t *ip, uint16_t port,
		  struct sockaddr_storage *addr, socklen_t *len);
/* An lwIP error as -errno. */
int ofl_inet_errno(err_t err);

#endif
