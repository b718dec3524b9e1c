// SPDX-License-Identifier: BSD-2-Clause
/*
 * getaddrinfo() and gethostbyname(): numbers, "localhost", and lwIP's resolver.
 *
 * A question waits for an answer for a bounded time, and before that for a name
 * server to ask: DHCP may not have told of one yet.  An answer that comes too
 * late meets another number and is dropped.
 */
#include "stack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/dns.h"

#include "platform.h"
#include "wait.h"

#define ANSWER_TIME (30 * OFL_SEC)

int h_errno;

static struct {
	uintptr_t number;
	bool answered, found;
	ip_addr_t ip;
} question;

static void on_answer(const char *name, const ip_addr_t *ip, void *arg)
{
	(void)name;
	if ((uintptr_t)arg != question.number)
		return;
	question.answered = true;
	question.found = ip;
	if (ip)
		question.ip = *ip;
}

static bool have_server(void)
{
	return !ip_addr_isany(dns_getserver(0)) ||
	       !ip_addr_isany(dns_getserver(1));
}

/* Until done() says so or the time is up. */
static bool wait_for(bool (*done)(void), uint64_t until)
{
	unsigned int spins = 0;
	bool armed = false;

	ofl_net_progress();
	while (!done() && ofl_now_ns() < until) {
		if (spins >= ofl_wait_sleep_at / 2 && !armed) {
			ofl_net_arm(true);
			armed = true;
		} else {
			ofl_platform_wait(spins++);
		}
		ofl_net_progress();
	}
	if (armed)
		ofl_net_arm(false);
	return done();
}

static bool is_answered(void)
{
	return question.answered;
}

static bool is_settled(void)
{
	return have_server() || !ofl_net_settling();
}

/* One address of this kind: 0, or EAI_*. */
static int ask(const char *name, u8_t type, ip_addr_t *ip)
{
	err_t err;

	ofl_net_init();
	wait_for(is_settled, UINT64_MAX); /* settling ends by itself */
	if (!have_server())
		return EAI_AGAIN;
	question.number++;
	question.answered = false;
	err = dns_gethostbyname_addrtype(name, ip, on_answer,
					 (void *)question.number, type);
	if (err == ERR_OK)
		return 0;
	if (err != ERR_INPROGRESS)
		return err == ERR_ARG || err == ERR_VAL ? EAI_NONAME : EAI_MEMORY;
	if (!wait_for(is_answered, ofl_now_ns() + ANSWER_TIME)) {
		question.number++;
		return EAI_AGAIN;
	}
	if (!question.found)
		return EAI_NONAME;
	*ip = question.ip;
	return 0;
}

/* --- getaddrinfo --- */

static int take_service(const char *text, bool numeric, uint16_t *port)
{
	static const struct {
		const char *name;
		uint16_t port;
	} known[] = {
		{ "echo", 7 },	  { "discard", 9 }, { "ftp", 21 },
		{ "ssh", 22 },	  { "telnet", 23 }, { "smtp", 25 },
		{ "domain", 53 }, { "http", 80 },   { "ntp", 123 },
		{ "https", 443 }, { "mqtt", 1883 },
	};
	unsigned long value;
	char *end;

	*port = 0;
	if (!text)
		return 0;
	value = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && value <= 0xffff) {
		*port = (uint16_t)value;
		return 0;
	}
	for (size_t i = 0; !numeric && i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(text, known[i].name)) {
			*port = known[i].port;
			return 0;
		}
	return numeric ? EAI_NONAME : EAI_SERVICE;
}

