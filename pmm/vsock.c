/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-vsock (VIRTIO 1.2, 5.10), the device: packets in, packets out.
 *
 * The other end of each connection is a descriptor of ours (vsock_fd.c), and
 * no kernel support is needed.  Nothing here waits, and nobody who reads slowly
 * holds up another:
 *
 *  - What the image sends is put into the other end at once; what that does
 *    not take is kept, up to VSOCK_BUF bytes, which is the credit that the image
 *    has for this one connection.  More than that is against the rules: RST.
 *  - What the image shall receive stays where it is (in the kernel) until the image
 *    has room for it: the other end is read only into a buffer that the image gave,
 *    and only as far as its credit goes.
 *  - Connections with something to send form a ring and take turns, one packet
 *    each.  Packets without data are bits in `todo`.  Refusals of what belongs to no
 *    connection wait in a small list; while it is full, nothing is taken from
 *    the image, which so can only stall itself.
 *
 * A packet shorter or longer than its header says breaks the device.  One from a
 * CID that is not the image's is dropped, one of an unknown type or to no
 * connection is answered by RST, one against the state or the credit of its
 * connection ends that.
 */
#include "vsock_conn.h"

#include <errno.h>
#include <string.h>

#include "log.h"

#define TURNS 32 /* packets in each direction per turn of the loop */
#define LOOKS 64 /* for more from who was last at work */
#define TURNS_PER_LOOK 8

#define TODO(op) (1u << OFL_VSOCK_OP_##op)

/* --- to the image --- */

/* A buffer that the image gave: 1, 0 for none, -EPROTO (the device is broken). */
static int vsock_rx_chain(struct ofl_vsock *vs)
{
	struct ofl_vq *vq = &vs->dev.vq[OFL_VSOCK_RX];
	int got;

	if (vs->rx_taken)
		return 1;
	got = ofl_vq_pop(vq, &vs->rx_chain);
	if (got < 0) {
		ofl_dev_break(&vs->dev, "receive queue: %s", vq->why);
		return got;
	}
	if (!got)
		return 0;
	if (vs->rx_chain.nr_out) {
		ofl_dev_break(&vs->dev, "receive queue: readable buffer");
		return -EPROTO;
	}
	if (vs->rx_chain.in_len <= OFL_VSOCK_HDR) {
		ofl_dev_break(&vs->dev, "receive queue: buffer is too small");
		return -EPROTO;
	}
	vs->rx_taken = true;
	return 1;
}

/*
 * Where in the taken buffer data go, and how many bytes of it are in one piece; there
 * is at least one.
 */
static void *vsock_rx_data(struct ofl_vsock *vs, uint32_t *len)
{
	const struct ofl_vq_seg *seg = vs->rx_chain.seg;
	uint32_t off = OFL_VSOCK_HDR;

	while (off >= seg->len)
		off -= seg++->len;
	*len = seg->len - off;
	return ofl_mem_at(vs->dev.mem, seg->pa + off, *len);
}

/* It will be written to: fetch its first lines now. */
static void vsock_rx_warm(struct ofl_vsock *vs)
{
	const struct ofl_vq_seg *seg = vs->rx_chain.seg;
	const char *at = ofl_mem_at(vs->dev.mem, seg->pa, seg->len);

	__builtin_prefetch(at, 1);
	if (seg->len > OFL_LINE)
		__builtin_prefetch(at + OFL_LINE, 1);
}

/* Fill the taken buffer: a header; len bytes are there already. */
static void vsock_transmit(struct ofl_vsock *vs, struct ofl_vsock_hdr *hdr,
			   uint32_t len)
{
	struct ofl_vq *vq = &vs->dev.vq[OFL_VSOCK_RX];

	hdr->dst_cid = vs->cid;
	hdr->len = len;
	ofl_vq_copy_in(vq, &vs->rx_chain, 0, hdr, sizeof(*hdr));
	ofl_vq_push(vq, vs->rx_chain.head, (uint32_t)sizeof(*hdr) + len);
	vs->rx_taken = false;
}

