// SPDX-License-Identifier: BSD-2-Clause
/* SOCK_STREAM of AF_INET and AF_INET6 behind the socket calls. */
#include "tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>

#include "netdev.h"

#define BACKLOG_MAX 128 /* lwIP counts in a byte */

static struct ofl_tcp *tcp_of(struct ofl_socket *sk)
{
	return (struct ofl_tcp *)(void *)sk; /* its first member */
}

int ofl_tcp_create(int family, struct ofl_socket **sk)
{
	struct ofl_tcp *ts = ofl_tcp_new(family);

	if (!ts)
		return -ENOMEM;
	*sk = &ts->sk;
	return 0;
}

/* "Any" of a dual-stack socket listens to both. */
static void widen(const struct ofl_tcp *ts, ip_addr_t *ip)
{
	if (ts->family == AF_INET6 && !ts->v6only && IP_IS_V6(ip) &&
	    ip_addr_isany(ip))
		*ip = *IP_ANY_TYPE;
}

static int tcp_sock_bind(struct ofl_socket *sk, const struct sockaddr *addr,
			 socklen_t len)
{
	struct ofl_tcp *ts = tcp_of(sk);
	uint16_t port;
	ip_addr_t ip;
	int err = ofl_inet_take(ts->family, addr, len, &ip, &port);

	if (err)
		return err;
	if (ts->bound || ts->state != TS_NEW)
		return -EINVAL;
	if (!ofl_net_is_ours(&ip))
		return -EADDRNOTAVAIL;
	widen(ts, &ip);
	err = ofl_inet_errno(tcp_bind(ts->pcb, &ip, port));
	ts->bound = !err;
	return err;
}

static int tcp_sock_listen(struct ofl_socket *sk, int backlog)
{
	struct ofl_tcp *ts = tcp_of(sk);
	u8_t most = backlog < 1		  ? 1 :
		    backlog > BACKLOG_MAX ? BACKLOG_MAX :
					    (u8_t)backlog;
	struct tcp_pcb *pcb;
	err_t err;

	if (ts->state == TS_LISTEN) {
		tcp_backlog_set(ts->pcb, most);
		return 0;
	}
	if (ts->state != TS_NEW)
		return ts->state == TS_CLOSED ? -EINVAL : -EISCONN;
	if (!ts->bound) {
		err = tcp_bind(ts->pcb,
			       ts->family == AF_INET6 && !ts->v6only ?
				       IP_ANY_TYPE :
			       ts->family == AF_INET6 ? IP6_ADDR_ANY :
							IP4_ADDR_ANY,
			       0);
		if (err != ERR_OK)
			return ofl_inet_errno(err);
		ts->bound = true;
	}
	pcb = tcp_listen_with_backlog_and_err(ts->pcb, most, &err);
	if (!pcb)
		return ofl_inet_errno(err);
	ts->pcb = pcb;
	ts->state = TS_LISTEN;
	tcp_arg(pcb, ts);
	tcp_accept(pcb, ofl_tcp_on_accept);
	return 0;
}

/* Send the SYN, if there is a way: 0, or -EAGAIN, or why not. */
static int begin(struct ofl_tcp *ts)
{
	err_t err = ERR_RTE;

	if (ofl_net_has_route(&ts->peer))
		err = tcp_connect(ts->pcb, &ts->peer, ts->peer_port, ofl_tcp_on_connected);
	if (err == ERR_RTE && ofl_net_settling())
		return -EAGAIN;
	if (err != ERR_OK)
		return ofl_inet_errno(err);
	ts->begun = true;
	ofl_net_progress();
	return 0;
}

static int tcp_sock_connect(struct ofl_socket *sk, const struct sockaddr *addr,
			    socklen_t len)
{
	struct ofl_tcp *ts = tcp_of(sk);
	uint16_t port;
	ip_addr_t ip;
	int err = ofl_inet_take(ts->family, addr, len, &ip, &port);

	if (err)
		return err;
	switch (ts->state) {
	case TS_NEW:
		break;
	case TS_CONNECTING:
		return -EALREADY;
	case TS_CONNECTED:
		return -EISCONN;
	default:
		return -EINVAL;
	}
	if (!port)
		return -EADDRNOTAVAIL;
	if (ip_addr_isany(&ip)) { /* means this machine, as everywhere */
		if (IP_IS_V6(&ip))
			ip_addr_set_loopback(true, &ip);
		else
			ip_addr_set_loopback(false, &ip);
	}
	if (!ofl_netdev_works() && !ip_addr_isloopback(&ip))
		return -ENETDOWN;
	ts->peer = ip;
	ts->peer_port = port;
	ts->state = TS_CONNECTING;
	err = begin(ts);
	if (err && err != -EAGAIN) {
		ts->state = TS_NEW;
		return err;
	}
	return 0;
}

