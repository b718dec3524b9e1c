/* SPDX-License-Identifier: BSD-2-Clause */
/* 9P2000.L requests on attributes and names; how a handler works: p9.c. */
#include <errno.h>
#include <string.h>

#include "p9_session.h"

#define P9_GETATTR_BASIC 0x7ffull
#define P9_UNLINK_FOLDER 0x200u /* AT_REMOVEDIR */

/* --- attributes --- */

static void p9_put_time(struct ofl_p9_writer *w, const struct ofl_p9_time *t)
{
	ofl_p9_put64(w, t->sec);
	ofl_p9_put64(w, t->nsec);
}

int ofl_p9_do_getattr(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	static const struct ofl_p9_time none;
	struct ofl_p9_attr a;
	int err;

	ofl_p9_get64(&q->r); /* what is wanted: it gets all there is */
	err = ofl_p9_complete(q, fid);
	if (!err)
		err = p9->ops->getattr(fid->node, &a);
	if (err)
		return err;
	ofl_p9_put64(&q->w, P9_GETATTR_BASIC);
	ofl_p9_put_qid(&q->w, &a.qid);
	ofl_p9_put32(&q->w, a.mode);
	ofl_p9_put32(&q->w, a.uid);
	ofl_p9_put32(&q->w, a.gid);
	ofl_p9_put64(&q->w, a.nlink);
	ofl_p9_put64(&q->w, a.rdev);
	ofl_p9_put64(&q->w, a.size);
	ofl_p9_put64(&q->w, a.blksize);
	ofl_p9_put64(&q->w, a.blocks);
	p9_put_time(&q->w, &a.atime);
	p9_put_time(&q->w, &a.mtime);
	p9_put_time(&q->w, &a.ctime);
	p9_put_time(&q->w, &none); /* birth */
	ofl_p9_put64(&q->w, 0); /* generation */
	ofl_p9_put64(&q->w, 0); /* data version */
	return 0;
}

int ofl_p9_do_setattr(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	struct ofl_p9_setattr set;
	int err;

	set.valid = ofl_p9_get32(&q->r);
	set.mode = ofl_p9_get32(&q->r);
	set.uid = ofl_p9_get32(&q->r);
	set.gid = ofl_p9_get32(&q->r);
	set.size = ofl_p9_get64(&q->r);
	set.atime.sec = ofl_p9_get64(&q->r);
	set.atime.nsec = ofl_p9_get64(&q->r);
	set.mtime.sec = ofl_p9_get64(&q->r);
	set.mtime.nsec = ofl_p9_get64(&q->r);
	err = ofl_p9_complete(q, fid);
	return err ? err : p9->ops->setattr(fid->node, &set);
}

int ofl_p9_do_statfs(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	struct ofl_p9_statfs st;
	int err;

	err = ofl_p9_complete(q, fid);
	if (!err)
		err = p9->ops->statfs(fid->node, &st);
	if (err)
		return err;
	ofl_p9_put32(&q->w, st.type);
	ofl_p9_put32(&q->w, st.bsize);
	ofl_p9_put64(&q->w, st.blocks);
	ofl_p9_put64(&q->w, st.bfree);
	ofl_p9_put64(&q->w, st.bavail);
	ofl_p9_put64(&q->w, st.files);
	ofl_p9_put64(&q->w, st.ffree);
	ofl_p9_put64(&q->w, st.fsid);
	ofl_p9_put32(&q->w, st.namelen);
	return 0;
}

int ofl_p9_do_readlink(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	char target[OFL_P9_PATH_MAX + 1];
	int len;

	len = ofl_p9_complete(q, fid);
	if (!len)
		len = p9->ops->readlink(fid->node, target);
	if (len < 0)
		return len;
	ofl_p9_put_string(&q->w, target, (size_t)len);
	return 0;
}

/* --- names --- */

/* A new entry: its qid is the reply. */
static int p9_made(struct ofl_p9_request *q, int err, const struct ofl_p9_qid *qid)
{
	if (!err)
		ofl_p9_put_qid(&q->w, qid);
	return err;
}

