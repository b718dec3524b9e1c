// SPDX-License-Identifier: BSD-2-Clause
/* 9P2000.L: requests on names and attributes, one function each. */
#include "p9.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "p9_wire.h"

int ofl_p9_mkdir(struct ofl_p9 *p9, uint32_t dir, const char *name,
		 uint32_t mode)
{
	struct p9_out out;

	ofl_p9_request(p9, &out, P9_TMKDIR);
	ofl_p9_put_fid(p9, &out, dir);
	p9_put_string(&out, name);
	p9_put(&out, mode, 4);
	p9_put(&out, 0, 4); /* gid */
	return ofl_p9_simple(p9, &out, P9_QID);
}

/* Servers before the requests with "at" in their names know these two (diod). */
static int remove_old(struct ofl_p9 *p9, uint32_t dir, const char *name,
		      uint32_t flags)
{
	struct ofl_p9_attr attr;
	struct p9_out out;
	uint32_t fid;
	int err;

	err = ofl_p9_walk(p9, dir, name, &fid);
	if (err)
		return err;
	err = ofl_p9_getattr(p9, fid, &attr);
	if (!err && S_ISDIR(attr.mode) != !!(flags & OFL_P9_REMOVEDIR))
		err = S_ISDIR(attr.mode) ? -EISDIR : -ENOTDIR;
	if (err) {
		ofl_p9_clunk(p9, fid);
		return err;
	}
	ofl_p9_request(p9, &out, P9_TREMOVE);
	ofl_p9_put_fid(p9, &out, fid);
	/* It clunks the fid, too, even when it fails. */
	return ofl_p9_fid_end(p9, &out, fid);
}

static int rename_old(struct ofl_p9 *p9, uint32_t from, const char *name,
		      uint32_t to, const char *new_name)
{
	struct p9_out out;
	uint32_t fid;
	int err;

	err = ofl_p9_walk(p9, from, name, &fid);
	if (err)
		return err;
	ofl_p9_request(p9, &out, P9_TRENAME);
	ofl_p9_put_fid(p9, &out, fid);
	ofl_p9_put_fid(p9, &out, to);
	p9_put_string(&out, new_name);
	err = ofl_p9_simple(p9, &out, 0);
	ofl_p9_clunk(p9, fid);
	return err;
}

int ofl_p9_unlinkat(struct ofl_p9 *p9, uint32_t dir, const char *name,
		    uint32_t flags)
{
	struct p9_out out;
	int err;

	ofl_p9_request(p9, &out, P9_TUNLINKAT);
	ofl_p9_put_fid(p9, &out, dir);
	p9_put_string(&out, name);
	p9_put(&out, flags, 4);
	err = ofl_p9_simple(p9, &out, 0);
	return err == -EOPNOTSUPP ? remove_old(p9, dir, name, flags) : err;
}

int ofl_p9_renameat(struct ofl_p9 *p9, uint32_t from, const char *name,
		    uint32_t to, const char *new_name)
{
	struct p9_out out;
	int err;

	ofl_p9_request(p9, &out, P9_TRENAMEAT);
	ofl_p9_put_fid(p9, &out, from);
	p9_put_string(&out, name);
	ofl_p9_put_fid(p9, &out, to);
	p9_put_string(&out, new_name);
	err = ofl_p9_simple(p9, &out, 0);
	return err == -EOPNOTSUPP ? rename_old(p9, from, name, to, new_name) : err;
}

int ofl_p9_fsync(struct ofl_p9 *p9, uint32_t fid, bool data_only)
{
	struct p9_out out;

	ofl_p9_request(p9, &out, P9_TFSYNC);
	ofl_p9_put_fid(p9, &out, fid);
	p9_put(&out, data_only, 4);
	return ofl_p9_simple(p9, &out, 0);
}

int ofl_p9_setattr(struct ofl_p9 *p9, uint32_t fid, const struct ofl_p9_set *set)
{
	struct p9_out out;

	ofl_p9_request(p9, &out, P9_TSETATTR);
	ofl_p9_put_fid(p9, &out, fid);
	p9_put(&out, set->valid, 4);
	p9_put(&out, set->mode, 4);
	p9_put(&out, set->uid, 4);
	p9_put(&out, set->gid, 4);
	p9_put(&out, set->size, 8);
	p9_put(&out, set->atime, 8);
	p9_put(&out, set->atime_ns, 8);
	p9_put(&out, set->mtime, 8);
	p9_put(&out, set->mtime_ns, 8);
	return ofl_p9_simple(p9, &out, 0);
}

int ofl_p9_symlink(struct ofl_p9 *p9, uint32_t dir, const char *name,
		   const char *target)
{
	struct p9_out out;

	ofl_p9_request(p9, &out, P9_TSYMLINK);
	ofl_p9_put_fid(p9, &out, dir);
	p9_put_string(&out, name);
	p9_put_string(&out, target);
	p9_put(&out, 0, 4); /* gid */
	return ofl_p9_simple(p9, &out, P9_QID);
}

int ofl_p9_link(struct ofl_p9 *p9, uint32_t dir, uint32_t fid, const char *name)
{
	struct p9_out out;

	ofl_p9_request(p9, &out, P9_TLINK);
	ofl_p9_put_fid(p9, &out, dir);
	ofl_p9_put_fid(p9, &out, fid);
	p9_put_string(&out, name);
	return ofl_p9_simple(p9, &out, 0);
}

int64_t ofl_p9_readlink(struct ofl_p9 *p9, uint32_t fid, char *buf, size_t size)
{
	struct p9_out out;
	struct p9_in in;
	const char *target;
	size_t len;
	int err;

	ofl_p9_request(p9, &out, P9_TREADLINK);
	ofl_p9_put_fid(p9, &out, fid);
	err = ofl_p9_rpc(p9, &out, &in);
	if (err)
		return err;
	target = p9_get_string(&in, &len);
	if (in.bad)
		return ofl_p9_lied(p9, "9p readlink reply too short");
	if (len > size)
		len = size;
	memcpy(buf, target, len);
	return (int64_t)len;
}

int ofl_p9_statfs(struct ofl_p9 *p9, uint32_t fid, struct ofl_p9_statfs *st)
{
	struct p9_out out;
	struct p9_in in;
	int err;

	ofl_p9_request(p9, &out, P9_TSTATFS);
	ofl_p9_put_fid(p9, &out, fid);
	err = ofl_p9_rpc(p9, &out, &in);
	if (err)
		return err;
	st->type = (uint32_t)p9_get(&in, 4);
	st->bsize = (uint32_t)p9_get(&in, 4);
	st->blocks = p9_get(&in, 8);
	st->bfree = p9_get(&in, 8);
	st->bavail = p9_get(&in, 8);
	st->files = p9_get(&in, 8);
	st->ffree = p9_get(&in, 8);
	p9_get(&in, 8); /* fsid */
	st->namelen = (uint32_t)p9_get(&in, 4);
	if (in.bad)
		return ofl_p9_lied(p9, "9p statfs reply too short");
	return 0;
}
