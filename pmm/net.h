/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-net (VIRTIO 1.2, 5.1) with a TAP interface or passt behind it. */
#ifndef OFL_PMM_NET_H
#define OFL_PMM_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"
#include "vdev.h"

#define OFL_NET_MEM_DEFAULT (64u * 1024)
#define OFL_NET_MEM_MIN (24u * 1024)
#define OFL_NET_MTU_DEFAULT 1500u
#define OFL_NET_MTU_MIN 576u
#define OFL_NET_MTU_MAX 65500u

/* What --net says. */
struct ofl_net_options {
	char *tap;   /* one of the two is set; neither: no network */
	char *passt; /* path of its socket */
	bool vhost;  /* with tap: the kernel serves the rings */
	bool mac_given;
	uint8_t mac[6];
	uint32_t mtu; /* 0: the TAP interface's, else 1500 */
	uint64_t mem_size;
	char addresses[OFL_DEV_OPTIONS]; /* "ip=...,gw=...", checked; "": automatic */
};

struct ofl_options;
struct ofl_net;

/* "tap=NAME,...": 0, or an exit status plus 1. */
int ofl_net_option(struct ofl_net_options *opt, const char *arg);
void ofl_net_options_free(struct ofl_net_options *opt);

/*
 * With all privileges: open the back end.  Logs what is wrong and returns NULL.
 * ofl_net_watch() connects it to a loop.
 */
struct ofl_net *ofl_net_open(const struct ofl_options *opt);
int ofl_net_watch(struct ofl_net *net, struct ofl_loop *loop);
struct ofl_dev *ofl_net_dev(struct ofl_net *net);
/* One line with the counters. */
void ofl_net_stats(const struct ofl_net *net);
void ofl_net_close(struct ofl_net *net);

#endif
