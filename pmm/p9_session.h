/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside of the 9p server: a session, its fids and its requests. */
#ifndef OFL_PMM_P9_SESSION_H
#define OFL_PMM_P9_SESSION_H

#include "p9.h"
#include "p9msg.h"
#include "work.h"

#define OFL_P9_FIDS_MAX 1024u
#define OFL_P9_BUCKETS 256u
#define OFL_P9_FLIGHT_MAX 256u /* requests that are not answered or still hang */
#define OFL_P9_NOFID UINT32_MAX
#define OFL_P9_READ_OVERHEAD (OFL_P9_HEADER + 4) /* of Rread, Rreaddir */
#define OFL_P9_XATTR_MAX 65536u
#define OFL_P9_PIECE 65536u

/* Extended attributes: read whole when the fid is made, written at its clunk. */
struct ofl_p9_xattr {
	bool write;
	uint32_t flags; /* XATTR_CREATE, XATTR_REPLACE */
	uint32_t size;
	uint32_t done; /* written so far */
	char name[OFL_P9_NAME_MAX + 1];
	uint8_t data[];
};

struct ofl_p9_fid {
	struct ofl_p9_fid *next; /* of its bucket */
	struct ofl_p9 *p9;
	uint32_t number;
	unsigned int refs; /* the table's, and one for each request in flight */
	struct ofl_p9_node *node;
	struct ofl_p9_file *file; /* NULL: not open */
	uint32_t flags;		  /* it was opened with */
	struct ofl_p9_xattr *xattr;
	struct ofl_job drop;
	int closed; /* by it: how that ended */
};

/*
 * A message over a device: what of its data is better left where it is, in the image's
 * memory.  Of the request only `head` bytes are in q->r then.
 */
struct ofl_p9_bulk {
	const struct ofl_vq *vq;
	const struct ofl_vq_chain *chain;
	uint32_t head;
	uint32_t in_place; /* bytes at the end of the reply that are there already */
};

/* What a handler works with; it may run in a thread of its own. */
struct ofl_p9_request {
	struct ofl_p9_reader r; /* at the first field */
	struct ofl_p9_writer w; /* at the reply's first field */
	struct ofl_p9_fid *fid[2]; /* named by the message; NULL: unknown */
	unsigned int taken;
	struct ofl_p9_bulk *bulk; /* NULL: all is in r, all goes to w */
	uint32_t msize;
	bool quick; /* in the loop: nothing may block; see ofl_p9_fs_ops.walk */
	bool last;  /* Tclunk: nobody else uses the fid */
	/* For the loop, to be done to the fids if all went well. */
	bool makes_fid; /* number new_fid, of node and xattr */
	uint32_t new_fid;
	struct ofl_p9_node *node; /* else: fid[0] becomes this */
	struct ofl_p9_file *file; /* fid[0] is open as this */
	uint32_t flags;
	struct ofl_p9_xattr *xattr;
};

/* A request that is not done at once. */
struct ofl_p9_flight {
	struct ofl_job job; /* first */
	struct ofl_p9_flight *next;
	struct ofl_p9 *p9;
	struct ofl_p9_request q;
	uint8_t type;
	uint16_t tag;
	bool exclusive; /* changes what fid[0] is */
	bool running;
	bool silent; /* flushed, or of an image that is gone: no reply */
	int err;
	uint32_t bytes; /* of both buffers */
	uint8_t *cookie; /* behind both */
	uint8_t data[];	 /* reply, then request, then cookie */
};

struct ofl_p9 {
	struct ofl_dev dev; /* of the virtio transport */
	const struct ofl_p9_fs_ops *ops;
	void *fs;
	bool ro;
	uint32_t msize_max;
	uint32_t msize; /* 0: no Tversion yet */
	uint8_t *request;
	uint8_t *reply;
	struct ofl_p9_bulk *bulk; /* of the message that is being taken */
	uint8_t *piece; /* in `pieces`, page aligned: OFL_P9_PIECE bytes of a read */
	void *pieces;
	struct ofl_p9_fid *bucket[OFL_P9_BUCKETS];
	unsigned int nr_fids;
	/* In flight, in the order they came. */
	struct ofl_pool *pool; /* NULL: everything is done at once */
	ofl_p9_reply_fn reply_fn;
	struct ofl_p9_flight *flight;
	unsigned int nr_flight;
	unsigned int drops; /* fids that a worker closes */
	uint64_t flight_bytes;
	uint64_t requests, to_workers; /* counters */
};

/* --- p9_fid.c, in the loop only --- */

