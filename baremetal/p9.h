/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Client of 9P2000.L: over a virtio 9p device (p9_virtio.c) or a connected
 * stream socket (p9_stream.c).  One request at a time.
 *
 * Functions return 0 (or a count) or -errno: the server's own error, ETIMEDOUT if
 * it did not answer in time and let go of the request (Tflush), EIO if the transport
 * broke, went away or did not answer that either, EPROTO if a reply contradicts the
 * request or itself.  After either of the last two nothing more is sent, and
 * everything is EIO.
 */
#ifndef OFFLOAD_P9_H
#define OFFLOAD_P9_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio.h"
#include "vq.h"

#define OFL_P9_FIDS 256u
#define OFL_P9_ROOT 0u /* fid of the root of the share */
#define OFL_P9_NAME_MAX 255u
#define OFL_P9_TAG_MAX 31u
#define OFL_P9_MSIZE_MAX (256u * 1024)
#define OFL_P9_MSIZE_MIN 512u
#define OFL_P9_TIMEOUT 30000000000ull /* ns, of a request */

/* Open flags and modes are Linux's (the generic ones) on the wire. */
#define OFL_P9_RDONLY 0u
#define OFL_P9_WRONLY 1u
#define OFL_P9_RDWR 2u
#define OFL_P9_CREATE 0100u
#define OFL_P9_EXCL 0200u
#define OFL_P9_TRUNC 01000u
#define OFL_P9_APPEND 02000u
#define OFL_P9_DIRECTORY 0200000u
#define OFL_P9_NOFOLLOW 0400000u
#define OFL_P9_REMOVEDIR 0x200u /* of unlinkat */

#define OFL_P9_GETATTR_BASIC 0x7ffu

#define OFL_P9_SET_MODE 1u
#define OFL_P9_SET_UID 2u
#define OFL_P9_SET_GID 4u
#define OFL_P9_SET_SIZE 8u
#define OFL_P9_SET_ATIME 0x10u
#define OFL_P9_SET_MTIME 0x20u
#define OFL_P9_SET_ATIME_TO 0x80u /* to the given time; else to the server's */
#define OFL_P9_SET_MTIME_TO 0x100u

struct ofl_p9_set {
	uint32_t valid; /* OFL_P9_SET_* */
	uint32_t mode, uid, gid;
	uint64_t size;
	uint64_t atime, atime_ns, mtime, mtime_ns;
};

struct ofl_p9_statfs {
	uint32_t type, bsize, namelen;
	uint64_t blocks, bfree, bavail, files, ffree;
};

struct ofl_p9;
struct ofl_p9_slot;
struct p9_out;
struct p9_in;

struct ofl_p9_transport {
	/*
	 * Send the first `len` bytes of tx and take one reply into rx: the bytes
	 * of it, at most msize, or -errno.  The session ends with an error.
	 * direct: data may be set, see there.
	 */
	bool direct;
	int64_t (*exchange)(struct ofl_p9 *p9, size_t len, uint64_t timeout_ns);
	/*
	 * exchange() was -ETIMEDOUT: send flush.msg and take its reply into flush.reply.
	 * If the first request's reply comes before it, that is in rx: the bytes of it.
	 * 0: there is none, and nothing is on its way.  -errno: the session ends.
	 */
	int64_t (*flush)(struct ofl_p9 *p9, uint64_t timeout_ns);
	/*
	 * Several requests at a time, NULL: it cannot.  send() queues the first len bytes of
	 * a slot's tx, kick() lets the server see them, take() waits for one reply and notes
	 * it in its slot; drop() gives one up with flush.msg, as flush() does.
	 */
	int (*send)(struct ofl_p9 *p9, struct ofl_p9_slot *slot, size_t len);
	void (*kick)(struct ofl_p9 *p9);
	int (*take)(struct ofl_p9 *p9, uint64_t timeout_ns);
	int (*drop)(struct ofl_p9 *p9, struct ofl_p9_slot *slot, uint64_t timeout_ns);
	/* The server lied, or fell silent: say why, and no more of it. */
	void (*broken)(struct ofl_p9 *p9, const char *why);
};

#define OFL_P9_FLUSH_MSG 9u
#define OFL_P9_FLUSH_REPLY 11u /* an error, too */

/* Giving up a request. */
struct ofl_p9_flush {
	bool sent; /* of the request that is under way, or was last */
	bool done; /* and it is as if that had never been */
	uint16_t tag;
	uint32_t got; /* bytes of the reply */
	uint8_t msg[OFL_P9_FLUSH_MSG];
	uint8_t reply[OFL_P9_FLUSH_REPLY]; /* private */
};

#define OFL_P9_SLOTS 8u
#define OFL_P9_SLOT 192u /* bytes of its messages, without data in the pool */

