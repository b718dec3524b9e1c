// SPDX-License-Identifier: BSD-2-Clause
/*
 * The daemon's network device with lwIP behind it in the place of a wire, and the same
 * services over TCP: the strongest peer that vsock can have on the same rings.  A frame
 * from the image is looked at where the device has put it, one for the image is copied
 * once, by the device; nothing is lost and nothing waits.
 */
#include "endpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#include "pmm/net_dev.h"

#define FRAMES 256u
#define TURNS_PER_TIMER 256u

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 }, image_mac[6] = { 2, 0, 0, 0, 0, 2 };
static struct ofl_net net;
static struct netif nif;
static struct pbuf *out[FRAMES];
static unsigned int first, nr;
static struct ofl_dev_ops ops;
static bool (*serve_queues)(struct ofl_dev *dev);

/* --- what lwIP wants --- */

uint32_t sys_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

uint32_t ofl_net_random(void)
{
	return (uint32_t)random();
}

uint32_t ofl_net_isn(const ip_addr_t *local, uint16_t local_port, const ip_addr_t *remote,
		     uint16_t remote_port)
{
	(void)local;
	(void)local_port;
	(void)remote;
	(void)remote_port;
	return (uint32_t)random();
}

const ip6_addr_t *ofl_net_gateway6(struct netif *netif, const ip6_addr_t *dest)
{
	(void)netif;
	(void)dest;
	return NULL;
}

void ofl_panic(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

static err_t output(struct netif *netif, struct pbuf *p)
{
	(void)netif;
	const uint8_t *at = p->payload;

	if (nr == FRAMES)
		return ERR_MEM;
	/* ARP answers with the frame that asked, whose place is the next one's. */
	if (at >= net.frame && at < net.frame + sizeof(net.frame))
		p = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
	else
		pbuf_ref(p);
	if (!p)
		return ERR_MEM;
	out[(first + nr++) % FRAMES] = p;
	net.readable = true;
	return ERR_OK;
}

static err_t init_netif(struct netif *netif)
{
	netif->output = etharp_output;
	netif->linkoutput = output;
	netif->mtu = (u16_t)(net.frame_max - NET_FRAME_EXTRA);
	netif->hwaddr_len = sizeof(mac);
	memcpy(netif->hwaddr, mac, sizeof(mac));
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
		       NETIF_FLAG_LINK_UP;
	return ERR_OK;
}

/* --- the wire --- */

static int wire_recv(struct net_wire *wire, void *buf, uint32_t size)
{
	struct pbuf *p = out[first];
	uint32_t len;

	(void)wire;
	if (!nr)
		return -EAGAIN;
	first = (first + 1) % FRAMES;
	nr--;
	len = pbuf_copy_partial(p, buf, (u16_t)(size < 0xffff ? size : 0xffff), ETH_PAD_SIZE);
	pbuf_free(p);
	return (int)len;
}

/* Two bytes of the device's header are in front of it: the pad. */
static int wire_send(struct net_wire *wire, const void *frame, uint32_t len)
{
	struct pbuf *p = pbuf_alloc_reference((uint8_t *)(uintptr_t)frame - ETH_PAD_SIZE,
					      (u16_t)(len + ETH_PAD_SIZE), PBUF_REF);

	(void)wire;
	if (!p || nif.input(p, &nif) != ERR_OK)
		abort();
	return 0;
}

static const struct net_wire_ops wire_ops = {
	.name = "lwip",
	.recv = wire_recv,
	.send = wire_send,
};

void ofl_net_wait(struct ofl_net *n)
{
	n->readable = nr;
}

void ofl_net_lost(struct ofl_net *n, int err)
{
	(void)n;
	(void)err;
	abort();
}

/* --- services --- */

static void pump(struct service *s, struct tcp_pcb *pcb)
{
	static uint8_t piece[16384];
	const uint8_t *from;
	uint32_t len;

	while (service_has(s) && (len = tcp_sndbuf(pcb))) {
		if (s->port == SOURCE_PORT) {
			if (len > 65535 / 2)
				len = 65535 / 2;
			from = service_borrow(s, &len);
		} else {
			len = service_get(s, piece, len < sizeof(piece) ? len : sizeof(piece));
			from = piece;
		}
		if (tcp_write(pcb, from, (u16_t)len, from == piece ? TCP_WRITE_FLAG_COPY : 0)) {
			if (from == piece)
				abort();
			s->left += len;
			break;
		}
	}
	tcp_output(pcb);
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	(void)len;
	pump(arg, pcb);
	return ERR_OK;
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct service *s = arg;

	(void)err;
	if (!p) {
		service_close(s);
		free(s);
		tcp_arg(pcb, NULL);
		tcp_recv(pcb, NULL);
		tcp_sent(pcb, NULL);
		tcp_close(pcb);
		return ERR_OK;
	}
	tcp_recved(pcb, p->tot_len);
	for (struct pbuf *q = p; q; q = q->next)
		service_put(s, q->payload, q->len);
	pbuf_free(p);
	pump(s, pcb);
	return ERR_OK;
}

static void on_err(void *arg, err_t err)
{
	(void)err;
	if (!arg)
		return;
	service_close(arg);
	free(arg);
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct service *s = calloc(1, sizeof(*s));

	if (err || !s || service_open(s, (uint32_t)(uintptr_t)arg))
		abort();
	tcp_nagle_disable(pcb);
	tcp_arg(pcb, s);
	tcp_recv(pcb, on_recv);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_err);
	return ERR_OK;
}

static void listen_on(uint16_t port)
{
	struct tcp_pcb *pcb = tcp_new();

	if (!pcb || tcp_bind(pcb, IP_ANY_TYPE, port) || !(pcb = tcp_listen(pcb)))
		abort();
	tcp_arg(pcb, (void *)(uintptr_t)port);
	tcp_accept(pcb, on_accept);
}

/* What came is taken: nobody has to wait for an acknowledgement that is put off. */
static void acknowledge(void)
{
	struct tcp_pcb *pcb;

	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
		if (pcb->flags & TF_ACK_DELAY) {
			tcp_ack_now(pcb);
			tcp_output(pcb);
		}
}

static bool serve(struct ofl_dev *dev)
{
	static unsigned int turns;
	bool work = serve_queues(dev);

	if (!(++turns % TURNS_PER_TIMER))
		sys_check_timeouts();
	if (!work)
		acknowledge();
	return work;
}

struct ofl_dev *endpoint_net(uint32_t mtu)
{
	static struct ofl_net_options options = { .mem_size = 4u << 20 };
	ip4_addr_t ip, mask, gw = { 0 };
	struct ofl_dev *dev;

	strcpy(options.addresses, "ip=10.0.0.2/24,gw=10.0.0.1");
	net.wire.ops = &wire_ops;
	net.wire.fd = 0; /* there is one */
	ofl_net_init(&net, &options, image_mac, mtu);
	dev = ofl_net_dev(&net);
	ops = *dev->ops;
	serve_queues = ops.serve;
	ops.serve = serve;
	dev->ops = &ops;

	lwip_init();
	IP4_ADDR(&ip, 10, 0, 0, 1);
	IP4_ADDR(&mask, 255, 255, 255, 0);
	if (!netif_add(&nif, &ip, &mask, &gw, NULL, init_netif, ethernet_input))
		abort();
	netif_set_default(&nif);
	netif_set_up(&nif);
	listen_on(ECHO_PORT);
	listen_on(SINK_PORT);
	listen_on(SOURCE_PORT);
	return dev;
}
