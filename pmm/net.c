/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-net (VIRTIO 1.2, 5.1), the device: frames in, frames out.
 *
 * One pair of queues; MAC address, MTU and link status in the configuration; no
 * offloads, so the header before each frame is twelve bytes that must say
 * nothing.  A frame from the image is copied to private memory first and goes to
 * the wire whole or not at all.
 *
 * Nothing here waits.  A frame for the wire that the wire has no room for is
 * dropped and counted.  Frames for the image stay in the wire (a kernel's queue,
 * a socket's buffer) until the image gives a buffer, which is when the wire's
 * descriptor is watched again; for an image that has no driver they are taken
 * out and dropped, so that nothing old meets the next one.
 *
 * A passt that ends is a link that is down, and is looked for once a second.
 */
#define _GNU_SOURCE 1
#include "net.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "log.h"
#include "net_vhost.h"
#include "net_wire.h"
#include "options.h"

#define RX 0u
#define TX 1u
#define TURNS 32	/* frames in each direction per turn of the loop */
#define DISCARDS 1024	/* frames thrown away per event */

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

/* Before each frame, as VERSION_1 has it. */
struct net_hdr {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset;
	uint16_t num_buffers;
};
_Static_assert(sizeof(struct net_hdr) == 12, "virtio_net_hdr");

struct ofl_net {
	struct ofl_dev dev;
	struct net_wire wire;
	struct ofl_loop *loop;
	struct ofl_source source; /* the wire */
	struct ofl_source timer;  /* to look for a lost one */
	struct ofl_net_vhost *vhost; /* the wire and the rings are the kernel's */
	uint32_t frame_max;
	bool readable; /* the wire has something, and is not watched for it */
	bool rx_taken;
	int again; /* why there was no connection the last time */
	struct ofl_vq_chain rx_chain;
	struct {
		uint64_t rx, tx;
		uint64_t rx_long, rx_unwanted; /* too long; no driver */
		uint64_t tx_bad, tx_full, tx_lost; /* size; no room; error */
	} count;
	uint8_t frame[sizeof(struct net_hdr) + NET_FRAME_MAX];
};

/* --- the wire's descriptor --- */

static void net_watch(struct ofl_net *net)
{
	struct net_wire *wire = &net->wire;
	uint32_t events = net->readable ? 0 : EPOLLIN;

	if (wire->ops->kept && wire->ops->kept(wire))
		events |= EPOLLOUT;
	if (net->loop && wire->fd >= 0)
		ofl_loop_watch(net->loop, &net->source, events);
}

static void net_set_link(struct ofl_net *net, bool up)
{
	uint16_t status = up ? STATUS_LINK_UP : 0;

	ofl_dev_set_config(&net->dev, offsetof(struct net_config, status),
			   &status, sizeof(status));
}

static void net_timer(struct ofl_net *net, bool on)
{
	struct itimerspec when = { 0 };

	when.it_value.tv_sec = on;
	when.it_interval.tv_sec = on;
	timerfd_settime(net->timer.fd, 0, &when, NULL);
}

static void net_lost(struct ofl_net *net, int err)
{
	struct net_wire *wire = &net->wire;

	if (wire->fd < 0)
		return;
	ofl_log("net: %s %s is gone (%s)%s", wire->ops->name, wire->place,
		strerror(-err), wire->ops->again ? "; the link is down until it is back" :
						   "; the link is down");
	if (net->loop)
		ofl_loop_watch(net->loop, &net->source, 0);
	close(wire->fd);
	wire->fd = -1;
	net->source.fd = -1;
	net->readable = false;
	net_set_link(net, false);
	if (wire->ops->again && net->loop)
		net_timer(net, true);
}

static void net_look_again(void *arg, uint32_t events)
{
	struct ofl_net *net = arg;
	uint64_t ticks;
	int err;

	(void)events;
	if (read(net->timer.fd, &ticks, sizeof(ticks)) < 0 || net->wire.fd >= 0)
		return;
	err = net->wire.ops->again(&net->wire);
	if (err && err != net->again && err != -ENOENT && err != -ECONNREFUSED)
		ofl_log("net: %s %s: %s", net->wire.ops->name, net->wire.place,
			strerror(-err));
	net->again = err;
	if (err)
		return;
	net_timer(net, false);
	ofl_log("net: %s %s is back", net->wire.ops->name, net->wire.place);
	net->source.fd = net->wire.fd;
	net_watch(net);
	net_set_link(net, true);
}

/* For whom are they?  Nobody. */
static void net_discard(struct ofl_net *net)
{
	int i, n = 0;

	for (i = 0; i < DISCARDS && n >= 0; i++) {
		n = net->wire.ops->recv(&net->wire, net->frame,
					sizeof(net->frame));
		net->count.rx_unwanted += n > 0;
	}
	if (n < 0 && n != -EAGAIN)
		net_lost(net, n);
}

static void net_event(void *arg, uint32_t events)
{
	struct ofl_net *net = arg;
	int err = 0;

	if ((events & EPOLLOUT) && net->wire.ops->flush)
		err = net->wire.ops->flush(&net->wire);
	if (err && err != -EAGAIN) {
		net_lost(net, err);
		return;
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		if (ofl_dev_live(&net->dev, RX))
			net->readable = true;
		else
			net_discard(net);
	}
	net_watch(net);
}

/* --- to the image --- */

/* A buffer that the image gave: 1, 0 for none, -EPROTO (the device is broken). */
static int net_rx_chain(struct ofl_net *net)
{
	struct ofl_vq *vq = &net->dev.vq[RX];
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
	struct ofl_vq *vq = &net->dev.vq[RX];
	uint32_t len;
	int i, n;

	for (i = 0; i < TURNS && net->readable; i++) {
		if (net_rx_chain(net) <= 0)
			break;
		n = net->wire.ops->recv(&net->wire, net->frame,
					sizeof(net->frame));
		if (n == -EAGAIN) {
			net->readable = false;
			net_watch(net);
			break;
		}
		if (n < 0) {
			net_lost(net, n);
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
		ofl_dev_call(&net->dev, RX);
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
		net_lost(net, err);
}

static bool net_serve_tx(struct ofl_net *net)
{
	struct ofl_vq *vq = &net->dev.vq[TX];
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
		if (!ofl_dev_live(&net->dev, TX))
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
	net_watch(net); /* something may be kept */
	ofl_dev_call(&net->dev, TX);
	return true;
}

/* --- the device --- */

static bool net_serve(struct ofl_dev *dev)
{
	struct ofl_net *net = dev->priv;
	bool work = false;

	if (ofl_dev_live(dev, TX))
		work = net_serve_tx(net);
	if (ofl_dev_live(dev, RX))
		work |= net_serve_rx(net);
	return work;
}

static bool net_wants(const struct ofl_dev *dev, unsigned int q)
{
	const struct ofl_net *net = dev->priv;

	return q == TX || net->readable;
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
	net_watch(net);
}

static const struct ofl_dev_ops net_ops = {
	.reset = net_reset,
	.serve = net_serve,
	.pending = net_pending,
	.wants = net_wants,
};

/* The device for an open wire. */
static void net_init(struct ofl_net *net, const struct ofl_net_options *opt,
		     const uint8_t *mac, uint32_t mtu)
{
	struct net_config config = { .status = STATUS_LINK_UP,
				     .pairs = 1,
				     .mtu = (uint16_t)mtu };

	memcpy(config.mac, mac, sizeof(config.mac));
	net->frame_max = mtu + NET_FRAME_EXTRA;
	net->source = (struct ofl_source){ .fd = net->wire.fd,
					   .fn = net_event,
					   .arg = net };
	net->dev.ops = &net_ops;
	net->dev.priv = net;
	strcpy(net->dev.name, "net");
	net->dev.device_id = OFL_ID_NET;
	net->dev.offered = F_MTU | F_MAC | F_STATUS;
	net->dev.nr_queues = 2;
	net->dev.mem_size = opt->mem_size;
	net->dev.config_size = sizeof(config);
	memcpy(net->dev.config, &config, sizeof(config));
	strcpy(net->dev.options, opt->addresses);
}

/*
 * An address of our own: the same for the same image of the same machine, so
 * that DHCP and neighbours know it again.
 */
static void net_make_mac(const char *where, uint8_t *mac)
{
	char id[64] = "";
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
	FILE *file = fopen("/etc/machine-id", "re");
	const char *c;

	if (file) {
		if (!fgets(id, sizeof(id), file))
			*id = 0;
		fclose(file);
	}
	for (c = id; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 0x100000001b3u;
	for (c = where; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 0x100000001b3u;
	memcpy(mac, &hash, 6);
	mac[0] = (uint8_t)((mac[0] & 0xfc) | 2); /* local, one station's */
}

struct ofl_net *ofl_net_open(const struct ofl_options *opt)
{
	const struct ofl_net_options *no = &opt->net;
	struct ofl_net *net = calloc(1, sizeof(*net));
	uint32_t mtu = OFL_NET_MTU_DEFAULT;
	uint8_t mac[6];
	int err;

	if (!net) {
		ofl_log("out of memory");
		return NULL;
	}
	net->wire.fd = -1;
	net->timer.fd = -1;
	if (no->tap)
		err = ofl_net_tap_open(&net->wire, no->tap, &mtu);
	else
		err = ofl_net_passt_open(&net->wire, no->passt);
	if (!err && no->mtu && no->mtu > mtu && no->tap) {
		ofl_log("--net tap=%s: mtu=%u is more than the interface's %u",
			no->tap, no->mtu, mtu);
		err = -EINVAL;
	}
	if (!err) {
		net->timer.fd = timerfd_create(CLOCK_MONOTONIC,
					       TFD_NONBLOCK | TFD_CLOEXEC);
		if (net->timer.fd < 0) {
			err = -errno;
			ofl_log("timerfd: %s", strerror(-err));
		}
	}
	if (err) {
		ofl_net_close(net);
		return NULL;
	}
	net->timer.fn = net_look_again;
	net->timer.arg = net;
	if (no->mtu)
		mtu = no->mtu;
	if (mtu > OFL_NET_MTU_MAX)
		mtu = OFL_NET_MTU_MAX;
	if (no->mac_given)
		memcpy(mac, no->mac, sizeof(mac));
	else
		net_make_mac(opt->socket ? opt->socket : opt->device ? opt->device : "",
			     mac);
	net_init(net, no, mac, mtu);
	if (no->vhost) {
		net->vhost = ofl_net_vhost_open(&net->dev, net->wire.fd);
		if (!net->vhost) {
			ofl_net_close(net);
			return NULL;
		}
	}
	ofl_log("net: %s%s %s, %02x:%02x:%02x:%02x:%02x:%02x, MTU %u, %s",
		no->vhost ? "vhost, " : "", net->wire.ops->name,
		net->wire.place, mac[0], mac[1], mac[2],
		mac[3], mac[4], mac[5], mtu,
		*no->addresses ? no->addresses : "addresses by DHCP and SLAAC");
	return net;
}

int ofl_net_watch(struct ofl_net *net, struct ofl_loop *loop)
{
	if (net->vhost)
		return ofl_net_vhost_watch(net->vhost, loop);
	net->loop = loop;
	net_watch(net);
	return ofl_loop_watch(loop, &net->timer, EPOLLIN);
}

struct ofl_dev *ofl_net_dev(struct ofl_net *net)
{
	return &net->dev;
}

void ofl_net_stats(const struct ofl_net *net)
{
	if (!net || net->vhost)
		return;
	ofl_log("net: %llu frames from the image, %llu to it; dropped from it: %llu of a wrong size, %llu for want of room, %llu by errors; to it: %llu too long, %llu without a driver",
		(unsigned long long)net->count.tx,
		(unsigned long long)net->count.rx,
		(unsigned long long)net->count.tx_bad,
		(unsigned long long)net->count.tx_full,
		(unsigned long long)net->count.tx_lost,
		(unsigned long long)net->count.rx_long,
		(unsigned long long)net->count.rx_unwanted);
}

void ofl_net_close(struct ofl_net *net)
{
	if (!net)
		return;
	ofl_net_vhost_close(net->vhost);
	ofl_net_wire_close(&net->wire);
	if (net->timer.fd >= 0)
		close(net->timer.fd);
	free(net);
}
