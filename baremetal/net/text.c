// SPDX-License-Identifier: BSD-2-Clause
/* Internet addresses as text: inet_pton(), inet_ntop() and their elders. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* "10.0.0.1": four decimal numbers without leading zeros. */
static bool take4(const char *text, uint8_t *to)
{
	for (int i = 0; i < 4; i++) {
		unsigned int value = 0, digits = 0;

		while (*text >= '0' && *text <= '9' && digits < 4) {
			if (digits++ && !value)
				return false;
			value = 10 * value + (unsigned int)(*text++ - '0');
		}
		if (!digits || value > 255 || *text != (i < 3 ? '.' : '\0'))
			return false;
		text++;
		to[i] = (uint8_t)value;
	}
	return true;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 4291, 2.2: "fe80::1", "::ffff:10.0.0.1". */
static bool take6(const char *text, uint8_t *to)
{
	uint8_t part[16] = { 0 };
	int n = 0, gap = -1; /* bytes so far; where "::" was */

	if (text[0] == ':' && text[1] != ':')
		return false;
	while (*text) {
		const char *start = text;
		unsigned int value = 0;
		int digits = 0;

		if (text[0] == ':' && text[1] == ':') {
			if (gap >= 0)
				return false;
			gap = n;
			text += 2;
			continue;
		}
		if (*text == ':') {
			if (gap == n)
				return false;
			start = ++text;
		}
		if (n == 16)
			return false;
		for (; hex(*text) >= 0 && digits < 5; digits++)
			value = value << 4 | (unsigned int)hex(*text++);
		if (*text == '.') {
			if (n > 12 || !take4(start, part + n))
				return false;
			n += 4;
			break;
		}
		if (!digits || digits > 4 || (*text && *text != ':'))
			return false;
		part[n++] = (uint8_t)(value >> 8);
		part[n++] = (uint8_t)value;
	}
	if (gap < 0 ? n != 16 : n > 14)
		return false;
	memset(to, 0, 16);
	if (gap < 0)
		gap = n;
	memcpy(to, part, (size_t)gap);
	memcpy(to + 16 - (n - gap), part + gap, (size_t)(n - gap));
	return true;
}

int inet_pton(int family, const char *text, void *addr)
{
	if (family == AF_INET)
		return take4(text, addr);
	if (family == AF_INET6)
		return take6(text, addr);
	errno = EAFNOSUPPORT;
	return -1;
}

/* RFC 5952: lower case, the longest run of zeros as "::". */
static void put6(const uint8_t *from, char *text)
{
	unsigned int word[8], i, run = 0, best = 0, best_len = 1;

	for (i = 0; i < 8; i++) {
		word[i] = (unsigned int)from[2 * i] << 8 | from[2 * i + 1];
		run = word[i] ? 0 : run + 1;
		if (run > best_len) {
			best_len = run;
			best = i + 1 - run;
		}
	}
	if (best_len < 2)
		best = 8;
	for (i = 0; i < 8; i++) {
		if (i == best) {
			text += sprintf(text, "::");
			i += best_len - 1;
			continue;
		}
		if (i && i != best + best_len)
			*text++ = ':';
		if (i == 6 && !best && (best_len == 6 ||
					(best_len == 5 && word[5] == 0xffff))) {
			sprintf(text, "%u.%u.%u.%u", from[12], from[13],
				from[14], from[15]);
			return;
		}
		text += sprintf(text, "%x", word[i]);
	}
	*text = '\0';
}

const char *inet_ntop(int family, const void *addr, char *text, socklen_t len)
{
	char full[INET6_ADDRSTRLEN];
	const uint8_t *from = addr;

	if (family == AF_INET) {
		sprintf(full, "%u.%u.%u.%u", from[0], from[1], from[2], from[3]);
	} else if (family == AF_INET6) {
		put6(from, full);
	} else {
		errno = EAFNOSUPPORT;
		return NULL;
	}
	if (strlen(full) >= len) {
		errno = ENOSPC;
		return NULL;
	}
	return strcpy(text, full);
}

int inet_aton(const char *text, struct in_addr *addr)
{
	uint8_t bytes[4];

	if (!take4(text, bytes))
		return 0;
	memcpy(addr, bytes, sizeof(bytes));
	return 1;
}

in_addr_t inet_addr(const char *text)
{
	struct in_addr addr;

	return inet_aton(text, &addr) ? addr.s_addr : INADDR_NONE;
}

char *inet_ntoa(struct in_addr addr)
{
	static char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &addr, text, sizeof(text));
	return text;
}