static void vsock_send(struct vsock_conn *c, enum ofl_vsock_op op, uint32_t len)
{
	struct ofl_vsock_hdr hdr = {
		.src_cid = c->host_cid,
		.src_port = c->host_port,
		.dst_port = c->image_port,
		.type = OFL_VSOCK_STREAM,
		.op = (uint16_t)op,
		.flags = op == OFL_VSOCK_OP_SHUTDOWN ? c->shut : 0,
		.buf_alloc = VSOCK_BUF,
		.fwd_cnt = c->fwd_cnt,
	};

	c->todo &= ~((1u << op) | TODO(CREDIT_UPDATE));
	c->fwd_told = c->fwd_cnt;
	c->tx_cnt += len;
	vsock_transmit(c->vs, &hdr, len);
}

/* Its RST is sent: the image has forgotten it, or is about to. */
static void vsock_gone(struct vsock_conn *c)
{
	if (c->state != VSOCK_OVER && c->buf_len)
		ofl_vsock_conn_last(c);
	else
		ofl_vsock_conn_free(c);
}

/* One packet of c's, into the taken buffer.  False: it had none after all. */
static bool vsock_turn(struct vsock_conn *c)
{
	static const enum ofl_vsock_op order[] = {
		OFL_VSOCK_OP_REQUEST, OFL_VSOCK_OP_RESPONSE, OFL_VSOCK_OP_RST,
		OFL_VSOCK_OP_CREDIT_UPDATE, OFL_VSOCK_OP_SHUTDOWN,
	};
	struct ofl_vsock *vs = c->vs;
	unsigned int i;
	uint32_t room;
	void *to;
	int n;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (!(c->todo & (1u << order[i])))
			continue;
		vsock_send(c, order[i], 0);
		if (order[i] == OFL_VSOCK_OP_RST)
			vsock_gone(c);
		else
			ofl_vsock_conn_update(c);
		return true;
	}
	to = vsock_rx_data(vs, &room);
	if (room > ofl_vsock_conn_credit(c))
		room = ofl_vsock_conn_credit(c);
	n = ofl_vsock_conn_read(c, to, room);
	if (n > 0) {
		vsock_send(c, OFL_VSOCK_OP_RW, (uint32_t)n);
	} else if (!n) {
		c->shut |= OFL_VSOCK_SHUT_SEND;
		c->todo |= TODO(SHUTDOWN);
	} else if (n != -EAGAIN) {
		ofl_vsock_conn_reset(c);
		return true;
	}
	ofl_vsock_conn_update(c);
	return n >= 0;
}

static void vsock_send_refusal(struct ofl_vsock *vs)
{
	struct vsock_refusal *r = &vs->refusal[--vs->nr_refusals];
	struct ofl_vsock_hdr hdr = {
		.src_cid = r->src_cid,
		.src_port = r->src_port,
		.dst_port = r->dst_port,
		.type = r->type,
		.op = OFL_VSOCK_OP_RST,
	};

	vsock_transmit(vs, &hdr, 0);
}

static bool vsock_serve_rx(struct ofl_vsock *vs)
{
	struct vsock_conn *c;
	bool work = false;
	int i;

	for (i = 0; i < TURNS && (vs->nr_refusals || vs->ready_first); i++) {
		if (vsock_rx_chain(vs) <= 0)
			break;
		if (vs->nr_refusals) {
			vsock_send_refusal(vs);
			work = true;
			continue;
		}
		c = vs->ready_first;
		work |= vsock_turn(c);
		/* To the end of the ring, if it is still in it. */
		if (vs->ready_first == c && c->ready_next) {
			vs->ready_first = c->ready_next;
			vs->ready_first->ready_prev = NULL;
			c->ready_prev = vs->ready_last;
			c->ready_next = NULL;
			vs->ready_last->ready_next = c;
			vs->ready_last = c;
		}
	}
	if (work)
		ofl_dev_call(&vs->dev, OFL_VSOCK_RX);
	return work;
}

