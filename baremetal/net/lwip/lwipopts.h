/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwIP as the runtime uses it: no operating system, the raw interface, memory
 * from malloc().  What a peer may make us keep is bounded for each connection.
 */
#ifndef OFFLOAD_LWIPOPTS_H
#define OFFLOAD_LWIPOPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0 /* never from an interrupt */
#ifndef LWIP_TIMERS_CUSTOM /* a build may have lwIP's own */
#define LWIP_TIMERS_CUSTOM 1 /* timers.c: no memory for them */
#endif
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_STATS 0
#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS 1

#define MEM_LIBC_MALLOC 1
#define MEMP_MEM_MALLOC 1
#define MEM_ALIGNMENT 8
#define ETH_PAD_SIZE 2 /* the IP header lies aligned */

#define LWIP_IPV4 1
#define LWIP_IPV6 1
#define LWIP_ARP 1
#define ARP_QUEUEING 1
#define IP_REASS_MAX_PBUFS 48
#define LWIP_ICMP 1
#define LWIP_RAW 0
#define LWIP_IPV6_MLD 1
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 2
#define LWIP_IPV6_REASS 1
#define IPV6_FRAG_COPYHEADER 1 /* pointers are longer than the header */
#define LWIP_IPV6_FRAG 1
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS 1
#define LWIP_IPV6_NUM_ADDRESSES 4
#define LWIP_NETIF_LOOPBACK 1
#define LWIP_HAVE_LOOPIF 1

#define LWIP_DHCP 1
#define LWIP_DHCP_DOES_ACD_CHECK 0 /* a second and a half, before main's first packet */
#define LWIP_DNS 1
#define DNS_MAX_SERVERS 2

#define LWIP_UDP 1
#define LWIP_TCP 1
#ifndef TCP_MSS /* what a build may choose otherwise */
#define TCP_MSS 1460
#define TCP_WND (44 * TCP_MSS)
#define TCP_RCV_SCALE 0
#endif
/*
 * Ours fits without a scale, but the peer's may not; and passt of 2023 scales its
 * own whether or not that was agreed upon.
 */
#define LWIP_WND_SCALE 1
#define TCP_SND_BUF TCP_WND
#define TCP_SND_QUEUELEN (4 * TCP_SND_BUF / TCP_MSS)
#define TCP_OVERSIZE TCP_MSS
#define TCP_QUEUE_OOSEQ 1
#define TCP_OOSEQ_MAX_BYTES TCP_WND
#define TCP_OOSEQ_MAX_PBUFS 64
#define LWIP_TCP_SACK_OUT 1
#define TCP_LISTEN_BACKLOG 1
#define TCP_MSL 30000
#define LWIP_TCP_KEEPALIVE 1
#define SO_REUSE 1

#define LWIP_RAND() ofl_net_random()
#define LWIP_HOOK_TCP_ISN(local, local_port, remote, remote_port) \
	ofl_net_isn(local, local_port, remote, remote_port)
#define LWIP_HOOK_ND6_GET_GW(netif, dest) ofl_net_gateway6(netif, dest)
#define LWIP_HOOK_FILENAME "hooks_lwip.h"

#endif
