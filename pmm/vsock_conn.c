/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Vsock connections, between the image and another end (ofl_vsock_end_*), which is
 * written to and read from without ever waiting.
 *
 * It is waited for with input once, and again only after a read found nothing
 * more; with room for output only while bytes are kept back.  So an end whose bytes the
 * image has no room for costs nothing.
 */
#include "vsock_conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TODO(op) (1u << OFL_VSOCK_OP_##op)
#define LAST_MS 10000

/* --- which there are --- */

int ofl_vsock_conns_open(struct ofl_vsock *vs, unsigned int max)
{
	vs->conn = calloc(max, sizeof(*vs->conn));
	if (!vs->conn)
		return -ENOMEM;
	vs->max_conns = max;
	while (max--) {
		vs->conn[max].next = vs->free;
		vs->conn[max].source.fd = -1;
		vs->free = &vs->conn[max];
	}
	return 0;
}

static unsigned int conn_bucket(uint32_t cid, uint32_t host_port,
				uint32_t image_port)
{
	uint32_t x = (host_port * 31 + image_port) * 31 + cid;

	return (x ^ x >> 16) * 0x9e3779b1u >> 24;
}
_Static_assert(VSOCK_HASH == 256, "conn_bucket");

struct vsock_conn *ofl_vsock_conn_find(struct ofl_vsock *vs, uint32_t host_cid,
				       uint32_t host_port, uint32_t image_port)
{
	struct vsock_conn *c;

	c = vs->hash[conn_bucket(host_cid, host_port, image_port)];
	while (c && (c->host_cid != host_cid || c->host_port != host_port ||
		     c->image_port != image_port))
		c = c->next;
	return c;
}

void ofl_vsock_conn_hash(struct vsock_conn *c)
{
	unsigned int i = conn_bucket(c->host_cid, c->host_port, c->image_port);

	c->next = c->vs->hash[i];
	c->vs->hash[i] = c;
	c->hashed = true;
}

static void conn_unhash(struct vsock_conn *c)
{
	unsigned int i = conn_bucket(c->host_cid, c->host_port, c->image_port);
	struct vsock_conn **link = &c->vs->hash[i];

	if (!c->hashed)
		return;
	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	c->hashed = false;
}

static void conn_unready(struct vsock_conn *c)
{
	struct ofl_vsock *vs = c->vs;

	if (!c->ready)
		return;
	c->ready = false;
	if (c->ready_prev)
		c->ready_prev->ready_next = c->ready_next;
	else
		vs->ready_first = c->ready_next;
	if (c->ready_next)
		c->ready_next->ready_prev = c->ready_prev;
	else
		vs->ready_last = c->ready_prev;
}

static void conn_set_ready(struct vsock_conn *c)
{
	struct ofl_vsock *vs = c->vs;

	if (c->ready)
		return;
	c->ready = true;
	c->ready_next = NULL;
	c->ready_prev = vs->ready_last;
	if (vs->ready_last)
		vs->ready_last->ready_next = c;
	else
		vs->ready_first = c;
	vs->ready_last = c;
}

static bool conn_timed(enum vsock_state state)
{
	return state != VSOCK_FREE && state != VSOCK_OPEN && state != VSOCK_OVER;
}

void ofl_vsock_conn_state(struct vsock_conn *c, enum vsock_state state,
			  int timeout_ms)
{
	c->vs->nr_timed -= conn_timed(c->state);
	c->vs->nr_timed += conn_timed(state);
	c->state = state;
	c->deadline = ofl_vsock_now_ms() + timeout_ms;
}

struct vsock_conn *ofl_vsock_conn_new(struct ofl_vsock *vs, int fd)
{
	struct vsock_conn *c = vs->free;

	if (!c)
		return NULL;
	vs->free = c->next;
	vs->nr_conns++;
	memset(c, 0, sizeof(*c));
	c->vs = vs;
	c->source.fd = fd;
	c->state = VSOCK_OPEN; /* an untimed one; the caller sets the real one */
	return c;
}

void ofl_vsock_conn_free(struct vsock_conn *c)
{
	struct ofl_vsock *vs = c->vs;

	ofl_vsock_end_close(c);
	conn_unhash(c);
	conn_unready(c);
	if (vs->hot == c)
		vs->hot = NULL;
	ofl_vsock_conn_state(c, VSOCK_FREE, 0);
	free(c->buf);
	c->buf = NULL;
	c->next = vs->free;
	vs->free = c;
	vs->nr_conns--;
}

