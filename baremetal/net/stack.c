// SPDX-License-Identifier: BSD-2-Clause
/*
 * The IP stack of the image: lwIP, without an operating system under it.
 *
 * There is no thread that serves it.  It lives in the socket calls: each begins
 * with ofl_net_progress(), and so does each step of a wait.  An image that
 * computes for a second answers no packet in that second; peers repeat theirs.
 *
 * A frame is copied out of the window into memory of lwIP's before anybody looks
 * at it.  lwIP is not called from interrupts.
 *
 * The one interface gets its addresses from the text that the PMM gave with the
 * device ("ip=10.0.0.2/24,gw=10.0.0.1"), or else by DHCP and SLAAC.  For the
 * first seconds a missing route is therefore not an error but a reason to wait.
 */
#include "stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/init.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#include "devices.h"
#include "hooks_lwip.h"
#include "net.h"
#include "netdev.h"
#include "virtio.h"
#include "wait.h"

/* Of Ethernet; lwIP's ARP relies on it. */
#define FRAME_MIN 60u
/* It looks at the length of a TCP option that begins with a segment's last byte. */
#define SLACK 8u
#define SETTLE (10 * OFL_SEC)
#define DRAIN_TIME (5 * OFL_SEC)

static struct netif nif;
static bool inited, added;
static uint64_t settled_at; /* not before; 0: at once */
static ip6_addr_t gateway6;
static bool has_gateway6;

uint32_t sys_now(void)
{
	return (uint32_t)(ofl_now_ns() / OFL_MS);
}

/* --- frames --- */

static err_t output(struct netif *netif, struct pbuf *p)
{
	uint32_t len = p->tot_len - ETH_PAD_SIZE;
	uint8_t *to = ofl_netdev_room(len);

	(void)netif;
	if (!to)
		return ERR_MEM; /* TCP tries again; the rest is lost */
	pbuf_copy_partial(p, to, (u16_t)len, ETH_PAD_SIZE);
	ofl_netdev_send(len);
	return ERR_OK;
}

static void incoming(const uint8_t *frame, uint32_t len)
{
	uint32_t size = len < FRAME_MIN ? FRAME_MIN : len;
	struct pbuf *p;

	if (size > 0xffff - ETH_PAD_SIZE - SLACK)
		return;
	p = pbuf_alloc(PBUF_RAW, (u16_t)(size + ETH_PAD_SIZE + SLACK), PBUF_RAM);
	if (!p)
		return; /* as if it were lost on the wire */
	memcpy((uint8_t *)p->payload + ETH_PAD_SIZE, frame, len);
	memset((uint8_t *)p->payload + ETH_PAD_SIZE + len, 0, size + SLACK - len);
	p->len -= SLACK;
	p->tot_len -= SLACK;
	if (nif.input(p, &nif) != ERR_OK)
		pbuf_free(p);
}

/* --- the interface --- */

static err_t init_netif(struct netif *netif)
{
	netif->name[0] = 'e';
	netif->name[1] = 'n';
	netif->output = etharp_output;
	netif->output_ip6 = ethip6_output;
	netif->linkoutput = output;
	netif->mtu = (u16_t)ofl_netdev_mtu();
	netif->hwaddr_len = ETH_HWADDR_LEN;
	memcpy(netif->hwaddr, ofl_netdev_mac(), ETH_HWADDR_LEN);
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
		       NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
	return ERR_OK;
}

/* What the text says; "" for all of it: nothing. */
struct config {
	ip4_addr_t ip, mask, gw;
	bool has4, has6;
	ip6_addr_t ip6;
	unsigned int nr_dns;
};

static bool take_ip(struct config *c, char *value)
{
	char *slash = strchr(value, '/');
	unsigned long bits;
	ip_addr_t ip;

	if (!slash)
		return false;
	*slash++ = '\0';
	bits = strtoul(slash, NULL, 10);
	if (!ipaddr_aton(value, &ip))
		return false;
	if (IP_IS_V6(&ip)) {
		c->ip6 = *ip_2_ip6(&ip);
		c->has6 = true;
		return bits == 64;
	}
	if (!bits || bits > 32)
		return false;
	c->ip = *ip_2_ip4(&ip);
	ip4_addr_set_u32(&c->mask, lwip_htonl(0xffffffffu << (32 - bits)));
	c->has4 = true;
	return true;
}

