/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Internet addresses.  Numbers are Linux's.
 *
 * Whoever includes this wants the network: the reference below brings the IP
 * stack into the image (OFL_NO_NET, defined before: it does not).
 */
#ifndef OFFLOAD_NETINET_IN_H
#define OFFLOAD_NETINET_IN_H

#include <stdint.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef OFL_NO_NET
extern const struct ofl_net ofl_net;
static const struct ofl_net *const ofl_net_wanted __attribute__((used)) = &ofl_net;
#endif

typedef uint16_t in_port_t; /* of the network's byte order, as all here */
typedef uint32_t in_addr_t;

struct in_addr {
	in_addr_t s_addr;
};

struct in6_addr {
	union {
		uint8_t u8[16];
		uint16_t u16[8];
		uint32_t u32[4];
	} in6_u;
};
#define s6_addr in6_u.u8
#define s6_addr16 in6_u.u16
#define s6_addr32 in6_u.u32

struct sockaddr_in {
	sa_family_t sin_family;
	in_port_t sin_port;
	struct in_addr sin_addr;
	uint8_t sin_zero[8];
};

struct sockaddr_in6 {
	sa_family_t sin6_family;
	in_port_t sin6_port;
	uint32_t sin6_flowinfo; /* taken, without effect */
	struct in6_addr sin6_addr;
	uint32_t sin6_scope_id; /* there is one interface: without effect */
};

#define INADDR_ANY ((in_addr_t)0x00000000)
#define INADDR_LOOPBACK ((in_addr_t)0x7f000001)
#define INADDR_BROADCAST ((in_addr_t)0xffffffff)
#define INADDR_NONE ((in_addr_t)0xffffffff)
#define INET_ADDRSTRLEN 16
#define INET6_ADDRSTRLEN 46

#define IN6ADDR_ANY_INIT { { { 0 } } }
#define IN6ADDR_LOOPBACK_INIT \
	{ { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } } }
extern const struct in6_addr in6addr_any;
extern const struct in6_addr in6addr_loopback;

#define IN6_IS_ADDR_UNSPECIFIED(a)                                             \
	(!((a)->s6_addr32[0] | (a)->s6_addr32[1] | (a)->s6_addr32[2] |         \
	   (a)->s6_addr32[3]))
#define IN6_IS_ADDR_LOOPBACK(a)                                                \
	(!((a)->s6_addr32[0] | (a)->s6_addr32[1] | (a)->s6_addr32[2]) &&       \
	 (a)->s6_addr32[3] == htonl(1))
#define IN6_IS_ADDR_MULTICAST(a) ((a)->s6_addr[0] == 0xff)
#define IN6_IS_ADDR_LINKLOCAL(a)                                               \
	((a)->s6_addr[0] == 0xfe && ((a)->s6_addr[1] & 0xc0) == 0x80)
#define IN6_IS_ADDR_V4MAPPED(a)                                                \
	(!((a)->s6_addr32[0] | (a)->s6_addr32[1]) &&                           \
	 (a)->s6_addr32[2] == htonl(0xffff))

#define IPPROTO_IP 0
#define IPPROTO_ICMP 1
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_IPV6 41
#define IPPROTO_ICMPV6 58

#define IPV6_V6ONLY 26

#define IPPORT_RESERVED 1024

#undef htonl
#undef htons
#undef ntohl
#undef ntohs
#define htonl(x) __builtin_bswap32(x)
#define htons(x) __builtin_bswap16(x)
#define ntohl(x) __builtin_bswap32(x)
#define ntohs(x) __builtin_bswap16(x)
/* The other libraries' header would define them anew. */
#define __machine_host_to_from_network_defined

#ifdef __cplusplus
}
#endif
#endif
