/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --net: the network device (net.c) on a wire that has a descriptor.
 *
 * For an image that has no driver, frames are taken out of the wire and dropped, so
 * that nothing old meets the next one.
 *
 * A passt that ends is a link that is down, and is looked for once a second.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "log.h"
#include "net_dev.h"
#include "net_vhost.h"
#include "options.h"

#define DISCARDS 1024 /* frames thrown away per event */

void ofl_net_wait(struct ofl_net *net)
{
	struct net_wire *wire = &net->wire;
	uint32_t events = net->readable ? 0 : EPOLLIN;

	if (wire->ops->kept && wire->ops->kept(wire))
		events |= EPOLLOUT;
	if (net->loop && wire->fd >= 0)
		ofl_loop_watch(net->loop, &net->source, events);
}

static void net_timer(struct ofl_net *net, bool on)
{
	struct itimerspec when = { 0 };

	when.it_value.tv_sec = on;
	when.it_interval.tv_sec = on;
	timerfd_settime(net->timer.fd, 0, &when, NULL);
}

void ofl_net_lost(struct ofl_net *net, int err)
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
	ofl_net_set_link(net, false);
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
	ofl_net_wait(net);
	ofl_net_set_link(net, true);
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
		ofl_net_lost(net, n);
}

static void net_event(void *arg, uint32_t events)
{
	struct ofl_net *net = arg;
	int err = 0;

	if ((events & EPOLLOUT) && net->wire.ops->flush)
		err = net->wire.ops->flush(&net->wire);
	if (err && err != -EAGAIN) {
		ofl_net_lost(net, err);
		return;
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		if (ofl_dev_live(&net->dev, NET_RX))
			net->readable = true;
		else
			net_discard(net);
	}
	ofl_net_wait(net);
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
		err = ofl_net_tap_open(&net->wire, no->tap, no->vhost, &mtu);
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
	ofl_net_init(net, no, mac, mtu);
	net->source = (struct ofl_source){ .fd = net->wire.fd,
					   .fn = net_event,
					   .arg = net };
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
	ofl_net_wait(net);
	return ofl_loop_watch(loop, &net->timer, EPOLLIN);
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
