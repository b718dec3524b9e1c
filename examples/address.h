/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where to listen, and whom to connect to: the one place in these programs that
 * knows of address families.
 *
 *	80, vsock:80         port 80 of AF_VSOCK; to connect: of Linux (CID 2)
 *	vsock:4:80           the same of the image with CID 4
 *	tcp:80               port 80 of all addresses, IPv6 and IPv4; to connect: 127.0.0.1
 *	tcp:10.0.0.2:80      the same of one address
 *	tcp:[2001:db8::2]:80 the same of one of IPv6
 */
#ifndef EXAMPLES_ADDRESS_H
#define EXAMPLES_ADDRESS_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>
/* Not every C library of an image has it. */
#if __has_include(<netinet/in.h>)
#include <arpa/inet.h>
#include <netinet/in.h>
#define HAVE_TCP 1
#endif

union address {
	struct sockaddr any;
	struct sockaddr_vm vm;
#ifdef HAVE_TCP
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
#endif
};

/* A number up to max, with `end` behind it; -1: there is none. */
static inline long long address_number(const char **text, long long max,
				       char end)
{
	char *rest;
	unsigned long long n = strtoull(*text, &rest, 10);

	if (**text < '0' || **text > '9' || *rest != end ||
	    n > (unsigned long long)max)
		return -1;
	*text = rest + (end != '\0');
	return (long long)n;
}

static inline int address_vsock(const char *text, int to_connect,
				union address *addr)
{
	long long cid = to_connect ? VMADDR_CID_HOST : VMADDR_CID_ANY;
	long long port;

	if (strchr(text, ':'))
		cid = address_number(&text, VMADDR_CID_ANY, ':');
	port = address_number(&text, VMADDR_PORT_ANY, '\0');
	if (cid < 0 || port < 0)
		return -1;
	addr->vm.svm_family = AF_VSOCK;
	addr->vm.svm_cid = (unsigned int)cid;
	addr->vm.svm_port = (unsigned int)port;
	return sizeof(addr->vm);
}

#ifdef HAVE_TCP
/* One of IPv4, which is also what a system without IPv6 listens on. */
static inline int address_ipv4(unsigned int ip, long long port, union address *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->in.sin_family = AF_INET;
	addr->in.sin_addr.s_addr = htonl(ip);
	addr->in.sin_port = htons((unsigned short)port);
	return sizeof(addr->in);
}

static inline int address_tcp(const char *text, int to_connect,
			      union address *addr)
{
	const char *name = text, *end = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN] = "";
	size_t len = 0;
	long long port;

	if (end) {
		text = end + 1;
		len = (size_t)(end - name);
		if (len > 1 && name[0] == '[' && name[len - 1] == ']') {
			name++;
			len -= 2;
			addr->any.sa_family = AF_INET6;
		}
		if (len >= sizeof(host))
			return -1;
		memcpy(host, name, len);
	}
	port = address_number(&text, 65535, '\0');
	if (port < 0)
		return -1;
	if (!end && to_connect)
		return address_ipv4(INADDR_LOOPBACK, port, addr);
	if (end && addr->any.sa_family != AF_INET6) {
		address_ipv4(0, port, addr);
		return inet_pton(AF_INET, host, &addr->in.sin_addr) == 1 ?
			       (int)sizeof(addr->in) : -1;
	}
	/* All addresses of IPv6 are those of IPv4, too. */
	addr->in6.sin6_family = AF_INET6;
	addr->in6.sin6_port = htons((unsigned short)port);
	return !end || inet_pton(AF_INET6, host, &addr->in6.sin6_addr) == 1 ?
		       (int)sizeof(addr->in6) : -1;
}
#endif

/* The length of the address, or -1. */
static inline int address_parse(const char *text, int to_connect,
				union address *addr)
{
	memset(addr, 0, sizeof(*addr));
#ifdef HAVE_TCP
	if (!strncmp(text, "tcp:", 4))
		return address_tcp(text + 4, to_connect, addr);
#endif
	if (!strncmp(text, "vsock:", 6))
		text += 6;
	return address_vsock(text, to_connect, addr);
}

static inline int address_bad(const char *text)
{
	fprintf(stderr, "%s: not an address; use PORT, vsock:[CID:]PORT or tcp:[ADDRESS:]PORT, [ADDRESS] of IPv6\n",
		text);
	errno = EINVAL;
	return -1;
}

/* A socket that listens, or -1 and errno. */
static inline int listen_at(const union address *addr, int len)
{
	int one = 1, fd = socket(addr->any.sa_family, SOCK_STREAM, 0), why;

	if (fd < 0)
		return -1;
#ifdef HAVE_TCP
	int zero = 0;

	if (addr->any.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero)))
		goto err_close;
#endif
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, &addr->any, (socklen_t)len) || listen(fd, SOMAXCONN))
		goto err_close;
	return fd;

err_close:
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

/* A socket that listens, or -1 and a line on stderr. */
static inline int listen_on(const char *where)
{
	union address addr;
	int len = address_parse(where, 0, &addr), fd;

	if (len < 0)
		return address_bad(where);
	fd = listen_at(&addr, len);
#ifdef HAVE_TCP
	/* There may be no IPv6. */
	if (fd < 0 && addr.any.sa_family == AF_INET6 && !strchr(where, '[')) {
		len = address_ipv4(INADDR_ANY, ntohs(addr.in6.sin6_port), &addr);
		fd = listen_at(&addr, len);
	}
#endif
	if (fd < 0)
		perror(where);
	return fd;
}

/* Read and write what there is, and never wait. */
static inline void never_wait(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* For a loop over poll(): a listener that never waits, and that is said. */
static inline int serve_on(const char *name, const char *where)
{
	int fd = listen_on(where);

	if (fd < 0)
		return -1;
	never_wait(fd);
	printf("%s: listening on %s\n", name, where);
	fflush(stdout);
	return fd;
}

/* A socket that is connected, or -1 and errno. */
static inline int connect_to(const char *where)
{
	union address addr;
	int len = address_parse(where, 1, &addr), fd;

	if (len < 0)
		return address_bad(where);
	fd = socket(addr.any.sa_family, SOCK_STREAM, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, &addr.any, (socklen_t)len)) {
		int why = errno;

		close(fd);
		errno = why;
		return -1;
	}
	return fd;
}

#endif
