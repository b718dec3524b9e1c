// SPDX-License-Identifier: BSD-2-Clause
/*
 * The neighbour on the image's network (net.h); the device is the daemon's (pmm/net.c).
 *
 * Each frame makes at most one, which is the frame itself with sender and receiver
 * exchanged.  That changes no checksum of IP or UDP, so those that the image made are
 * checked here, and come back as they are.  Fragments of a datagram come back as
 * fragments.
 *
 * Whatever is not for us, is not known or is wrong has no answer.
 */
#include "net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pmm/net_dev.h>

#define MTU 1500u
#define FRAMES 64u /* kept for the image */
#define ETH 14u
#define ECHO_PORT 7u

#define ETH_IP4 0x0800u
#define ETH_ARP 0x0806u
#define ETH_IP6 0x86ddu
#define ARP_SIZE 28u
#define IP4_SIZE 20u
#define IP6_SIZE 40u
#define UDP 17u
#define UDP_SIZE 8u
#define ICMP6 58u
#define SOLICIT 135u /* RFC 4861, 4.3 */
#define SOLICIT_SIZE 24u
#define ADVERTISE 136u
#define ADVERTISE_SIZE 32u

static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 1 }, image_mac[6] = { 2, 0, 0, 0, 0, 2 };
static const uint8_t ip4[4] = { 192, 0, 2, 1 };
static const uint8_t ip6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };

static struct {
	unsigned int first, nr;
	uint32_t len[FRAMES];
	uint8_t frame[FRAMES][MTU + NET_FRAME_EXTRA];
} *kept;

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void swap(uint8_t *a, uint8_t *b, uint32_t len)
{
	while (len--) {
		uint8_t x = *a;

		*a++ = *b;
		*b++ = x;
	}
}

/* The Internet's checksum (RFC 1071) of what was summed up before and these. */
static uint32_t sum(uint32_t before, const uint8_t *p, uint32_t len)
{
	for (; len > 1; p += 2, len -= 2)
		before += get16(p);
	if (len)
		before += (uint32_t)*p << 8;
	while (before >> 16)
		before = (before & 0xffff) + (before >> 16);
	return before;
}

/* --- UDP --- */

/* A whole one, behind addresses of `size` bytes in all.  Its answer is in its place. */
static bool answer_udp(uint8_t *udp, uint32_t len, const uint8_t *addresses, uint32_t size)
{
	if (len < UDP_SIZE || get16(udp + 4) != len || get16(udp + 2) != ECHO_PORT)
		return false;
	/* Zero: the sender made none, which IPv6 does not allow. */
	if ((get16(udp + 6) || size > 8) &&
	    sum(sum(UDP + len, addresses, size), udp, len) != 0xffff)
		return false;
	swap(udp, udp + 2, 2);
	return true;
}

/* --- IPv4 --- */

static uint32_t answer_arp(uint8_t *p, uint32_t len)
{
	static const uint8_t request[8] = { 0, 1, ETH_IP4 >> 8, ETH_IP4 & 0xff, 6, 4, 0, 1 };

	if (len < ARP_SIZE || memcmp(p, request, sizeof(request)) ||
	    memcmp(p + 24, ip4, sizeof(ip4)))
		return 0;
	p[7] = 2;
	memcpy(p + 18, p + 8, 10);
	memcpy(p + 8, mac, sizeof(mac));
	memcpy(p + 14, ip4, sizeof(ip4));
	return ARP_SIZE;
}

static uint32_t answer_ip4(uint8_t *p, uint32_t len)
{
	uint32_t header, total, fragment;

	if (len < IP4_SIZE)
		return 0;
	header = (p[0] & 15u) * 4;
	total = get16(p + 2);
	if (p[0] >> 4 != 4 || header < IP4_SIZE || total < header || total > len ||
	    sum(0, p, header) != 0xffff || p[9] != UDP || memcmp(p + 16, ip4, sizeof(ip4)))
		return 0;
	fragment = get16(p + 6) & 0x3fff; /* more to come, or not the first */
	if (!fragment) {
		if (!answer_udp(p + header, total - header, p + 12, 8))
			return 0;
	} else if (!(fragment & 0x1fff)) {
		if (total - header < UDP_SIZE || get16(p + header + 2) != ECHO_PORT)
			return 0;
		swap(p + header, p + header + 2, 2);
	}
	swap(p + 12, p + 16, 4);
	return total;
}

/* --- IPv6 --- */

