// SPDX-License-Identifier: BSD-2-Clause
/*
 * The connections of virtio-vsock: the list, and what a packet does to one of
 * them.  What is to be sent in answer is left as bits in `todo` for vsock.c.
 *
 * States: NEW, then LISTEN, or CONNECTING, CONNECTED; at the end CLOSED.  A clean
 * end is SHUTDOWN with both directions, answered by RST, so that the pair of
 * ports cannot be used again too early.  A socket that the program closed
 * lives on as an orphan until then, or until its time is up.
 *
 * A packet against the state or the credit of its connection ends it with an
 * RST: ECONNRESET for the program.
 */
#include "vsock_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wait.h"

#define ORPHAN_TIME (10 * OFL_SEC)
#define PORT_FIRST 1024u

#define BUCKETS 256u

struct ofl_vsock *ofl_vsock_all, *ofl_vsock_due;
static struct ofl_vsock **due_end = &ofl_vsock_due;
static struct ofl_vsock *buckets[BUCKETS];
static struct ofl_vsock *orphans;
static unsigned int nr_sockets;
static uint64_t reap_at; /* the first orphan's deadline, or before */
static bool reap_now;
static uint32_t next_port;

/* --- the list --- */

struct ofl_vsock *ofl_vsock_new(void)
{
	struct ofl_vsock *vs;

	if (nr_sockets >= OFL_VSOCK_MAX)
		return NULL;
	vs = calloc(1, sizeof(*vs));
	if (!vs)
		return NULL;
	vs->rx_size = OFL_VSOCK_RX_DEFAULT;
	vs->connect_timeout = OFL_VSOCK_CONNECT_TIMEOUT * OFL_SEC;
	vs->next = ofl_vsock_all;
	vs->link = &ofl_vsock_all;
	if (vs->next)
		vs->next->link = &vs->next;
	ofl_vsock_all = vs;
	nr_sockets++;
	return vs;
}

static unsigned int bucket_of(uint32_t my_port, uint32_t cid, uint32_t peer_port)
{
	uint32_t x = (my_port * 31 + peer_port) * 31 + cid;

	return (x ^ x >> 16) * 0x9e3779b1u >> 24;
}
_Static_assert(BUCKETS == 256, "bucket_of");

void ofl_vsock_hash(struct ofl_vsock *vs)
{
	unsigned int i = bucket_of(vs->port, vs->peer_cid, vs->peer_port);

	vs->hash_next = buckets[i];
	buckets[i] = vs;
	vs->hashed = true;
}

static void unhash(struct ofl_vsock *vs)
{
	struct ofl_vsock **link;

	if (!vs->hashed)
		return;
	link = &buckets[bucket_of(vs->port, vs->peer_cid, vs->peer_port)];
	while (*link != vs)
		link = &(*link)->hash_next;
	*link = vs->hash_next;
	vs->hashed = false;
}

void ofl_vsock_is_due(struct ofl_vsock *vs)
{
	if (vs->todo_link)
		return;
	vs->todo_next = NULL;
	vs->todo_link = due_end;
	*due_end = vs;
	due_end = &vs->todo_next;
}

void ofl_vsock_not_due(struct ofl_vsock *vs)
{
	if (!vs->todo_link)
		return;
	*vs->todo_link = vs->todo_next;
	if (vs->todo_next)
		vs->todo_next->todo_link = vs->todo_link;
	else
		due_end = vs->todo_link;
	vs->todo_link = NULL;
}

/* An orphan is taken out of their list by who frees it. */
void ofl_vsock_free(struct ofl_vsock *vs)
{
	*vs->link = vs->next;
	if (vs->next)
		vs->next->link = vs->link;
	ofl_vsock_not_due(vs);
	unhash(vs);
	nr_sockets--;
	free(vs->rx);
	free(vs);
}

static bool is_connection(const struct ofl_vsock *vs)
{
	return vs->state == OFL_VSOCK_CONNECTING ||
	       vs->state == OFL_VSOCK_CONNECTED;
}

