// SPDX-License-Identifier: BSD-2-Clause
/*
 * 9P2000.L: several requests under way at a time.
 *
 * Each has a slot: small buffers in the window for its request and its reply, and, in most of
 * them, a chunk for data.  The calls here begin and end with all slots idle.
 *
 * Data goes in pieces: while the server does one, the one before is copied from
 * its chunk, or the one behind into its.  A caller's buffer in the pool is given to the
 * server as it is.  Replies are taken apart in the order of the requests, whatever order
 * they come in; after an error or a short one nothing more is sent, what is under way is
 * waited for, and does not count.
 *
 * A walk and what is done with its new fid go together, too: the daemon does them in order,
 * unless its file system may block.  Then it says of the later ones that it has no such
 * fid; they are sent again, and from then on one by one.  So only requests go ahead that
 * would do no harm should the first one fail.
 *
 * What is not answered is given up as in p9.c, all that is under way, one after the other.
 */
#include "p9.h"

#include <errno.h>
#include <string.h>

#include "p9_wire.h"
#include "pool.h"
#include "stream.h"

#define IO_FIELDS 16u /* fid, offset, count */
#define PIECES 2u     /* of a transfer that is not longer than all chunks: measured */

/* --- slots --- */

static void compose(struct ofl_p9 *p9, struct ofl_p9_slot *slot, struct p9_out *out,
		    unsigned int type)
{
	slot->tag = ofl_p9_next_tag(p9);
	slot->want = (uint8_t)(type + 1);
	slot->data.len = 0;
	slot->data_in = false;
	slot->gone = false;
	slot->written = 0;
	*out = (struct p9_out){ .buf = slot->tx, .size = OFL_P9_SLOT };
	p9_put(out, 0, 4);
	p9_put(out, type, 1);
	p9_put(out, slot->tag, 2);
}

/* Queued; not yet seen by the server. */
static int queue(struct ofl_p9 *p9, struct ofl_p9_slot *slot, const struct p9_out *out)
{
	size_t size = out->len + (slot->data_in ? 0 : slot->data.len);
	int err;

	if (p9->dead || out->stale || out->bad)
		return -EIO;
	for (size_t i = 0; i < 4; i++)
		slot->tx[i] = (uint8_t)(size >> (8 * i));
	err = p9->transport->send(p9, slot, out->len);
	slot->sent = !err;
	return err;
}

/* The session is over: buffers that are not back stay with the server. */
static int session_over(struct ofl_p9 *p9, int err)
{
	if (!p9->dead && err == -ETIMEDOUT)
		p9->transport->broken(p9, "a 9p request is not answered");
	p9->dead = true;
	for (unsigned int i = 0; i < p9->nr_slots; i++) {
		struct ofl_p9_slot *slot = &p9->slot[i];

		if (slot->sent && slot->data.len && ofl_pool_lost)
			ofl_pool_lost(slot->data.pa);
		slot->sent = false;
	}
	return err == -EPROTO ? err : -EIO;
}

/* Until it is back, or given up.  0, or the session is over. */
static int settle(struct ofl_p9 *p9, struct ofl_p9_slot *slot)
{
	int err = 0;

	while (slot->sent && !err) {
		err = p9->transport->take(p9, OFL_P9_TIMEOUT);
		if (err != -ETIMEDOUT)
			continue;
		err = 0;
		for (unsigned int i = 0; i < p9->nr_slots && !err; i++)
			if (p9->slot[i].sent)
				err = ofl_p9_drop(p9, &p9->slot[i]);
	}
	return err ? session_over(p9, err) : 0;
}

/* Its error, or the first `head` bytes of its body. */
static int reply(struct ofl_p9 *p9, struct ofl_p9_slot *slot, struct p9_in *in, size_t head,
		 size_t *body)
{
	struct ofl_p9_reply reply = { .rx = slot->rx, .copy = slot->reply, .tag = slot->tag,
				      .want = slot->want, .written = slot->written };
	int err = settle(p9, slot);

	if (err)
		return err;
	if (p9->dead)
		return -EIO;
	if (slot->gone)
		return -ETIMEDOUT;
	reply.written = slot->written;
	reply.flushed = p9->flush.sent;
	if (head > OFL_P9_SLOT - P9_HEADER)
		head = OFL_P9_SLOT - P9_HEADER;
	return ofl_p9_reply_open(p9, &reply, in, head, body);
}

