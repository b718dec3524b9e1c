/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --net.  Addresses that are given go to the image as they stand, in the device
 * tree; they are checked here, where somebody can read what is wrong.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "net.h"
#include "options.h"
#include "pmm.h"

#define DNS_MAX 2

/* What the addresses must agree on. */
struct net_seen {
	bool ip4, ip6, gw4, gw6;
	struct in_addr ip, gw;
	unsigned int bits, nr_dns;
};

static int net_bad(const char *whole, const char *what)
{
	ofl_log("--net %s: %s (see --help)", whole, what);
	return 1 + OFL_EXIT_USAGE;
}

static int net_number(const char *text, uint32_t max, uint32_t *value)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n > max)
		return -EINVAL;
	*value = (uint32_t)n;
	return 0;
}

static int net_mac(struct ofl_net_options *opt, const char *whole,
		   const char *text)
{
	unsigned int b[6], i;
	char end;

	if (strlen(text) != 17 ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3],
		   &b[4], &b[5], &end) != 6)
		return net_bad(whole, "mac= takes an address as 02:00:00:00:00:01");
	for (i = 0; i < 6; i++)
		opt->mac[i] = (uint8_t)b[i];
	if ((b[0] & 1) || !(b[0] | b[1] | b[2] | b[3] | b[4] | b[5]))
		return net_bad(whole, "mac= takes the address of one station");
	opt->mac_given = true;
	return 0;
}

/* 4, 6, or 0 for no address; *bits is 0 unless /BITS is there, and allowed. */
static int net_address(const char *text, struct in_addr *ip4, uint32_t *bits)
{
	char copy[64], *slash;
	struct in6_addr ip6;
	int family;

	if (strlen(text) >= sizeof(copy))
		return 0;
	strcpy(copy, text);
	slash = strchr(copy, '/');
	if (slash)
		*slash++ = 0;
	if (inet_pton(AF_INET, copy, ip4) == 1)
		family = 4;
	else if (inet_pton(AF_INET6, copy, &ip6) == 1)
		family = 6;
	else
		return 0;
	if (!bits)
		return slash ? 0 : family;
	if (!slash || net_number(slash, family == 4 ? 32 : 128, bits) || !*bits)
		return 0;
	return family;
}

static int net_ip(struct net_seen *seen, const char *whole, const char *text)
{
	struct in_addr ip;
	uint32_t bits;
	int family = net_address(text, &ip, &bits);

	if (!family)
		return net_bad(whole, "ip= takes an address with its prefix, as 10.0.0.2/24 or fd00::2/64");
	if (family == 6) {
		if (bits != 64)
			return net_bad(whole, "an IPv6 address has a prefix of 64 bits");
		if (seen->ip6)
			return net_bad(whole, "two IPv6 addresses");
		seen->ip6 = true;
		return 0;
	}
	if (seen->ip4)
		return net_bad(whole, "two IPv4 addresses");
	seen->ip4 = true;
	seen->ip = ip;
	seen->bits = bits;
	return 0;
}

static int net_gw(struct net_seen *seen, const char *whole, const char *text)
{
	struct in_addr ip;
	int family = net_address(text, &ip, NULL);

	if (!family)
		return net_bad(whole, "gw= takes an address, as 10.0.0.1");
	if (family == 4 ? seen->gw4 : seen->gw6)
		return net_bad(whole, "two gateways");
	if (family == 4) {
		seen->gw4 = true;
		seen->gw = ip;
	} else {
		seen->gw6 = true;
	}
	return 0;
}

static int net_take(char **to, const char *whole, const char *value)
{
	if (*to)
		return net_bad(whole, "twice the same");
	if (!*value)
		return net_bad(whole, "the name is missing");
	*to = strdup(value);
	if (*to)
		return 0;
	ofl_log("out of memory");
	return 1 + OFL_EXIT_FAILURE;
}