/*
 * There is nothing to do.  Who was written to or read from last may have more within
 * microseconds: let him, and look for it now and then without waiting for the loop to be
 * told.
 */
static void vsock_look(struct ofl_vsock *vs)
{
	struct vsock_conn *c = vs->hot;
	unsigned int turn = vs->hot_turns++;

	if (turn == LOOKS * TURNS_PER_LOOK ||
	    (c->state != VSOCK_OPEN && c->state != VSOCK_LAST)) {
		vs->hot = NULL;
		return;
	}
	if (turn % TURNS_PER_LOOK)
		return;
	if (turn <= TURNS_PER_LOOK)
		ofl_vsock_end_yield();
	ofl_vsock_conn_ready(c, true);
}

/* --- from the image --- */

static void vsock_refuse(struct ofl_vsock *vs, const struct ofl_vsock_hdr *to)
{
	if (to->op == OFL_VSOCK_OP_RST || vs->nr_refusals == VSOCK_REFUSALS)
		return;
	vs->refusal[vs->nr_refusals++] = (struct vsock_refusal){
		.src_cid = (uint32_t)to->dst_cid,
		.src_port = to->dst_port,
		.dst_port = to->src_port,
		.type = to->type,
	};
}

static void vsock_request(struct ofl_vsock *vs, const struct ofl_vsock_hdr *hdr)
{
	struct vsock_conn *c;

	if (hdr->len || hdr->fwd_cnt || hdr->dst_cid == vs->cid ||
	    hdr->dst_cid < OFL_VSOCK_CID_HOST ||
	    hdr->dst_cid >= OFL_VSOCK_CID_ANY) {
		vsock_refuse(vs, hdr);
		return;
	}
	c = ofl_vsock_conn_new(vs, -1);
	if (!c) {
		vsock_refuse(vs, hdr);
		return;
	}
	c->host_cid = (uint32_t)hdr->dst_cid;
	c->host_port = hdr->dst_port;
	c->image_port = hdr->src_port;
	c->image_alloc = hdr->buf_alloc;
	if (ofl_vsock_dial(c)) {
		ofl_vsock_conn_free(c);
		vsock_refuse(vs, hdr);
		return;
	}
	ofl_vsock_conn_hash(c);
	ofl_vsock_conn_update(c);
}

static void vsock_data(struct vsock_conn *c, const uint8_t *data, uint32_t len)
{
	if (c->state != VSOCK_OPEN || (c->image_shut & OFL_VSOCK_SHUT_SEND) ||
	    ofl_vsock_conn_write(c, data, len))
		ofl_vsock_conn_reset(c);
	else
		ofl_vsock_conn_update(c);
}

static void vsock_shutdown(struct vsock_conn *c, uint32_t flags)
{
	if (c->state != VSOCK_OPEN || (flags & ~OFL_VSOCK_SHUT_BOTH)) {
		ofl_vsock_conn_reset(c);
		return;
	}
	ofl_vsock_conn_shutdown(c, flags);
	if (c->image_shut == OFL_VSOCK_SHUT_BOTH)
		c->todo = TODO(RST);
	ofl_vsock_conn_update(c);
}