/* All of it that has been queued is back; what it says is of no interest. */
static void settle_all(struct ofl_p9 *p9)
{
	for (unsigned int i = 0; i < p9->nr_slots; i++)
		settle(p9, &p9->slot[i]);
}

/* --- data --- */

struct transfer {
	struct ofl_p9 *p9;
	uint32_t fid;
	uint64_t offset;
	uint8_t *buf;
	size_t count;
	uint64_t pa; /* of buf, if that is in the pool */
	uint32_t piece;
	unsigned int slots; /* in use, in turn */
	size_t sent, done;  /* bytes */
	bool writes;
};

static int send_piece(struct transfer *t, struct ofl_p9_slot *slot)
{
	size_t n = t->count - t->sent < t->piece ? t->count - t->sent : t->piece;
	bool small = !t->pa && n <= OFL_P9_SLOT - P9_HEADER - IO_FIELDS;
	struct p9_out out;
	int err;

	compose(t->p9, slot, &out, t->writes ? P9_TWRITE : P9_TREAD);
	ofl_p9_put_fid(t->p9, &out, t->fid);
	p9_put(&out, t->offset + t->sent, 8);
	p9_put(&out, n, 4);
	slot->asked = (uint32_t)n;
	if (!small) {
		slot->data.pa = t->pa ? t->pa + t->sent : slot->chunk_pa;
		slot->data.len = (uint32_t)n;
		slot->data_in = !t->writes;
	}
	if (t->writes && small)
		p9_put_bytes(&out, t->buf + t->sent, n);
	else if (t->writes && !t->pa)
		ofl_stream(slot->chunk, t->buf + t->sent, n);
	err = queue(t->p9, slot, &out);
	if (!err)
		t->sent += n;
	return err;
}

/* Bytes of a piece that is back, now in the caller's buffer, or -errno. */
static int64_t take_piece(struct transfer *t, struct ofl_p9_slot *slot)
{
	struct p9_in in;
	uint32_t got;
	size_t body;
	int err;

	err = reply(t->p9, slot, &in, 4, &body);
	if (err)
		return err;
	got = (uint32_t)p9_get(&in, 4);
	if (in.bad || got > slot->asked || body != 4 + (t->writes ? 0 : (size_t)got))
		return ofl_p9_lied(t->p9, t->writes ? "9p write reply with a wrong count" :
						      "9p read reply with a wrong count");
	if (!t->writes && !t->pa)
		memcpy(t->buf + t->done, slot->data.len ? slot->chunk : slot->rx + P9_HEADER + 4,
		       got);
	return got;
}

static int64_t run(struct transfer *t)
{
	unsigned int first = 0, under_way = 0;
	bool over = false;
	int64_t n = 0;

	while (under_way || (!over && t->sent < t->count)) {
		struct ofl_p9_slot *slot = &t->p9->slot[first];
		bool more = false;

		while (!over && t->sent < t->count && under_way < t->slots) {
			n = send_piece(t, &t->p9->slot[(first + under_way) % t->slots]);
			over = n;
			if (n)
				break;
			under_way++;
			/* A write's is begun with while the next is copied. */
			more = !t->writes;
			if (t->writes)
				t->p9->transport->kick(t->p9);
		}
		if (more)
			t->p9->transport->kick(t->p9);
		if (!under_way)
			break;
		first = (first + 1) % t->slots;
		under_way--;
		if (over) {
			settle(t->p9, slot);
			continue;
		}
		n = take_piece(t, slot);
		if (n > 0)
			t->done += (size_t)n;
		over = n < slot->asked;
	}
	return t->done || n >= 0 ? (int64_t)t->done : n;
}

/* False: there are no slots for it. */
static bool prepare(struct transfer *t)
{
	struct ofl_p9 *p9 = t->p9;
	size_t piece;

	if (!p9->nr_slots || !t->count)
		return false;
	t->pa = ofl_pool_pa(t->buf, t->count);
	if (t->pa) {
		t->slots = p9->nr_slots;
		t->piece = ofl_p9_data_max(p9->msize);
		if (t->piece > OFL_PAGE)
			t->piece &= ~(uint32_t)(OFL_PAGE - 1);
		return true;
	}
	if (!p9->nr_chunks)
		return false;
	t->slots = p9->nr_chunks;
	piece = (t->count / PIECES + OFL_PAGE - 1) & ~(size_t)(OFL_PAGE - 1);
	if (piece < OFL_PAGE)
		piece = OFL_PAGE;
	t->piece = piece < p9->chunk ? (uint32_t)piece : p9->chunk;
	if (t->piece > ofl_p9_data_max(p9->msize))
		t->piece = ofl_p9_data_max(p9->msize);
	return true;
}

