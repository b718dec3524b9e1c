/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Extended attributes in 9P2000.L: a fid of their own to read one (or the list
 * of names), taken as a whole when the fid is made; a fid to write one to, which is
 * set when the fid is clunked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "p9_session.h"

#define P9_XATTR_FLAGS 3u /* XATTR_CREATE, XATTR_REPLACE */

static struct ofl_p9_xattr *xattr_new(uint32_t size)
{
	return calloc(1, sizeof(struct ofl_p9_xattr) + size);
}

int ofl_p9_do_xattrwalk(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	uint32_t new_fid = ofl_p9_get32(&q->r);
	char name[OFL_P9_NAME_MAX + 1];
	struct ofl_p9_xattr *x;
	int64_t size;
	int err, tries;

	err = ofl_p9_get_string(&q->r, name, sizeof(name));
	if (err)
		return err;
	if (!fid)
		return -EBADF;
	if (new_fid == fid->number)
		return -EINVAL;
	if (!p9->ops->getxattr)
		return -EOPNOTSUPP;
	/* It may grow between the two looks. */
	for (tries = 0; tries < 4; tries++) {
		size = p9->ops->getxattr(fid->node, name, NULL, 0);
		if (size < 0)
			return (int)size;
		if (size > OFL_P9_XATTR_MAX)
			return -E2BIG;
		x = xattr_new((uint32_t)size);
		if (!x)
			return -ENOMEM;
		if (size)
			size = p9->ops->getxattr(fid->node, name, x->data,
						 (uint32_t)size);
		if (size >= 0)
			break;
		free(x);
		if (size != -ERANGE)
			return (int)size;
	}
	if (size < 0)
		return (int)size;
	x->size = (uint32_t)size;
	q->xattr = x;
	q->node = p9->ops->get(fid->node);
	q->makes_fid = true;
	q->new_fid = new_fid;
	ofl_p9_put64(&q->w, x->size);
	return 0;
}

int ofl_p9_do_xattrcreate(struct ofl_p9 *p9, struct ofl_p9_request *q)
{
	struct ofl_p9_fid *fid = ofl_p9_take_fid(q);
	char name[OFL_P9_NAME_MAX + 1];
	struct ofl_p9_xattr *x;
	uint64_t size;
	uint32_t flags;
	int err;

	err = ofl_p9_get_string(&q->r, name, sizeof(name));
	if (err)
		return err;
	size = ofl_p9_get64(&q->r);
	flags = ofl_p9_get32(&q->r);
	if (q->r.bad || !name[0] || (flags & ~P9_XATTR_FLAGS))
		return -EINVAL;
	if (!fid)
		return -EBADF;
	if (!p9->ops->setxattr)
		return -EOPNOTSUPP;
	if (fid->file || fid->xattr)
		return -EBUSY;
	if (size > OFL_P9_XATTR_MAX)
		return -E2BIG;
	x = xattr_new((uint32_t)size);
	if (!x)
		return -ENOMEM;
	x->write = true;
	x->flags = flags;
	x->size = (uint32_t)size;
	memcpy(x->name, name, strlen(name) + 1);
	q->xattr = x;
	return 0;
}

int ofl_p9_xattr_read(struct ofl_p9_fid *fid, uint64_t off, uint32_t count,
		      struct ofl_p9_writer *w)
{
	const struct ofl_p9_xattr *x = fid->xattr;

	if (x->write)
		return -EBADF;
	if (w->end < OFL_P9_READ_OVERHEAD)
		return -EMSGSIZE;
	if (count > w->end - OFL_P9_READ_OVERHEAD)
		count = w->end - OFL_P9_READ_OVERHEAD;
	if (off >= x->size)
		count = 0;
	else if (count > x->size - off)
		count = (uint32_t)(x->size - off);
	ofl_p9_put32(w, count);
	if (count)
		memcpy(w->data + w->pos, x->data + off, count);
	w->pos += count;
	return 0;
}

/* In order and without gaps, as much as was announced. */
int ofl_p9_xattr_write(struct ofl_p9_fid *fid, uint64_t off,
		       const uint8_t *data, uint32_t count)
{
	struct ofl_p9_xattr *x = fid->xattr;

	if (!x->write)
		return -EBADF;
	if (off != x->done)
		return -EINVAL;
	if (count > x->size - x->done)
		return -ENOSPC;
	memcpy(x->data + x->done, data, count);
	x->done += count;
	return 0;
}

int ofl_p9_xattr_finish(struct ofl_p9 *p9, struct ofl_p9_fid *fid)
{
	const struct ofl_p9_xattr *x = fid->xattr;

	if (!x->write)
		return 0;
	if (x->done != x->size)
		return -EINVAL; /* the client gave up */
	return p9->ops->setxattr(fid->node, x->name, x->data, x->size, x->flags);
}
