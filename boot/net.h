/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stand-in host's virtio-net device.  On its wire there is one neighbour,
 * 192.0.2.1 and 2001:db8::1, that answers ARP, neighbour solicitations and what is
 * sent to UDP port 7.  The image is 192.0.2.2 and 2001:db8::2, with an MTU of 1500.
 */
#ifndef OFFLOAD_BOOT_NET_H
#define OFFLOAD_BOOT_NET_H

#include <pmm/vdev.h>

/* There is one; NULL: no memory for it. */
struct ofl_dev *ofl_boot_net(void);

#endif
