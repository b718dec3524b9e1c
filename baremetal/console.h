/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-console: one port of it. */
#ifndef OFFLOAD_CONSOLE_H
#define OFFLOAD_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "virtio.h"
#include "vq.h"

#define OFL_CONSOLE_TX 8u
#define OFL_CONSOLE_RX 4u

struct ofl_console {
	struct ofl_virtio *dev; /* NULL: none */
	struct ofl_vq rx, tx;
	uint32_t tx_size; /* bytes of one output buffer */
	uint32_t rx_size;
	struct ofl_console_buf {
		uint8_t *va;
		uint64_t pa;
		uint32_t len; /* output: bytes given to the device */
		uint32_t seq; /* output: which one in the stream */
	} tx_buf[OFL_CONSOLE_TX], rx_buf[OFL_CONSOLE_RX];
	uint32_t tx_free; /* one bit per output buffer */
	uint32_t tx_seq;
	/* The input buffer being read: its bytes at..len are still to come. */
	struct ofl_console_buf *rx_now;
	uint32_t rx_at, rx_len;
};

#define OFL_CONSOLE_F_SIZE 1ull
#define OFL_CONSOLE_F_MULTIPORT 2ull

/*
 * Between ofl_virtio_start() and ofl_virtio_ready(): queues `rx` and `rx` + 1,
 * and buffers in all of the device's memory that is left but `reserve` bytes.
 * Then, when the device is ready, use them.
 */
int ofl_console_queues(struct ofl_console *con, struct ofl_virtio *dev,
		       unsigned int rx, size_t reserve);
int ofl_console_use(struct ofl_console *con, struct ofl_virtio *dev);
/* Start a device with one port and use it.  ENOMEM: its memory is too small. */
int ofl_console_start(struct ofl_console *con, struct ofl_virtio *dev);
/* The PMM takes output. */
bool ofl_console_works(struct ofl_console *con);
/*
 * All of it, waiting for room.  Less, or EIO, ETIMEDOUT: the console does not
 * work any more; what the PMM did not take of the bytes counted here is in
 * the log, the rest is the caller's.
 */
ssize_t ofl_console_write(struct ofl_console *con, const void *buf, size_t len);
/*
 * At least one byte, waiting for it unless nonblock.  0: the end (the PMM gave
 * an empty buffer).  EAGAIN: nonblock, and none there; EIO: the PMM went away.
 */
ssize_t ofl_console_read(struct ofl_console *con, void *buf, size_t len,
			 bool nonblock);
/* Would a read return at once, with bytes, the end or an error? */
bool ofl_console_readable(struct ofl_console *con);
/* Its PMM is gone: what that did not take goes to the log. */
void ofl_console_lost(struct ofl_console *con);
/*
 * Wait (bounded) until the PMM has taken all output.  What it never takes, here
 * or in a write that fails, goes to the log.
 */
void ofl_console_drain(struct ofl_console *con);

#endif