int64_t ofl_p9_read_all(struct ofl_p9 *p9, uint32_t fid, uint64_t offset, void *buf,
			size_t count)
{
	struct transfer t = { .p9 = p9, .fid = fid, .offset = offset, .buf = buf,
			      .count = count };
	int64_t n = 0;

	if (p9->dead)
		return -EIO;
	if (prepare(&t))
		return run(&t);
	while (t.done < count) {
		n = ofl_p9_read(p9, fid, offset + t.done, t.buf + t.done, count - t.done);
		if (n <= 0)
			break;
		t.done += (size_t)n;
	}
	return t.done ? (int64_t)t.done : n;
}

int64_t ofl_p9_write_all(struct ofl_p9 *p9, uint32_t fid, uint64_t offset, const void *buf,
			 size_t count, bool in_order)
{
	struct transfer t = { .p9 = p9, .fid = fid, .offset = offset, .writes = true,
			      .buf = (uint8_t *)(uintptr_t)buf, .count = count };
	int64_t n = 0;

	if (p9->dead)
		return -EIO;
	if (prepare(&t)) {
		if (in_order)
			t.slots = 1;
		n = run(&t);
		/* A server that takes nothing would keep the caller here for ever. */
		return n ? n : -EIO;
	}
	while (t.done < count) {
		n = ofl_p9_write(p9, fid, offset + t.done, t.buf + t.done, count - t.done);
		if (!n)
			n = -EIO;
		if (n < 0)
			break;
		t.done += (size_t)n;
	}
	return t.done ? (int64_t)t.done : n;
}

/* --- a walk, and what is done with its fid --- */

enum { WALK, ATTR, THIRD, NR_STEPS };

/* Twalk of the whole path from the root; false: that takes more than one small message. */
static bool compose_walk(struct ofl_p9 *p9, struct p9_out *out, const char *path, uint32_t newfid,
			 unsigned int *names)
{
	size_t at;

	compose(p9, &p9->slot[WALK], out, P9_TWALK);
	ofl_p9_put_fid(p9, out, OFL_P9_ROOT);
	p9_put(out, newfid, 4);
	at = out->len;
	p9_put(out, 0, 2);
	for (*names = 0; *path; (*names)++) {
		size_t len = strcspn(path, "/");

		p9_put_name(out, path, len);
		if (*names == P9_WALK_MAX || len > OFL_P9_NAME_MAX)
			return false;
		path += len + (path[len] == '/');
	}
	if (out->bad)
		return false;
	out->buf[at] = (uint8_t)*names;
	return true;
}

/*
 * Twalk, Tgetattr, and a third request if its type is not 0, with flags if it is Tlopen.
 * 0: all are back; 1: do it one by one; or the session is over.
 */
static int ahead(struct ofl_p9 *p9, const char *path, uint32_t fid, unsigned int third,
		 uint32_t flags, unsigned int *names)
{
	struct p9_out out[NR_STEPS];
	int err;

	if (p9->nr_slots < NR_STEPS || p9->no_lookahead ||
	    !compose_walk(p9, &out[WALK], path, fid, names))
		return 1;
	compose(p9, &p9->slot[ATTR], &out[ATTR], P9_TGETATTR);
	ofl_p9_put_fid(p9, &out[ATTR], fid);
	p9_put(&out[ATTR], OFL_P9_GETATTR_BASIC, 8);
	if (third) {
		compose(p9, &p9->slot[THIRD], &out[THIRD], third);
		ofl_p9_put_fid(p9, &out[THIRD], fid);
		if (third == P9_TLOPEN)
			p9_put(&out[THIRD], flags, 4);
	}
	for (unsigned int i = 0; i < (third ? 3 : 2); i++) {
		err = queue(p9, &p9->slot[i], &out[i]);
		if (err)
			return session_over(p9, err);
	}
	p9->transport->kick(p9);
	settle_all(p9);
	return p9->dead ? -EIO : 0;
}

