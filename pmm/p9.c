/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 9P2000.L, the protocol: messages in, messages out, fids in between.
 *
 * Each request type has one handler: it takes the fields from the reader, checks
 * that all were there (r->bad), calls the file system, and puts the
 * reply's fields to the writer.  It returns 0 or -errno, and then the reply
 * is an Rlerror whatever was put.  The table says which requests change the
 * share, so that a read-only one refuses them in one place.
 *
 * A request has three steps.  The loop finds the fids that it names and holds
 * them.  The handler runs, in the loop or in a worker, and touches nothing
 * that others may: what it finds and opens it leaves in its request.  The loop does
 * that to the fids (commit), and the reply goes out.
 *
 * In the loop runs what cannot block: messages on files of a local file system
 * (struct ofl_p9_fs_ops, local), and what needs no file system at all.  The
 * rest is put in flight, p9_flight.c.
 */
#include "p9.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "p9_session.h"

#define P9_MSIZE_MIN 256u /* every reply of fixed size fits */
#define P9_WALK_MAX 16
#define P9_SMALL_REPLY 8192u /* any but Rread and Rreaddir */

/* A name that can only mean an entry of its folder. */
int ofl_p9_name(struct ofl_p9_reader *r, char *name)
{
	int err = ofl_p9_get_string(r, name, OFL_P9_NAME_MAX + 1);

	if (err)
		return err;
	if (!name[0] || strchr(name, '/') || !strcmp(name, "."))
		return -EINVAL;
	return strcmp(name, "..") ? 0 : -EACCES;
}

/* --- session --- */

static int p9_version(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	static const char known[] = "9P2000.L";
	uint32_t msize = ofl_p9_get32(&q->r);
	const char *answer = known;
	char version[32];
	int err;

	err = ofl_p9_get_string(&q->r, version, sizeof(version));
	if (err == -EINVAL)
		return err;
	ofl_p9_flight_forget(p9, true);
	ofl_p9_forget(p9);
	if (msize < P9_MSIZE_MIN)
		return -EMSGSIZE;
	if (msize > p9->msize_max)
		msize = p9->msize_max;
	if (err || strcmp(version, known))
		answer = "unknown";
	else
		p9->msize = msize;
	ofl_p9_put32(&q->w, msize);
	ofl_p9_put_string(&q->w, answer, strlen(answer));
	return 0;
}

static int p9_attach(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	uint32_t number = ofl_p9_get32(&q->r);
	uint32_t auth = ofl_p9_get32(&q->r);
	char text[OFL_P9_NAME_MAX + 1];
	struct ofl_p9_qid qid;
	int err;

	/* User and tree: there is one of each. */
	err = ofl_p9_get_string(&q->r, text, sizeof(text));
	if (!err)
		err = ofl_p9_get_string(&q->r, text, sizeof(text));
	if (err)
		return err;
	ofl_p9_get32(&q->r);
	if (q->r.bad)
		return -EINVAL;
	if (auth != OFL_P9_NOFID)
		return -EOPNOTSUPP;
	q->node = p9->ops->get(p9->ops->root(p9->fs));
	q->makes_fid = true;
	q->new_fid = number;
	p9->ops->qid(q->node, &qid);
	ofl_p9_put_qid(&q->w, &qid);
	return 0;
}

static int p9_flush(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	uint16_t tag = ofl_p9_get16(&q->r);

	if (q->r.bad)
		return -EINVAL;
	ofl_p9_flight_flush(p9, tag);
	return 0;
}

static int p9_walk(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	uint32_t new_number = ofl_p9_get32(&q->r);
	uint16_t i, nr = ofl_p9_get16(&q->r);
	struct ofl_p9_node *node, *next;
	char name[OFL_P9_NAME_MAX + 1];
	struct ofl_p9_qid qid[P9_WALK_MAX];
	int err = 0;

	if (q->r.bad || nr > P9_WALK_MAX || new_number == OFL_P9_NOFID)
		return -EINVAL;
	if (!fid)
		return -EBADF;
	if (new_number == fid->number && (fid->file || fid->xattr))
		return -EBUSY; /* an open file cannot become another */

	node = p9->ops->get(fid->node);
	for (i = 0; i < nr; i++) {
		err = ofl_p9_name(&q->r, name);
		if (!err)
			err = p9->ops->walk(node, name, q->quick, &next);
		if (err)
			break;
		p9->ops->put(node);
		node = next;
		p9->ops->qid(node, &qid[i]);
	}
	if (err && (!i || err == -EINPROGRESS)) {
		p9->ops->put(node);
		return err;
	}
	/* Found in part: the reply says how far, and there is no new fid. */
	if (err) {
		p9->ops->put(node);
	} else {
		q->node = node;
		q->makes_fid = new_number != fid->number;
		q->new_fid = new_number;
	}
	ofl_p9_put16(&q->w, i);
	for (nr = 0; nr < i; nr++)
		ofl_p9_put_qid(&q->w, &qid[nr]);
	return 0;
}

