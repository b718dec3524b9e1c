// SPDX-License-Identifier: BSD-2-Clause
/*
 * The driver of a virtio network device, polled.
 *
 * One pair of queues, no offloads, a buffer for each frame.  Half of the
 * device's memory is buffers to receive into, which are always with the device,
 * half is buffers to send from.  All of it is shared with the PMM: a frame is
 * written there once when it is whole, and read from there once, by a copy.
 *
 * The PMM may lie about lengths: ofl_vq_get() bounds what it says by the buffer;
 * what is shorter than the headers is counted and dropped.  A MAC address that no
 * station has, or an MTU that IP cannot live with, refuse the device.
 */
#include "netdev.h"

#include <errno.h>
#include <string.h>

#include "virtio.h"
#include "vq.h"

#define RX 0u
#define TX 1u
#define BUFS_MAX 64u /* in each direction: bits of tx_free */
#define BUFS_MIN 4u
#define ROUND 64	/* frames taken in one poll */
#define HDR 12u		/* struct virtio_net_hdr, num_buffers included */
#define ETH 14u
#define ETH_EXTRA 18u	/* and a VLAN tag, beyond the MTU */
#define MTU_DEFAULT 1500u
#define MTU_MIN 576u

#define F_MTU (1ull << 3)
#define F_MAC (1ull << 5)
#define F_STATUS (1ull << 16)
#define LINK_UP 1u

struct net_config {
	uint8_t mac[6];
	uint16_t status;
	uint16_t pairs;
	uint16_t mtu;
};
_Static_assert(sizeof(struct net_config) == 12, "virtio_net_config");

struct net_buf {
	uint8_t *va;
	uint64_t pa;
};

static struct {
	struct ofl_virtio *dev; /* NULL: none */
	struct ofl_vq rx, tx;
	struct net_buf rx_buf[BUFS_MAX], tx_buf[BUFS_MAX];
	unsigned int nr_rx, nr_tx;
	uint32_t buf_size;
	uint64_t tx_free; /* one bit per buffer */
	bool tx_posted, rx_posted; /* a kick is due */
	bool tx_wanted;
	uint32_t mtu;
	uint32_t generation;
	bool link;
	uint8_t mac[6];
} device;

struct ofl_netdev_counters ofl_netdev_counters;

static int post_rx(struct net_buf *buf)
{
	struct ofl_vq_buf in = { buf->pa, device.buf_size };

	return ofl_vq_add(&device.rx, &in, 0, 1, buf);
}

/* --- configuration --- */

static void read_link(struct ofl_virtio *dev)
{
	uint16_t status = LINK_UP;

	device.generation = __atomic_load_n(&dev->hdr->device.config_generation,
					    __ATOMIC_ACQUIRE);
	if (dev->features & F_STATUS &&
	    ofl_virtio_config(dev, offsetof(struct net_config, status), &status,
			      sizeof(status)))
		status = 0;
	device.link = status & LINK_UP;
}

static int read_config(struct ofl_virtio *dev)
{
	struct net_config config = { 0 };
	uint32_t size = sizeof(config);
	int err;

	if (!(dev->features & F_MAC)) {
		ofl_virtio_fail(dev, "no MAC address");
		return -EPROTO;
	}
	if (!(dev->features & F_MTU))
		size = offsetof(struct net_config, mtu);
	err = ofl_virtio_config(dev, 0, &config, size);
	if (err)
		return err;
	device.mtu = dev->features & F_MTU ? config.mtu : MTU_DEFAULT;
	if (config.mac[0] & 1 || device.mtu < MTU_MIN) {
		ofl_virtio_fail(dev, "MAC address or MTU is none");
		return -EPROTO;
	}
	memcpy(device.mac, config.mac, sizeof(device.mac));
	read_link(dev);
	return 0;
}

/* --- start and end --- */

static int alloc(struct ofl_devmem *mem, struct net_buf *buf, unsigned int max,
		 unsigned int *nr, size_t size)
{
	*nr = 0;
	while (*nr < max) {
		buf[*nr].va = ofl_devmem_alloc(mem, size, &buf[*nr].pa);
		if (!buf[*nr].va)
			break;
		(*nr)++;
	}
	return *nr < BUFS_MIN ? -ENOMEM : 0;
}

static int alloc_buffers(struct ofl_devmem *mem)
{
	size_t left = ofl_devmem_left(mem);
	size_t half = left / device.buf_size / 2;
	unsigned int most = half < BUFS_MAX ? (unsigned int)half : BUFS_MAX;
	int err;

	if (most > device.rx.size)
		most = device.rx.size;
	err = alloc(mem, device.rx_buf, most, &device.nr_rx, device.buf_size);
	most = device.tx.size;
	if (!err)
		err = alloc(mem, device.tx_buf, most, &device.nr_tx,
			    device.buf_size);
	if (err)
		return err;
	device.tx_free = ~0ull >> (64 - device.nr_tx);
	return 0;
}

