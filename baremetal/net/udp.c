// SPDX-License-Identifier: BSD-2-Clause
/*
 * SOCK_DGRAM of AF_INET and AF_INET6 on lwIP's raw UDP.
 *
 * Datagrams wait for their reader in a queue of bounded length and bytes; what comes
 * when it is full is lost, as UDP may lose anything.
 */
#include "stack.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/udp.h"

#include "netdev.h"

#define QUEUE 64u
#define QUEUE_BYTES (128u * 1024)
#define LEN_MAX 65507u

struct datagram {
	struct pbuf *p;
	ip_addr_t ip;
	uint16_t port;
};

struct udp_sock {
	struct ofl_socket sk;
	int family;
	struct udp_pcb *pcb;
	bool bound, connected, v6only;
	bool shut_rd, shut_wr;
	struct datagram queue[QUEUE];
	unsigned int first, nr;
	uint32_t bytes;
};

static const struct ofl_socket_ops udp_ops;

static struct udp_sock *udp_of(struct ofl_socket *sk)
{
	return (struct udp_sock *)(void *)sk; /* its first member */
}

static void on_recv(void *arg, struct udp_pcb *pcb, struct pbuf *p,
		    const ip_addr_t *ip, u16_t port)
{
	struct udp_sock *us = arg;
	struct datagram *d;

	(void)pcb;
	if (us->nr == QUEUE || us->bytes + p->tot_len > QUEUE_BYTES ||
	    us->shut_rd) {
		pbuf_free(p);
		return;
	}
	d = &us->queue[(us->first + us->nr++) % QUEUE];
	*d = (struct datagram){ .p = p, .ip = *ip, .port = port };
	us->bytes += p->tot_len;
}

static void drop_first(struct udp_sock *us)
{
	struct datagram *d = &us->queue[us->first];

	us->bytes -= d->p->tot_len;
	pbuf_free(d->p);
	us->first = (us->first + 1) % QUEUE;
	us->nr--;
}

int ofl_udp_create(int family, struct ofl_socket **sk)
{
	struct udp_sock *us = calloc(1, sizeof(*us));

	if (!us)
		return -ENOMEM;
	us->pcb = udp_new_ip_type(family == AF_INET ? IPADDR_TYPE_V4 :
						      IPADDR_TYPE_ANY);
	if (!us->pcb) {
		free(us);
		return -ENOMEM;
	}
	us->sk.ops = &udp_ops;
	us->family = family;
	udp_recv(us->pcb, on_recv, us);
	*sk = &us->sk;
	return 0;
}

static int udp_sock_bind(struct ofl_socket *sk, const struct sockaddr *addr,
			 socklen_t len)
{
	struct udp_sock *us = udp_of(sk);
	uint16_t port;
	ip_addr_t ip;
	int err = ofl_inet_take(us->family, addr, len, &ip, &port);

	if (err)
		return err;
	if (us->bound)
		return -EINVAL;
	if (!ofl_net_is_ours(&ip))
		return -EADDRNOTAVAIL;
	if (us->family == AF_INET6 && !us->v6only && IP_IS_V6(&ip) &&
	    ip_addr_isany(&ip))
		ip = *IP_ANY_TYPE;
	err = ofl_inet_errno(udp_bind(us->pcb, &ip, port));
	us->bound = !err;
	return err;
}

static int udp_sock_listen(struct ofl_socket *sk, int backlog)
{
	(void)sk;
	(void)backlog;
	return -EOPNOTSUPP;
}

static int udp_sock_connect(struct ofl_socket *sk, const struct sockaddr *addr,
			    socklen_t len)
{
	struct udp_sock *us = udp_of(sk);
	uint16_t port;
	ip_addr_t ip;
	int err;

	if (len >= sizeof(addr->sa_family) && addr->sa_family == AF_UNSPEC) {
		udp_disconnect(us->pcb);
		us->connected = false;
		return 0;
	}
	err = ofl_inet_take(us->family, addr, len, &ip, &port);
	if (err)
		return err;
	err = ofl_inet_errno(udp_connect(us->pcb, &ip, port));
	us->connected = !err;
	us->bound |= !err;
	return err;
}

static int udp_sock_connected(struct ofl_socket *sk)
{
	(void)sk;
	return 0;
}

static int udp_sock_accept(struct ofl_socket *sk, struct ofl_socket **conn)
{
	(void)sk;
	(void)conn;
	return -EOPNOTSUPP;
}

static int64_t udp_sock_send(struct ofl_socket *sk, const void *buf, size_t len,
			     const struct sockaddr *to, socklen_t to_len)
{
	struct udp_sock *us = udp_of(sk);
	ip_addr_t ip = us->pcb->remote_ip;
	uint16_t port = us->pcb->remote_port;
	uint32_t full = ofl_netdev_counters.tx_full;
	struct pbuf *p;
	err_t err;

	if (us->shut_wr)
		return -EPIPE;
	if (to) {
		int ret = ofl_inet_take(us->family, to, to_len, &ip, &port);

		if (ret)
			return ret;
		if (!port)
			return -EINVAL;
	} else if (!us->connected) {
		return -EDESTADDRREQ;
	}
	if (len > LEN_MAX)
		return -EMSGSIZE;
	if (!ofl_netdev_works() && !ip_addr_isloopback(&ip))
		return -ENETDOWN;
	p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)len, PBUF_RAM);
	if (!p)
		return -ENOBUFS;
	pbuf_take(p, buf, (u16_t)len);
	err = udp_sendto(us->pcb, p, &ip, port);
	pbuf_free(p);
	us->bound = true;
	ofl_net_progress();
	if (err == ERR_OK)
		return (int64_t)len;
	/* No address of ours yet, or the device has no room just now. */
	if ((err == ERR_RTE && ofl_net_settling()) ||
	    (err == ERR_MEM && full != ofl_netdev_counters.tx_full))
		return -EAGAIN;
	return ofl_inet_errno(err);
}