static bool take_word(struct config *c, char *word)
{
	ip_addr_t ip;

	if (!strncmp(word, "ip=", 3))
		return take_ip(c, word + 3);
	if (!strncmp(word, "gw=", 3) && ipaddr_aton(word + 3, &ip)) {
		if (IP_IS_V4(&ip)) {
			c->gw = *ip_2_ip4(&ip);
		} else {
			gateway6 = *ip_2_ip6(&ip);
			ip6_addr_assign_zone(&gateway6, IP6_UNICAST, &nif);
			has_gateway6 = true;
		}
		return true;
	}
	if (!strncmp(word, "dns=", 4) && ipaddr_aton(word + 4, &ip) &&
	    c->nr_dns < DNS_MAX_SERVERS) {
		dns_setserver((u8_t)c->nr_dns++, &ip);
		return true;
	}
	return false;
}

static void take_options(struct config *c, const struct ofl_virtio *dev)
{
	char text[sizeof(dev->options)], *rest = text, *word;

	memcpy(text, dev->options, sizeof(text));
	while (*text && (word = strsep(&rest, ",")))
		if (!take_word(c, word))
			ofl_log_printf("offload: %s: %s: not understood\n",
				       dev->name, word);
}

static void configure(const struct ofl_virtio *dev)
{
	struct config c = { 0 };
	s8_t index;

	has_gateway6 = false;
	take_options(&c, dev);
	netif_set_default(&nif);
	netif_create_ip6_linklocal_address(&nif, 1);
	nif.ip6_autoconfig_enabled = !c.has6;
	if (c.has6)
		netif_add_ip6_address(&nif, &c.ip6, &index);
	netif_set_up(&nif);
	if (c.has4)
		netif_set_addr(&nif, &c.ip, &c.mask, &c.gw);
	else
		dhcp_start(&nif);
}

void ofl_net_init(void)
{
	if (inited)
		return;
	inited = true;
	lwip_init();
}

static int start(struct ofl_virtio *dev)
{
	int err;

	if (ofl_netdev_works())
		return -ENOTSUP;
	err = ofl_netdev_start(dev);
	if (err)
		return err;
	ofl_net_init();
	if (!netif_add_noaddr(&nif, NULL, init_netif, ethernet_input)) {
		ofl_netdev_lost();
		return -ENOMEM;
	}
	added = true;
	settled_at = ofl_now_ns() + SETTLE;
	configure(dev);
	ofl_net_progress();
	return 0;
}

static void gone(void)
{
	if (!added)
		return;
	added = false;
	settled_at = 0;
	ofl_tcp_lost();
	dhcp_stop(&nif);
	dhcp_cleanup(&nif);
	netif_remove(&nif);
	/* Frames to ourselves (a release to a DHCP server of our address): nobody polls for them. */
	if (nif.loop_first)
		pbuf_free(nif.loop_first);
	nif.loop_first = nif.loop_last = NULL;
}

static void lost(void)
{
	ofl_netdev_lost();
	gone();
}

/* --- time goes on --- */

void ofl_net_progress(void)
{
	if (!inited)
		return;
	if (added) {
		ofl_netdev_poll(incoming);
		if (!ofl_netdev_works())
			gone();
	}
	if (added && !netif_is_link_up(&nif) != !ofl_netdev_link()) {
		if (ofl_netdev_link())
			netif_set_link_up(&nif);
		else
			netif_set_link_down(&nif);
	}
	netif_poll_all();
	sys_check_timeouts();
	if (ofl_netdev_room_again())
		tcp_txnow();
	ofl_netdev_kick();
}

void ofl_net_arm(bool on)
{
	ofl_netdev_arm(on);
}

bool ofl_net_settling(void)
{
	return added && ofl_now_ns() < settled_at;
}

/* Beyond the link, an address of the link's own is no use to the one who answers. */
static bool has_route6(const ip6_addr_t *to)
{
	const ip_addr_t *from = ip6_select_source_address(&nif, to);

	if (ip6_addr_islinklocal(to) || netif_get_ip6_addr_match(&nif, to) >= 0)
		return true;
	if (!from || ip6_addr_islinklocal(ip_2_ip6(from)))
		return false;
	for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
		if (netif_ip6_addr_isstatic(&nif, i) &&
		    ip6_addr_isvalid(netif_ip6_addr_state(&nif, i)) &&
		    ip6_addr_net_eq(to, netif_ip6_addr(&nif, i)))
			return true;
	return has_gateway6 || nd6_find_route(to);
}