static struct ofl_vsock *find(uint32_t my_port, uint32_t cid, uint32_t peer_port)
{
	struct ofl_vsock *vs = buckets[bucket_of(my_port, cid, peer_port)];

	while (vs && (vs->port != my_port || vs->peer_port != peer_port ||
		      vs->peer_cid != cid || !is_connection(vs)))
		vs = vs->hash_next;
	return vs;
}

static struct ofl_vsock *find_listener(uint32_t my_port)
{
	struct ofl_vsock *vs;

	for (vs = ofl_vsock_all; vs; vs = vs->next)
		if (vs->state == OFL_VSOCK_LISTEN && vs->port == my_port)
			return vs;
	return NULL;
}

bool ofl_vsock_port_used(uint32_t number, bool connections)
{
	struct ofl_vsock *vs;

	for (vs = ofl_vsock_all; vs; vs = vs->next)
		if (vs->port == number &&
		    (vs->bound || (connections && (is_connection(vs) || vs->todo))))
			return true;
	return false;
}

void ofl_vsock_seed(uint32_t random)
{
	next_port = random & 0x3fffffff;
}

uint32_t ofl_vsock_port_new(void)
{
	for (unsigned int tries = 0; tries <= OFL_VSOCK_MAX; tries++) {
		if (next_port < PORT_FIRST || next_port == UINT32_MAX)
			next_port = PORT_FIRST;
		next_port++;
		if (!ofl_vsock_port_used(next_port, true))
			return next_port;
	}
	return 0;
}

/* --- credit and the receive buffer --- */

uint32_t ofl_vsock_credit(const struct ofl_vsock *vs)
{
	uint32_t on_the_way = vs->tx_cnt - vs->peer_fwd;

	return vs->peer_alloc > on_the_way ? vs->peer_alloc - on_the_way : 0;
}

/* n bytes were read. */
static void forwarded(struct ofl_vsock *vs, uint32_t n)
{
	vs->fwd_cnt += n;
	/* Half of the buffer is free and the other side does not know it. */
	if (vs->state == OFL_VSOCK_CONNECTED &&
	    !(vs->peer_shut & OFL_VSOCK_SHUT_SEND) &&
	    vs->fwd_cnt - vs->fwd_told >= vs->rx_size / 2)
		ofl_vsock_post(vs, OFL_VSOCK_OP_CREDIT_UPDATE);
}

size_t ofl_vsock_take(struct ofl_vsock *vs, void *buf, size_t len, bool peek)
{
	uint32_t n = len < vs->rx_len ? (uint32_t)len : vs->rx_len;
	uint32_t first = n < vs->rx_size - vs->rx_at ? n :
						       vs->rx_size - vs->rx_at;

	if (buf && n) {
		memcpy(buf, vs->rx + vs->rx_at, first);
		memcpy((uint8_t *)buf + first, vs->rx, n - first);
	}
	if (peek || !n)
		return n;
	vs->rx_at += n;
	if (vs->rx_at >= vs->rx_size)
		vs->rx_at -= vs->rx_size;
	vs->rx_len -= n;
	forwarded(vs, n);
	return n;
}

/* --- the end of a connection --- */

static void over(struct ofl_vsock *vs, int error)
{
	vs->state = OFL_VSOCK_CLOSED;
	vs->error = error;
	vs->todo = 0;
	ofl_vsock_reap_soon(vs);
}

/* The other side broke the rules, or we end it the hard way. */
static void reset(struct ofl_vsock *vs)
{
	over(vs, ECONNRESET);
	ofl_vsock_post(vs, OFL_VSOCK_OP_RST);
}

