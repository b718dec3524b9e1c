/* SPDX-License-Identifier: BSD-2-Clause */
/* The port proxy: TCP ports of this machine for vsock ports, and back. */
#ifndef OFL_PMM_FORWARD_H
#define OFL_PMM_FORWARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* One --forward. */
struct ofl_forward {
	bool to_image;	/* tcp:...:vsock:PORT, else vsock:PORT:tcp:... */
	uint32_t port;	/* of vsock */
	struct sockaddr_storage addr; /* where to listen, or to connect to */
	socklen_t addr_len;
	const char *text; /* as it was given */
};

/*
 * tcp:[ADDRESS:]PORT:vsock:PORT or vsock:PORT:tcp:[ADDRESS:]PORT; ADDRESS is
 * numeric, IPv6 in brackets, loopback if it is left out.  NULL, or what is wrong
 * with it.
 */
const char *ofl_forward_parse(const char *text, struct ofl_forward *fwd);

/* Would the second one never get a connection? */
bool ofl_forward_same(const struct ofl_forward *a, const struct ofl_forward *b);

/* A listening socket, non-blocking; logs what is wrong and returns -errno. */
int ofl_forward_listen(const struct ofl_forward *fwd);
/* A socket that connects, non-blocking, or -errno. */
int ofl_forward_dial(const struct ofl_forward *fwd);

#endif
