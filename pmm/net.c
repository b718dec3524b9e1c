/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-net (VIRTIO 1.2, 5.1), the device: frames in, frames out.  What it does with
 * its wire's descriptor, and with Linux, is in net_open.c.
 *
 * One pair of queues; MAC address, MTU and link status in the configuration; no
 * offloads, so the header before each frame is twelve bytes that must say
 * nothing.  A frame from the image is copied to private memory first and goes to
 * the wire whole or not at all.
 *
 * Nothing here waits.  A frame for the wire that the wire has no room for is
 * dropped and counted.  Frames for the image stay in the wire (a kernel's queue,
 * a socket's buffer) until the image gives a buffer, which is when the wire's
 * descriptor is watched again.
 */
#include "net_dev.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define TURNS 32	/* frames in each direction per turn of the loop */

#define F_MTU (1ull << 3)
#define F_MAC (1ull << 5)
#define F_STATUS (1ull << 16)
#define STATUS_LINK_UP 1u

struct net_config {
	uint8_t mac[6];
	uint16_t status;
	uint16_t pairs;
	uint16_t mtu;
};
_Static_assert(sizeof(struct net_config) == 12, "virtio_net_config");

/* --- to the image --- */

/* A buffer that the image gave: 1, 0 for none, -EPROTO (the device is broken). */
static int net_rx_chain(struct ofl_net *net)
{
	struct ofl_vq *vq = &net->dev.vq[NET_RX];
	int got;

	if (net->rx_taken)
		return 1;
	got = ofl_vq_pop(vq, &net->rx_chain);
	if (got < 0) {
		ofl_dev_break(&net->dev, "receive queue: %s", vq->why);
		return got;
	}
	if (!got)
		return 0;
	if (net->rx_chain.nr_out) {
		ofl_dev_break(&net->dev, "receive queue: readable buffer");
		return -EPROTO;
	}
	if (net->rx_chain.in_len < sizeof(struct net_hdr) + NET_FRAME_MIN) {
		ofl_dev_break(&net->dev, "receive queue: buffer is too small");
		return -EPROTO;
	}
	net->rx_taken = true;
	return 1;
}

static bool net_serve_rx(struct ofl_net *net)
{
	const struct net_hdr hdr = { .num_buffers = 1 };
	struct ofl_vq *vq = &net->dev.vq[NET_RX];
	uint32_t len;
	int i, n;

	for (i = 0; i < TURNS && net->readable; i++) {
		if (net_rx_chain(net) <= 0)
			break;
		n = net->wire.ops->recv(&net->wire, net->frame,
					sizeof(net->frame));
		if (n == -EAGAIN) {
			net->readable = false;
			ofl_net_wait(net);
			break;
		}
		if (n < 0) {
			ofl_net_lost(net, n);
			break;
		}
		len = (uint32_t)n;
		if (len > net->frame_max ||
		    sizeof(hdr) + len > net->rx_chain.in_len) {
			net->count.rx_long++;
			continue;
		}
		ofl_vq_copy_in(vq, &net->rx_chain, 0, &hdr, sizeof(hdr));
		ofl_vq_copy_in(vq, &net->rx_chain, sizeof(hdr), net->frame, len);
		ofl_vq_push(vq, net->rx_chain.head, (uint32_t)sizeof(hdr) + len);
		net->rx_taken = false;
		net->count.rx++;
	}
	if (i)
		ofl_dev_call(&net->dev, NET_RX);
	return i;
}

/* --- from the image --- */

static void net_send(struct ofl_net *net, const uint8_t *frame, uint32_t len)
{
	int err = -EPIPE;

	if (net->wire.fd >= 0)
		err = net->wire.ops->send(&net->wire, frame, len);
	if (!err)
		net->count.tx++;
	else if (err == -EAGAIN)
		net->count.tx_full++;
	else
		net->count.tx_lost++;
	if (err == -EPIPE || err == -ECONNRESET)
		ofl_net_lost(net, err);
}

static bool net_serve_tx(struct ofl_net *net)
{
	struct ofl_vq *vq = &net->dev.vq[NET_TX];
	struct ofl_vq_chain chain;
	struct net_hdr hdr;
	uint32_t len;
	int i, got;

	for (i = 0; i < TURNS; i++) {
		got = ofl_vq_pop(vq, &chain);
		if (!got)
			break;
		if (got < 0)
			ofl_dev_break(&net->dev, "transmit queue: %s", vq->why);
		else if (chain.nr_in)
			ofl_dev_break(&net->dev, "transmit queue: writable buffer");
		else if (chain.out_len < sizeof(hdr))
			ofl_dev_break(&net->dev, "transmit queue: shorter than the header");
		if (!ofl_dev_live(&net->dev, NET_TX))
			return true;
		len = ofl_vq_copy_out(vq, &chain, 0, net->frame,
				      sizeof(net->frame));
		ofl_vq_push(vq, chain.head, 0);
		memcpy(&hdr, net->frame, sizeof(hdr));
		if (hdr.flags || hdr.gso_type) {
			ofl_dev_break(&net->dev, "transmit queue: the header asks for an offload");
			return true;
		}
		len -= (uint32_t)sizeof(hdr);
		if (chain.out_len - sizeof(hdr) > net->frame_max ||
		    len < NET_FRAME_MIN)
			net->count.tx_bad++;
		else
			net_send(net, net->frame + sizeof(hdr), len);
	}
	if (!i)
		return false;
	ofl_net_wait(net); /* something may be kept */
	ofl_dev_call(&net->dev, NET_TX);
	return true;
}

/* --- the device --- */

static bool net_serve(struct ofl_dev *dev)
{
	struct ofl_net *net = dev->priv;
	bool work = false;

	if (ofl_dev_live(dev, NET_TX))
		work = net_serve_tx(net);
	if (ofl_dev_live(dev, NET_RX))
		work |= net_serve_rx(net);
	return work;
}

static bool net_wants(const struct ofl_dev *dev, unsigned int q)
{
	const struct ofl_net *net = dev->priv;

	return q == NET_TX || net->readable;
}

/* A buffer was taken before there was something for it. */
static bool net_pending(const struct ofl_dev *dev)
{
	const struct ofl_net *net = dev->priv;

	return net->readable && net->rx_taken;
}

static void net_reset(struct ofl_dev *dev)
{
	struct ofl_net *net = dev->priv;

	net->rx_taken = false;
	net->readable = false;
	ofl_net_wait(net);
}

static const struct ofl_dev_ops net_ops = {
	.reset = net_reset,
	.serve = net_serve,
	.pending = net_pending,
	.wants = net_wants,
};

void ofl_net_set_link(struct ofl_net *net, bool up)
{
	uint16_t status = up ? STATUS_LINK_UP : 0;

	ofl_dev_set_config(&net->dev, offsetof(struct net_config, status),
			   &status, sizeof(status));
}

void ofl_net_init(struct ofl_net *net, const struct ofl_net_options *opt,
		  const uint8_t *mac, uint32_t mtu)
{
	struct net_config config = { .status = STATUS_LINK_UP,
				     .pairs = 1,
				     .mtu = (uint16_t)mtu };

	memcpy(config.mac, mac, sizeof(config.mac));
	net->frame_max = mtu + NET_FRAME_EXTRA;
	net->dev.ops = &net_ops;
	net->dev.priv = net;
	strcpy(net->dev.name, "net");
	net->dev.device_id = OFL_ID_NET;
	net->dev.offered = F_MTU | F_MAC | F_STATUS;
	net->dev.in_order = true;
	net->dev.nr_queues = 2;
	net->dev.mem_size = opt->mem_size;
	net->dev.config_size = sizeof(config);
	memcpy(net->dev.config, &config, sizeof(config));
	strcpy(net->dev.options, opt->addresses);
}

struct ofl_dev *ofl_net_dev(struct ofl_net *net)
{
	return &net->dev;
}
