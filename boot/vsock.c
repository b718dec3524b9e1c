// SPDX-License-Identifier: BSD-2-Clause
/*
 * The other ends of the image's vsock connections, in memory: see vsock.h for what
 * they do.  Device and connections are the daemon's (pmm/vsock.c, pmm/vsock_conn.c).
 *
 * An end has a ring of bytes for the image.  What the image sends on one goes into
 * the ring of the same (echo) or of another (two that are joined), as far as there is
 * room; the rest stays with the connection, which is where credit ends.  An end to
 * which something has happened is poked, and looked at before the device is served.
 *
 * Nobody is waited for, so nobody is given up after a time.
 */
#include "vsock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pmm/vsock_conn.h>

#define CID 3u
#define CONNS 32u /* bits of `poked` */
#define RING (64u * 1024)

enum kind {
	DOOR = 1,
	ECHO = 7,
	SINK = 9,
	SOURCE = 19,
	JOINED = 0x10000,
};

struct end {
	enum kind kind;
	struct vsock_conn *to; /* in whose ring goes what the image sends; NULL: gone */
	uint8_t *ring;
	uint32_t at, len;
	bool over;	     /* nothing more comes into the ring */
	uint32_t count, sum; /* of the bytes that went through */
};

static struct ofl_vsock *vs;
static struct end ends[CONNS];
static uint32_t poked;
static struct ofl_dev_ops ops;
static bool (*serve_queues)(struct ofl_dev *dev);

static struct end *end_of(const struct vsock_conn *c)
{
	return &ends[c - vs->conn];
}

static void poke(const struct vsock_conn *c)
{
	poked |= 1u << (c - vs->conn);
}

/* As much of it as there is room for. */
static uint32_t ring_put(struct end *e, const uint8_t *data, uint32_t len)
{
	uint32_t at = (e->at + e->len) % RING, first;

	if (len > RING - e->len)
		len = RING - e->len;
	first = len < RING - at ? len : RING - at;
	memcpy(e->ring + at, data, first);
	memcpy(e->ring, data + first, len - first);
	e->len += len;
	return len;
}

static int end_open(struct vsock_conn *c, enum kind kind, struct vsock_conn *to)
{
	struct end *e = end_of(c);

	*e = (struct end){ .kind = kind, .to = to, .sum = 0x811c9dc5 };
	e->ring = malloc(RING);
	return e->ring ? 0 : -ENOMEM;
}

/* Nothing more comes for it. */
static void end_over(struct vsock_conn *c)
{
	end_of(c)->over = true;
	poke(c);
}

/* --- the door: port 1 --- */

static int knock(struct vsock_conn *c)
{
	struct vsock_conn *d;
	uint32_t port;
	int err;

	err = ofl_vsock_line_port(c->line, "CONNECT ", &port);
	if (err)
		return err;
	d = ofl_vsock_conn_new(vs, -1);
	if (!d)
		return -ENOMEM;
	err = end_open(d, JOINED, c);
	if (err) {
		ofl_vsock_conn_free(d);
		return err;
	}
	end_of(c)->kind = JOINED;
	end_of(c)->to = d;
	d->wants_ok = true;
	ofl_vsock_conn_ask(d, port);
	poke(c); /* it may have sent more than the line */
	return 0;
}

static int door_put(struct vsock_conn *c, const uint8_t *data, uint32_t len)
{
	for (uint32_t n = 0; n < len; n++) {
		if (data[n] == '\n') {
			int err = knock(c);

			return err ? err : (int)n + 1;
		}
		if (c->line_len == sizeof(c->line) - 1)
			return -EPROTO;
		c->line[c->line_len++] = (char)data[n];
	}
	return (int)len;
}

/* --- what connections ask of their other ends --- */

int64_t ofl_vsock_now_ms(void)
{
	return 0;
}

int ofl_vsock_end_watch(struct vsock_conn *c, uint32_t wants)
{
	(void)c;
	(void)wants;
	return 0;
}

