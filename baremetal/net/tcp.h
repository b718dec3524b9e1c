/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections of AF_INET and AF_INET6: tcp.c speaks to lwIP, tcp_socket.c to
 * programs.
 */
#ifndef OFFLOAD_NET_TCP_H
#define OFFLOAD_NET_TCP_H

#include "stack.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

enum ofl_tcp_state { TS_NEW, TS_LISTEN, TS_CONNECTING, TS_CONNECTED, TS_CLOSED };

struct ofl_tcp {
	struct ofl_socket sk;
	struct ofl_tcp *next; /* of all */
	int family;
	enum ofl_tcp_state state;
	struct tcp_pcb *pcb; /* NULL: lwIP has forgotten it */
	bool bound, begun;   /* the SYN is sent */
	bool nodelay, v6only;
	bool peer_ended, shut_rd, shut_wr;
	bool reported;
	int error; /* positive; 0: none, or a clean end */
	struct pbuf *rx;
	unsigned int pieces;
	ip_addr_t peer, local;
	uint16_t peer_port, local_port;
	/* A listener's connections, oldest first. */
	struct ofl_tcp *queue, *queue_next;
};

/* A socket and a pcb for it; NULL: no memory. */
struct ofl_tcp *ofl_tcp_new(int family);
void ofl_tcp_free(struct ofl_tcp *ts);
/* lwIP goes on without us. */
void ofl_tcp_detach(struct ofl_tcp *ts);
/* The connection is over, cleanly (0) or by an error (positive). */
void ofl_tcp_ended(struct ofl_tcp *ts, int error);
/* Both have sent their last byte: nothing of the connection matters any more. */
void ofl_tcp_maybe_over(struct ofl_tcp *ts);
/* The end of the connection, or of the listener; not of the socket. */
void ofl_tcp_hang_up(struct ofl_tcp *ts);
/* For lwIP: it is there; a peer has come. */
err_t ofl_tcp_on_connected(void *arg, struct tcp_pcb *pcb, err_t err);
err_t ofl_tcp_on_accept(void *arg, struct tcp_pcb *pcb, err_t err);

extern const struct ofl_socket_ops ofl_tcp_ops;

#endif