/* What is left of it finds its end without the program. */
static void orphan(struct ofl_vsock *vs)
{
	vs->orphan = true;
	vs->orphan_next = orphans;
	orphans = vs;
	ofl_vsock_reap_soon(vs);
	vs->bound = false;
	vs->deadline = ofl_now_ns() + ORPHAN_TIME;
	/* What nobody will read counts as read. */
	ofl_vsock_take(vs, NULL, vs->rx_len, false);
	free(vs->rx);
	vs->rx = NULL;
	if (vs->state == OFL_VSOCK_CONNECTED) {
		vs->shut = OFL_VSOCK_SHUT_BOTH;
		ofl_vsock_post(vs, OFL_VSOCK_OP_SHUTDOWN);
	} else if (vs->state == OFL_VSOCK_CONNECTING &&
		   !(vs->todo & OFL_VSOCK_TODO(OFL_VSOCK_OP_REQUEST))) {
		reset(vs);
	} else if (vs->state != OFL_VSOCK_CLOSED) {
		over(vs, 0);
	}
}

void ofl_vsock_abandon(struct ofl_vsock *vs)
{
	while (vs->queue) {
		struct ofl_vsock *conn = vs->queue;

		vs->queue = conn->queue_next;
		if (is_connection(conn))
			reset(conn);
		orphan(conn);
	}
	orphan(vs);
	ofl_vsock_progress();
	ofl_vsock_reap();
}

void ofl_vsock_reap_soon(const struct ofl_vsock *vs)
{
	reap_now |= vs->orphan;
}

void ofl_vsock_reap(void)
{
	struct ofl_vsock *vs, **link = &orphans;
	uint64_t now;

	if (!orphans)
		return;
	now = ofl_now_ns();
	if (!reap_now && now < reap_at)
		return;
	reap_now = false;
	reap_at = UINT64_MAX;
	while ((vs = *link)) {
		if (vs->state != OFL_VSOCK_CLOSED && now >= vs->deadline)
			reset(vs);
		if (vs->state == OFL_VSOCK_CLOSED && !vs->todo) {
			*link = vs->orphan_next;
			ofl_vsock_free(vs);
			continue;
		}
		if (vs->state != OFL_VSOCK_CLOSED && vs->deadline < reap_at)
			reap_at = vs->deadline;
		link = &vs->orphan_next;
	}
}

void ofl_vsock_reset_all(void)
{
	struct ofl_vsock *vs;

	for (vs = ofl_vsock_all; vs; vs = vs->next) {
		vs->todo = 0;
		if (is_connection(vs))
			over(vs, ECONNRESET);
	}
	reap_now = true;
}

/* --- what a packet does --- */

/* len bytes came; from: in the window. */
static void receive(struct ofl_vsock *vs, const uint8_t *from, uint32_t len)
{
	uint32_t at, first;

	if (vs->state != OFL_VSOCK_CONNECTED ||
	    (vs->peer_shut & OFL_VSOCK_SHUT_SEND) ||
	    len > vs->rx_size - vs->rx_len) {
		reset(vs);
		return;
	}
	if (vs->shut & OFL_VSOCK_SHUT_RCV) { /* was on its way */
		vs->fwd_cnt += len;
		return;
	}
	if (vs->sk.into_left && !vs->rx_len) {
		first = len < vs->sk.into_left ? len : (uint32_t)vs->sk.into_left;
		memcpy(vs->sk.into, from, first);
		vs->sk.into += first;
		vs->sk.into_left -= first;
		forwarded(vs, first);
		from += first;
		len -= first;
	}
	if (!len)
		return;
	at = vs->rx_at + vs->rx_len;
	if (at >= vs->rx_size)
		at -= vs->rx_size;
	first = len < vs->rx_size - at ? len : vs->rx_size - at;
	memcpy(vs->rx + at, from, first);
	memcpy(vs->rx, from + first, len - first);
	vs->rx_len += len;
}

