/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside the vsock device.  vsock.c: queues and packets.  vsock_conn.c: the
 * connections.  These two need no Linux.  vsock_fd.c: the descriptors behind
 * connections.  vsock_unix.c: where they come from and go to.  vsock_place.c: the sockets
 * and folders for that.  vsock_vhost.c: in the place of all of these, the kernel.
 */
#ifndef OFL_PMM_VSOCK_CONN_H
#define OFL_PMM_VSOCK_CONN_H

#include <offload/vsock.h>

#include "vsock.h"

/*
 * Kept for the program on Linux that an image sends to, per connection: two packets, so
 * that the second is on its way while the first is worked on.
 */
#define VSOCK_BUF (2 * VSOCK_PACKET)
#define VSOCK_PACKET (64u * 1024) /* the data of one, as drivers send them at most */
#define VSOCK_LINE 32u /* "CONNECT 4294967295\n", "OK 4294967295\n" */
#define VSOCK_HASH 256u
#define VSOCK_REFUSALS 256u
#define VSOCK_TICK_MS 50
#define VSOCK_FIRST_PORT 0x40000000u /* of ours, for clients */
#define VSOCK_ANSWER_MS 60000

/* What an end is waited for; epoll's bits. */
#define VSOCK_IN 1u
#define VSOCK_OUT 4u

enum vsock_state {
	VSOCK_FREE,
	VSOCK_LINE_IN, /* a client; its CONNECT line is not complete */
	VSOCK_ASKED,   /* REQUEST is due or sent, the image has not answered */
	VSOCK_RETRY,   /* for the image: the server's queue is full, try again */
	VSOCK_DIAL,    /* for the image: connect() is under way */
	VSOCK_LINE_OUT, /* for the image: waiting for a neighbour's OK line */
	VSOCK_OPEN,
	VSOCK_OVER,  /* only an RST is left to send */
	VSOCK_LAST,  /* the image is done with it; its last bytes go out */
};

struct vsock_conn {
	struct ofl_source source; /* fd -1: none */
	struct ofl_vsock *vs;
	enum vsock_state state;
	struct vsock_conn *next; /* of the hash chain, or free */
	struct vsock_conn *ready_prev, *ready_next;
	bool ready;    /* in the list of those that have packets to send */
	bool hashed;
	bool wants_ok; /* a client of the UNIX socket */
	bool readable; /* the other end may have bytes */
	bool hung_up;  /* and perhaps an end behind them */
	bool bulk;     /* as much as was asked for, the last time */
	bool more;     /* bytes came behind those that were read ahead */
	uint32_t host_cid, host_port, image_port;
	uint32_t todo;	     /* packets due, bits 1 << op */
	uint32_t shut;	     /* told to the image: OFL_VSOCK_SHUT_* */
	uint32_t image_shut; /* told by the image */
	int64_t deadline;    /* ms; of every state but OPEN */
	char line[VSOCK_LINE];
	unsigned int line_len;

	/* From the image, not yet taken by the other end. */
	uint8_t *buf; /* NULL: it was not needed yet */
	uint32_t buf_at, buf_len;
	uint32_t fwd_cnt, fwd_told;

	/* What the image has room for. */
	uint32_t tx_cnt, image_fwd, image_alloc;
};

struct vsock_refusal {
	uint32_t src_cid, src_port, dst_port;
	uint16_t type;
};

struct vsock_listener {
	struct ofl_source source;
	struct ofl_vsock *vs;
	const struct ofl_forward *forward; /* NULL: the UNIX socket */
};

struct ofl_vsock {
	struct ofl_dev dev;
	struct ofl_loop *loop;
	const struct ofl_vsock_options *opt;
	uint32_t cid;
	char *path;	/* folder */
	char *registry; /* folder */
	bool bound, registered;
	struct vsock_vhost *vhost; /* not NULL: the kernel serves the queues */

	struct vsock_listener *listener; /* the UNIX socket, then forwards */
	unsigned int nr_listeners;
	struct ofl_source timer;
	bool ticking;
	int spare_fd; /* given up for a moment to refuse a client */
	bool full_told;
	uint32_t next_port;

	/* Connections are never given back to malloc(): the loop may hold events. */
	struct vsock_conn *conn;
	struct vsock_conn *free;
	unsigned int max_conns, nr_conns, nr_timed;
	struct vsock_conn *hash[VSOCK_HASH];
	struct vsock_conn *ready_first, *ready_last;
	struct vsock_conn *hot; /* the last one at work, for a while */
	unsigned int hot_turns;

	struct vsock_refusal refusal[VSOCK_REFUSALS];
	unsigned int nr_refusals;
	struct ofl_vq_chain rx_chain; /* taken, not yet filled */
	bool rx_taken;
	uint8_t scratch[VSOCK_BUF];

	/* Read ahead, in one call for many small buffers of the image's. */
	struct vsock_conn *ahead_of; /* whose bytes; NULL: nobody's */
	uint32_t ahead_at, ahead_len;
	uint8_t ahead[VSOCK_PACKET];
};

