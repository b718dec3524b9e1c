// SPDX-License-Identifier: BSD-2-Clause
/*
 * 9P2000.L: the session.  Version, attach; request and reply.
 *
 * There is one request buffer and one reply buffer, the transport's (and a few small ones
 * more, for requests that go together: p9_many.c).  A request is
 * composed in place and never read back.  Of a reply, the header and whatever
 * decides something is copied to private memory first and checked there: its
 * size against the bytes that the transport says have come and against msize, its
 * tag against the request's, its type against the expected one or Rlerror.
 * The data of a read goes from the shared buffer straight to the caller; if that has a
 * buffer in the pool, the device writes it there, and the data of a write is read there.
 *
 * A request that is not answered in time is given up with Tflush (flush(5) of 9P): an
 * answer that comes before Rflush counts; else, from Rflush on, it is as if the request
 * had never been sent, the buffers are ours again and the session goes on.  Without an
 * Rflush, or with an answer behind it, the session ends there: `dead` is set and
 * everything else is -EIO.
 */
#include "p9.h"

#include <errno.h>
#include <string.h>

#include "p9_wire.h"
#include "pool.h"
#include "wait.h"

#define VERSION "9P2000.L"
#define RPC_TIMEOUT OFL_P9_TIMEOUT
#define FLUSH_TIMEOUT (10 * OFL_SEC)

#define LINUX_EINTR 4u

static const struct {
	uint8_t linux_errno;
	int local;
} errno_map[] = {
	{ 1, EPERM },	 { 2, ENOENT },	   { 3, ESRCH },    { 4, EINTR },
	{ 5, EIO },	 { 6, ENXIO },	   { 7, E2BIG },    { 9, EBADF },
	{ 11, EAGAIN },	 { 12, ENOMEM },   { 13, EACCES },  { 14, EFAULT },
	{ 16, EBUSY },	 { 17, EEXIST },   { 18, EXDEV },   { 19, ENODEV },
	{ 20, ENOTDIR }, { 21, EISDIR },   { 22, EINVAL },  { 23, ENFILE },
	{ 24, EMFILE },	 { 26, ETXTBSY },  { 27, EFBIG },   { 28, ENOSPC },
	{ 29, ESPIPE },	 { 30, EROFS },	   { 31, EMLINK },  { 32, EPIPE },
	{ 34, ERANGE },	 { 36, ENAMETOOLONG }, { 38, ENOSYS },
	{ 39, ENOTEMPTY }, { 40, ELOOP },  { 61, ENODATA }, { 71, EPROTO },
	{ 75, EOVERFLOW }, { 95, EOPNOTSUPP }, { 110, ETIMEDOUT },
	{ 116, ESTALE }, { 122, EDQUOT },
};

int ofl_errno_from_linux(uint32_t number)
{
	for (size_t i = 0; i < sizeof(errno_map) / sizeof(errno_map[0]); i++)
		if (errno_map[i].linux_errno == number)
			return errno_map[i].local;
	return EIO;
}

int ofl_p9_lied(struct ofl_p9 *p9, const char *why)
{
	p9->dead = true;
	p9->transport->broken(p9, why);
	return -EPROTO;
}

static uint16_t tag_behind(uint16_t tag)
{
	return tag >= P9_NOTAG - 1 ? 0 : (uint16_t)(tag + 1);
}

uint16_t ofl_p9_next_tag(struct ofl_p9 *p9)
{
	p9->tag = tag_behind(p9->tag);
	return p9->tag;
}

void ofl_p9_request(struct ofl_p9 *p9, struct p9_out *out, unsigned int type)
{
	p9->tag = type == P9_TVERSION ? P9_NOTAG : tag_behind(p9->tag);
	p9->flush.sent = p9->flush.done = false;
	p9->want = (uint8_t)(type + 1);
	p9->data.len = 0;
	p9->data_in = false;
	/* Without a PMM there is no buffer: ofl_p9_rpc() will say so. */
	*out = (struct p9_out){ .buf = p9->tx, .size = p9->dead ? 0 : p9->room };
	p9_put(out, 0, 4);
	p9_put(out, type, 1);
	p9_put(out, p9->tag, 2);
}

