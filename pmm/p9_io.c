/* SPDX-License-Identifier: BSD-2-Clause */
/* 9P2000.L requests on open files; how a handler works is said in p9.c. */
#include <errno.h>
#include <string.h>

#include "p9_session.h"

#define P9_LOCK_SUCCESS 0u
#define P9_LOCK_BLOCKED 1u

/* --- opening --- */

static bool p9_writes(uint32_t flags)
{
	return (flags & OFL_P9_ACCMODE) != OFL_P9_RDONLY ||
	       (flags & OFL_P9_TRUNC);
}

/* What of the open flags reaches the file system, or -EINVAL. */
static int p9_open_flags(uint32_t *flags)
{
	if ((*flags & ~OFL_P9_FLAGS_KNOWN) ||
	    (*flags & OFL_P9_ACCMODE) == OFL_P9_ACCMODE)
		return -EINVAL;
	*flags &= OFL_P9_ACCMODE | OFL_P9_TRUNC | OFL_P9_APPEND | OFL_P9_EXCL |
		  OFL_P9_DSYNC | OFL_P9_SYNC | OFL_P9_DIRECTORY;
	return 0;
}

static uint32_t p9_iounit(const struct ofl_p9_request *q)
{
	return q->msize - 24; /* what v9fs subtracts: header of Twrite and a bit */
}

int ofl_p9_do_lopen(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	uint32_t flags = ofl_p9_get32(&q->r);
	struct ofl_p9_qid qid;
	int err;

	if (q->r.bad)
		return -EINVAL;
	if (!fid)
		return -EBADF;
	if (fid->file || fid->xattr)
		return -EBUSY;
	err = p9_open_flags(&flags);
	if (err)
		return err;
	flags &= ~OFL_P9_EXCL;
	if (p9->ro && p9_writes(flags))
		return -EROFS;
	err = p9->ops->open(fid->node, flags, &q->file);
	if (err)
		return err;
	q->flags = flags;
	p9->ops->qid(fid->node, &qid);
	ofl_p9_put_qid(&q->w, &qid);
	ofl_p9_put32(&q->w, p9_iounit(q));
	return 0;
}

int ofl_p9_do_lcreate(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	char name[OFL_P9_NAME_MAX + 1];
	struct ofl_p9_qid qid;
	uint32_t flags, mode;
	int err;

	err = ofl_p9_name(&q->r, name);
	if (err)
		return err;
	flags = ofl_p9_get32(&q->r);
	mode = ofl_p9_get32(&q->r);
	ofl_p9_get32(&q->r); /* the group is the daemon's */
	if (q->r.bad)
		return -EINVAL;
	if (!fid)
		return -EBADF;
	if (fid->file || fid->xattr)
		return -EBUSY;
	err = p9_open_flags(&flags);
	if (err)
		return err;
	/* The folder's fid becomes the file's. */
	err = p9->ops->create(fid->node, name, flags, mode, q->quick, &q->node,
			      &q->file);
	if (err) {
		q->node = NULL;
		q->file = NULL;
		return err;
	}
	q->flags = flags;
	p9->ops->qid(q->node, &qid);
	ofl_p9_put_qid(&q->w, &qid);
	ofl_p9_put32(&q->w, p9_iounit(q));
	return 0;
}

int ofl_p9_do_read(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	uint64_t off = ofl_p9_get64(&q->r);
	uint32_t count = ofl_p9_get32(&q->r);
	int64_t n;

	if (q->r.bad)
		return -EINVAL;
	if (fid && fid->xattr)
		return ofl_p9_xattr_read(fid, off, count, &q->w);
	if (!fid || !fid->file ||
	    (fid->flags & OFL_P9_ACCMODE) == OFL_P9_WRONLY)
		return -EBADF;
	if (q->w.end < OFL_P9_READ_OVERHEAD)
		return -EMSGSIZE;
	if (count > q->w.end - OFL_P9_READ_OVERHEAD)
		count = q->w.end - OFL_P9_READ_OVERHEAD;
	n = ofl_p9_bulk_read(p9, q, fid->file, count, off);
	if (n < 0)
		return (int)n;
	ofl_p9_put32(&q->w, (uint32_t)n);
	q->w.pos += (uint32_t)n;
	return 0;
}

