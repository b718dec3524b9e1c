/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a frame goes into and comes out of.  A wire never waits: what it does not
 * take at once, or soon, is lost, as on any other wire.
 */
#ifndef OFL_PMM_NET_WIRE_H
#define OFL_PMM_NET_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"

#define NET_FRAME_MIN 14u	       /* an Ethernet header */
#define NET_FRAME_EXTRA 18u	       /* and a VLAN tag, beyond the MTU */
#define NET_FRAME_MAX (65535u + NET_FRAME_EXTRA)
#define NET_OUT_MAX (256u * 1024) /* kept for a passt that reads slowly */

struct net_wire;

struct net_wire_ops {
	const char *name;
	/*
	 * The next frame: its length (longer than size: cut off), -EAGAIN, or
	 * another error: the wire is gone.
	 */
	int (*recv)(struct net_wire *wire, void *buf, uint32_t size);
	/* 0; -EAGAIN: no room; another error: the frame is lost. */
	int (*send)(struct net_wire *wire, const void *frame, uint32_t len);
	/* Not NULL: is something kept that waits for EPOLLOUT?  Send of it. */
	bool (*kept)(const struct net_wire *wire);
	int (*flush)(struct net_wire *wire);
	/* Not NULL: try to connect again; 0 or -errno. */
	int (*again)(struct net_wire *wire);
};

struct net_wire {
	const struct net_wire_ops *ops;
	int fd; /* -1: gone */
	const char *place; /* the interface's name, the socket's path */
	/* Of a stream only. */
	uint8_t *in, *out;
	uint32_t in_at, in_len, out_at, out_len;
};

/*
 * Log what is wrong; 0 or -errno.  with_header: not for us but for vhost, a frame has struct
 * virtio_net_hdr before it.
 */
int ofl_net_tap_open(struct net_wire *wire, const char *name, bool with_header, uint32_t *mtu);
int ofl_net_passt_open(struct net_wire *wire, const char *path);
/* For both, and for a wire whose opening failed. */
void ofl_net_wire_close(struct net_wire *wire);

#endif