/* --- vsock_conn.c --- */

/* Room for max of them.  0 or -ENOMEM. */
int ofl_vsock_conns_open(struct ofl_vsock *vs, unsigned int max);
/* A new one that owns fd (-1: none yet), or NULL and fd is still the caller's. */
struct vsock_conn *ofl_vsock_conn_new(struct ofl_vsock *vs, int fd);
void ofl_vsock_conn_free(struct vsock_conn *c);
void ofl_vsock_conn_state(struct vsock_conn *c, enum vsock_state state,
			  int timeout_ms);
/* It has its ports: packets find it. */
void ofl_vsock_conn_hash(struct vsock_conn *c);
struct vsock_conn *ofl_vsock_conn_find(struct ofl_vsock *vs, uint32_t host_cid,
				       uint32_t host_port, uint32_t image_port);
/* Something about it changed: ask the loop and the queue for what it needs now. */
void ofl_vsock_conn_update(struct vsock_conn *c);
/* The image shall hear RST, everything else ends here. */
void ofl_vsock_conn_reset(struct vsock_conn *c);
/* The image is done with it: bring out what it has sent, then free it. */
void ofl_vsock_conn_last(struct vsock_conn *c);
/* Bytes of the image; -ENOSPC: more than it has credit for. */
int ofl_vsock_conn_write(struct vsock_conn *c, const uint8_t *data, uint32_t len);
/* Bytes for the image, at most len; 0: the end; -EAGAIN; -errno. */
int ofl_vsock_conn_read(struct vsock_conn *c, void *buf, uint32_t len);
uint32_t ofl_vsock_conn_credit(const struct vsock_conn *c);
/* The image says that it will not send, or not receive, any more. */
void ofl_vsock_conn_shutdown(struct vsock_conn *c, uint32_t flags);
/* The image accepted. */
void ofl_vsock_conn_accepted(struct vsock_conn *c);
/* The other end accepted. */
void ofl_vsock_conn_dialled(struct vsock_conn *c);
/* A connection to the image's port: it gets a port of ours, and the image is asked. */
void ofl_vsock_conn_ask(struct vsock_conn *c, uint32_t image_port);
/* The other end of an open connection has bytes, or takes some. */
void ofl_vsock_conn_ready(struct vsock_conn *c, bool readable);
/* "WORD number": 0 or -EPROTO. */
int ofl_vsock_line_port(const char *line, const char *word, uint32_t *port);

/* --- the other end: vsock_fd.c and vsock_unix.c, or what the stand-in host has --- */

/* Wait for VSOCK_IN, VSOCK_OUT, both or (0) none.  0 or -errno. */
int ofl_vsock_end_watch(struct vsock_conn *c, uint32_t wants);
/* Bytes of the image: how many were taken; -EAGAIN; -errno. */
int ofl_vsock_end_put(struct vsock_conn *c, const uint8_t *data, uint32_t len);
/* Bytes for the image: how many there were; 0: the end; -EAGAIN; -errno. */
int ofl_vsock_end_get(struct vsock_conn *c, void *buf, uint32_t len);
/* OFL_VSOCK_SHUT_SEND: all is put; OFL_VSOCK_SHUT_RCV: nothing will be got. */
void ofl_vsock_end_shutdown(struct vsock_conn *c, uint32_t flags);
void ofl_vsock_end_close(struct vsock_conn *c);
/* Somebody on this CPU may have an answer to give: let him. */
void ofl_vsock_end_yield(void);
/* The image wants to connect; c has its addresses.  0 or -errno. */
int ofl_vsock_dial(struct vsock_conn *c);
int64_t ofl_vsock_now_ms(void);

/* --- vsock_place.c --- */

struct ofl_options;
/* Logs what is wrong; 0 or -errno. */
int ofl_vsock_sockets_open(struct ofl_vsock *vs, const struct ofl_options *opt);
void ofl_vsock_sockets_close(struct ofl_vsock *vs);

/* --- vsock_vhost.c --- */

/* vs->cid is set.  Logs what is wrong; 0 or -errno. */
int ofl_vsock_vhost_open(struct ofl_vsock *vs);
int ofl_vsock_vhost_watch(struct ofl_vsock *vs, struct ofl_loop *loop);
void ofl_vsock_vhost_close(struct ofl_vsock *vs);

/* --- vsock_unix.c --- */

struct sockaddr_un;
/* dir/name; -ENAMETOOLONG. */
int ofl_vsock_address(struct sockaddr_un *addr, const char *dir,
		      const char *name);
/* A descriptor; -EAGAIN: the server's queue is full now; -errno. */
int ofl_vsock_dial_unix(const struct sockaddr_un *addr);
/* For the loop: a client is there; the timer has ticked. */
void ofl_vsock_accept(void *arg, uint32_t events);
void ofl_vsock_tick(void *arg, uint32_t events);
/* The descriptor of a connection that is not open yet is ready. */
void ofl_vsock_progress(struct vsock_conn *c);

#endif