/* Is it the answer to Tflush, and nothing else? */
static bool is_rflush(const struct ofl_p9_flush *flush)
{
	struct p9_in in = { .buf = flush->reply, .size = P9_HEADER };

	return flush->got == P9_HEADER && p9_get(&in, 4) == P9_HEADER &&
	       p9_get(&in, 1) == P9_TFLUSH + 1 && p9_get(&in, 2) == flush->tag;
}

/* Compose Tflush of a request. */
static void prepare_flush(struct ofl_p9 *p9, uint16_t tag)
{
	struct ofl_p9_flush *flush = &p9->flush;
	struct p9_out out = { .buf = flush->msg, .size = sizeof(flush->msg) };

	flush->sent = true;
	flush->tag = tag_behind(p9->tag);
	flush->got = 0;
	p9_put(&out, OFL_P9_FLUSH_MSG, 4);
	p9_put(&out, P9_TFLUSH, 1);
	p9_put(&out, flush->tag, 2);
	p9_put(&out, tag, 2);
}

static void say_given_up(struct ofl_p9 *p9)
{
	ofl_log_printf("offload: 9p %s: a request took too long and was given up\n", p9->name);
}

/*
 * The request is not answered.  Bytes of an answer that came after all; -ETIMEDOUT:
 * flush.done says whether the request is gone, or the session must end.
 */
static int64_t give_up(struct ofl_p9 *p9)
{
	struct ofl_p9_flush *flush = &p9->flush;
	int64_t late;

	if (p9->tag == P9_NOTAG)
		return -ETIMEDOUT;
	prepare_flush(p9, p9->tag);
	late = p9->transport->flush(p9, FLUSH_TIMEOUT);
	if (late < 0)
		return late;
	if (!is_rflush(flush))
		return ofl_p9_lied(p9, "9p flush is answered with something else");
	if (late)
		return late;
	flush->done = true;
	say_given_up(p9);
	return -ETIMEDOUT;
}

int ofl_p9_drop(struct ofl_p9 *p9, struct ofl_p9_slot *slot)
{
	int err;

	prepare_flush(p9, slot->tag);
	p9->tag = p9->flush.tag;
	err = p9->transport->drop(p9, slot, FLUSH_TIMEOUT);
	if (err)
		return err;
	if (!is_rflush(&p9->flush))
		return ofl_p9_lied(p9, "9p flush is answered with something else");
	slot->gone = !slot->written;
	if (slot->gone)
		say_given_up(p9);
	return 0;
}

/* Send; the bytes written to rx, or -ETIMEDOUT (given up), -EIO, -EPROTO. */
static int64_t send_request(struct ofl_p9 *p9, struct p9_out *out)
{
	size_t size = out->len + (p9->data_in ? 0 : p9->data.len);
	int64_t ret;

	for (size_t i = 0; i < 4; i++)
		p9->tx[i] = (uint8_t)(size >> (8 * i));
	ret = p9->transport->exchange(p9, out->len, RPC_TIMEOUT);
	if (ret == -ETIMEDOUT)
		ret = give_up(p9);
	if (ret < 0 && !p9->flush.done && p9->data.len && ofl_pool_lost)
		ofl_pool_lost(p9->data.pa);
	p9->data.len = 0;
	p9->data_in = false;
	if (ret >= 0 || p9->flush.done || p9->dead)
		return ret;
	p9->dead = true;
	if (ret == -ETIMEDOUT)
		p9->transport->broken(p9, "a 9p request is not answered");
	return -EIO;
}

