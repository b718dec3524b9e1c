// SPDX-License-Identifier: BSD-2-Clause
/* offload: printf=long-long stack=64K */
/* core: other */
/* config: net=on */
/* timeout: 280 */
/*
 * Random bytes, vsock and network between two cores: drivers, sockets and lwIP here,
 * the daemon's devices with the stand-in host's services (boot/vsock.h, boot/net.h)
 * there.
 */
#include "devices/devices.h"

#include <poll.h>

#include "ktap.h"

int ready(int fd, int events, int ms)
{
	struct pollfd p = { .fd = fd, .events = (short)events };

	return poll(&p, 1, ms) == 1 ? p.revents : 0;
}

int main(void)
{
	ktap_begin();
	devices_entropy();
	devices_vsock();
	devices_net();
	return ktap_end();
}
