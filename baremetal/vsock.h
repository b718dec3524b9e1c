/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-vsock: the connections of this image.  vsock.c speaks to the device,
 * vsock_conn.c keeps the connections, vsock_socket.c speaks to programs.
 */
#ifndef OFFLOAD_VSOCK_DRIVER_H
#define OFFLOAD_VSOCK_DRIVER_H

#include <offload/vsock.h>

#include "socket.h"
#include "virtio.h"
#include "vq.h"

#define OFL_VSOCK_MAX 2048u /* connections and sockets in all */
#define OFL_VSOCK_RX_DEFAULT (32u * 1024) /* kept for recv(), per connection */
#define OFL_VSOCK_RX_MIN 256u
#define OFL_VSOCK_RX_MAX (4u * 1024 * 1024)
#define OFL_VSOCK_CONNECT_TIMEOUT 30u /* s */

enum ofl_vsock_state {
	OFL_VSOCK_NEW,
	OFL_VSOCK_LISTEN,
	OFL_VSOCK_CONNECTING,
	OFL_VSOCK_CONNECTED,
	OFL_VSOCK_CLOSED, /* over; `error` says how, received bytes stay */
};

/* What is to be sent as soon as there is a buffer: bits 1 << op. */
#define OFL_VSOCK_TODO(op) (1u << (op))

struct ofl_vsock {
	struct ofl_socket sk;
	struct ofl_vsock *next, **link; /* of all */
	struct ofl_vsock *hash_next; /* of the connections in one bucket */
	struct ofl_vsock *todo_next, **todo_link; /* of those with something to send */
	struct ofl_vsock *orphan_next; /* of those that the program closed */
	bool hashed;
	enum ofl_vsock_state state;
	bool bound;
	bool orphan; /* closed by the program; goes when it is over */
	bool reported; /* SO_ERROR has told the error */
	int error;     /* positive; 0: none, or a clean end */
	uint32_t port, peer_port, peer_cid;
	uint32_t todo;
	uint32_t shut, peer_shut; /* OFL_VSOCK_SHUT_* */
	uint64_t deadline; /* of connect, of an orphan */
	uint64_t connect_timeout;

	/* What was received and not yet read. */
	uint8_t *rx;
	uint32_t rx_size, rx_at, rx_len;
	uint32_t fwd_cnt, fwd_told;

	/* What the other side has room for. */
	uint32_t tx_cnt, peer_fwd, peer_alloc;

	/* Packets whose data the device reads from the program's own buffer. */
	unsigned int lent;
	uint64_t lent_deadline; /* once the connection is over; 0: not yet known */

	/* A listener's queue of connections, oldest first. */
	struct ofl_vsock *queue, *queue_next;
	unsigned int queued, backlog;
};

/* Start the device and use it.  ENOMEM: its memory is too small. */
int ofl_vsock_start(struct ofl_virtio *dev);
/* The PMM went away: no device until the next start. */
void ofl_vsock_lost(void);
/*
 * The program ends: close what is open and wait (bounded) until the PMM has
 * taken it.
 */
void ofl_vsock_drain(void);

/* --- between vsock.c and vsock_socket.c --- */

/* Is there a device?  Its CID. */
bool ofl_vsock_works(void);
uint32_t ofl_vsock_cid(void);
/* Take what came, send what is to be sent. */
void ofl_vsock_progress(void);
void ofl_vsock_arm(bool on);
/* A new socket in the list; NULL: no memory, or too many. */
struct ofl_vsock *ofl_vsock_new(void);
/* Forget it; it must not be in a listener's queue. */
void ofl_vsock_free(struct ofl_vsock *vs);
/* Does a socket use this port?  connections: those of a listener count too. */
bool ofl_vsock_port_used(uint32_t port, bool connections);
/* A port that nothing uses, 0 if there is none. */
uint32_t ofl_vsock_port_new(void);
/* It has its ports and the other side's: packets find it, until it is freed. */
void ofl_vsock_hash(struct ofl_vsock *vs);
/* Send this packet without data, now or soon. */
void ofl_vsock_post(struct ofl_vsock *vs, enum ofl_vsock_op op);
/* As much as buffers and credit allow: bytes or -EAGAIN. */
int64_t ofl_vsock_send(struct ofl_vsock *vs, const void *buf, size_t len);
/* Does the device still read a buffer of the program?  Not for long after the end. */
bool ofl_vsock_lent(struct ofl_vsock *vs);
bool ofl_vsock_can_send(const struct ofl_vsock *vs);
/* Take bytes out of the receive buffer, or only look at them. */
size_t ofl_vsock_take(struct ofl_vsock *vs, void *buf, size_t len, bool peek);
/* The program is done with it. */
void ofl_vsock_abandon(struct ofl_vsock *vs);

#endif
