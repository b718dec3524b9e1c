// SPDX-License-Identifier: BSD-2-Clause
/* 9P2000.L: one function per request. */
#include "p9.h"

#include <errno.h>
#include <string.h>

#include "p9_wire.h"
#include "pool.h"

/*
 * What servers want left of msize beside data, either way (P9_IOHDRSZ): one byte more than
 * Twrite's head; diod answers EIO to a write that leaves less.
 */
#define IO_HEAD 24u
#define READ_HEAD 4u /* count, in front of the data of Rread and Rreaddir */

uint32_t ofl_p9_data_max(uint32_t size)
{
	return size - IO_HEAD;
}

int ofl_p9_fid_get(struct ofl_p9 *p9, uint32_t *fid)
{
	for (uint32_t i = 0; i < OFL_P9_FIDS / 32; i++) {
		if (!~p9->fids[i])
			continue;
		*fid = i * 32 + (uint32_t)__builtin_ctz(~p9->fids[i]);
		p9->fids[i] |= 1u << (*fid % 32);
		*fid |= p9->session << 8;
		return 0;
	}
	return -ENFILE;
}

void ofl_p9_fid_put(struct ofl_p9 *p9, uint32_t fid)
{
	fid %= 256;
	p9->fids[fid / 32] &= ~(1u << (fid % 32));
}

int ofl_p9_simple(struct ofl_p9 *p9, struct p9_out *out, size_t body)
{
	struct p9_in in;
	size_t got;
	int err;

	err = ofl_p9_rpc_head(p9, out, &in, 0, &got);
	if (!err && got != body)
		err = ofl_p9_lied(p9, "9p reply of a wrong length");
	return err;
}

int ofl_p9_fid_end(struct ofl_p9 *p9, struct p9_out *out, uint32_t fid)
{
	int err = ofl_p9_simple(p9, out, 0);

	if (p9->flush.done)
		p9->fids_lost[fid % 256 / 32] |= 1u << (fid % 32);
	else if (!out->stale)
		ofl_p9_fid_put(p9, fid);
	return err;
}

int ofl_p9_clunk(struct ofl_p9 *p9, uint32_t fid)
{
	struct p9_out out;

	ofl_p9_request(p9, &out, P9_TCLUNK);
	ofl_p9_put_fid(p9, &out, fid);
	return ofl_p9_fid_end(p9, &out, fid);
}

/*
 * One Twalk of at most P9_WALK_MAX names from `from` to newfid, which may be
 * the same if it is not the first of a long path.  *path moves behind them.
 */
static int walk_some(struct ofl_p9 *p9, uint32_t from, uint32_t newfid,
		     const char **path)
{
	const char *names[P9_WALK_MAX];
	size_t lens[P9_WALK_MAX];
	struct p9_out out;
	struct p9_in in;
	unsigned int n = 0, got;
	size_t body;
	int err;

	while (n < P9_WALK_MAX && **path) {
		size_t len = strcspn(*path, "/");

		if (len > OFL_P9_NAME_MAX)
			return -ENAMETOOLONG;
		names[n] = *path;
		lens[n++] = len;
		*path += len;
		while (**path == '/')
			(*path)++;
	}
	ofl_p9_request(p9, &out, P9_TWALK);
	ofl_p9_put_fid(p9, &out, from);
	p9_put(&out, newfid, 4);
	p9_put(&out, n, 2);
	for (unsigned int i = 0; i < n; i++)
		p9_put_name(&out, names[i], lens[i]);
	err = ofl_p9_rpc_head(p9, &out, &in, 2, &body);
	if (err)
		return err;
	got = (unsigned int)p9_get(&in, 2);
	if (in.bad || got > n || body != 2 + (size_t)got * P9_QID)
		return ofl_p9_lied(p9, "9p walk reply of a wrong length");
	if (n && !got)
		return ofl_p9_lied(p9, "9p walk reply without an element");
	/* Short: the next name does not exist, and newfid neither. */
	return got == n ? 0 : -ENOENT;
}

int ofl_p9_walk(struct ofl_p9 *p9, uint32_t fid, const char *path,
		uint32_t *newfid)
{
	uint32_t to, from = fid;
	int err;

	err = ofl_p9_fid_get(p9, &to);
	if (err)
		return err;
	do {
		err = walk_some(p9, from, to, &path);
		if (err)
			break;
		from = to;
	} while (*path);
	if (err) {
		/* If a later part failed, the first ones made `to`. */
		if (from == to)
			ofl_p9_clunk(p9, to);
		else
			ofl_p9_fid_put(p9, to);
		return err;
	}
	*newfid = to;
	return 0;
}

int ofl_p9_lopen(struct ofl_p9 *p9, uint32_t fid, uint32_t flags)
{
	struct p9_out out;

	ofl_p9_request(p9, &out, P9_TLOPEN);
	ofl_p9_put_fid(p9, &out, fid);
	p9_put(&out, flags, 4);
	return ofl_p9_simple(p9, &out, P9_QID + 4);
}

int ofl_p9_lcreate(struct ofl_p9 *p9, uint32_t fid, const char *name,
		   uint32_t flags, uint32_t mode)
{
	struct p9_out out;

	ofl_p9_request(p9, &out, P9_TLCREATE);
	ofl_p9_put_fid(p9, &out, fid);
	p9_put_string(&out, name);
	p9_put(&out, flags, 4);
	p9_put(&out, mode, 4);
	p9_put(&out, 0, 4); /* gid */
	return ofl_p9_simple(p9, &out, P9_QID + 4);
}

/*
 * A caller's buffer that the device can use as it is: true, and data is set.  *count
 * becomes what fits one message.
 */