/* A packet of a connection; its data may be in the window, and change. */
static void vsock_packet(struct vsock_conn *c, const struct ofl_vsock_hdr *hdr,
			 const uint8_t *data)
{
	if (hdr->op == OFL_VSOCK_OP_RST) {
		if (c->state == VSOCK_OPEN && c->buf_len &&
		    c->image_shut == OFL_VSOCK_SHUT_BOTH)
			ofl_vsock_conn_last(c);
		else
			ofl_vsock_conn_free(c);
		return;
	}
	if (c->state == VSOCK_OVER || c->image_shut == OFL_VSOCK_SHUT_BOTH)
		return; /* an RST is on its way */
	if (hdr->fwd_cnt - c->image_fwd > c->tx_cnt - c->image_fwd ||
	    (hdr->len && hdr->op != OFL_VSOCK_OP_RW)) {
		ofl_vsock_conn_reset(c);
		return;
	}
	c->image_fwd = hdr->fwd_cnt;
	c->image_alloc = hdr->buf_alloc;
	switch (hdr->op) {
	case OFL_VSOCK_OP_RESPONSE:
		if (c->state == VSOCK_ASKED && !(c->todo & TODO(REQUEST)))
			ofl_vsock_conn_accepted(c);
		else
			ofl_vsock_conn_reset(c);
		break;
	case OFL_VSOCK_OP_RW:
		vsock_data(c, data, hdr->len);
		break;
	case OFL_VSOCK_OP_SHUTDOWN:
		vsock_shutdown(c, hdr->flags);
		break;
	case OFL_VSOCK_OP_CREDIT_REQUEST:
		c->todo |= TODO(CREDIT_UPDATE);
		ofl_vsock_conn_update(c);
		break;
	case OFL_VSOCK_OP_CREDIT_UPDATE:
		ofl_vsock_conn_update(c);
		break;
	default: /* REQUEST too: these ports are in use */
		ofl_vsock_conn_reset(c);
		break;
	}
}

/* The len bytes behind the header: where they lie in one piece, or a copy. */
static const uint8_t *vsock_payload(struct ofl_vsock *vs,
				    const struct ofl_vq_chain *chain, uint32_t len)
{
	uint32_t off = OFL_VSOCK_HDR;
	unsigned int i;

	for (i = 0; i < chain->nr_out && off >= chain->seg[i].len; i++)
		off -= chain->seg[i].len;
	if (i < chain->nr_out && len <= chain->seg[i].len - off)
		return ofl_mem_at(vs->dev.mem, chain->seg[i].pa + off, len);
	ofl_vq_copy_out(&vs->dev.vq[OFL_VSOCK_TX], chain, OFL_VSOCK_HDR, vs->scratch,
			len);
	return vs->scratch;
}

/* -EPROTO: the device is broken. */
static int vsock_take(struct ofl_vsock *vs, const struct ofl_vq_chain *chain)
{
	struct ofl_vq *vq = &vs->dev.vq[OFL_VSOCK_TX];
	struct ofl_vsock_hdr hdr;
	struct vsock_conn *c;

	if (chain->nr_in) {
		ofl_dev_break(&vs->dev, "transmit queue: writable buffer");
		return -EPROTO;
	}
	if (ofl_vq_copy_out(vq, chain, 0, &hdr, sizeof(hdr)) < sizeof(hdr)) {
		ofl_dev_break(&vs->dev, "packet is shorter than its header");
		return -EPROTO;
	}
	if (hdr.len != chain->out_len - sizeof(hdr)) {
		ofl_dev_break(&vs->dev, "packet of %llu bytes says that it has %u",
			      (unsigned long long)chain->out_len - sizeof(hdr),
			      hdr.len);
		return -EPROTO;
	}
	if (hdr.src_cid != vs->cid)
		return 0;
	if (hdr.type != OFL_VSOCK_STREAM || hdr.dst_cid > OFL_VSOCK_CID_ANY) {
		vsock_refuse(vs, &hdr);
		return 0;
	}
	c = ofl_vsock_conn_find(vs, (uint32_t)hdr.dst_cid, hdr.dst_port,
				hdr.src_port);
	if (!c && hdr.op == OFL_VSOCK_OP_REQUEST) {
		vsock_request(vs, &hdr);
	} else if (!c) {
		vsock_refuse(vs, &hdr);
	} else {
		/* More than this is more than any credit. */
		if (hdr.len > sizeof(vs->scratch))
			ofl_vsock_conn_reset(c);
		else
			vsock_packet(c, &hdr, vsock_payload(vs, chain, hdr.len));
	}
	return 0;
}

