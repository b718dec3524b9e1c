/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 9P2000.L, the protocol: messages in, messages out, fids in between.
 *
 * Each request type has one handler: it takes the fields from the reader, checks
 * that all were there (r->bad), resolves fids, calls the file system, and puts the
 * reply's fields to the writer.  It returns 0 or -errno, and then the reply
 * is an Rlerror whatever was put.  The table says which requests change the
 * share, so that a read-only one refuses them in one place.
 *
 * Everything is done before the next message is taken, so there is never
 * anything to flush.
 */
#include "p9.h"

#include <errno.h>
#include <string.h>

#include "p9_session.h"

#define P9_MSIZE_MIN 256u /* every reply of fixed size fits */
#define P9_WALK_MAX 16
#define P9_NOFID UINT32_MAX

/* --- fids --- */

struct ofl_p9_fid *ofl_p9_fid_find(struct ofl_p9 *p9, uint32_t number)
{
	unsigned int i;

	for (i = 0; i < OFL_P9_FIDS_MAX; i++)
		if (p9->fid[i].node && p9->fid[i].number == number)
			return &p9->fid[i];
	return NULL;
}

/* A new fid for `node`, whose reference it takes over if it succeeds. */
static int p9_fid_new(struct ofl_p9 *p9, uint32_t number,
		      struct ofl_p9_node *node)
{
	unsigned int i;

	if (number == P9_NOFID || ofl_p9_fid_find(p9, number))
		return -EINVAL;
	for (i = 0; i < OFL_P9_FIDS_MAX; i++) {
		if (p9->fid[i].node)
			continue;
		p9->fid[i] = (struct ofl_p9_fid){ .number = number,
						  .node = node };
		return 0;
	}
	return -EMFILE;
}

void ofl_p9_fid_drop(struct ofl_p9 *p9, struct ofl_p9_fid *fid)
{
	if (fid->file)
		p9->ops->close(fid->file);
	p9->ops->put(fid->node);
	memset(fid, 0, sizeof(*fid));
}

void ofl_p9_forget(struct ofl_p9 *p9)
{
	unsigned int i;

	for (i = 0; i < OFL_P9_FIDS_MAX; i++)
		if (p9->fid[i].node)
			ofl_p9_fid_drop(p9, &p9->fid[i]);
	p9->msize = 0;
}

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
	struct ofl_p9_node *node;
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
	if (auth != P9_NOFID)
		return -EOPNOTSUPP;
	node = p9->ops->get(p9->ops->root(p9->fs));
	err = p9_fid_new(p9, number, node);
	if (err) {
		p9->ops->put(node);
		return err;
	}
	p9->ops->qid(node, &qid);
	ofl_p9_put_qid(&q->w, &qid);
	return 0;
}

static int p9_flush(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	(void)p9;
	ofl_p9_get16(&q->r);
	return q->r.bad ? -EINVAL : 0;
}

static int p9_walk(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	uint32_t number = ofl_p9_get32(&q->r);
	uint32_t new_number = ofl_p9_get32(&q->r);
	uint16_t i, nr = ofl_p9_get16(&q->r);
	struct ofl_p9_fid *fid = ofl_p9_fid_find(p9, number);
	struct ofl_p9_node *node, *next;
	char name[OFL_P9_NAME_MAX + 1];
	struct ofl_p9_qid qid[P9_WALK_MAX];
	int err = 0;

	if (q->r.bad || nr > P9_WALK_MAX)
		return -EINVAL;
	if (!fid)
		return -EBADF;
	if (new_number == P9_NOFID ||
	    (new_number != number && ofl_p9_fid_find(p9, new_number)))
		return -EINVAL;
	if (new_number == number && fid->file)
		return -EBUSY; /* an open file cannot become another */

	node = p9->ops->get(fid->node);
	for (i = 0; i < nr; i++) {
		err = ofl_p9_name(&q->r, name);
		if (!err)
			err = p9->ops->walk(node, name, &next);
		if (err)
			break;
		p9->ops->put(node);
		node = next;
		p9->ops->qid(node, &qid[i]);
	}
	if (err && !i)
		goto out_node;
	if (!err && new_number == number) {
		next = fid->node;
		fid->node = p9->ops->get(node);
		p9->ops->put(next);
	} else if (!err) {
		err = p9_fid_new(p9, new_number, node);
		if (err)
			goto out_node;
		p9->ops->get(node);
	}
	/* Found in part: the reply says how far, and there is no new fid. */
	err = 0;
	ofl_p9_put16(&q->w, i);
	for (nr = 0; nr < i; nr++)
		ofl_p9_put_qid(&q->w, &qid[nr]);
out_node:
	p9->ops->put(node);
	return err;
}