int ofl_p9_do_mkdir(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	char name[OFL_P9_NAME_MAX + 1];
	struct ofl_p9_qid qid = { 0 };
	uint32_t mode;
	int err;

	err = ofl_p9_name(&q->r, name);
	mode = ofl_p9_get32(&q->r);
	ofl_p9_get32(&q->r);
	if (!err)
		err = ofl_p9_complete(q, fid);
	if (!err)
		err = p9->ops->mkdir(fid->node, name, mode, &qid);
	return p9_made(q, err, &qid);
}

/* Linux's file types; major and minor are not looked at: see ops->mknod. */
int ofl_p9_do_mknod(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	char name[OFL_P9_NAME_MAX + 1];
	struct ofl_p9_qid qid = { 0 };
	uint32_t mode;
	int err;

	err = ofl_p9_name(&q->r, name);
	mode = ofl_p9_get32(&q->r);
	ofl_p9_get64(&q->r);
	ofl_p9_get32(&q->r);
	if (!err)
		err = ofl_p9_complete(q, fid);
	if (!err && !p9->ops->mknod)
		err = -EOPNOTSUPP;
	if (!err)
		err = p9->ops->mknod(fid->node, name, mode, &qid);
	return p9_made(q, err, &qid);
}

int ofl_p9_do_link(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *dir = ofl_p9_take_fid(q);
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	char name[OFL_P9_NAME_MAX + 1];
	int err;

	err = ofl_p9_name(&q->r, name);
	if (err)
		return err;
	if (!fid || !dir)
		return -EBADF;
	return p9->ops->link ? p9->ops->link(fid->node, dir->node, name) : -EOPNOTSUPP;
}

int ofl_p9_do_symlink(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	char name[OFL_P9_NAME_MAX + 1], target[OFL_P9_PATH_MAX + 1];
	struct ofl_p9_qid qid = { 0 };
	int err;

	err = ofl_p9_name(&q->r, name);
	if (!err)
		err = ofl_p9_get_string(&q->r, target, sizeof(target));
	ofl_p9_get32(&q->r);
	if (!err)
		err = ofl_p9_complete(q, fid);
	if (!err)
		err = p9->ops->symlink(fid->node, name, target, &qid);
	return p9_made(q, err, &qid);
}

int ofl_p9_do_unlinkat(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	char name[OFL_P9_NAME_MAX + 1];
	uint32_t flags;
	int err;

	err = ofl_p9_name(&q->r, name);
	flags = ofl_p9_get32(&q->r);
	if (!err && (flags & ~P9_UNLINK_FOLDER))
		err = -EINVAL;
	if (!err)
		err = ofl_p9_complete(q, fid);
	return err ? err : p9->ops->unlink(fid->node, name, flags);
}

int ofl_p9_do_renameat(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	char from[OFL_P9_NAME_MAX + 1], to[OFL_P9_NAME_MAX + 1];
	struct ofl_p9_fid *from_dir, *to_dir;
	int err;

	from_dir = ofl_p9_take_fid(q);
	err = ofl_p9_name(&q->r, from);
	to_dir = ofl_p9_take_fid(q);
	if (!err)
		err = ofl_p9_name(&q->r, to);
	if (err)
		return err;
	if (!from_dir || !to_dir)
		return -EBADF;
	return p9->ops->rename(from_dir->node, from, to_dir->node, to);
}

int ofl_p9_do_rename(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	struct ofl_p9_fid *dir = ofl_p9_take_fid(q);
	char name[OFL_P9_NAME_MAX + 1];
	int err;

	err = ofl_p9_name(&q->r, name);
	if (err)
		return err;
	return fid && dir ? p9->ops->move(fid->node, dir->node, name) : -EBADF;
}

/* The fid is gone already, whether or not the file will be (and ro or not). */
int ofl_p9_do_remove(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	int err = ofl_p9_complete(q, fid);

	if (!err && p9->ro)
		err = -EROFS;
	return err ? err : p9->ops->remove(fid->node);
}