/* The error that ended the connection; 0: a clean end. */
static int closed_error(struct ofl_tcp *ts)
{
	ts->reported = true;
	return -ts->error;
}

static int tcp_sock_connected(struct ofl_socket *sk)
{
	struct ofl_tcp *ts = tcp_of(sk);
	int err;

	if (ts->state == TS_CONNECTING && !ts->begun) {
		err = begin(ts);
		if (err && err != -EAGAIN)
			ofl_tcp_ended(ts, -err);
	}
	if (ts->state == TS_CONNECTING)
		return -EAGAIN;
	return ts->state == TS_CLOSED ? closed_error(ts) : 0;
}

static int tcp_sock_accept(struct ofl_socket *sk, struct ofl_socket **conn)
{
	struct ofl_tcp *ts = tcp_of(sk), *first = ts->queue;

	if (ts->state != TS_LISTEN)
		return -EINVAL;
	/* Without a PMM, too: the next one's clients come to the same listener. */
	if (!first)
		return -EAGAIN;
	ts->queue = first->queue_next;
	first->queue_next = NULL;
	if (first->pcb)
		tcp_backlog_accepted(first->pcb);
	*conn = &first->sk;
	return 0;
}

static int64_t tcp_sock_send(struct ofl_socket *sk, const void *buf, size_t len,
			     const struct sockaddr *to, socklen_t to_len)
{
	struct ofl_tcp *ts = tcp_of(sk);
	size_t room;
	err_t err;

	(void)to_len;
	switch (ts->state) {
	case TS_CONNECTED:
		break;
	case TS_CONNECTING:
		tcp_sock_connected(sk);
		return ts->state == TS_CLOSED ? closed_error(ts) : -EAGAIN;
	case TS_CLOSED:
		return ts->error ? closed_error(ts) : -EPIPE;
	default:
		return -ENOTCONN;
	}
	if (to)
		return -EISCONN;
	if (ts->shut_wr)
		return -EPIPE;
	if (!len)
		return 0;
	room = tcp_sndbuf(ts->pcb);
	if (len > room)
		len = room;
	if (len > 0xffff)
		len = 0xffff;
	if (!len)
		return -EAGAIN;
	/* It takes all or nothing, and with a small MSS not all has a place in its queue. */
	while ((err = tcp_write(ts->pcb, buf, (u16_t)len, TCP_WRITE_FLAG_COPY)) == ERR_MEM &&
	       len > tcp_mss(ts->pcb))
		len /= 2;
	/* Memory that nothing on the way will give back is not waited for. */
	if (err == ERR_MEM && (ts->pcb->unacked || ts->pcb->unsent))
		return -EAGAIN;
	if (err != ERR_OK)
		return ofl_inet_errno(err);
	tcp_output(ts->pcb);
	ofl_netdev_kick();
	return (int64_t)len;
}

/* Take bytes out of what was received, or only look. */
static size_t take(struct ofl_tcp *ts, void *buf, size_t len, bool peek)
{
	if (len > ts->rx->tot_len)
		len = ts->rx->tot_len;
	if (buf)
		pbuf_copy_partial(ts->rx, buf, (u16_t)len, 0);
	if (peek)
		return len;
	ts->rx = pbuf_free_header(ts->rx, (u16_t)len);
	ts->pieces = ts->rx ? pbuf_clen(ts->rx) : 0;
	if (ts->pcb) {
		tcp_recved(ts->pcb, (u16_t)len);
		ofl_netdev_kick();
	}
	return len;
}

static int64_t tcp_sock_recv(struct ofl_socket *sk, void *buf, size_t len,
			     bool peek, struct sockaddr_storage *from,
			     socklen_t *from_len)
{
	struct ofl_tcp *ts = tcp_of(sk);

	(void)from;
	if (from_len)
		*from_len = 0; /* as of a stream */
	if (ts->state == TS_NEW || ts->state == TS_LISTEN)
		return -ENOTCONN;
	if (!len || ts->shut_rd)
		return 0;
	if (ts->rx)
		return (int64_t)take(ts, buf, len, peek);
	if (ts->state == TS_CLOSED && ts->error)
		return closed_error(ts);
	if (ts->state == TS_CONNECTING) {
		tcp_sock_connected(sk);
		return ts->state == TS_CLOSED ? closed_error(ts) : -EAGAIN;
	}
	if (ts->peer_ended || ts->state == TS_CLOSED)
		return 0;
	return -EAGAIN;
}