static int p9_clunk(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	int err = 0;

	if (q->r.bad)
		return -EINVAL;
	if (!fid)
		return -EBADF;
	if (fid->xattr)
		err = q->last ? ofl_p9_xattr_finish(p9, fid) : -EBUSY;
	/* Else something hangs on it; it is closed when that ends, and nobody hears how. */
	if (q->last) {
		int closed = ofl_p9_fid_empty(fid);

		err = err ? err : closed;
	}
	return err;
}

/* --- dispatch --- */

enum p9_fids {
	P9_FIDS_0,
	P9_FIDS_1,
	P9_FIDS_2,
	P9_FIDS_AT, /* fid, name, fid */
};

#define P9_CHANGES 1u /* refused on a read-only share */
#define P9_ALONE 2u   /* changes what its fid is, or uses its position */
#define P9_LOOP 4u    /* needs the loop, and no file system */
#define P9_SLOW 8u    /* waits for a disk even where nothing hangs */
#define P9_TAKES 16u  /* its fid is gone at once */
#define P9_BULK 32u   /* reply of the size that the client asks for */

static const struct p9_kind {
	uint8_t type;
	uint8_t fids;
	uint8_t flags;
	int (*fn)(struct ofl_p9 *p9, struct ofl_p9_request *q);
} p9_table[] = {
	{ OFL_P9_TSTATFS, P9_FIDS_1, 0, ofl_p9_do_statfs },
	{ OFL_P9_TLOPEN, P9_FIDS_1, P9_ALONE, ofl_p9_do_lopen },
	{ OFL_P9_TLCREATE, P9_FIDS_1, P9_CHANGES | P9_ALONE, ofl_p9_do_lcreate },
	{ OFL_P9_TSYMLINK, P9_FIDS_1, P9_CHANGES, ofl_p9_do_symlink },
	{ OFL_P9_TMKNOD, P9_FIDS_1, P9_CHANGES, ofl_p9_do_mknod },
	{ OFL_P9_TRENAME, P9_FIDS_2, P9_CHANGES | P9_ALONE, ofl_p9_do_rename },
	{ OFL_P9_TREADLINK, P9_FIDS_1, 0, ofl_p9_do_readlink },
	{ OFL_P9_TGETATTR, P9_FIDS_1, 0, ofl_p9_do_getattr },
	{ OFL_P9_TSETATTR, P9_FIDS_1, P9_CHANGES, ofl_p9_do_setattr },
	{ OFL_P9_TXATTRWALK, P9_FIDS_1, 0, ofl_p9_do_xattrwalk },
	{ OFL_P9_TXATTRCREATE, P9_FIDS_1, P9_CHANGES | P9_ALONE,
	  ofl_p9_do_xattrcreate },
	{ OFL_P9_TREADDIR, P9_FIDS_1, P9_ALONE | P9_BULK, ofl_p9_do_readdir },
	{ OFL_P9_TFSYNC, P9_FIDS_1, P9_SLOW, ofl_p9_do_fsync },
	{ OFL_P9_TLOCK, P9_FIDS_1, 0, ofl_p9_do_lock },
	{ OFL_P9_TGETLOCK, P9_FIDS_1, 0, ofl_p9_do_getlock },
	{ OFL_P9_TLINK, P9_FIDS_2, P9_CHANGES, ofl_p9_do_link },
	{ OFL_P9_TMKDIR, P9_FIDS_1, P9_CHANGES, ofl_p9_do_mkdir },
	{ OFL_P9_TRENAMEAT, P9_FIDS_AT, P9_CHANGES, ofl_p9_do_renameat },
	{ OFL_P9_TUNLINKAT, P9_FIDS_1, P9_CHANGES, ofl_p9_do_unlinkat },
	{ OFL_P9_TVERSION, P9_FIDS_0, P9_LOOP, p9_version },
	{ OFL_P9_TATTACH, P9_FIDS_0, P9_LOOP, p9_attach },
	{ OFL_P9_TFLUSH, P9_FIDS_0, P9_LOOP, p9_flush },
	{ OFL_P9_TWALK, P9_FIDS_1, 0, p9_walk },
	{ OFL_P9_TREAD, P9_FIDS_1, P9_BULK, ofl_p9_do_read },
	{ OFL_P9_TWRITE, P9_FIDS_1, P9_CHANGES, ofl_p9_do_write },
	{ OFL_P9_TCLUNK, P9_FIDS_1, P9_TAKES, p9_clunk },
	{ OFL_P9_TREMOVE, P9_FIDS_1, P9_TAKES, ofl_p9_do_remove },
};