static int net_key(struct ofl_net_options *opt, struct net_seen *seen,
		   const char *whole, const char *key)
{
	struct in_addr ip;
	size_t len;
	int err;

	if (!strncmp(key, "tap=", 4)) {
		if (strlen(key + 4) >= IFNAMSIZ)
			return net_bad(whole, "an interface's name has at most 15 characters");
		return net_take(&opt->tap, whole, key + 4);
	}
	if (!strcmp(key, "vhost")) {
		opt->vhost = true;
		return 0;
	}
	if (!strncmp(key, "passt=", 6))
		return net_take(&opt->passt, whole, key + 6);
	if (!strncmp(key, "mac=", 4))
		return net_mac(opt, whole, key + 4);
	if (!strncmp(key, "mtu=", 4)) {
		if (net_number(key + 4, OFL_NET_MTU_MAX, &opt->mtu) ||
		    opt->mtu < OFL_NET_MTU_MIN)
			return net_bad(whole, "mtu= takes a number from 576 to 65500");
		return 0;
	}
	if (!strncmp(key, "window=", 7)) {
		if (ofl_options_size(key + 7, &opt->mem_size) ||
		    opt->mem_size < OFL_NET_MEM_MIN ||
		    opt->mem_size > OFL_MEM_MAX)
			return net_bad(whole, "window= takes a size from 24K to 64M");
		return 0;
	}
	if (!strncmp(key, "ip=", 3)) {
		err = net_ip(seen, whole, key + 3);
	} else if (!strncmp(key, "gw=", 3)) {
		err = net_gw(seen, whole, key + 3);
	} else if (!strncmp(key, "dns=", 4)) {
		err = 0;
		if (!net_address(key + 4, &ip, NULL))
			err = net_bad(whole, "dns= takes an address, as 10.0.0.1");
		else if (++seen->nr_dns > DNS_MAX)
			err = net_bad(whole, "more than two name servers");
	} else {
		return net_bad(whole, "only tap=NAME, passt=SOCKET, vhost, mac=, mtu=, ip=, gw=, dns= and window=SIZE are known");
	}
	len = strlen(opt->addresses);
	if (!err && len + strlen(key) + 2 > sizeof(opt->addresses))
		err = net_bad(whole, "too many addresses");
	if (!err)
		snprintf(opt->addresses + len, sizeof(opt->addresses) - len,
			 "%s%s", len ? "," : "", key);
	return err;
}

static int net_check(const struct ofl_net_options *opt,
		     const struct net_seen *seen, const char *whole)
{
	uint32_t differ;

	if (!opt->tap == !opt->passt)
		return net_bad(whole, "one of tap=NAME and passt=SOCKET is needed");
	if (opt->vhost && !opt->tap)
		return net_bad(whole, "vhost is for tap=NAME");
	if (seen->gw4 && !seen->ip4)
		return net_bad(whole, "gw= is for an address of its kind: add ip=");
	if (seen->gw6 && !seen->ip6)
		return net_bad(whole, "gw= is for an address of its kind: add ip=");
	differ = ntohl(seen->ip.s_addr ^ seen->gw.s_addr);
	if (seen->gw4 && differ >> (32 - seen->bits))
		return net_bad(whole, "the gateway is not in the network of ip=");
	if (seen->gw4 && !differ)
		return net_bad(whole, "the gateway is the image itself");
	return 0;
}

int ofl_net_option(struct ofl_net_options *opt, const char *arg)
{
	struct net_seen seen = { 0 };
	char *copy, *rest, *key;
	int err = 0;

	if (opt->tap || opt->passt)
		return net_bad(arg, "an image has one network interface");
	copy = strdup(arg);
	if (!copy) {
		ofl_log("out of memory");
		return 1 + OFL_EXIT_FAILURE;
	}
	opt->mem_size = OFL_NET_MEM_DEFAULT;
	rest = copy;
	while (!err && (key = strsep(&rest, ",")))
		err = net_key(opt, &seen, arg, key);
	if (!err)
		err = net_check(opt, &seen, arg);
	free(copy);
	return err;
}

void ofl_net_options_free(struct ofl_net_options *opt)
{
	free(opt->tap);
	free(opt->passt);
	opt->tap = NULL;
	opt->passt = NULL;
}