/* Addresses of a name, of the kinds that are wanted: how many, or EAI_*. */
static int take_node(const char *node, int family, int flags, ip_addr_t ip[2])
{
	static const ip_addr_t loopback4 = IPADDR4_INIT_BYTES(127, 0, 0, 1);
	static const ip_addr_t loopback6 =
		IPADDR6_INIT_HOST(0, 0, 0, 1);
	bool any = !node && (flags & AI_PASSIVE);
	int n = 0, err = EAI_NONAME;
	struct in6_addr in6;
	struct in_addr in;

	if (!node || !strcmp(node, "localhost")) {
		if (family != AF_INET6)
			ip[n++] = any ? *IP4_ADDR_ANY : loopback4;
		if (family != AF_INET)
			ip[n++] = any ? *IP6_ADDR_ANY : loopback6;
		return n;
	}
	if (inet_pton(AF_INET, node, &in) == 1) {
		if (family == AF_INET6)
			return EAI_NONAME;
		ip_addr_set_ip4_u32(&ip[0], in.s_addr);
		return 1;
	}
	if (inet_pton(AF_INET6, node, &in6) == 1) {
		if (family == AF_INET)
			return EAI_NONAME;
		memset(&ip[0], 0, sizeof(ip[0]));
		IP_SET_TYPE(&ip[0], IPADDR_TYPE_V6);
		memcpy(ip_2_ip6(&ip[0])->addr, &in6, sizeof(in6));
		return 1;
	}
	if (flags & AI_NUMERICHOST)
		return EAI_NONAME;
	if (family != AF_INET6) {
		err = ask(node, LWIP_DNS_ADDRTYPE_IPV4, &ip[n]);
		n += !err;
	}
	if (family != AF_INET) {
		int err6 = ask(node, LWIP_DNS_ADDRTYPE_IPV6, &ip[n]);

		if (!err6)
			n++;
		else if (!n)
			err = err6;
	}
	return n ? n : err;
}

/* With the address behind it, in one piece. */
struct answer {
	struct addrinfo info;
	struct sockaddr_storage addr;
};

static struct addrinfo *make_answer(const ip_addr_t *ip, uint16_t port, int type)
{
	struct answer *a = calloc(1, sizeof(*a));
	int family = IP_IS_V6(ip) ? AF_INET6 : AF_INET;

	if (!a)
		return NULL;
	a->info.ai_family = family;
	a->info.ai_socktype = type;
	a->info.ai_protocol = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
	a->info.ai_addr = (struct sockaddr *)&a->addr;
	ofl_inet_put(family, ip, port, &a->addr, &a->info.ai_addrlen);
	return &a->info;
}

int getaddrinfo(const char *node, const char *service,
		const struct addrinfo *hints, struct addrinfo **res)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM };
	int family = hints ? hints->ai_family : AF_UNSPEC;
	int flags = hints ? hints->ai_flags : 0;
	int type = hints ? hints->ai_socktype : 0;
	struct addrinfo *first = NULL, **at = &first;
	ip_addr_t ip[2];
	uint16_t port;
	int n, err;

	if (!node && !service)
		return EAI_NONAME;
	if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6)
		return EAI_FAMILY;
	if (type && type != SOCK_STREAM && type != SOCK_DGRAM)
		return EAI_SOCKTYPE;
	err = take_service(service, flags & AI_NUMERICSERV, &port);
	if (err)
		return err;
	n = take_node(node, family, flags, ip);
	if (n < 0)
		return n;
	for (int i = 0; i < n; i++)
		for (int t = 0; t < 2; t++) {
			if (type && types[t] != type)
				continue;
			*at = make_answer(&ip[i], port, types[t]);
			if (!*at) {
				freeaddrinfo(first);
				return EAI_MEMORY;
			}
			at = &(*at)->ai_next;
		}
	*res = first;
	return 0;
}

void freeaddrinfo(struct addrinfo *res)
{
	while (res) {
		struct addrinfo *next = res->ai_next;

		free(res); /* the first member of its answer */
		res = next;
	}
}

const char *gai_strerror(int err)
{
	switch (err) {
	case 0:
		return "Success";
	case EAI_NONAME:
		return "No such name";
	case EAI_AGAIN:
		return "No name server answers";
	case EAI_FAMILY:
		return "No such address family";
	case EAI_SOCKTYPE:
		return "No such socket type";
	case EAI_SERVICE:
		return "No such service";
	case EAI_MEMORY:
		return "Out of memory";
	default:
		return "Name lookup failed";
	}
}

struct hostent *gethostbyname(const char *name)
{
	static uint32_t address;
	static char *list[2] = { (char *)&address }, *none[1], text[256];
	static struct hostent host = { text, none, AF_INET, 4, list };
	ip_addr_t ip[2];
	int n = take_node(name, AF_INET, 0, ip);

	if (n < 1) {
		h_errno = n == EAI_AGAIN ? TRY_AGAIN : HOST_NOT_FOUND;
		return NULL;
	}
	address = ip_2_ip4(&ip[0])->addr;
	strncpy(text, name, sizeof(text) - 1);
	return &host;
}