static bool vsock_serve_tx(struct ofl_vsock *vs)
{
	struct ofl_vq *vq = &vs->dev.vq[OFL_VSOCK_TX];
	struct ofl_vq_chain chain;
	int i, got;

	for (i = 0; i < TURNS && vs->nr_refusals < VSOCK_REFUSALS; i++) {
		got = ofl_vq_pop(vq, &chain);
		if (got < 0) {
			ofl_dev_break(&vs->dev, "transmit queue: %s", vq->why);
			return true;
		}
		if (!got)
			break;
		if (vsock_take(vs, &chain))
			return true;
		ofl_vq_push(vq, chain.head, 0);
	}
	if (i)
		ofl_dev_call(&vs->dev, OFL_VSOCK_TX);
	return i;
}

/* --- the device --- */

static bool vsock_serve(struct ofl_dev *dev)
{
	struct ofl_vsock *vs = dev->priv;
	bool work = false;

	if (ofl_dev_live(dev, OFL_VSOCK_TX))
		work = vsock_serve_tx(vs);
	if (ofl_dev_live(dev, OFL_VSOCK_RX)) {
		work |= vsock_serve_rx(vs);
		/* The next buffer is in hand before there is something for it. */
		if (!work && !vs->rx_taken && vsock_rx_chain(vs) > 0)
			vsock_rx_warm(vs);
	}
	if (!work && vs->hot)
		vsock_look(vs);
	return work;
}

static bool vsock_wants(const struct ofl_dev *dev, unsigned int q)
{
	const struct ofl_vsock *vs = dev->priv;

	switch (q) {
	case OFL_VSOCK_TX:
		return vs->nr_refusals < VSOCK_REFUSALS;
	case OFL_VSOCK_RX:
		return vs->nr_refusals || vs->ready_first;
	default:
		return false; /* we have no events to tell */
	}
}

/* The image ended or starts over: what it has sent still goes out. */
static void vsock_reset(struct ofl_dev *dev)
{
	struct ofl_vsock *vs = dev->priv;
	unsigned int i;

	vs->rx_taken = false;
	vs->nr_refusals = 0;
	for (i = 0; i < vs->max_conns; i++) {
		struct vsock_conn *c = &vs->conn[i];

		if (c->state == VSOCK_FREE || c->state == VSOCK_LAST)
			continue;
		if (c->state == VSOCK_OPEN && c->buf_len)
			ofl_vsock_conn_last(c);
		else
			ofl_vsock_conn_free(c);
	}
}

/* Its buffer is in hand already: the ring does not show that it can go on. */
static bool vsock_pending(const struct ofl_dev *dev)
{
	const struct ofl_vsock *vs = dev->priv;

	return vs->rx_taken && (vs->nr_refusals || vs->ready_first);
}

static const struct ofl_dev_ops vsock_ops = {
	.reset = vsock_reset,
	.serve = vsock_serve,
	.pending = vsock_pending,
	.wants = vsock_wants,
};

struct ofl_dev *ofl_vsock_dev(struct ofl_vsock *vs)
{
	struct ofl_dev *dev = &vs->dev;
	unsigned int i;

	if (dev->device_id)
		return dev;
	if (!dev->ops) /* they are not the kernel's */
		dev->ops = &vsock_ops;
	dev->priv = vs;
	strcpy(dev->name, "vsock");
	dev->device_id = OFL_ID_VSOCK;
	dev->in_order = true;
	dev->nr_queues = OFL_VSOCK_QUEUES;
	dev->mem_size = vs->opt->mem_size;
	for (i = 0; i < 4; i++)
		dev->config[i] = (uint8_t)(vs->cid >> (8 * i));
	dev->config_size = 8;
	return dev;
}
