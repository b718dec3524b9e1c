// SPDX-License-Identifier: BSD-2-Clause
/*
 * virtio-vsock (VIRTIO 1.2, 5.10): the device and its packets; what they do to a
 * connection is in vsock_conn.c.
 *
 * Nothing here waits.  ofl_vsock_progress() takes what the device brought and
 * sends what is due; the socket calls run it before every look.
 *
 * Sending.  Bytes go from the caller straight to a free buffer in the window, at
 * most as many as the other side's credit allows (its buf_alloc minus what is
 * on the way to it, never below 0 however it changes its mind).  From a buffer of the
 * pool that the caller lends (it waits until the device has read it) only the header
 * goes there, and a second descriptor points at the bytes.  Packets
 * without data are bits in `todo` and go when there is a buffer, so that nothing
 * is lost or allocated when all buffers are with the device.
 *
 * Receiving.  The header is copied to private memory once and checked there;
 * the payload goes to who waits in recv(), if nothing is in front of it, else into
 * the connection's own buffer, whose free bytes are the credit that the other side
 * has.  More than that is a lie and ends the connection.  Refusals of what belongs
 * to no connection wait in a small ring; while it is full nothing more is taken from
 * the device.
 *
 * What a packet may not be (VIRTIO 1.2, 5.10.6): shorter than its header or than
 * its own len (the device lies about lengths: it is not used any more); for
 * another CID (dropped); of an unknown type, to no connection, or against the
 * connection's state or credit (RST, and the connection is over: ECONNRESET).
 */
#include "vsock.h"

#include <errno.h>
#include <string.h>

#include "pool.h"
#include "rng.h"
#include "vsock_conn.h"
#include "wait.h"

#define BUFS 16u      /* in each direction; at most 32 */
#define EVENTS 4u
#define BUF_MIN 256u  /* header and some data */
#define BUF_MAX 65536u /* data */
#define SKIP (OFL_LINE - OFL_VSOCK_HDR)
#define LEND_MIN 4096u	/* less is copied sooner than waited for */
#define LEND_MAX 65536u /* in one packet: what devices take at most */
#define LEND_TIME (10 * OFL_SEC)
#define ROUND 64u     /* packets taken in one progress */
#define REFUSALS 32u
#define DRAIN_TIME (5 * OFL_SEC)

struct vsock_buf {
	uint8_t *va;
	uint64_t pa;
	struct ofl_vsock *lender; /* of the bytes behind this header; NULL: nobody */
};

static struct {
	struct ofl_virtio *dev; /* NULL: none */
	struct ofl_vq rx, tx, event;
	struct vsock_buf rx_buf[BUFS], tx_buf[BUFS], event_buf[EVENTS];
	uint32_t buf_size;
	uint32_t tx_free; /* one bit per buffer */
	unsigned int tx_next; /* the buffer to look at first: they take turns */
	uint32_t cid;
	bool rx_posted, tx_posted; /* a kick is due */
} device;

/* RSTs that belong to no connection. */
static struct refusal {
	uint32_t cid, src_port, dst_port;
	uint16_t type;
} refusals[REFUSALS];
static unsigned int nr_refusals;

/* --- sending --- */

static void tx_reclaim(void)
{
	void *cookie;
	uint32_t len;

	while (ofl_vq_get(&device.tx, &cookie, &len) > 0) {
		struct vsock_buf *buf = cookie;

		if (buf->lender)
			buf->lender->lent--;
		buf->lender = NULL;
		device.tx_free |= 1u << (buf - device.tx_buf);
	}
}

/* A free buffer; there is one. */
static struct vsock_buf *tx_buf(void)
{
	uint32_t from_next = device.tx_free >> device.tx_next << device.tx_next;

	return &device.tx_buf[__builtin_ctz(from_next ? from_next : device.tx_free)];
}

/* The device has read the next one long ago: have its first lines here again. */
static void tx_warm(void)
{
	const uint8_t *next = device.tx_buf[device.tx_next].va;

	__builtin_prefetch(next, 1);
	__builtin_prefetch(next + OFL_VSOCK_HDR, 1);
}

/* A packet with len bytes from data, the lender's if there is one; a buffer must be free. */
static void transmit(struct ofl_vsock_hdr *hdr, const void *data, uint32_t len,
		     struct ofl_vsock *lender)
{
	struct vsock_buf *buf = tx_buf();
	struct ofl_vq_buf out[2] = { { buf->pa, OFL_VSOCK_HDR } };

