/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the network device.  net.c: queues and frames, which needs no Linux.
 * net_open.c: its wire's descriptor.
 */
#ifndef OFL_PMM_NET_DEV_H
#define OFL_PMM_NET_DEV_H

#include "net.h"
#include "net_wire.h"

#define NET_RX 0u
#define NET_TX 1u

/* Before each frame, as VERSION_1 has it. */
struct net_hdr {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset;
	uint16_t num_buffers;
};
_Static_assert(sizeof(struct net_hdr) == 12, "virtio_net_hdr");

struct ofl_net_vhost;

struct ofl_net {
	struct ofl_dev dev;
	struct net_wire wire;
	struct ofl_loop *loop;
	struct ofl_source source; /* the wire */
	struct ofl_source timer;  /* to look for a lost one */
	struct ofl_net_vhost *vhost; /* the wire and the rings are the kernel's */
	uint32_t frame_max;
	bool readable; /* the wire has something, and is not watched for it */
	bool rx_taken;
	int again; /* why there was no connection the last time */
	struct ofl_vq_chain rx_chain;
	struct {
		uint64_t rx, tx;
		uint64_t rx_long, rx_unwanted; /* too long; no driver */
		uint64_t tx_bad, tx_full, tx_lost; /* size; no room; error */
	} count;
	uint8_t frame[sizeof(struct net_hdr) + NET_FRAME_MAX];
};

/* The device for an open wire. */
void ofl_net_init(struct ofl_net *net, const struct ofl_net_options *opt,
		  const uint8_t *mac, uint32_t mtu);
void ofl_net_set_link(struct ofl_net *net, bool up);

/* --- net_open.c, or what the stand-in host has --- */

/* The wire has no frame now, or keeps one: set net->readable when it has one. */
void ofl_net_wait(struct ofl_net *net);
/* The wire is gone. */
void ofl_net_lost(struct ofl_net *net, int err);

#endif