static int tcp_sock_shutdown(struct ofl_socket *sk, int how)
{
	struct ofl_tcp *ts = tcp_of(sk);
	err_t err = ERR_OK;

	if (ts->state == TS_CLOSED)
		return ts->error ? closed_error(ts) : 0;
	if (ts->state != TS_CONNECTED)
		return -ENOTCONN;
	if (how != SHUT_WR) {
		ts->shut_rd = true;
		if (ts->rx)
			take(ts, NULL, ts->rx->tot_len, false);
	}
	if (how != SHUT_RD && !ts->shut_wr) {
		err = tcp_shutdown(ts->pcb, 0, 1);
		ts->shut_wr = err == ERR_OK;
		ofl_netdev_kick();
		ofl_tcp_maybe_over(ts);
	}
	return ofl_inet_errno(err);
}

static int tcp_sock_name(struct ofl_socket *sk, bool peer,
			 struct sockaddr_storage *addr, socklen_t *len)
{
	struct ofl_tcp *ts = tcp_of(sk);

	if (peer && (ts->state == TS_NEW || ts->state == TS_LISTEN))
		return -ENOTCONN;
	if (peer) {
		ofl_inet_put(ts->family, &ts->peer, ts->peer_port, addr, len);
		return 0;
	}
	if (ts->pcb && ts->state != TS_CONNECTED) {
		ts->local = ts->pcb->local_ip;
		ts->local_port = ts->pcb->local_port;
		if (IP_IS_ANY_TYPE_VAL(ts->local))
			IP_SET_TYPE(&ts->local, IPADDR_TYPE_V6);
	}
	ofl_inet_put(ts->family, &ts->local, ts->local_port, addr, len);
	return 0;
}

static int tcp_sock_error(struct ofl_socket *sk)
{
	struct ofl_tcp *ts = tcp_of(sk);

	if (ts->state == TS_CONNECTING)
		tcp_sock_connected(sk); /* it may have no way */
	else if (ts->reported)
		return 0;
	if (ts->state == TS_CLOSED)
		ts->reported = true;
	return ts->error;
}

/* --- options --- */

static int tcp_sock_getopt(struct ofl_socket *sk, int level, int name,
			   void *value, socklen_t *len)
{
	struct ofl_tcp *ts = tcp_of(sk);
	struct tcp_pcb *pcb = ts->state == TS_LISTEN ? NULL : ts->pcb;
	int number = 0;

	if (*len < sizeof(number))
		return -EINVAL;
	if (level == SOL_SOCKET && name == SO_PROTOCOL)
		number = IPPROTO_TCP;
	else if (level == SOL_SOCKET && name == SO_REUSEADDR)
		number = ts->pcb && ip_get_option(ts->pcb, SOF_REUSEADDR);
	else if (level == SOL_SOCKET && name == SO_KEEPALIVE)
		number = ts->pcb && ip_get_option(ts->pcb, SOF_KEEPALIVE);
	else if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY)
		number = ts->v6only;
	else if (level != IPPROTO_TCP)
		return -ENOPROTOOPT;
	else if (name == TCP_NODELAY)
		number = ts->nodelay;
	else if (name == TCP_MAXSEG)
		number = pcb ? tcp_mss(pcb) : TCP_MSS;
	else if (name == TCP_KEEPIDLE)
		number = pcb ? (int)(pcb->keep_idle / 1000) : 0;
	else if (name == TCP_KEEPINTVL)
		number = pcb ? (int)(pcb->keep_intvl / 1000) : 0;
	else if (name == TCP_KEEPCNT)
		number = pcb ? (int)pcb->keep_cnt : 0;
	else
		return -ENOPROTOOPT;
	memcpy(value, &number, sizeof(number));
	*len = sizeof(number);
	return 0;
}

static int set_tcp_option(struct ofl_tcp *ts, int name, int number)
{
	struct tcp_pcb *pcb = ts->state == TS_LISTEN ? NULL : ts->pcb;

	if (name == TCP_NODELAY) {
		ts->nodelay = number;
		if (pcb && number)
			tcp_nagle_disable(pcb);
		else if (pcb)
			tcp_nagle_enable(pcb);
		return 0;
	}
	if (name != TCP_KEEPIDLE && name != TCP_KEEPINTVL && name != TCP_KEEPCNT)
		return -ENOPROTOOPT;
	if (number < 1 || number > 32767)
		return -EINVAL;
	if (!pcb)
		return 0;
	if (name == TCP_KEEPIDLE)
		pcb->keep_idle = (u32_t)number * 1000;
	else if (name == TCP_KEEPINTVL)
		pcb->keep_intvl = (u32_t)number * 1000;
	else
		pcb->keep_cnt = (u32_t)number;
	return 0;
}