	hdr->src_cid = device.cid;
	hdr->len = len;
	memcpy(buf->va, hdr, OFL_VSOCK_HDR);
	if (lender) {
		out[1] = (struct ofl_vq_buf){ ofl_pool_pa(data, len), len };
	} else if (len) {
		out[0].len += len;
		memcpy(buf->va + OFL_VSOCK_HDR, data, len);
	}
	if (ofl_vq_add(&device.tx, out, lender ? 2 : 1, 0, buf))
		return; /* the device broke: progress() will see it */
	buf->lender = lender;
	if (lender)
		lender->lent++;
	device.tx_free &= ~(1u << (buf - device.tx_buf));
	device.tx_next = (unsigned int)(buf - device.tx_buf + 1) % BUFS;
	device.tx_posted = true;
}

static void packet(struct ofl_vsock *vs, enum ofl_vsock_op op, const void *data,
		   uint32_t len, bool lend)
{
	struct ofl_vsock_hdr hdr = {
		.dst_cid = vs->peer_cid,
		.src_port = vs->port,
		.dst_port = vs->peer_port,
		.type = OFL_VSOCK_STREAM,
		.op = (uint16_t)op,
		.flags = op == OFL_VSOCK_OP_SHUTDOWN ? vs->shut : 0,
		.buf_alloc = vs->rx_size,
		.fwd_cnt = vs->fwd_cnt,
	};

	vs->fwd_told = vs->fwd_cnt;
	vs->todo &= ~OFL_VSOCK_TODO(OFL_VSOCK_OP_CREDIT_UPDATE); /* every packet carries it */
	transmit(&hdr, data, len, lend ? vs : NULL);
}

/* What is due, in the order that the other side must see. */
static void send_todo(struct ofl_vsock *vs)
{
	static const enum ofl_vsock_op order[] = {
		OFL_VSOCK_OP_REQUEST, OFL_VSOCK_OP_RESPONSE,
		OFL_VSOCK_OP_CREDIT_UPDATE, OFL_VSOCK_OP_SHUTDOWN,
		OFL_VSOCK_OP_RST,
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (!device.tx_free)
			return;
		if (!(vs->todo & OFL_VSOCK_TODO(order[i])))
			continue;
		vs->todo &= ~OFL_VSOCK_TODO(order[i]);
		packet(vs, order[i], NULL, 0, false);
	}
	ofl_vsock_not_due(vs);
	ofl_vsock_reap_soon(vs);
}

void ofl_vsock_post(struct ofl_vsock *vs, enum ofl_vsock_op op)
{
	if (!ofl_vsock_works())
		return;
	vs->todo |= OFL_VSOCK_TODO(op);
	ofl_vsock_is_due(vs);
}

/* An RST without a connection. */
static void refuse(const struct ofl_vsock_hdr *to)
{
	if (to->op == OFL_VSOCK_OP_RST || nr_refusals == REFUSALS)
		return;
	refusals[nr_refusals++] = (struct refusal){
		.cid = (uint32_t)to->src_cid,
		.src_port = to->dst_port,
		.dst_port = to->src_port,
		.type = to->type,
	};
}

static void send_refusals(void)
{
	while (nr_refusals && device.tx_free) {
		struct refusal *r = &refusals[--nr_refusals];
		struct ofl_vsock_hdr hdr = {
			.dst_cid = r->cid,
			.src_port = r->src_port,
			.dst_port = r->dst_port,
			.type = r->type,
			.op = OFL_VSOCK_OP_RST,
		};

		transmit(&hdr, NULL, 0, NULL);
	}
}

bool ofl_vsock_can_send(const struct ofl_vsock *vs)
{
	return device.tx_free && ofl_vsock_credit(vs);
}

bool ofl_vsock_lent(struct ofl_vsock *vs)
{
	uint64_t now;

	if (!vs->lent || vs->state != OFL_VSOCK_CLOSED)
		return vs->lent;
	now = ofl_now_ns();
	if (!vs->lent_deadline)
		vs->lent_deadline = now + LEND_TIME;
	if (now >= vs->lent_deadline) {
		ofl_virtio_fail(device.dev, "vsock packets are not taken");
		ofl_vsock_lost();
	}
	return vs->lent;
}