/* False: it counts bytes as read that were never sent. */
static bool take_credit(struct ofl_vsock *vs, const struct ofl_vsock_hdr *hdr)
{
	if (hdr->fwd_cnt - vs->peer_fwd > vs->tx_cnt - vs->peer_fwd)
		return false;
	vs->peer_fwd = hdr->fwd_cnt;
	vs->peer_alloc = hdr->buf_alloc;
	return true;
}

static bool request(const struct ofl_vsock_hdr *hdr)
{
	struct ofl_vsock *vs, *listener = find_listener(hdr->dst_port);
	struct ofl_vsock **link;

	if (!listener || listener->queued >= listener->backlog || hdr->len)
		return false;
	vs = ofl_vsock_new();
	if (!vs)
		return false;
	vs->rx_size = listener->rx_size;
	vs->rx = malloc(vs->rx_size);
	vs->port = hdr->dst_port;
	vs->peer_port = hdr->src_port;
	vs->peer_cid = (uint32_t)hdr->src_cid;
	if (!vs->rx || !take_credit(vs, hdr)) {
		ofl_vsock_free(vs);
		return false;
	}
	vs->sk.ops = listener->sk.ops;
	vs->state = OFL_VSOCK_CONNECTED;
	ofl_vsock_hash(vs);
	for (link = &listener->queue; *link; link = &(*link)->queue_next)
		;
	*link = vs;
	listener->queued++;
	ofl_vsock_post(vs, OFL_VSOCK_OP_RESPONSE);
	return true;
}

static void shutdown_came(struct ofl_vsock *vs, uint32_t flags)
{
	if (vs->state != OFL_VSOCK_CONNECTED ||
	    (flags & ~OFL_VSOCK_SHUT_BOTH)) {
		reset(vs);
		return;
	}
	vs->peer_shut |= flags;
	if (vs->peer_shut != OFL_VSOCK_SHUT_BOTH)
		return;
	over(vs, 0);
	ofl_vsock_post(vs, OFL_VSOCK_OP_RST);
}

static void rst_came(struct ofl_vsock *vs)
{
	bool clean = vs->state == OFL_VSOCK_CONNECTED &&
		     vs->shut == OFL_VSOCK_SHUT_BOTH;

	over(vs, clean ? 0 : ECONNRESET);
}

/* A packet for an open or opening connection. */
static void handle(struct ofl_vsock *vs, const struct ofl_vsock_hdr *hdr,
		   const uint8_t *data)
{
	if (hdr->op == OFL_VSOCK_OP_RST) {
		rst_came(vs);
		return;
	}
	if (!take_credit(vs, hdr) || (hdr->len && hdr->op != OFL_VSOCK_OP_RW)) {
		reset(vs);
		return;
	}
	switch (hdr->op) {
	case OFL_VSOCK_OP_RESPONSE:
		if (vs->state != OFL_VSOCK_CONNECTING ||
		    (vs->todo & OFL_VSOCK_TODO(OFL_VSOCK_OP_REQUEST)))
			reset(vs);
		else
			vs->state = OFL_VSOCK_CONNECTED;
		break;
	case OFL_VSOCK_OP_RW:
		receive(vs, data, hdr->len);
		break;
	case OFL_VSOCK_OP_SHUTDOWN:
		shutdown_came(vs, hdr->flags);
		break;
	case OFL_VSOCK_OP_CREDIT_UPDATE:
		break;
	case OFL_VSOCK_OP_CREDIT_REQUEST:
		ofl_vsock_post(vs, OFL_VSOCK_OP_CREDIT_UPDATE);
		break;
	default: /* REQUEST too: these ports are in use */
		reset(vs);
		break;
	}
}

bool ofl_vsock_incoming(const struct ofl_vsock_hdr *hdr, const uint8_t *data)
{
	struct ofl_vsock *vs;

	vs = find(hdr->dst_port, (uint32_t)hdr->src_cid, hdr->src_port);
	if (vs) {
		handle(vs, hdr, data);
		return true;
	}
	return hdr->op == OFL_VSOCK_OP_REQUEST && request(hdr);
}