static bool direct(struct ofl_p9 *p9, const void *buf, size_t *count, bool in)
{
	uint64_t pa = p9->transport->direct && *count ? ofl_pool_pa(buf, *count) : 0;
	uint32_t most = ofl_p9_data_max(pa || p9->msize < p9->room ? p9->msize : p9->room);

	if (*count > most)
		*count = most;
	if (!pa)
		return false;
	p9->data = (struct ofl_vq_buf){ pa, (uint32_t)*count };
	p9->data_in = in;
	return true;
}

/* Tread and Treaddir: the same but for the number. */
static int64_t read_some(struct ofl_p9 *p9, unsigned int type, uint32_t fid,
			 uint64_t offset, void *buf, size_t count)
{
	struct p9_out out;
	struct p9_in in;
	uint32_t got;
	size_t body;
	bool there;
	int err;

	ofl_p9_request(p9, &out, type);
	ofl_p9_put_fid(p9, &out, fid);
	p9_put(&out, offset, 8);
	there = direct(p9, buf, &count, true);
	p9_put(&out, count, 4);
	err = ofl_p9_rpc_head(p9, &out, &in, READ_HEAD, &body);
	if (err)
		return err;
	got = (uint32_t)p9_get(&in, 4);
	if (in.bad || got > count || body != READ_HEAD + (size_t)got)
		return ofl_p9_lied(p9, "9p read reply with a wrong count");
	if (!there)
		memcpy(buf, p9->rx + P9_HEADER + READ_HEAD, got);
	return got;
}

int64_t ofl_p9_read(struct ofl_p9 *p9, uint32_t fid, uint64_t offset, void *buf,
		    size_t count)
{
	return read_some(p9, P9_TREAD, fid, offset, buf, count);
}

int64_t ofl_p9_readdir(struct ofl_p9 *p9, uint32_t fid, uint64_t offset,
		       void *buf, size_t count)
{
	return read_some(p9, P9_TREADDIR, fid, offset, buf, count);
}

int64_t ofl_p9_write(struct ofl_p9 *p9, uint32_t fid, uint64_t offset,
		     const void *buf, size_t count)
{
	struct p9_out out;
	struct p9_in in;
	uint32_t got;
	size_t body;
	bool there;
	int err;

	ofl_p9_request(p9, &out, P9_TWRITE);
	ofl_p9_put_fid(p9, &out, fid);
	p9_put(&out, offset, 8);
	there = direct(p9, buf, &count, false);
	p9_put(&out, count, 4);
	if (!there)
		p9_put_bytes(&out, buf, count);
	err = ofl_p9_rpc_head(p9, &out, &in, READ_HEAD, &body);
	if (err)
		return err;
	got = (uint32_t)p9_get(&in, 4);
	if (in.bad || got > count || body != READ_HEAD)
		return ofl_p9_lied(p9, "9p write reply with a wrong count");
	return got;
}

int ofl_p9_get_attr(struct ofl_p9 *p9, struct p9_in *reply, struct ofl_p9_attr *attr)
{
	struct p9_in in = *reply;
	uint64_t size;

	p9_get(&in, 8); /* valid */
	p9_get(&in, 5); /* qid type and version */
	attr->ino = p9_get(&in, 8);
	attr->mode = (uint32_t)p9_get(&in, 4);
	attr->uid = (uint32_t)p9_get(&in, 4);
	attr->gid = (uint32_t)p9_get(&in, 4);
	attr->nlink = p9_get(&in, 8);
	attr->rdev = p9_get(&in, 8);
	size = p9_get(&in, 8);
	attr->size = size;
	attr->blksize = p9_get(&in, 8);
	attr->blocks = p9_get(&in, 8);
	attr->atime = p9_get(&in, 8);
	attr->atime_ns = p9_get(&in, 8);
	attr->mtime = p9_get(&in, 8);
	attr->mtime_ns = p9_get(&in, 8);
	attr->ctime = p9_get(&in, 8);
	attr->ctime_ns = p9_get(&in, 8);
	for (int i = 0; i < 4; i++)
		p9_get(&in, 8); /* btime, gen, data_version */
	if (in.bad)
		return ofl_p9_lied(p9, "9p getattr reply too short");
	if (size > INT64_MAX)
		return ofl_p9_lied(p9, "9p file size out of range");
	return 0;
}

int ofl_p9_getattr(struct ofl_p9 *p9, uint32_t fid, struct ofl_p9_attr *attr)
{
	struct p9_out out;
	struct p9_in in;
	int err;

	ofl_p9_request(p9, &out, P9_TGETATTR);
	ofl_p9_put_fid(p9, &out, fid);
	p9_put(&out, OFL_P9_GETATTR_BASIC, 8);
	err = ofl_p9_rpc(p9, &out, &in);
	return err ? err : ofl_p9_get_attr(p9, &in, attr);
}

int ofl_p9_next(const void *buf, size_t len, size_t *at,
		struct ofl_p9_dirent *entry)
{
	struct p9_in in = { .buf = buf, .size = len, .at = *at };
	const char *name;
	size_t n;

	if (*at >= len)
		return 0;
	p9_get(&in, 5); /* qid type and version */
	entry->ino = p9_get(&in, 8);
	entry->offset = p9_get(&in, 8);
	entry->type = (uint8_t)p9_get(&in, 1);
	name = p9_get_string(&in, &n);
	if (in.bad || !n || n > OFL_P9_NAME_MAX || memchr(name, '\0', n) ||
	    memchr(name, '/', n))
		return -EPROTO;
	memcpy(entry->name, name, n);
	entry->name[n] = '\0';
	*at = in.at;
	return 1;
}