/* One of several requests that are under way together: p9_many.c. */
struct ofl_p9_slot {
	uint8_t *tx, *rx; /* shared, OFL_P9_SLOT bytes each */
	uint64_t tx_pa, rx_pa;
	uint8_t *chunk; /* shared, p9->chunk bytes for data */
	uint64_t chunk_pa;
	struct ofl_vq_buf data; /* as in struct ofl_p9 */
	bool data_in;
	bool sent; /* and not yet back */
	bool gone; /* given up: there will be no reply */
	uint16_t tag;
	uint8_t want;
	uint32_t written; /* bytes of the reply */
	uint32_t asked;
	uint8_t reply[OFL_P9_SLOT]; /* private */
};

struct ofl_p9 {
	const struct ofl_p9_transport *transport;
	union {
		struct {
			struct ofl_virtio *dev;
			struct ofl_vq vq;
			uint64_t tx_pa, rx_pa;
			uint8_t *flush_tx, *flush_rx;
			uint64_t flush_tx_pa, flush_rx_pa;
		};
		struct {
			int in, out; /* descriptors */
			bool cut;    /* not all of the request has gone out */
			uint32_t got; /* bytes of the message that is coming */
			uint8_t head[7];
		};
	};
	/*
	 * For one exchange: the rest of the request, or of the reply behind its first
	 * P9_HEADER + 4 bytes, is in the pool and stays there.  len 0: all is in tx and rx.
	 */
	struct ofl_vq_buf data;
	bool data_in;
	uint8_t *tx, *rx; /* one request, one reply; the other side may write there */
	uint8_t *reply; /* private copy of a reply */
	uint32_t room;	/* bytes of these three */
	uint32_t msize;
	struct ofl_p9_slot *slot; /* nr_slots of them; private */
	unsigned int nr_slots;
	unsigned int nr_chunks; /* so many of the slots have one */
	uint32_t chunk;
	bool no_lookahead; /* it looks a fid up before the request that makes it is done */
	uint16_t tag;	/* of the request being composed */
	uint8_t want;	/* the type of its reply */
	bool dead;
	uint32_t session; /* counts ofl_p9_start(); fids of older ones are EIO */
	uint32_t fids[OFL_P9_FIDS / 32]; /* used ones */
	uint32_t fids_lost[OFL_P9_FIDS / 32]; /* of them; the server may have them or not */
	struct ofl_p9_flush flush;
	char name[OFL_P9_TAG_MAX + 1];	 /* the mount tag, or what mount() said */
};

struct ofl_p9_attr {
	uint64_t ino;
	uint64_t nlink, rdev, size, blksize, blocks;
	uint64_t atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns;
	uint32_t mode, uid, gid;
};

struct ofl_p9_dirent {
	uint64_t ino;
	uint64_t offset; /* where to go on behind this entry */
	uint8_t type;	 /* DT_* */
	char name[OFL_P9_NAME_MAX + 1];
};

/* Start the device, agree on a version and attach to the share's root. */
int ofl_p9_start(struct ofl_p9 *p9, struct ofl_virtio *dev);
/*
 * The same over two descriptors (or one twice) that are connected to a server; they
 * stay the caller's to close.  msize: bytes of a message at most; uname, aname: as in
 * attach(5).  ofl_p9_end() gives the memory back.
 */
int ofl_p9_start_stream(struct ofl_p9 *p9, int in, int out, uint32_t msize,
			const char *uname, const char *aname);
void ofl_p9_end(struct ofl_p9 *p9);
bool ofl_p9_is_stream(const struct ofl_p9 *p9);
/* Are there fids beside the root? */
bool ofl_p9_in_use(const struct ofl_p9 *p9);

/* Its PMM is gone: nothing more is sent, whatever is tried. */
void ofl_p9_lost(struct ofl_p9 *p9);

/*
 * A new fid for `path` below `fid`: names with single slashes between them, ""
 * for fid itself.
 */
int ofl_p9_walk(struct ofl_p9 *p9, uint32_t fid, const char *path,
		uint32_t *newfid);
/*
 * The fid is free afterwards, whatever the server says; if it said nothing, its number
 * is not used again.
 */
int ofl_p9_clunk(struct ofl_p9 *p9, uint32_t fid);
int ofl_p9_lopen(struct ofl_p9 *p9, uint32_t fid, uint32_t flags);
/* fid, a directory, becomes the open new file. */
int ofl_p9_lcreate(struct ofl_p9 *p9, uint32_t fid, const char *name,
		   uint32_t flags, uint32_t mode);
/* At most count bytes, at most what fits one message; 0: the end. */
int64_t ofl_p9_read(struct ofl_p9 *p9, uint32_t fid, uint64_t offset, void *buf,
		    size_t count);
int64_t ofl_p9_write(struct ofl_p9 *p9, uint32_t fid, uint64_t offset,
		     const void *buf, size_t count);
/*
 * All of it, in as many messages as that takes, several under way at a time; less at the
 * end of the file, or before an error.  in_order: a message is done before the next begins
 * (for a file that is appended to).  Behind the place of an error there may have been
 * written, too.
 */
int64_t ofl_p9_read_all(struct ofl_p9 *p9, uint32_t fid, uint64_t offset, void *buf,
			size_t count);
int64_t ofl_p9_write_all(struct ofl_p9 *p9, uint32_t fid, uint64_t offset, const void *buf,
			 size_t count, bool in_order);
