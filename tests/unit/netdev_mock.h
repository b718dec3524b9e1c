/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-net's driver, and the device that it is to find. */
#ifndef OFL_TEST_NETDEV_MOCK_H
#define OFL_TEST_NETDEV_MOCK_H

#include "rt_mock.h"

#include "baremetal/net/netdev.c"
#include "baremetal/virtio.c"
#include "baremetal/vq.c"

static struct ofl_virtio dev;
static struct net_config *config;

/* A device with so much memory, open; serve: what its PMM does in each step. */
static inline void netdev_prepare(size_t memory, void (*serve)(void))
{
	ofl_netdev_lost();
	sim_reset(OFL_VIRTIO_ID_NET, 2);
	sim_refuse = 0;
	memset(&dev, 0, sizeof(dev));
	dev.hdr = sim_hdr();
	dev.hdr->id.features |= F_MAC | F_MTU | F_STATUS;
	config = (void *)dev.hdr->config;
	*config = (struct net_config){ .mac = { 2, 0, 0, 0, 0, 9 },
				       .status = LINK_UP, .mtu = 1500 };
	dev.mem = (struct ofl_devmem){ window_mem + MEM_OFF, WIN_PA + MEM_OFF,
				       memory, 0 };
	dev.epoch = 1;
	strcpy(dev.name, "virtio@net");
	pmm_step = serve;
	assert_int_equal(ofl_virtio_open(&dev), 0);
}

#endif
