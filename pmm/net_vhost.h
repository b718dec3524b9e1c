/* SPDX-License-Identifier: BSD-2-Clause */
/* --net vhost,tap=NAME: the kernel moves the frames between rings and TAP (vhost.h). */
#ifndef OFL_PMM_NET_VHOST_H
#define OFL_PMM_NET_VHOST_H

#include "loop.h"
#include "vdev.h"

struct ofl_net_vhost;

/*
 * With all privileges: for this device, whose ops and priv it sets, and an open TAP.
 * Logs what is wrong and returns NULL.
 */
struct ofl_net_vhost *ofl_net_vhost_open(struct ofl_dev *dev, int tap);
int ofl_net_vhost_watch(struct ofl_net_vhost *nv, struct ofl_loop *loop);
void ofl_net_vhost_close(struct ofl_net_vhost *nv);

#endif