int64_t ofl_vsock_send(struct ofl_vsock *vs, const void *buf, size_t len)
{
	uint32_t room = device.buf_size - OFL_VSOCK_HDR;
	bool lend = vs->sk.lends && len >= LEND_MIN && device.tx.size >= 2 * BUFS &&
		    ofl_pool_pa(buf, len);
	size_t done = 0;

	if (!ofl_vsock_works())
		return -EAGAIN;
	if (lend)
		room = LEND_MAX;
	tx_reclaim();
	if (vs->todo)
		send_todo(vs);
	/* Not before the answer that opens the connection. */
	while (done < len && ofl_vsock_can_send(vs) && !vs->todo) {
		size_t n = len - done;

		if (n > ofl_vsock_credit(vs))
			n = ofl_vsock_credit(vs);
		if (n > room)
			n = room;
		packet(vs, OFL_VSOCK_OP_RW, (const uint8_t *)buf + done,
		       (uint32_t)n, lend);
		vs->tx_cnt += (uint32_t)n;
		done += n;
	}
	if (device.tx_posted) {
		device.tx_posted = false;
		ofl_vq_kick(&device.tx);
		tx_warm();
	}
	return done ? (int64_t)done : -EAGAIN;
}

/* --- receiving --- */

static void incoming(const struct vsock_buf *buf, uint32_t written)
{
	struct ofl_vsock_hdr hdr;

	if (written < OFL_VSOCK_HDR) {
		ofl_virtio_fail(device.dev, "vsock packet is shorter than its header");
		return;
	}
	memcpy(&hdr, buf->va, sizeof(hdr));
	if (hdr.len > written - OFL_VSOCK_HDR) {
		ofl_virtio_fail(device.dev, "vsock packet is shorter than it says");
		return;
	}
	if (hdr.dst_cid != device.cid || hdr.src_cid >= OFL_VSOCK_CID_ANY)
		return;
	if (hdr.type != OFL_VSOCK_STREAM ||
	    !ofl_vsock_incoming(&hdr, buf->va + OFL_VSOCK_HDR))
		refuse(&hdr);
}

static int post_rx(struct vsock_buf *buf)
{
	struct ofl_vq_buf in = { buf->pa, device.buf_size };

	return ofl_vq_add(&device.rx, &in, 0, 1, buf);
}

static int post_event(struct vsock_buf *buf)
{
	struct ofl_vq_buf in = { buf->pa, sizeof(uint32_t) };

	return ofl_vq_add(&device.event, &in, 0, 1, buf);
}

/* The device's CID; -EINVAL: none that an image can have. */
static int read_cid(struct ofl_virtio *dev)
{
	uint64_t cid;
	int err = ofl_virtio_config(dev, 0, &cid, sizeof(cid));

	if (err)
		return err;
	if (cid < OFL_VSOCK_CID_FIRST || cid >= OFL_VSOCK_CID_ANY)
		return -EINVAL;
	device.cid = (uint32_t)cid;
	return 0;
}

/* VIRTIO 1.2, 5.10.6.7: connections are gone, the CID may be another. */
static void events(void)
{
	uint32_t len, id;
	void *cookie;

	while (ofl_vq_get(&device.event, &cookie, &len) > 0) {
		struct vsock_buf *buf = cookie;

		memcpy(&id, buf->va, sizeof(id));
		if (len >= sizeof(id) && id == OFL_VSOCK_EVENT_TRANSPORT_RESET) {
			nr_refusals = 0;
			ofl_vsock_reset_all();
			if (read_cid(device.dev))
				ofl_virtio_fail(device.dev, "no valid CID");
		}
		if (!post_event(buf))
			ofl_vq_kick(&device.event);
	}
}

/* The device reads nothing any more. */
static void take_back(void)
{
	for (unsigned int i = 0; i < BUFS; i++) {
		if (device.tx_buf[i].lender)
			device.tx_buf[i].lender->lent = 0;
		device.tx_buf[i].lender = NULL;
	}
}

void ofl_vsock_lost(void)
{
	take_back();
	device.dev = NULL;
	device.tx_free = 0;
	nr_refusals = 0;
	ofl_vsock_reset_all();
	ofl_vsock_reap();
}

void ofl_vsock_progress(void)
{
	uint32_t written;
	void *cookie;

	if (!device.dev)
		return;
	if (!ofl_virtio_alive(device.dev)) {
		ofl_vsock_lost();
		return;
	}
	tx_reclaim();
	events();
	send_refusals();
	for (unsigned int i = 0; i < ROUND && nr_refusals < REFUSALS; i++) {
		if (ofl_vq_get(&device.rx, &cookie, &written) <= 0)
			break;
		incoming(cookie, written);
		if (!post_rx(cookie))
			device.rx_posted = true;
	}
	send_refusals();
	while (ofl_vsock_due && device.tx_free)
		send_todo(ofl_vsock_due);
	if (device.tx_posted)
		ofl_vq_kick(&device.tx);
	if (device.rx_posted)
		ofl_vq_kick(&device.rx);
	device.tx_posted = false;
	device.rx_posted = false;
	if (device.dev->broken)
		ofl_vsock_lost();
	ofl_vsock_reap();
}

