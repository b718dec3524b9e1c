/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-net (VIRTIO 1.2, 5.1), the driver: frames, and nothing of what is in them. */
#ifndef OFFLOAD_NETDEV_H
#define OFFLOAD_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

struct ofl_virtio;

struct ofl_netdev_counters {
	uint32_t rx, tx;
	uint32_t rx_bad;  /* of a size that no frame has */
	uint32_t tx_full; /* no buffer: the device is slower than we are */
};

extern struct ofl_netdev_counters ofl_netdev_counters;

/* Start the device and use it.  ENOMEM: its memory is too small. */
int ofl_netdev_start(struct ofl_virtio *dev);
void ofl_netdev_lost(void);
/* Is there a device?  False ends with the next start only. */
bool ofl_netdev_works(void);
const uint8_t *ofl_netdev_mac(void);
uint32_t ofl_netdev_mtu(void);
/* What the configuration says now. */
bool ofl_netdev_link(void);

/*
 * Take what came, at most some frames: fn looks at each for as long as it
 * runs.  The bytes are the PMM's and may change: copy, then look.  Returns how many.
 */
int ofl_netdev_poll(void (*fn)(const uint8_t *frame, uint32_t len));
/*
 * Room for a frame of len bytes, which ofl_netdev_send() then gives to the device;
 * NULL: there is none now, or it is too long.
 */
uint8_t *ofl_netdev_room(uint32_t len);
void ofl_netdev_send(uint32_t len);
/* Tell the device of all that was sent. */
void ofl_netdev_kick(void);
/* A frame that had no room would have room now; once. */
bool ofl_netdev_room_again(void);
/* Frames that the device has not taken yet. */
bool ofl_netdev_busy(void);
void ofl_netdev_arm(bool on);

#endif