static const struct p9_kind *p9_kind(uint8_t type)
{
	unsigned int i;

	for (i = 0; i < sizeof(p9_table) / sizeof(p9_table[0]); i++)
		if (p9_table[i].type == type)
			return &p9_table[i];
	return NULL;
}

struct ofl_p9_fid *ofl_p9_take_fid(struct ofl_p9_request *q)
{
	ofl_p9_get32(&q->r);
	return q->r.bad || q->taken == 2 ? NULL : q->fid[q->taken++];
}

int ofl_p9_complete(const struct ofl_p9_request *q, const struct ofl_p9_fid *fid)
{
	if (q->r.bad)
		return -EINVAL;
	return fid ? 0 : -EBADF;
}

/* Twalk, Txattrwalk: is the number that the client wants free? */
static bool p9_new_fid_taken(struct ofl_p9 *p9, const struct p9_kind *kind,
			     const struct ofl_p9_request *q)
{
	struct ofl_p9_reader r = q->r;
	uint32_t number, new_number;

	if (kind->type != OFL_P9_TWALK && kind->type != OFL_P9_TXATTRWALK)
		return false;
	number = ofl_p9_get32(&r);
	new_number = ofl_p9_get32(&r);
	return !r.bad && number != new_number && ofl_p9_fid_find(p9, new_number);
}

/* Find and hold the fids that a message names. */
static void p9_hold(struct ofl_p9 *p9, const struct p9_kind *kind,
		    struct ofl_p9_request *q)
{
	struct ofl_p9_reader r = q->r;
	char name[OFL_P9_NAME_MAX + 1];
	unsigned int i, nr = kind->fids == P9_FIDS_AT ? 2 : kind->fids;
	uint32_t number;

	for (i = 0; i < nr; i++) {
		number = ofl_p9_get32(&r);
		if (r.bad)
			return;
		q->fid[i] = ofl_p9_fid_find(p9, number);
		if (q->fid[i])
			q->fid[i]->refs++;
		if (kind->fids == P9_FIDS_AT && !i)
			ofl_p9_get_string(&r, name, sizeof(name));
	}
	if ((kind->flags & P9_TAKES) && q->fid[0]) {
		ofl_p9_fid_unlink(p9, q->fid[0]);
		q->fid[0]->refs--; /* the table's; ours is left */
		q->last = q->fid[0]->refs == 1;
	}
}

int ofl_p9_run(struct ofl_p9 *p9, uint8_t type, struct ofl_p9_request *q)
{
	int err = p9_kind(type)->fn(p9, q);

	return !err && q->w.full ? -EMSGSIZE : err;
}

int ofl_p9_commit(struct ofl_p9 *p9, struct ofl_p9_request *q, int err)
{
	struct ofl_p9_fid *fid = q->fid[0];
	unsigned int i;

	if (!err && q->makes_fid) {
		err = ofl_p9_fid_new(p9, q->new_fid, q->node, q->xattr);
		if (!err) {
			q->node = NULL;
			q->xattr = NULL;
		}
	} else if (!err) {
		if (q->node) {
			p9->ops->put(fid->node);
			fid->node = q->node;
			q->node = NULL;
		}
		if (q->file) {
			fid->file = q->file;
			fid->flags = q->flags;
			q->file = NULL;
		}
		if (q->xattr) {
			fid->xattr = q->xattr;
			q->xattr = NULL;
		}
	}
	if (q->file)
		p9->ops->close(q->file);
	if (q->node)
		p9->ops->put(q->node);
	free(q->xattr);
	for (i = 0; i < 2; i++)
		if (q->fid[i])
			ofl_p9_fid_unref(q->fid[i]);
	return err;
}

uint32_t ofl_p9_answer(struct ofl_p9_request *q, uint16_t tag, int err)
{
	if (err) {
		ofl_p9_begin(&q->w, OFL_P9_RLERROR, tag);
		ofl_p9_put32(&q->w, (uint32_t)-err);
	}
	return ofl_p9_finish(&q->w);
}

bool ofl_p9_quick(const struct ofl_p9 *p9, const struct ofl_p9_request *q)
{
	unsigned int i;

	for (i = 0; p9->ops->local && i < 2; i++)
		if (q->fid[i] && q->fid[i]->node && !p9->ops->local(q->fid[i]->node))
			return false;
	return true;
}

/* How long can the reply be, at most? */
static uint32_t p9_reply_max(const struct p9_kind *kind,
			     const struct ofl_p9_request *q)
{
	struct ofl_p9_reader r = q->r;
	uint32_t count, max = P9_SMALL_REPLY;

	if (kind->flags & P9_BULK) {
		ofl_p9_get32(&r);
		ofl_p9_get64(&r);
		count = ofl_p9_get32(&r);
		max = count < q->w.end ? count + OFL_P9_READ_OVERHEAD : q->w.end;
	}
	return max < q->w.end ? max : q->w.end;
}