int ofl_p9_reply_open(struct ofl_p9 *p9, const struct ofl_p9_reply *reply, struct p9_in *in,
		      size_t head, size_t *body)
{
	unsigned int type;
	uint32_t size;
	uint16_t tag;

	if (reply->written < P9_HEADER)
		return ofl_p9_lied(p9, "9p reply without a header");

	memcpy(reply->copy, reply->rx, P9_HEADER);
	*in = (struct p9_in){ .buf = reply->copy, .size = P9_HEADER };
	size = (uint32_t)p9_get(in, 4);
	type = (unsigned int)p9_get(in, 1);
	tag = (uint16_t)p9_get(in, 2);
	if (size < P9_HEADER || size > reply->written)
		return ofl_p9_lied(p9, "9p reply of a wrong size");
	if (tag != reply->tag)
		return ofl_p9_lied(p9, "9p reply with a wrong tag");
	if (type != reply->want && type != P9_RLERROR)
		return ofl_p9_lied(p9, "9p reply of a wrong type");

	/* written is at most what there was room for: the copy fits. */
	*body = size - P9_HEADER;
	if (type == P9_RLERROR)
		head = 4;
	if (head > *body)
		head = *body;
	memcpy(reply->copy + P9_HEADER, reply->rx + P9_HEADER, head);
	in->size = P9_HEADER + head;
	if (type == P9_RLERROR) {
		uint32_t number = (uint32_t)p9_get(in, 4);

		if (in->bad || !number)
			return ofl_p9_lied(p9, "9p error reply without an error");
		/* Some servers answer so to what is flushed. */
		if (reply->flushed && number == LINUX_EINTR)
			return -ETIMEDOUT;
		return -ofl_errno_from_linux(number);
	}
	return 0;
}

int ofl_p9_rpc_head(struct ofl_p9 *p9, struct p9_out *out, struct p9_in *in,
		    size_t head, size_t *body)
{
	struct ofl_p9_reply reply = { .rx = p9->rx, .copy = p9->reply, .tag = p9->tag,
				      .want = p9->want };

	if (p9->dead || out->stale)
		return -EIO;
	if (out->bad)
		return -ENAMETOOLONG; /* only names have no other bound */
	reply.written = send_request(p9, out);
	if (reply.written < 0)
		return (int)reply.written;
	reply.flushed = p9->flush.sent;
	return ofl_p9_reply_open(p9, &reply, in, head, body);
}

int ofl_p9_rpc(struct ofl_p9 *p9, struct p9_out *out, struct p9_in *in)
{
	size_t body;

	return ofl_p9_rpc_head(p9, out, in, p9->room, &body);
}

static int version(struct ofl_p9 *p9)
{
	struct p9_out out;
	struct p9_in in;
	const char *name;
	uint32_t msize;
	size_t len;
	int err;

	ofl_p9_request(p9, &out, P9_TVERSION);
	p9_put(&out, p9->msize, 4);
	p9_put_string(&out, VERSION);
	err = ofl_p9_rpc(p9, &out, &in);
	if (err)
		return err;
	msize = (uint32_t)p9_get(&in, 4);
	name = p9_get_string(&in, &len);
	if (in.bad)
		return ofl_p9_lied(p9, "9p version reply too short");
	if (len != strlen(VERSION) || memcmp(name, VERSION, len)) {
		p9->transport->broken(p9, "the server does not speak " VERSION);
		p9->dead = true;
		return -EPROTONOSUPPORT;
	}
	if (msize < OFL_P9_MSIZE_MIN || msize > p9->msize)
		return ofl_p9_lied(p9, "9p message size out of range");
	p9->msize = msize;
	return 0;
}

static int attach(struct ofl_p9 *p9, const char *uname, const char *aname)
{
	struct p9_out out;
	struct p9_in in;
	int err;

	ofl_p9_request(p9, &out, P9_TATTACH);
	p9_put(&out, OFL_P9_ROOT, 4);
	p9_put(&out, P9_NOFID, 4);
	p9_put_string(&out, uname);
	p9_put_string(&out, aname);
	p9_put(&out, 0, 4); /* n_uname */
	err = ofl_p9_rpc(p9, &out, &in);
	if (err)
		return err;
	p9_get(&in, 5);
	p9_get(&in, 8);
	if (in.bad)
		return ofl_p9_lied(p9, "9p attach reply too short");
	p9->fids[0] |= 1u << OFL_P9_ROOT;
	return 0;
}

void ofl_p9_lost(struct ofl_p9 *p9)
{
	p9->dead = true;
}

void ofl_p9_put_fid(struct ofl_p9 *p9, struct p9_out *out, uint32_t fid)
{
	if (fid != OFL_P9_ROOT && fid / 256 != (p9->session & 0xffffff))
		out->stale = true;
	p9_put(out, fid, 4);
}

int ofl_p9_begin(struct ofl_p9 *p9, const char *uname, const char *aname)
{
	int err;

	err = version(p9);
	if (!err)
		err = attach(p9, uname, aname);
	if (err)
		p9->dead = true;
	return err;
}