static uint32_t answer_solicit(uint8_t *p, uint32_t len)
{
	static const uint8_t nobody[16];
	uint8_t *icmp = p + IP6_SIZE;

	if (len < SOLICIT_SIZE || p[7] != 255 || icmp[0] != SOLICIT || icmp[1] ||
	    sum(sum(ICMP6 + len, p + 8, 32), icmp, len) != 0xffff ||
	    memcmp(icmp + 8, ip6, sizeof(ip6)) || !memcmp(p + 8, nobody, sizeof(nobody)))
		return 0;
	put16(p + 4, ADVERTISE_SIZE);
	memcpy(p + 24, p + 8, 16);
	memcpy(p + 8, ip6, sizeof(ip6));
	memset(icmp, 0, 8);
	icmp[0] = ADVERTISE;
	icmp[4] = 0x60; /* solicited, and better than what was known */
	icmp[24] = 2; /* our link-layer address, 8 bytes */
	icmp[25] = 1;
	memcpy(icmp + 26, mac, sizeof(mac));
	put16(icmp + 2, ~sum(sum(ICMP6 + ADVERTISE_SIZE, p + 8, 32), icmp, ADVERTISE_SIZE));
	return IP6_SIZE + ADVERTISE_SIZE;
}

static uint32_t answer_ip6(uint8_t *p, uint32_t len)
{
	uint32_t payload;

	if (len < IP6_SIZE)
		return 0;
	payload = get16(p + 4);
	if (p[0] >> 4 != 6 || payload > len - IP6_SIZE)
		return 0;
	if (p[6] == ICMP6)
		return answer_solicit(p, payload);
	if (p[6] != UDP || memcmp(p + 24, ip6, sizeof(ip6)) ||
	    !answer_udp(p + IP6_SIZE, payload, p + 8, 32))
		return 0;
	swap(p + 8, p + 24, 16);
	return IP6_SIZE + payload;
}

/* --- the wire --- */

/* In the frame's place, which has room for the longest; 0: none. */
static uint32_t answer(uint8_t *frame, uint32_t len)
{
	uint8_t *p = frame + ETH;
	uint32_t n = 0;

	if (!(frame[0] & 1) && memcmp(frame, mac, sizeof(mac)))
		return 0;
	len -= ETH;
	switch (get16(frame + 12)) {
	case ETH_ARP:
		n = answer_arp(p, len);
		break;
	case ETH_IP4:
		n = answer_ip4(p, len);
		break;
	case ETH_IP6:
		n = answer_ip6(p, len);
		break;
	}
	memcpy(frame, frame + 6, sizeof(mac));
	memcpy(frame + 6, mac, sizeof(mac));
	return n ? ETH + n : 0;
}

static int wire_send(struct net_wire *wire, const void *frame, uint32_t len)
{
	unsigned int i = (kept->first + kept->nr) % FRAMES;

	(void)wire;
	if (kept->nr == FRAMES)
		return -EAGAIN;
	memcpy(kept->frame[i], frame, len);
	kept->len[i] = answer(kept->frame[i], len);
	kept->nr += kept->len[i] > 0;
	return 0;
}

static int wire_recv(struct net_wire *wire, void *buf, uint32_t size)
{
	unsigned int i = kept->first;

	(void)wire;
	if (!kept->nr)
		return -EAGAIN;
	memcpy(buf, kept->frame[i], kept->len[i] < size ? kept->len[i] : size);
	kept->first = (i + 1) % FRAMES;
	kept->nr--;
	return (int)kept->len[i];
}

void ofl_net_wait(struct ofl_net *net)
{
	/* What nobody has taken is not for the next image. */
	if (!ofl_dev_live(&net->dev, NET_RX))
		kept->nr = 0;
	net->readable = kept->nr;
}

void ofl_net_lost(struct ofl_net *net, int err)
{
	(void)net;
	(void)err;
}

struct ofl_dev *ofl_boot_net(void)
{
	static const struct net_wire_ops wire_ops = {
		.name = "memory",
		.recv = wire_recv,
		.send = wire_send,
	};
	static const struct ofl_net_options options = {
		.mem_size = OFL_NET_MEM_DEFAULT,
		.addresses = "ip=192.0.2.2/24,gw=192.0.2.1,ip=2001:db8::2/64",
	};
	struct ofl_net *net = calloc(1, sizeof(*net));

	kept = calloc(1, sizeof(*kept));
	if (!net || !kept)
		return NULL;
	net->wire.ops = &wire_ops;
	ofl_net_init(net, &options, image_mac, MTU);
	return &net->dev;
}