int ofl_netdev_start(struct ofl_virtio *dev)
{
	unsigned int size = BUFS_MAX;
	int err;

	memset(&device, 0, sizeof(device));
	memset(&ofl_netdev_counters, 0, sizeof(ofl_netdev_counters));
	err = ofl_virtio_start(dev, OFL_VIRTIO_F_EVENT_IDX | F_MAC | F_MTU |
					    F_STATUS);
	if (!err)
		err = read_config(dev);
	if (err)
		return err;
	device.buf_size = (HDR + device.mtu + ETH_EXTRA + OFL_LINE - 1) &
			  ~(uint32_t)(OFL_LINE - 1);
	/* The rings take a small part of the memory. */
	while (size > 2 * BUFS_MIN &&
	       ofl_vq_bytes(size) > ofl_devmem_left(&dev->mem) / 16)
		size /= 2;
	err = ofl_virtio_queue(dev, &device.rx, RX, size);
	if (!err)
		err = ofl_virtio_queue(dev, &device.tx, TX, size);
	if (!err)
		err = alloc_buffers(&dev->mem);
	if (!err)
		err = ofl_virtio_ready(dev);
	for (unsigned int i = 0; !err && i < device.nr_rx; i++)
		err = post_rx(&device.rx_buf[i]);
	if (err == -ENOMEM)
		ofl_log_printf("offload: %s: its memory is too small for frames of %u bytes: use a larger window=\n",
			       dev->name, device.buf_size);
	if (err) {
		device.tx_free = 0;
		return err;
	}
	device.dev = dev;
	ofl_vq_kick(&device.rx);
	return 0;
}

void ofl_netdev_lost(void)
{
	device.dev = NULL;
	device.tx_free = 0;
	device.link = false;
}

bool ofl_netdev_works(void)
{
	return device.dev;
}

const uint8_t *ofl_netdev_mac(void)
{
	return device.mac;
}

uint32_t ofl_netdev_mtu(void)
{
	return device.mtu;
}

bool ofl_netdev_link(void)
{
	return device.link;
}

/* --- receiving --- */

int ofl_netdev_poll(void (*fn)(const uint8_t *frame, uint32_t len))
{
	uint32_t len;
	void *cookie;
	int n = 0;

	if (!device.dev)
		return 0;
	if (!ofl_virtio_alive(device.dev)) {
		ofl_netdev_lost();
		return 0;
	}
	if (__atomic_load_n(&device.dev->hdr->device.config_generation,
			    __ATOMIC_RELAXED) != device.generation)
		read_link(device.dev);
	while (n < ROUND && ofl_vq_get(&device.rx, &cookie, &len) > 0) {
		struct net_buf *buf = cookie;

		if (len < HDR + ETH) {
			ofl_netdev_counters.rx_bad++;
		} else {
			ofl_netdev_counters.rx++;
			fn(buf->va + HDR, len - HDR);
		}
		if (!post_rx(buf))
			device.rx_posted = true;
		n++;
	}
	if (device.dev && device.dev->broken)
		ofl_netdev_lost();
	return n;
}

/* --- sending --- */

static void tx_reclaim(void)
{
	uint32_t len;
	void *cookie;

	while (ofl_vq_get(&device.tx, &cookie, &len) > 0)
		device.tx_free |= 1ull << ((struct net_buf *)cookie - device.tx_buf);
}

uint8_t *ofl_netdev_room(uint32_t len)
{
	struct net_buf *buf;

	if (!device.dev || len > device.buf_size - HDR)
		return NULL;
	if (!device.tx_free)
		tx_reclaim();
	if (!device.tx_free) {
		ofl_netdev_counters.tx_full++;
		device.tx_wanted = true;
		return NULL;
	}
	buf = &device.tx_buf[__builtin_ctzll(device.tx_free)];
	return buf->va + HDR;
}

void ofl_netdev_send(uint32_t len)
{
	struct net_buf *buf = &device.tx_buf[__builtin_ctzll(device.tx_free)];
	struct ofl_vq_buf out = { buf->pa, HDR + len };

	memset(buf->va, 0, HDR);
	if (ofl_vq_add(&device.tx, &out, 1, 0, buf))
		return; /* the device broke: the next poll will see it */
	device.tx_free &= device.tx_free - 1;
	device.tx_posted = true;
	ofl_netdev_counters.tx++;
}

void ofl_netdev_kick(void)
{
	if (!device.dev)
		return;
	if (device.tx_posted)
		ofl_vq_kick(&device.tx);
	if (device.rx_posted)
		ofl_vq_kick(&device.rx);
	device.tx_posted = false;
	device.rx_posted = false;
}

bool ofl_netdev_room_again(void)
{
	if (!device.dev || !device.tx_wanted)
		return false;
	tx_reclaim();
	if (!device.tx_free)
		return false;
	device.tx_wanted = false;
	return true;
}

bool ofl_netdev_busy(void)
{
	if (device.dev)
		tx_reclaim();
	return device.dev && device.tx.in_flight;
}

void ofl_netdev_arm(bool on)
{
	if (!device.dev)
		return;
	ofl_vq_want_call(&device.rx, on);
	ofl_vq_want_call(&device.tx, on && device.tx_wanted);
}