/* --- what it needs --- */

uint32_t ofl_vsock_conn_credit(const struct vsock_conn *c)
{
	uint32_t on_the_way = c->tx_cnt - c->image_fwd;

	return c->image_alloc > on_the_way ? c->image_alloc - on_the_way : 0;
}

/* May the other end be read for the image? */
static bool conn_reads(const struct vsock_conn *c)
{
	return c->state == VSOCK_OPEN && !(c->shut & OFL_VSOCK_SHUT_SEND) &&
	       !(c->image_shut & OFL_VSOCK_SHUT_RCV);
}

static uint32_t conn_wants(const struct vsock_conn *c)
{
	uint32_t wants = 0;

	switch (c->state) {
	case VSOCK_LINE_IN:
	case VSOCK_LINE_OUT:
		return VSOCK_IN;
	case VSOCK_DIAL:
		return VSOCK_OUT;
	case VSOCK_OPEN:
		if (conn_reads(c) && !c->readable)
			wants |= VSOCK_IN;
		break;
	case VSOCK_LAST:
		break;
	default:
		return 0;
	}
	return wants | (c->buf_len ? VSOCK_OUT : 0);
}

void ofl_vsock_conn_update(struct vsock_conn *c)
{
	if (c->state == VSOCK_FREE)
		return;
	if (c->todo || (conn_reads(c) && c->readable && ofl_vsock_conn_credit(c)))
		conn_set_ready(c);
	else
		conn_unready(c);
	if (ofl_vsock_end_watch(c, conn_wants(c)) &&
	    c->state != VSOCK_OVER && c->state != VSOCK_LAST)
		ofl_vsock_conn_reset(c);
}

void ofl_vsock_conn_reset(struct vsock_conn *c)
{
	bool told = c->hashed && !(c->todo & TODO(REQUEST));

	ofl_vsock_end_close(c);
	c->buf_len = 0;
	if (!told) {
		ofl_vsock_conn_free(c);
		return;
	}
	ofl_vsock_conn_state(c, VSOCK_OVER, 0);
	c->todo = TODO(RST);
	ofl_vsock_conn_update(c);
}

/* --- bytes --- */

/* It is at work: more may come of it soon.  turn: 0, let it go on at once. */
static void conn_hot(struct vsock_conn *c, unsigned int turn)
{
	c->vs->hot = c;
	c->vs->hot_turns = turn;
}

/* n bytes have left: the image has as much more credit. */
static void conn_forwarded(struct vsock_conn *c, uint32_t n)
{
	c->fwd_cnt += n;
	if (c->fwd_cnt - c->fwd_told >= VSOCK_BUF / 2 && c->hashed &&
	    !(c->image_shut & OFL_VSOCK_SHUT_SEND))
		c->todo |= TODO(CREDIT_UPDATE);
}

int ofl_vsock_conn_write(struct vsock_conn *c, const uint8_t *data, uint32_t len)
{
	uint32_t at, first;
	int n;

	if (len > VSOCK_BUF - c->buf_len)
		return -ENOSPC;
	conn_hot(c, 0);
	/* To -EAGAIN: from then on its having room is an event. */
	while (len && !c->buf_len) {
		n = ofl_vsock_end_put(c, data, len);
		if (n == -EAGAIN)
			break;
		if (n < 0)
			return n;
		conn_forwarded(c, (uint32_t)n);
		data += n;
		len -= (uint32_t)n;
	}
	if (!len)
		return 0;
	if (!c->buf)
		c->buf = malloc(VSOCK_BUF);
	if (!c->buf)
		return -ENOMEM;
	at = (c->buf_at + c->buf_len) % VSOCK_BUF;
	first = len < VSOCK_BUF - at ? len : VSOCK_BUF - at;
	memcpy(c->buf + at, data, first);
	memcpy(c->buf, data + first, len - first);
	c->buf_len += len;
	return 0;
}

/* What is kept, as far as the other end takes it.  0, -EAGAIN, -errno. */
static int conn_flush(struct vsock_conn *c)
{
	while (c->buf_len) {
		uint32_t len = VSOCK_BUF - c->buf_at;
		int n;

		if (len > c->buf_len)
			len = c->buf_len;
		n = ofl_vsock_end_put(c, c->buf + c->buf_at, len);
		if (n < 0)
			return n;
		c->buf_at = (c->buf_at + (uint32_t)n) % VSOCK_BUF;
		c->buf_len -= (uint32_t)n;
		conn_forwarded(c, (uint32_t)n);
	}
	if (c->image_shut & OFL_VSOCK_SHUT_SEND)
		ofl_vsock_end_shutdown(c, OFL_VSOCK_SHUT_SEND);
	return 0;
}