int ofl_p9_getattr(struct ofl_p9 *p9, uint32_t fid, struct ofl_p9_attr *attr);
/*
 * walk and getattr in one round trip, where the server can.  flags: lopen, too, unless
 * it is OFL_P9_NOT_OPEN; *opened: 0, an error of lopen, or OFL_P9_NOT_OPEN.
 */
#define OFL_P9_NOT_OPEN INT32_MAX
int ofl_p9_find(struct ofl_p9 *p9, const char *path, uint32_t *newfid,
		struct ofl_p9_attr *attr, uint32_t flags, int *opened);
/* walk, getattr, clunk. */
int ofl_p9_stat(struct ofl_p9 *p9, const char *path, struct ofl_p9_attr *attr);
int ofl_p9_setattr(struct ofl_p9 *p9, uint32_t fid, const struct ofl_p9_set *set);
/* Entries as they come, for ofl_p9_next(); 0: the end. */
int64_t ofl_p9_readdir(struct ofl_p9 *p9, uint32_t fid, uint64_t offset,
		       void *buf, size_t count);
/* Take one entry at *at of buf.  1, 0 (no more) or -EPROTO. */
int ofl_p9_next(const void *buf, size_t len, size_t *at,
		struct ofl_p9_dirent *entry);
int ofl_p9_mkdir(struct ofl_p9 *p9, uint32_t dir, const char *name,
		 uint32_t mode);
int ofl_p9_unlinkat(struct ofl_p9 *p9, uint32_t dir, const char *name,
		    uint32_t flags);
int ofl_p9_renameat(struct ofl_p9 *p9, uint32_t from, const char *name,
		    uint32_t to, const char *new_name);
int ofl_p9_fsync(struct ofl_p9 *p9, uint32_t fid, bool data_only);
int ofl_p9_symlink(struct ofl_p9 *p9, uint32_t dir, const char *name,
		   const char *target);
int ofl_p9_link(struct ofl_p9 *p9, uint32_t dir, uint32_t fid, const char *name);
/* Bytes of the target, at most size of them copied, or -errno. */
int64_t ofl_p9_readlink(struct ofl_p9 *p9, uint32_t fid, char *buf, size_t size);
int ofl_p9_statfs(struct ofl_p9 *p9, uint32_t fid, struct ofl_p9_statfs *st);

/* An errno of this C library for one of Linux; EIO for what has none. */
int ofl_errno_from_linux(uint32_t number);

/* For the transports: transport, buffers and msize are set; version and attach. */
int ofl_p9_begin(struct ofl_p9 *p9, const char *uname, const char *aname);

/* Inside p9*.c: a fid that the server does not have (any more). */
void ofl_p9_fid_put(struct ofl_p9 *p9, uint32_t fid);
/* Send the request that ends a fid. */
int ofl_p9_fid_end(struct ofl_p9 *p9, struct p9_out *out, uint32_t fid);

/* Inside p9*.c: a free number for a fid. */
int ofl_p9_fid_get(struct ofl_p9 *p9, uint32_t *fid);
/* Bytes of data that one message takes beside its head. */
uint32_t ofl_p9_data_max(uint32_t size);
int ofl_p9_get_attr(struct ofl_p9 *p9, struct p9_in *in, struct ofl_p9_attr *attr);

/* Inside p9*.c: a reply as it came. */
struct ofl_p9_reply {
	const uint8_t *rx; /* shared */
	uint8_t *copy;	   /* private, of the same size */
	int64_t written;
	uint16_t tag;
	uint8_t want;
	bool flushed;
};
/* Its error, or 0 and the first `head` bytes of its body, which has *body, in *in. */
int ofl_p9_reply_open(struct ofl_p9 *p9, const struct ofl_p9_reply *reply, struct p9_in *in,
		      size_t head, size_t *body);
/* The next request's tag. */
uint16_t ofl_p9_next_tag(struct ofl_p9 *p9);
/* Give a slot's request up: 0: it is back, or gone; else the session is over. */
int ofl_p9_drop(struct ofl_p9 *p9, struct ofl_p9_slot *slot);

/* Inside p9*.c: compose a request, send it, take the reply apart. */
void ofl_p9_request(struct ofl_p9 *p9, struct p9_out *out, unsigned int type);
void ofl_p9_put_fid(struct ofl_p9 *p9, struct p9_out *out, uint32_t fid);
int ofl_p9_rpc(struct ofl_p9 *p9, struct p9_out *out, struct p9_in *in);
/*
 * The same, but the last bytes of the reply's body stay in the shared buffer:
 * only `head` bytes of it are copied and *body gets the length of the whole.
 */
int ofl_p9_rpc_head(struct ofl_p9 *p9, struct p9_out *out, struct p9_in *in,
		    size_t head, size_t *body);
/* A request whose reply has exactly `body` bytes of no interest. */
int ofl_p9_simple(struct ofl_p9 *p9, struct p9_out *out, size_t body);
/* A reply contradicts itself: no more of this server.  Returns -EPROTO. */
int ofl_p9_lied(struct ofl_p9 *p9, const char *why);

#endif