/* Its one peer cannot be heard; a server waits for the next PMM's clients. */
static bool is_cut_off(const struct udp_sock *us)
{
	return us->connected && !ofl_netdev_works() &&
	       !ip_addr_isloopback(&us->pcb->remote_ip);
}

static int64_t udp_sock_recv(struct ofl_socket *sk, void *buf, size_t len,
			     bool peek, struct sockaddr_storage *from,
			     socklen_t *from_len)
{
	struct udp_sock *us = udp_of(sk);
	struct datagram *d = &us->queue[us->first];

	if (from_len)
		*from_len = 0;
	if (!us->nr) {
		if (us->shut_rd)
			return 0;
		return is_cut_off(us) ? -ENETDOWN : -EAGAIN;
	}
	if (len > d->p->tot_len)
		len = d->p->tot_len;
	pbuf_copy_partial(d->p, buf, (u16_t)len, 0);
	if (from && from_len)
		ofl_inet_put(us->family, &d->ip, d->port, from, from_len);
	if (!peek)
		drop_first(us);
	return (int64_t)len;
}

static int udp_sock_shutdown(struct ofl_socket *sk, int how)
{
	struct udp_sock *us = udp_of(sk);

	if (!us->connected)
		return -ENOTCONN;
	us->shut_rd |= how != SHUT_WR;
	us->shut_wr |= how != SHUT_RD;
	return 0;
}

static int udp_sock_name(struct ofl_socket *sk, bool peer,
			 struct sockaddr_storage *addr, socklen_t *len)
{
	struct udp_sock *us = udp_of(sk);
	ip_addr_t ip = peer ? us->pcb->remote_ip : us->pcb->local_ip;

	if (peer && !us->connected)
		return -ENOTCONN;
	if (IP_IS_ANY_TYPE_VAL(ip))
		IP_SET_TYPE(&ip, IPADDR_TYPE_V6);
	ofl_inet_put(us->family, &ip,
		     peer ? us->pcb->remote_port : us->pcb->local_port, addr,
		     len);
	return 0;
}

static int udp_sock_error(struct ofl_socket *sk)
{
	(void)sk;
	return 0;
}

static int udp_sock_getopt(struct ofl_socket *sk, int level, int name,
			   void *value, socklen_t *len)
{
	struct udp_sock *us = udp_of(sk);
	int number;

	if (*len < sizeof(number))
		return -EINVAL;
	if (level == SOL_SOCKET && name == SO_PROTOCOL)
		number = IPPROTO_UDP;
	else if (level == SOL_SOCKET && name == SO_REUSEADDR)
		number = !!ip_get_option(us->pcb, SOF_REUSEADDR);
	else if (level == SOL_SOCKET && name == SO_BROADCAST)
		number = 1;
	else if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY)
		number = us->v6only;
	else
		return -ENOPROTOOPT;
	memcpy(value, &number, sizeof(number));
	*len = sizeof(number);
	return 0;
}

static int udp_sock_setopt(struct ofl_socket *sk, int level, int name,
			   const void *value, socklen_t len)
{
	struct udp_sock *us = udp_of(sk);
	int number;

	if (len < sizeof(number))
		return -EINVAL;
	memcpy(&number, value, sizeof(number));
	if (level == SOL_SOCKET && name == SO_REUSEADDR) {
		if (number)
			ip_set_option(us->pcb, SOF_REUSEADDR);
		else
			ip_reset_option(us->pcb, SOF_REUSEADDR);
		return 0;
	}
	if (level == SOL_SOCKET && name == SO_BROADCAST)
		return 0;
	if (level != IPPROTO_IPV6 || name != IPV6_V6ONLY ||
	    us->family != AF_INET6)
		return -ENOPROTOOPT;
	if (us->bound)
		return -EINVAL;
	us->v6only = number;
	IP_SET_TYPE(&us->pcb->local_ip,
		    number ? IPADDR_TYPE_V6 : IPADDR_TYPE_ANY);
	return 0;
}

static int udp_sock_poll(struct ofl_socket *sk)
{
	struct udp_sock *us = udp_of(sk);
	int bits = POLLOUT | POLLWRNORM;

	if (us->nr || us->shut_rd)
		bits |= POLLIN | POLLRDNORM;
	if (is_cut_off(us))
		bits |= POLLIN | POLLRDNORM | POLLERR;
	return bits;
}

static size_t udp_sock_readable(struct ofl_socket *sk)
{
	struct udp_sock *us = udp_of(sk);

	return us->nr ? us->queue[us->first].p->tot_len : 0;
}

static void udp_sock_close(struct ofl_socket *sk)
{
	struct udp_sock *us = udp_of(sk);

	udp_remove(us->pcb);
	while (us->nr)
		drop_first(us);
	free(us);
}

static const struct ofl_socket_ops udp_ops = {
	.bind = udp_sock_bind,
	.listen = udp_sock_listen,
	.connect = udp_sock_connect,
	.connected = udp_sock_connected,
	.accept = udp_sock_accept,
	.send = udp_sock_send,
	.recv = udp_sock_recv,
	.shutdown = udp_sock_shutdown,
	.name = udp_sock_name,
	.error = udp_sock_error,
	.getopt = udp_sock_getopt,
	.setopt = udp_sock_setopt,
	.poll = udp_sock_poll,
	.readable = udp_sock_readable,
	.close = udp_sock_close,
};