void ofl_vsock_arm(bool on)
{
	if (!device.dev)
		return;
	ofl_vq_want_call(&device.rx, on);
	ofl_vq_want_call(&device.tx, on); /* somebody may wait for a buffer */
	ofl_vq_want_call(&device.event, on);
}

/* --- start and end --- */

bool ofl_vsock_works(void)
{
	return device.dev;
}

uint32_t ofl_vsock_cid(void)
{
	return device.cid;
}

/* skip: bytes of the first line that are left alone, so that data begin a line. */
static int alloc(struct ofl_devmem *mem, struct vsock_buf *buf, unsigned int nr,
		 size_t size, size_t skip)
{
	for (unsigned int i = 0; i < nr; i++) {
		buf[i].va = ofl_devmem_alloc(mem, size, &buf[i].pa);
		if (!buf[i].va)
			return -ENOMEM;
		buf[i].va += skip;
		buf[i].pa += skip;
	}
	return 0;
}

static int alloc_buffers(struct ofl_devmem *mem)
{
	int err = alloc(mem, device.event_buf, EVENTS, OFL_LINE, 0);
	size_t size;

	/* What is left, in equal parts. */
	size = ofl_devmem_left(mem) / (2 * BUFS) & ~(size_t)(OFL_LINE - 1);
	if (err || size < BUF_MIN)
		return -ENOMEM;
	if (size > BUF_MAX + OFL_LINE)
		size = BUF_MAX + OFL_LINE;
	device.buf_size = (uint32_t)(size - SKIP);
	err = alloc(mem, device.rx_buf, BUFS, size, SKIP);
	if (!err)
		err = alloc(mem, device.tx_buf, BUFS, size, SKIP);
	device.tx_free = (uint32_t)((1ull << BUFS) - 1);
	return err;
}

int ofl_vsock_start(struct ofl_virtio *dev)
{
	uint32_t seed;
	int err;

	take_back();
	memset(&device, 0, sizeof(device));
	err = ofl_virtio_start(dev, OFL_VIRTIO_F_EVENT_IDX);
	if (!err)
		err = ofl_virtio_queue(dev, &device.rx, OFL_VSOCK_RX, BUFS);
	if (!err)
		err = ofl_virtio_queue(dev, &device.tx, OFL_VSOCK_TX, 2 * BUFS);
	if (!err)
		err = ofl_virtio_queue(dev, &device.event, OFL_VSOCK_EVENT, EVENTS);
	if (!err && (device.rx.size < BUFS || device.tx.size < BUFS ||
		     device.event.size < EVENTS))
		err = -ENOSPC;
	if (!err)
		err = alloc_buffers(&dev->mem);
	if (!err)
		err = read_cid(dev);
	if (!err)
		err = ofl_virtio_ready(dev);
	for (unsigned int i = 0; !err && i < BUFS; i++)
		err = post_rx(&device.rx_buf[i]);
	for (unsigned int i = 0; !err && i < EVENTS; i++)
		err = post_event(&device.event_buf[i]);
	if (err) {
		device.tx_free = 0;
		return err;
	}
	/* The same ports again and again would meet what is left of old ones. */
	if (ofl_rng_read(&seed, sizeof(seed)) != sizeof(seed))
		seed = (uint32_t)(ofl_now_ns() >> 10);
	ofl_vsock_seed(seed);
	device.dev = dev;
	ofl_vq_kick(&device.rx);
	ofl_vq_kick(&device.event);
	return 0;
}

/* Is something still to be sent, or not yet taken? */
static bool busy(void)
{
	const struct ofl_vsock *vs;

	for (vs = ofl_vsock_due; vs; vs = vs->todo_next)
		if (vs->todo)
			return true;
	return device.tx.in_flight;
}

void ofl_vsock_drain(void)
{
	struct ofl_wait wait = OFL_WAIT(DRAIN_TIME);
	struct ofl_vsock *vs;

	for (vs = ofl_vsock_all; vs; vs = vs->next) {
		if (vs->orphan || vs->state != OFL_VSOCK_CONNECTED)
			continue;
		vs->shut = OFL_VSOCK_SHUT_BOTH;
		ofl_vsock_post(vs, OFL_VSOCK_OP_SHUTDOWN);
	}
	ofl_vsock_progress();
	while (device.dev && busy() && !ofl_wait_step(&wait))
		ofl_vsock_progress();
}