struct ofl_p9_fid *ofl_p9_fid_find(struct ofl_p9 *p9, uint32_t number);
/* Takes over node and xattr if it succeeds. */
int ofl_p9_fid_new(struct ofl_p9 *p9, uint32_t number, struct ofl_p9_node *node,
		   struct ofl_p9_xattr *xattr);
/* Out of the table; the table's reference is the caller's now. */
void ofl_p9_fid_unlink(struct ofl_p9 *p9, struct ofl_p9_fid *fid);
/* The last reference closes the file, in a worker if that may block. */
void ofl_p9_fid_unref(struct ofl_p9_fid *fid);
void ofl_p9_fid_forget(struct ofl_p9 *p9);

/* In any thread: close what is in a fid that nobody else uses.  0, or its file's error. */
int ofl_p9_fid_empty(struct ofl_p9_fid *fid);

/* --- for handlers --- */

/* Take a fid's number from the message: the fid, or NULL. */
struct ofl_p9_fid *ofl_p9_take_fid(struct ofl_p9_request *q);
/* Behind the last field: were all there (-EINVAL), and is the fid (-EBADF)?  Or 0. */
int ofl_p9_complete(const struct ofl_p9_request *q, const struct ofl_p9_fid *fid);
/*
 * Take a name that can only mean an entry of its folder, to a buffer of
 * OFL_P9_NAME_MAX + 1.  -EINVAL, -ENAMETOOLONG; -EACCES for "..".
 */
int ofl_p9_name(struct ofl_p9_reader *r, char *name);

int ofl_p9_do_lopen(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_lcreate(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_read(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_write(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_fsync(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_readdir(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_lock(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_getlock(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_getattr(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_setattr(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_statfs(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_readlink(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_mkdir(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_mknod(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_symlink(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_link(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_unlinkat(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_renameat(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_rename(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_remove(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_xattrwalk(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_xattrcreate(struct ofl_p9 *p9, struct ofl_p9_request *q);

/* Read and write on a fid of extended attributes, and its end. */
int ofl_p9_xattr_read(struct ofl_p9_fid *fid, uint64_t off, uint32_t count,
		      struct ofl_p9_writer *w);
int ofl_p9_xattr_write(struct ofl_p9_fid *fid, uint64_t off,
		       const uint8_t *data, uint32_t count);
int ofl_p9_xattr_finish(struct ofl_p9 *p9, struct ofl_p9_fid *fid);

/* --- p9_flight.c: requests that a worker does --- */

/*
 * Take a prepared request over, with a copy of its message and of `cookie`;
 * `max`: bytes of the reply.  0 or -errno, and then it stays the caller's.
 */
int ofl_p9_flight_new(struct ofl_p9 *p9, const struct ofl_p9_request *q,
		      uint8_t type, uint16_t tag, uint32_t max, bool exclusive,
		      const void *cookie, uint32_t cookie_len);
/* Must a request with these fids wait for one in flight? */
bool ofl_p9_flight_conflict(const struct ofl_p9 *p9,
			    const struct ofl_p9_request *q, bool exclusive,
			    const struct ofl_p9_flight *before);
void ofl_p9_flight_flush(struct ofl_p9 *p9, uint16_t tag);
/*
 * No reply to any of them; those that wait are gone, those that run end some
 * time.  tell: the transport is there and gets its buffers back.
 */
void ofl_p9_flight_forget(struct ofl_p9 *p9, bool tell);

/* --- p9_bulk.c --- */

/* Copy what of the request is still in the image's memory: q->r has it all. */
void ofl_p9_bulk_fetch(struct ofl_p9_request *q);
/* A read or a write, in place if it can be: bytes, or -errno. */
int64_t ofl_p9_bulk_read(struct ofl_p9 *p9, struct ofl_p9_request *q,
			 struct ofl_p9_file *file, uint32_t count, uint64_t off);
int64_t ofl_p9_bulk_write(struct ofl_p9 *p9, struct ofl_p9_request *q,
			  struct ofl_p9_file *file, uint32_t count, uint64_t off);

/* --- p9.c --- */

/* Run a handler; 0 or -errno. */
int ofl_p9_run(struct ofl_p9 *p9, uint8_t type, struct ofl_p9_request *q);
/*
 * In the loop, after it: do to the fids what it asked for, or undo it; drop
 * the references.  The error, a later one too.
 */
int ofl_p9_commit(struct ofl_p9 *p9, struct ofl_p9_request *q, int err);
/* The reply's length: the handler's, or an Rlerror. */
uint32_t ofl_p9_answer(struct ofl_p9_request *q, uint16_t tag, int err);
/* Is what the request touches known not to block? */
bool ofl_p9_quick(const struct ofl_p9 *p9, const struct ofl_p9_request *q);

#endif