int ofl_vsock_conn_read(struct vsock_conn *c, void *buf, uint32_t len)
{
	int n = ofl_vsock_end_get(c, buf, len);

	if (n == -EAGAIN)
		c->readable = false;
	else
		conn_hot(c, 1); /* the image's turn first */
	return n;
}

void ofl_vsock_conn_shutdown(struct vsock_conn *c, uint32_t flags)
{
	c->image_shut |= flags;
	if (c->image_shut & OFL_VSOCK_SHUT_RCV)
		ofl_vsock_end_shutdown(c, OFL_VSOCK_SHUT_RCV);
	if (!c->buf_len)
		conn_flush(c);
}

void ofl_vsock_conn_last(struct vsock_conn *c)
{
	conn_unhash(c);
	c->todo = 0;
	c->image_shut = OFL_VSOCK_SHUT_BOTH;
	ofl_vsock_conn_state(c, VSOCK_LAST, LAST_MS);
	if (conn_flush(c) == -EAGAIN)
		ofl_vsock_conn_update(c);
	else
		ofl_vsock_conn_free(c);
}

void ofl_vsock_conn_accepted(struct vsock_conn *c)
{
	char line[VSOCK_LINE];
	int len;

	ofl_vsock_conn_state(c, VSOCK_OPEN, 0);
	c->readable = true; /* perhaps: a read will tell */
	if (c->wants_ok) {
		len = snprintf(line, sizeof(line), "OK %u\n", c->host_port);
		if (ofl_vsock_end_put(c, (const uint8_t *)line, (uint32_t)len) != len) {
			ofl_vsock_conn_reset(c);
			return;
		}
	}
	ofl_vsock_conn_update(c);
}

void ofl_vsock_conn_dialled(struct vsock_conn *c)
{
	ofl_vsock_conn_state(c, VSOCK_OPEN, 0);
	c->readable = true;
	c->todo |= TODO(RESPONSE);
	ofl_vsock_conn_update(c);
}

void ofl_vsock_conn_ask(struct vsock_conn *c, uint32_t image_port)
{
	struct ofl_vsock *vs = c->vs;

	/* No device, no listener: say so at once. */
	if (!ofl_dev_live(&vs->dev, OFL_VSOCK_RX)) {
		ofl_vsock_conn_free(c);
		return;
	}
	c->host_cid = OFL_VSOCK_CID_HOST;
	c->image_port = image_port;
	do {
		if (++vs->next_port < VSOCK_FIRST_PORT)
			vs->next_port = VSOCK_FIRST_PORT;
	} while (ofl_vsock_conn_find(vs, c->host_cid, vs->next_port, image_port));
	c->host_port = vs->next_port;
	c->todo = TODO(REQUEST);
	ofl_vsock_conn_state(c, VSOCK_ASKED, VSOCK_ANSWER_MS);
	ofl_vsock_conn_hash(c);
	ofl_vsock_conn_update(c);
}

void ofl_vsock_conn_ready(struct vsock_conn *c, bool readable)
{
	int err;

	if (readable)
		c->readable = true;
	if (c->buf_len) {
		err = conn_flush(c);
		if (err && err != -EAGAIN) {
			if (c->state == VSOCK_LAST)
				ofl_vsock_conn_free(c);
			else
				ofl_vsock_conn_reset(c);
			return;
		}
	}
	if (c->state == VSOCK_LAST && !c->buf_len)
		ofl_vsock_conn_free(c);
	else
		ofl_vsock_conn_update(c);
}

int ofl_vsock_line_port(const char *line, const char *word, uint32_t *port)
{
	size_t len = strlen(word);
	uint64_t value = 0;

	if (strncmp(line, word, len) || line[len] < '0' || line[len] > '9')
		return -EPROTO;
	for (line += len; *line; line++) {
		if (*line < '0' || *line > '9')
			return -EPROTO;
		value = value * 10 + (uint64_t)(*line - '0');
		if (value >= UINT32_MAX)
			return -EPROTO;
	}
	*port = (uint32_t)value;
	return 0;
}
