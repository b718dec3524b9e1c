// SPDX-License-Identifier: BSD-2-Clause
/*
 * SOCK_STREAM of AF_INET and AF_INET6 on lwIP's raw TCP.
 *
 * A socket and a connection of lwIP's (pcb) know of each other while both sides
 * may still speak.  When lwIP has freed the pcb (reset, time-out) or both have
 * sent their last byte, the socket is TS_CLOSED and has none; what was received stays
 * until it is read.  close() leaves the rest (retransmissions, FIN, TIME_WAIT)
 * to lwIP.
 *
 * Received data stays in lwIP's buffers, and the window that the peer has is
 * what the program has read: one that does not read holds up its own peer.  Peers
 * that send byte by byte would make us keep a buffer for each; then they are
 * joined.
 */
#include "tcp.h"

#include <errno.h>
#include <stdlib.h>

#include "netdev.h"

#define PIECES 64u /* buffers of one connection before they are joined */

static struct ofl_tcp *all;

static struct ofl_tcp *new_sock(int family)
{
	struct ofl_tcp *ts = calloc(1, sizeof(*ts));

	if (!ts)
		return NULL;
	ts->sk.ops = &ofl_tcp_ops;
	ts->family = family;
	ts->next = all;
	all = ts;
	return ts;
}

void ofl_tcp_free(struct ofl_tcp *ts)
{
	struct ofl_tcp **at = &all;

	while (*at != ts)
		at = &(*at)->next;
	*at = ts->next;
	if (ts->rx)
		pbuf_free(ts->rx);
	free(ts);
}

void ofl_tcp_detach(struct ofl_tcp *ts)
{
	tcp_arg(ts->pcb, NULL);
	if (ts->state != TS_LISTEN) {
		tcp_recv(ts->pcb, NULL);
		tcp_err(ts->pcb, NULL);
	}
	ts->pcb = NULL;
}

void ofl_tcp_ended(struct ofl_tcp *ts, int error)
{
	ts->state = TS_CLOSED;
	ts->error = error;
}

void ofl_tcp_maybe_over(struct ofl_tcp *ts)
{
	if (!ts->peer_ended || !ts->shut_wr || !ts->pcb)
		return;
	ofl_tcp_detach(ts);
	ofl_tcp_ended(ts, 0);
}

/* --- what lwIP tells us --- */

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct ofl_tcp *ts = arg;

	(void)err;
	if (!p) {
		ts->peer_ended = true;
		ofl_tcp_maybe_over(ts);
		return ERR_OK;
	}
	if (ts->shut_rd) {
		tcp_recved(pcb, p->tot_len);
		pbuf_free(p);
		return ERR_OK;
	}
	ts->pieces += pbuf_clen(p);
	if (ts->rx)
		pbuf_cat(ts->rx, p);
	else
		ts->rx = p;
	if (ts->pieces > PIECES) {
		ts->rx = pbuf_coalesce(ts->rx, PBUF_RAW);
		ts->pieces = pbuf_clen(ts->rx);
	}
	return ERR_OK;
}

static void on_err(void *arg, err_t err)
{
	struct ofl_tcp *ts = arg;

	if (!ts)
		return;
	ts->pcb = NULL; /* it is freed */
	if (err == ERR_CLSD)
		ofl_tcp_ended(ts, 0);
	else if (err == ERR_RST)
		ofl_tcp_ended(ts, ts->state == TS_CONNECTING ? ECONNREFUSED : ECONNRESET);
	else
		ofl_tcp_ended(ts, ETIMEDOUT);
}

err_t ofl_tcp_on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct ofl_tcp *ts = arg;

	(void)err;
	ts->state = TS_CONNECTED;
	ts->local = pcb->local_ip;
	ts->local_port = pcb->local_port;
	return ERR_OK;
}

static void attach(struct ofl_tcp *ts, struct tcp_pcb *pcb)
{
	ts->pcb = pcb;
	tcp_arg(pcb, ts);
	tcp_recv(pcb, on_recv);
	tcp_err(pcb, on_err);
	if (ts->nodelay)
		tcp_nagle_disable(pcb);
}

err_t ofl_tcp_on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct ofl_tcp *ts = arg, *conn, **at;

	if (err != ERR_OK || !pcb)
		return ERR_VAL;
	conn = ts ? new_sock(ts->family) : NULL;
	if (!conn)
		return ERR_MEM; /* lwIP resets it */
	conn->state = TS_CONNECTED;
	conn->bound = true;
	conn->nodelay = ts->nodelay;
	conn->peer = pcb->remote_ip;
	conn->peer_port = pcb->remote_port;
	conn->local = pcb->local_ip;
	conn->local_port = pcb->local_port;
	attach(conn, pcb);
	/* It counts against the backlog until accept(). */
	tcp_backlog_delayed(pcb);
	for (at = &ts->queue; *at; at = &(*at)->queue_next)
		;
	*at = conn;
	return ERR_OK;
}

/* --- for tcp_socket.c and stack.c --- */

struct ofl_tcp *ofl_tcp_new(int family)
{
	struct ofl_tcp *ts = new_sock(family);
	struct tcp_pcb *pcb;

	if (!ts)
		return NULL;
	pcb = tcp_new_ip_type(family == AF_INET ? IPADDR_TYPE_V4 :
						  IPADDR_TYPE_ANY);
	if (!pcb) {
		ofl_tcp_free(ts);
		return NULL;
	}
	attach(ts, pcb);
	return ts;
}

void ofl_tcp_hang_up(struct ofl_tcp *ts)
{
	struct tcp_pcb *pcb = ts->pcb;

	if (!pcb)
		return;
	ofl_tcp_detach(ts);
	if (tcp_close(pcb) != ERR_OK)
		tcp_abort(pcb);
	ofl_netdev_kick();
}

void ofl_tcp_lost(void)
{
	struct ofl_tcp *ts;

	for (ts = all; ts; ts = ts->next) {
		struct tcp_pcb *pcb = ts->pcb;

		if (!pcb || (ts->state != TS_CONNECTED && ts->state != TS_CONNECTING))
			continue;
		ofl_tcp_detach(ts);
		ofl_tcp_ended(ts, ECONNRESET);
		tcp_abort(pcb);
	}
	/* And those that were closed, and are only being finished. */
	while (tcp_active_pcbs)
		tcp_abort(tcp_active_pcbs);
}

void ofl_tcp_close_all(void)
{
	struct ofl_tcp *ts;

	for (ts = all; ts; ts = ts->next)
		if (ts->state == TS_CONNECTED) {
			ofl_tcp_hang_up(ts);
			ofl_tcp_ended(ts, 0);
		}
}

bool ofl_tcp_busy(void)
{
	const struct tcp_pcb *pcb;

	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
		if (pcb->unsent || pcb->unacked || pcb->state == FIN_WAIT_1 ||
		    pcb->state == CLOSING || pcb->state == LAST_ACK)
			return true;
	return false;
}