int ofl_p9_do_write(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	uint64_t off = ofl_p9_get64(&q->r);
	uint32_t count = ofl_p9_get32(&q->r);
	const uint8_t *data = ofl_p9_get_bytes(&q->r, count);
	int64_t n;

	if (!data)
		return -EINVAL;
	if (fid && fid->xattr) {
		int err;

		ofl_p9_bulk_fetch(q);
		err = ofl_p9_xattr_write(fid, off, data, count);

		if (!err)
			ofl_p9_put32(&q->w, count);
		return err;
	}
	if (!fid || !fid->file ||
	    (fid->flags & OFL_P9_ACCMODE) == OFL_P9_RDONLY)
		return -EBADF;
	n = ofl_p9_bulk_write(p9, q, fid->file, count, off);
	if (n < 0)
		return (int)n;
	ofl_p9_put32(&q->w, (uint32_t)n);
	return 0;
}

int ofl_p9_do_fsync(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	bool data_only = false;

	if (q->r.bad)
		return -EINVAL;
	if (q->r.pos < q->r.end) /* not every client sends it */
		data_only = ofl_p9_get32(&q->r);
	if (!fid || !fid->file)
		return -EBADF;
	return p9->ops->fsync(fid->file, data_only);
}

static bool p9_emit(void *arg, const struct ofl_p9_qid *qid, uint64_t next,
		    uint8_t type, const char *name)
{
	struct ofl_p9_writer *w = arg;
	uint32_t before = w->pos;

	ofl_p9_put_qid(w, qid);
	ofl_p9_put64(w, next);
	ofl_p9_put8(w, type);
	ofl_p9_put_string(w, name, strlen(name));
	if (!w->full)
		return true;
	w->pos = before;
	w->full = false;
	return false;
}

int ofl_p9_do_readdir(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	uint64_t off = ofl_p9_get64(&q->r);
	uint32_t count = ofl_p9_get32(&q->r);
	struct ofl_p9_writer list = q->w;
	int err;

	if (q->r.bad)
		return -EINVAL;
	if (!fid || !fid->file)
		return -EBADF;
	ofl_p9_put32(&list, 0);
	if (list.full)
		return -EMSGSIZE;
	if (count < list.end - list.pos)
		list.end = list.pos + count;
	err = p9->ops->readdir(fid->file, off, p9_emit, &list);
	if (err)
		return err;
	ofl_p9_put32(&q->w, list.pos - OFL_P9_READ_OVERHEAD);
	q->w.pos = list.pos;
	return 0;
}

/* --- locks --- */

/* The fields of both requests, and the open file that they are about. */
static int p9_get_lock(struct ofl_p9_request *q, bool flags,
		       struct ofl_p9_file **file, struct ofl_p9_lock *lock)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	char client[OFL_P9_NAME_MAX + 1];
	int err;

	lock->type = ofl_p9_get8(&q->r);
	if (flags)
		ofl_p9_get32(&q->r); /* a client that wants to wait asks again */
	lock->start = ofl_p9_get64(&q->r);
	lock->length = ofl_p9_get64(&q->r);
	lock->proc = ofl_p9_get32(&q->r);
	err = ofl_p9_get_string(&q->r, client, sizeof(client));
	if (err)
		return err;
	if (lock->type > OFL_P9_LOCK_UN)
		return -EINVAL;
	if (!fid || !fid->file)
		return -EBADF;
	*file = fid->file;
	return 0;
}

/* Never waits: the client asks again until it has it, and may be flushed. */
int ofl_p9_do_lock(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_file *file;
	struct ofl_p9_lock lock;
	int err;

	err = p9_get_lock(q, true, &file, &lock);
	if (!err)
		err = p9->ops->lock ? p9->ops->lock(file, &lock) : -EOPNOTSUPP;
	if (err && err != -EAGAIN)
		return err;
	ofl_p9_put8(&q->w, err ? P9_LOCK_BLOCKED : P9_LOCK_SUCCESS);
	return 0;
}

int ofl_p9_do_getlock(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_file *file;
	struct ofl_p9_lock lock;
	int err;

	err = p9_get_lock(q, false, &file, &lock);
	if (!err)
		err = p9->ops->getlock ? p9->ops->getlock(file, &lock) : -EOPNOTSUPP;
	if (err)
		return err;
	ofl_p9_put8(&q->w, lock.type);
	ofl_p9_put64(&q->w, lock.start);
	ofl_p9_put64(&q->w, lock.length);
	ofl_p9_put32(&q->w, lock.proc);
	ofl_p9_put_string(&q->w, "", 0); /* whose it is: the host's affair */
	return 0;
}
