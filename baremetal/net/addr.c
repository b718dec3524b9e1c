// SPDX-License-Identifier: BSD-2-Clause
/* Addresses and errors of programs, and of lwIP. */
#include <errno.h>
#include <string.h>

#include <netinet/in.h>

#include "stack.h"

const struct in6_addr in6addr_any = IN6ADDR_ANY_INIT;
const struct in6_addr in6addr_loopback = IN6ADDR_LOOPBACK_INIT;

int ofl_inet_take(int family, const struct sockaddr *addr, socklen_t len,
		  ip_addr_t *ip, uint16_t *port)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (len < sizeof(addr->sa_family))
		return -EINVAL;
	if (addr->sa_family != family)
		return -EAFNOSUPPORT;
	if (family == AF_INET) {
		if (len < sizeof(in))
			return -EINVAL;
		memcpy(&in, addr, sizeof(in));
		*port = ntohs(in.sin_port);
		ip_addr_set_ip4_u32(ip, in.sin_addr.s_addr);
		return 0;
	}
	if (len < sizeof(in6))
		return -EINVAL;
	memcpy(&in6, addr, sizeof(in6));
	*port = ntohs(in6.sin6_port);
	if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
		ip_addr_set_ip4_u32(ip, in6.sin6_addr.s6_addr32[3]);
		return 0;
	}
	memset(ip, 0, sizeof(*ip));
	IP_SET_TYPE(ip, IPADDR_TYPE_V6);
	memcpy(ip_2_ip6(ip)->addr, &in6.sin6_addr, sizeof(in6.sin6_addr));
	ofl_net_assign_zone(ip_2_ip6(ip));
	return 0;
}

void ofl_inet_put(int family, const ip_addr_t *ip, uint16_t port,
		  struct sockaddr_storage *addr, socklen_t *len)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port) };
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(port) };

	if (family == AF_INET) {
		if (IP_IS_V4(ip))
			in.sin_addr.s_addr = ip_2_ip4(ip)->addr;
		memcpy(addr, &in, sizeof(in));
		*len = sizeof(in);
		return;
	}
	if (IP_IS_V4(ip)) {
		in6.sin6_addr.s6_addr32[2] = htonl(0xffff);
		in6.sin6_addr.s6_addr32[3] = ip_2_ip4(ip)->addr;
	} else {
		memcpy(&in6.sin6_addr, ip_2_ip6(ip)->addr,
		       sizeof(in6.sin6_addr));
	}
	memcpy(addr, &in6, sizeof(in6));
	*len = sizeof(in6);
}

int ofl_inet_errno(err_t err)
{
	switch (err) {
	case ERR_OK:
		return 0;
	case ERR_MEM:
	case ERR_BUF:
		return -ENOBUFS;
	case ERR_RTE:
	case ERR_IF:
		return -ENETUNREACH;
	case ERR_USE:
		return -EADDRINUSE;
	case ERR_ISCONN:
		return -EISCONN;
	case ERR_ALREADY:
	case ERR_INPROGRESS:
		return -EALREADY;
	case ERR_CONN:
		return -ENOTCONN;
	case ERR_CLSD:
		return -EPIPE;
	case ERR_RST:
		return -ECONNRESET;
	case ERR_ABRT:
	case ERR_TIMEOUT:
		return -ETIMEDOUT;
	default:
		return -EINVAL;
	}
}
