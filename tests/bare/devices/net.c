// SPDX-License-Identifier: BSD-2-Clause
/* AF_INET and AF_INET6 with the neighbour of boot/net.h. */
#include "devices.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "ktap.h"

#define ECHO 7
#define MTU 1500u
#define MOST4 (MTU - 20 - 8)
#define MOST6 (MTU - 40 - 8)
#define BURST 16
#define TRIES 6

static uint8_t there[8192], back[8192];

static struct sockaddr_storage addr;
static socklen_t addr_len;

static struct sockaddr *host(const char *text, int port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&addr;

	memset(&addr, 0, sizeof(addr));
	if (strchr(text, ':')) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		inet_pton(AF_INET6, text, &in6->sin6_addr);
		addr_len = sizeof(*in6);
	} else {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		inet_pton(AF_INET, text, &in->sin_addr);
		addr_len = sizeof(*in);
	}
	return (struct sockaddr *)&addr;
}

/* There and back; a datagram may be lost, and one that was thought to be may come. */
static bool echoes(int fd, size_t len, uint8_t mark)
{
	for (size_t i = 0; i < len; i++)
		there[i] = (uint8_t)(i * 5 + i / 253 + mark);
	for (int tries = 0; tries < TRIES; tries++) {
		if (send(fd, there, len, 0) != (ssize_t)len)
			return false;
		while (ready(fd, POLLIN, PATIENCE_MS / TRIES))
			if (recv(fd, back, sizeof(back), 0) == (ssize_t)len &&
			    !memcmp(there, back, len))
				return true;
	}
	return false;
}

/* false: one of them did not, and the rest would take as long. */
static bool test_sizes(const char *text, const size_t *sizes, size_t nr)
{
	struct sockaddr *to = host(text, ECHO);
	int fd = socket(to->sa_family, SOCK_DGRAM, 0);
	bool good = ok(!connect(fd, to, addr_len), "net: a socket for %s", text);

	for (size_t i = 0; good && i < nr; i++)
		good = ok(echoes(fd, sizes[i], (uint8_t)i), "net: %u bytes to %s and back",
			  (unsigned int)sizes[i], text);
	close(fd);
	return good;
}

static void test_burst(void)
{
	struct sockaddr *to = host("192.0.2.1", ECHO);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), sent = 0, got = 0, in_order = 0;
	struct sockaddr_in from, *want = (struct sockaddr_in *)&addr;
	socklen_t len = sizeof(from);
	uint8_t n;

	for (n = 0; n < BURST; n++)
		sent += sendto(fd, &n, 1, 0, to, addr_len) == 1;
	is(sent, BURST, "net: many at once");
	while (got < BURST && ready(fd, POLLIN, PATIENCE_MS)) {
		memset(&from, 0, sizeof(from));
		if (recvfrom(fd, &n, 1, 0, (struct sockaddr *)&from, &len) != 1)
			break;
		in_order += n == got && from.sin_addr.s_addr == want->sin_addr.s_addr &&
			    from.sin_port == want->sin_port;
		got++;
	}
	is(got, BURST, "net: all of them come back");
	is(in_order, BURST, "net: in order, from whom they went to");
	close(fd);
}

static void test_silence(const char *text, int port, const char *why)
{
	struct sockaddr *to = host(text, port);
	int fd = socket(to->sa_family, SOCK_DGRAM, 0);

	sendto(fd, "x", 1, 0, to, addr_len);
	is(ready(fd, POLLIN, SILENCE_MS), 0, "net: no answer from %s", why);
	close(fd);
}

void devices_net(void)
{
	/* To the MTU, and in more pieces than one. */
	static const size_t sizes4[] = { 1, 0, 17, 18, 19, 511, 1000, MOST4 - 1, MOST4,
					 MOST4 + 1, 4000, 8192 };
	static const size_t sizes6[] = { 1, 0, 100, 1000, MOST6 - 1, MOST6 };

	if (!test_sizes("192.0.2.1", sizes4, sizeof(sizes4) / sizeof(sizes4[0])) ||
	    !test_sizes("2001:db8::1", sizes6, sizeof(sizes6) / sizeof(sizes6[0])))
		return;
	test_burst();
	test_silence("192.0.2.9", ECHO, "an address that nobody has");
	test_silence("2001:db8::9", ECHO, "one of IPv6");
	test_silence("192.0.2.1", ECHO + 1, "a port that nobody has");
}