int ofl_vsock_dial(struct vsock_conn *c)
{
	int err;

	if (c->host_cid != OFL_VSOCK_CID_HOST)
		return -ENODEV;
	switch (c->host_port) {
	case DOOR:
	case ECHO:
	case SINK:
	case SOURCE:
		break;
	default:
		return -ECONNREFUSED;
	}
	err = end_open(c, (enum kind)c->host_port, c->host_port == ECHO ? c : NULL);
	if (!err)
		ofl_vsock_conn_dialled(c);
	return err;
}

int ofl_vsock_end_put(struct vsock_conn *c, const uint8_t *data, uint32_t len)
{
	struct end *e = end_of(c);
	uint32_t n;

	switch (e->kind) {
	case DOOR:
		return door_put(c, data, len);
	case SINK:
		e->count += len;
		for (n = 0; n < len; n++)
			e->sum = (e->sum ^ data[n]) * 0x1000193;
		return (int)len;
	case SOURCE:
		return (int)len;
	case ECHO:
		if (c->state == VSOCK_LAST)
			return (int)len; /* nobody will hear it */
		break;
	case JOINED:
		break;
	}
	if (!e->to)
		return -EPIPE;
	n = ring_put(end_of(e->to), data, len);
	if (!n)
		return -EAGAIN;
	poke(e->to);
	return (int)n;
}

static uint32_t source_get(struct end *e, uint8_t *buf, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++, e->count++)
		buf[i] = (uint8_t)(e->count ^ e->count >> 8);
	return len;
}

int ofl_vsock_end_get(struct vsock_conn *c, void *buf, uint32_t len)
{
	struct end *e = end_of(c);
	uint32_t first;

	if (e->kind == SOURCE && !e->over)
		return (int)source_get(e, buf, len);
	if (!e->len)
		return e->over ? 0 : -EAGAIN;
	if (len > e->len)
		len = e->len;
	first = len < RING - e->at ? len : RING - e->at;
	memcpy(buf, e->ring + e->at, first);
	memcpy((uint8_t *)buf + first, e->ring, len - first);
	e->at = (e->at + len) % RING;
	e->len -= len;
	if (e->to)
		poke(e->to); /* there is room again */
	return (int)len;
}

/* It may be said more than once. */
void ofl_vsock_end_shutdown(struct vsock_conn *c, uint32_t flags)
{
	struct end *e = end_of(c);
	char line[32];
	int len;

	if (!(flags & OFL_VSOCK_SHUT_SEND))
		return;
	if (e->kind == SINK && !e->over) {
		len = snprintf(line, sizeof(line), "%u %08x\n", e->count, e->sum);
		ring_put(e, (uint8_t *)line, (uint32_t)len);
	}
	if (e->kind != JOINED)
		end_over(c);
	else if (e->to)
		end_over(e->to);
}

void ofl_vsock_end_close(struct vsock_conn *c)
{
	struct end *e = end_of(c);

	if (e->to && e->to != c) {
		end_of(e->to)->to = NULL;
		end_over(e->to);
	}
	free(e->ring);
	memset(e, 0, sizeof(*e));
}

void ofl_vsock_end_yield(void)
{
}

/* --- the device --- */

static bool serve_ends(struct ofl_dev *dev)
{
	uint32_t now = poked;

	poked = 0;
	for (unsigned int i = 0; i < CONNS; i++) {
		struct vsock_conn *c = &vs->conn[i];

		if ((now >> i & 1) && (c->state == VSOCK_OPEN || c->state == VSOCK_LAST))
			ofl_vsock_conn_ready(c, true);
	}
	return serve_queues(dev) || now;
}

struct ofl_dev *ofl_boot_vsock(void)
{
	static const struct ofl_vsock_options options = { .mem_size = OFL_VSOCK_MEM_DEFAULT };
	struct ofl_dev *dev;

	vs = calloc(1, sizeof(*vs));
	if (!vs || ofl_vsock_conns_open(vs, CONNS))
		return NULL;
	vs->opt = &options;
	vs->cid = CID;
	vs->next_port = VSOCK_FIRST_PORT;
	dev = ofl_vsock_dev(vs);
	ops = *dev->ops;
	serve_queues = ops.serve;
	ops.serve = serve_ends;
	dev->ops = &ops;
	return dev;
}