/*
 * lwIP gives the default interface what has no other way, and finds only then that
 * there is no router: for TCP that would be silence, until it gives up.
 */
bool ofl_net_has_route(const ip_addr_t *to)
{
	const ip4_addr_t *to4 = ip_2_ip4(to);

	if (!added || ip_addr_isloopback(to))
		return true; /* lwIP knows */
	if (IP_IS_V6(to))
		return has_route6(ip_2_ip6(to));
	return ip4_addr_net_eq(to4, netif_ip4_addr(&nif), netif_ip4_netmask(&nif)) ||
	       ip4_addr_islinklocal(to4) || !ip4_addr_isany(netif_ip4_gw(&nif));
}

bool ofl_net_is_ours(const ip_addr_t *addr)
{
	struct netif *netif;

	if (ip_addr_isany(addr))
		return true;
	NETIF_FOREACH(netif) {
		if (IP_IS_V4(addr) &&
		    (ip4_addr_eq(ip_2_ip4(addr), netif_ip4_addr(netif)) ||
		     ip4_addr_isloopback(ip_2_ip4(addr))))
			return true;
		if (IP_IS_V6(addr) &&
		    netif_get_ip6_addr_match(netif, ip_2_ip6(addr)) >= 0)
			return true;
	}
	return false;
}

void ofl_net_assign_zone(ip6_addr_t *ip)
{
	if (added)
		ip6_addr_assign_zone(ip, IP6_UNKNOWN, &nif);
}

const ip6_addr_t *ofl_net_gateway6(struct netif *netif, const ip6_addr_t *dest)
{
	(void)dest;
	return netif == &nif && has_gateway6 ? &gateway6 : NULL;
}

/* --- the end --- */

static void drain(void)
{
	uint64_t until = ofl_now_ns() + DRAIN_TIME;
	unsigned int spins = 0;

	if (!inited)
		return;
	ofl_tcp_close_all();
	ofl_net_progress();
	while (added && (ofl_tcp_busy() || ofl_netdev_busy()) &&
	       ofl_now_ns() < until) {
		ofl_platform_wait(spins++);
		ofl_net_progress();
	}
	if (ofl_netdev_counters.rx_bad || ofl_netdev_counters.tx_full)
		ofl_log_printf("offload: net: %u frames of a wrong size came, %u had to be sent again\n",
			       ofl_netdev_counters.rx_bad,
			       ofl_netdev_counters.tx_full);
}

/* --- the families --- */

static int create(int family, int type, int protocol, struct ofl_socket **sk)
{
	ofl_net_init();
	if (type == SOCK_STREAM)
		return protocol && protocol != IP_PROTO_TCP ?
			       -EPROTONOSUPPORT :
			       ofl_tcp_create(family, sk);
	if (type == SOCK_DGRAM)
		return protocol && protocol != IP_PROTO_UDP ?
			       -EPROTONOSUPPORT :
			       ofl_udp_create(family, sk);
	return -EPROTOTYPE;
}

static int create4(int type, int protocol, struct ofl_socket **sk)
{
	return create(AF_INET, type, protocol, sk);
}

static int create6(int type, int protocol, struct ofl_socket **sk)
{
	return create(AF_INET6, type, protocol, sk);
}

static const struct ofl_family inet = {
	.domain = AF_INET,
	.create = create4,
	.progress = ofl_net_progress,
	.arm = ofl_net_arm,
};

static const struct ofl_family inet6 = {
	.domain = AF_INET6,
	.create = create6,
	.progress = ofl_net_progress,
	.arm = ofl_net_arm,
};

const struct ofl_net ofl_net = {
	.inet = &inet,
	.inet6 = &inet6,
};

OFL_DRIVER(net_driver) = {
	.device_id = OFL_VIRTIO_ID_NET,
	.start = start,
	.lost = lost,
	.drain = drain,
	.progress = ofl_net_progress,
	.arm = ofl_net_arm,
};