static bool p9_in_loop(const struct ofl_p9 *p9, const struct p9_kind *kind,
		       const struct ofl_p9_request *q)
{
	const struct ofl_p9_fid *fid = q->fid[0];

	if (!fid || (kind->flags & P9_LOOP))
		return true;
	if (kind->type == OFL_P9_TCLUNK) {
		if (!q->last)
			return true; /* closed when what hangs on it ends */
	} else if (fid->xattr) {
		return true;
	}
	return !(kind->flags & P9_SLOW) && ofl_p9_quick(p9, q);
}

/* 0 or -errno: it is done; -EINPROGRESS: it is in flight. */
static int p9_do(struct ofl_p9 *p9, const struct p9_kind *kind, uint16_t tag,
		 struct ofl_p9_request *q, const void *cookie, uint32_t cookie_len)
{
	const struct ofl_p9_request before = *q;
	bool alone = kind->flags & P9_ALONE, quick;
	const bool can_wait = cookie && p9->pool;
	struct ofl_p9_reader r = q->r;
	uint32_t number = ofl_p9_get32(&r);
	int err;

	/* A walk to the fid itself changes it. */
	if (kind->type == OFL_P9_TWALK && ofl_p9_get32(&r) == number && !r.bad)
		alone = true;
	quick = !can_wait || p9_in_loop(p9, kind, q);
	if (quick && can_wait && !(kind->flags & P9_TAKES) &&
	    ofl_p9_flight_conflict(p9, q, alone, NULL))
		quick = false;
	if (quick) {
		q->quick = can_wait;
		err = ofl_p9_run(p9, kind->type, q);
		if (err != -EINPROGRESS)
			return ofl_p9_commit(p9, q, err);
		*q = before; /* a walk that would leave the local file system */
	}
	ofl_p9_bulk_fetch(q); /* a worker may outlive the window */
	err = ofl_p9_flight_new(p9, q, kind->type, tag, p9_reply_max(kind, q),
				alone, cookie, cookie_len);
	return err ? ofl_p9_commit(p9, q, err) : -EINPROGRESS;
}

static int p9_dispatch(struct ofl_p9 *p9, uint8_t type, uint16_t tag,
		       struct ofl_p9_request *q, const void *cookie,
		       uint32_t cookie_len)
{
	const struct p9_kind *kind = p9_kind(type);

	if (!kind)
		return -EOPNOTSUPP;
	if (!p9->msize && type != OFL_P9_TVERSION)
		return -EPROTO; /* Tversion comes first */
	if (p9->ro && (kind->flags & P9_CHANGES))
		return -EROFS;
	if (p9_new_fid_taken(p9, kind, q))
		return -EINVAL;
	p9_hold(p9, kind, q);
	return p9_do(p9, kind, tag, q, cookie, cookie_len);
}

uint32_t ofl_p9_submit(struct ofl_p9 *p9, const uint8_t *req, uint32_t len,
		       uint8_t *rep, uint32_t max, const void *cookie,
		       uint32_t cookie_len, bool *later)
{
	struct ofl_p9_request q = { .r = { .data = req, .end = len },
				.w = { .data = rep, .end = max } };
	uint32_t size = ofl_p9_get32(&q.r);
	uint8_t type = ofl_p9_get8(&q.r);
	uint16_t tag = ofl_p9_get16(&q.r);
	int err = 0;

	*later = false;
	p9->requests++;
	if (q.r.bad)
		return 0;
	if (p9->msize && q.w.end > p9->msize)
		q.w.end = p9->msize;
	if (size > p9->msize_max || (p9->msize && size > p9->msize))
		err = -EMSGSIZE;
	else if (size < OFL_P9_HEADER || size > len)
		err = -EINVAL; /* cut off, or says that it is */
	if (!err) {
		q.r.end = size;
		q.msize = p9->msize;
		q.bulk = p9->bulk;
		ofl_p9_begin(&q.w, (uint8_t)(type + 1), tag);
		err = p9_dispatch(p9, type, tag, &q, cookie, cookie_len);
	}
	if (err == -EINPROGRESS) {
		*later = true;
		return 0;
	}
	if (err && p9->bulk)
		p9->bulk->in_place = 0;
	return ofl_p9_answer(&q, tag, err);
}

uint32_t ofl_p9_message(struct ofl_p9 *p9, const uint8_t *req, uint32_t len,
			uint8_t *rep, uint32_t max)
{
	bool later;

	return ofl_p9_submit(p9, req, len, rep, max, NULL, 0, &later);
}

void ofl_p9_forget(struct ofl_p9 *p9)
{
	ofl_p9_flight_forget(p9, false);
	ofl_p9_fid_forget(p9);
	p9->msize = 0;
}