static int tcp_sock_setopt(struct ofl_socket *sk, int level, int name,
			   const void *value, socklen_t len)
{
	struct ofl_tcp *ts = tcp_of(sk);
	int number;

	if (len < sizeof(number))
		return -EINVAL;
	memcpy(&number, value, sizeof(number));
	if (level == SOL_SOCKET &&
	    (name == SO_REUSEADDR || name == SO_KEEPALIVE)) {
		u8_t bit = name == SO_REUSEADDR ? SOF_REUSEADDR : SOF_KEEPALIVE;

		if (ts->pcb && number)
			ip_set_option(ts->pcb, bit);
		else if (ts->pcb)
			ip_reset_option(ts->pcb, bit);
		return 0;
	}
	if (level == IPPROTO_TCP)
		return set_tcp_option(ts, name, number);
	if (level != IPPROTO_IPV6 || name != IPV6_V6ONLY ||
	    ts->family != AF_INET6)
		return -ENOPROTOOPT;
	if (ts->bound || ts->state != TS_NEW)
		return -EINVAL;
	ts->v6only = number;
	IP_SET_TYPE(&ts->pcb->local_ip,
		    number ? IPADDR_TYPE_V6 : IPADDR_TYPE_ANY);
	return 0;
}

/* --- readiness, and the end --- */

static int tcp_sock_poll(struct ofl_socket *sk)
{
	struct ofl_tcp *ts = tcp_of(sk);
	int bits = 0;

	switch (ts->state) {
	case TS_NEW:
		return POLLOUT | POLLWRNORM | POLLHUP;
	case TS_LISTEN:
		return ts->queue ? POLLIN | POLLRDNORM : 0;
	case TS_CONNECTING:
		if (tcp_sock_connected(sk) == -EAGAIN)
			return 0;
		ts->reported = false; /* nobody has been told */
		break;
	default:
		break;
	}
	if (ts->rx || ts->peer_ended || ts->shut_rd || ts->state == TS_CLOSED)
		bits |= POLLIN | POLLRDNORM;
	if (ts->peer_ended)
		bits |= POLLRDHUP;
	/* A write that fails at once does not wait either. */
	if (ts->state == TS_CLOSED || ts->shut_wr ||
	    (tcp_sndbuf(ts->pcb) >= TCP_MSS &&
	     tcp_sndqueuelen(ts->pcb) < TCP_SND_QUEUELEN / 2))
		bits |= POLLOUT | POLLWRNORM;
	if (ts->state == TS_CLOSED)
		bits |= POLLHUP | POLLRDHUP;
	if (ts->error)
		bits |= POLLERR;
	return bits;
}

static size_t tcp_sock_readable(struct ofl_socket *sk)
{
	struct ofl_tcp *ts = tcp_of(sk);

	return ts->rx ? ts->rx->tot_len : 0;
}

static void tcp_sock_close(struct ofl_socket *sk)
{
	struct ofl_tcp *ts = tcp_of(sk), *conn;

	while ((conn = ts->queue)) {
		struct tcp_pcb *pcb = conn->pcb;

		ts->queue = conn->queue_next;
		if (pcb) {
			tcp_backlog_accepted(pcb);
			ofl_tcp_detach(conn);
			tcp_abort(pcb);
		}
		ofl_tcp_free(conn);
	}
	ofl_tcp_hang_up(ts);
	ofl_tcp_free(ts);
}

const struct ofl_socket_ops ofl_tcp_ops = {
	.bind = tcp_sock_bind,
	.listen = tcp_sock_listen,
	.connect = tcp_sock_connect,
	.connected = tcp_sock_connected,
	.accept = tcp_sock_accept,
	.send = tcp_sock_send,
	.recv = tcp_sock_recv,
	.shutdown = tcp_sock_shutdown,
	.name = tcp_sock_name,
	.error = tcp_sock_error,
	.getopt = tcp_sock_getopt,
	.setopt = tcp_sock_setopt,
	.poll = tcp_sock_poll,
	.readable = tcp_sock_readable,
	.close = tcp_sock_close,
};