static int p9_clunk(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_fid_find(p9, ofl_p9_get32(&q->r));

	if (q->r.bad)
		return -EINVAL;
	if (!fid)
		return -EBADF;
	ofl_p9_fid_drop(p9, fid);
	return 0;
}

/* --- dispatch --- */

static const struct {
	uint8_t type;
	bool changes; /* refused on a read-only share */
	int (*fn)(struct ofl_p9 *p9, struct ofl_p9_request *q);
} p9_table[] = {
	{ OFL_P9_TSTATFS, false, ofl_p9_do_statfs },
	{ OFL_P9_TLOPEN, false, ofl_p9_do_lopen },
	{ OFL_P9_TLCREATE, true, ofl_p9_do_lcreate },
	{ OFL_P9_TSYMLINK, true, ofl_p9_do_symlink },
	{ OFL_P9_TRENAME, true, ofl_p9_do_rename },
	{ OFL_P9_TREADLINK, false, ofl_p9_do_readlink },
	{ OFL_P9_TGETATTR, false, ofl_p9_do_getattr },
	{ OFL_P9_TSETATTR, true, ofl_p9_do_setattr },
	{ OFL_P9_TREADDIR, false, ofl_p9_do_readdir },
	{ OFL_P9_TFSYNC, false, ofl_p9_do_fsync },
	{ OFL_P9_TMKDIR, true, ofl_p9_do_mkdir },
	{ OFL_P9_TRENAMEAT, true, ofl_p9_do_renameat },
	{ OFL_P9_TUNLINKAT, true, ofl_p9_do_unlinkat },
	{ OFL_P9_TVERSION, false, p9_version },
	{ OFL_P9_TATTACH, false, p9_attach },
	{ OFL_P9_TFLUSH, false, p9_flush },
	{ OFL_P9_TWALK, false, p9_walk },
	{ OFL_P9_TREAD, false, ofl_p9_do_read },
	{ OFL_P9_TWRITE, true, ofl_p9_do_write },
	{ OFL_P9_TCLUNK, false, p9_clunk },
	{ OFL_P9_TREMOVE, false, ofl_p9_do_remove },
};

static int p9_dispatch(struct ofl_p9 *p9, uint8_t type, struct ofl_p9_request *q)
{
	unsigned int i;

	for (i = 0; i < sizeof(p9_table) / sizeof(p9_table[0]); i++) {
		if (p9_table[i].type != type)
			continue;
		if (!p9->msize && type != OFL_P9_TVERSION)
			return -EPROTO; /* Tversion comes first */
		if (p9->ro && p9_table[i].changes)
			return -EROFS;
		return p9_table[i].fn(p9, q);
	}
	return -EOPNOTSUPP;
}

uint32_t ofl_p9_message(struct ofl_p9 *p9, const uint8_t *req, uint32_t len,
			uint8_t *rep, uint32_t max)
{
	struct ofl_p9_request q = { .r = { .data = req, .end = len },
				.w = { .data = rep, .end = max } };
	uint32_t size = ofl_p9_get32(&q.r);
	uint8_t type = ofl_p9_get8(&q.r);
	uint16_t tag = ofl_p9_get16(&q.r);
	int err = 0;

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
		ofl_p9_begin(&q.w, (uint8_t)(type + 1), tag);
		err = p9_dispatch(p9, type, &q);
	}
	if (!err && q.w.full)
		err = -EMSGSIZE;
	if (err) {
		ofl_p9_begin(&q.w, OFL_P9_RLERROR, tag);
		ofl_p9_put32(&q.w, (uint32_t)-err);
	}
	return ofl_p9_finish(&q.w);
}