static int take_walk(struct ofl_p9 *p9, unsigned int names)
{
	struct p9_in in;
	unsigned int got;
	size_t body;
	int err;

	err = reply(p9, &p9->slot[WALK], &in, 2, &body);
	if (err)
		return err;
	got = (unsigned int)p9_get(&in, 2);
	if (in.bad || got > names || body != 2 + (size_t)got * P9_QID)
		return ofl_p9_lied(p9, "9p walk reply of a wrong length");
	if (names && !got)
		return ofl_p9_lied(p9, "9p walk reply without an element");
	return got == names ? 0 : -ENOENT;
}

static int take_attr(struct ofl_p9 *p9, struct ofl_p9_attr *attr)
{
	struct p9_in in;
	size_t body;
	int err;

	err = reply(p9, &p9->slot[ATTR], &in, OFL_P9_SLOT, &body);
	return err ? err : ofl_p9_get_attr(p9, &in, attr);
}

static int take_third(struct ofl_p9 *p9, size_t want)
{
	struct p9_in in;
	size_t body;
	int err;

	err = reply(p9, &p9->slot[THIRD], &in, 0, &body);
	if (!err && body != want)
		err = ofl_p9_lied(p9, "9p reply of a wrong length");
	return err;
}

static int find_one_by_one(struct ofl_p9 *p9, const char *path, uint32_t *newfid,
			   struct ofl_p9_attr *attr)
{
	int err = ofl_p9_walk(p9, OFL_P9_ROOT, path, newfid);

	if (err)
		return err;
	err = ofl_p9_getattr(p9, *newfid, attr);
	if (err)
		ofl_p9_clunk(p9, *newfid);
	return err;
}

int ofl_p9_find(struct ofl_p9 *p9, const char *path, uint32_t *newfid,
		struct ofl_p9_attr *attr, uint32_t flags, int *opened)
{
	unsigned int third = flags != OFL_P9_NOT_OPEN ? P9_TLOPEN : 0, names;
	int err;

	*opened = OFL_P9_NOT_OPEN;
	if (p9->dead)
		return -EIO;
	err = ofl_p9_fid_get(p9, newfid);
	if (err)
		return err;
	err = ahead(p9, path, *newfid, third, flags, &names);
	if (err)
		ofl_p9_fid_put(p9, *newfid);
	if (err > 0)
		return find_one_by_one(p9, path, newfid, attr);
	if (err)
		return err;
	err = take_walk(p9, names);
	if (err) {
		ofl_p9_fid_put(p9, *newfid);
		return err;
	}
	err = take_attr(p9, attr);
	if (err == -EBADF) {
		p9->no_lookahead = true;
		err = ofl_p9_getattr(p9, *newfid, attr);
	} else if (!err && third) {
		*opened = take_third(p9, P9_QID + 4);
		if (*opened == -EBADF) {
			p9->no_lookahead = true;
			*opened = OFL_P9_NOT_OPEN;
		}
	}
	if (err)
		ofl_p9_clunk(p9, *newfid);
	return err;
}

int ofl_p9_stat(struct ofl_p9 *p9, const char *path, struct ofl_p9_attr *attr)
{
	unsigned int names;
	int err, clunked;
	uint32_t fid;

	if (p9->dead)
		return -EIO;
	err = ofl_p9_fid_get(p9, &fid);
	if (err)
		return err;
	err = ahead(p9, path, fid, P9_TCLUNK, 0, &names);
	if (err <= 0)
		err = err ? err : take_walk(p9, names);
	if (err) {
		ofl_p9_fid_put(p9, fid);
		if (err < 0)
			return err;
		err = find_one_by_one(p9, path, &fid, attr);
		if (!err)
			ofl_p9_clunk(p9, fid);
		return err;
	}
	err = take_attr(p9, attr);
	clunked = take_third(p9, 0);
	if (clunked == -ETIMEDOUT)
		p9->fids_lost[fid % 256 / 32] |= 1u << (fid % 32);
	else if (clunked != -EBADF)
		ofl_p9_fid_put(p9, fid);
	if (err != -EBADF && clunked != -EBADF)
		return err;
	p9->no_lookahead = true;
	if (clunked == -EBADF) {
		if (err == -EBADF)
			err = ofl_p9_getattr(p9, fid, attr);
		ofl_p9_clunk(p9, fid);
		return err;
	}
	return ofl_p9_stat(p9, path, attr);
}
