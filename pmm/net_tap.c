/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TAP interface.  It must be there already, made by whoever runs the network
 * of this machine: so its name, its user and its address are not our business,
 * and a mistyped name does not become a new interface.
 */
#define _GNU_SOURCE 1
#include "net_dev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

#define TUN "/dev/net/tun"

static int tap_recv(struct net_wire *wire, void *buf, uint32_t size)
{
	ssize_t n = read(wire->fd, buf, size);

	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	return n ? (int)n : -EIO;
}

static int tap_send(struct net_wire *wire, const void *frame, uint32_t len)
{
	ssize_t n = write(wire->fd, frame, len);

	return n < 0 ? -errno : 0;
}

static const struct net_wire_ops tap_ops = {
	.name = "tap",
	.recv = tap_recv,
	.send = tap_send,
};

/* What an interface of this name says of itself: 0 or -errno. */
static int tap_ask(const char *name, unsigned long what, struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	memset(ifr, 0, sizeof(*ifr));
	strncpy(ifr->ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, what, ifr))
		err = -errno;
	close(fd);
	return err;
}

static int tap_failed(const char *name, int err)
{
	switch (-err) {
	case EINVAL:
		ofl_log("--net tap=%s: this interface is not a TAP", name);
		break;
	case EBUSY:
		ofl_log("--net tap=%s: another program has it open", name);
		break;
	case EPERM:
		ofl_log("--net tap=%s: not permitted: run as its user, or make it with: ip tuntap add %s mode tap user USER",
			name, name);
		break;
	default:
		ofl_log("--net tap=%s: %s", name, strerror(-err));
	}
	return err;
}

int ofl_net_tap_open(struct net_wire *wire, const char *name, bool with_header, uint32_t *mtu)
{
	int header = (int)sizeof(struct net_hdr);
	struct ifreq ifr;
	int err;

	wire->ops = &tap_ops;
	wire->place = name;
	err = tap_ask(name, SIOCGIFINDEX, &ifr);
	if (err == -ENODEV) {
		ofl_log("--net tap=%s: no such interface: make it with: ip tuntap add %s mode tap user USER",
			name, name);
		return err;
	}
	if (err)
		return tap_failed(name, err);
	wire->fd = open(TUN, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (wire->fd < 0) {
		err = -errno;
		ofl_log("--net tap=%s: %s: %s%s", name, TUN, strerror(-err),
			err == -ENOENT || err == -ENODEV ?
				"; load it with: modprobe tun" : "");
		return err;
	}
	memset(&ifr, 0, sizeof(ifr));
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	ifr.ifr_flags = IFF_TAP | IFF_NO_PI | (with_header ? IFF_VNET_HDR : 0);
	if (ioctl(wire->fd, TUNSETIFF, &ifr) ||
	    (with_header && ioctl(wire->fd, TUNSETVNETHDRSZ, &header)))
		return tap_failed(name, -errno);
	if (!tap_ask(name, SIOCGIFMTU, &ifr) && ifr.ifr_mtu > 0)
		*mtu = (uint32_t)ifr.ifr_mtu;
	return 0;
}
