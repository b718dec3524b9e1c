// SPDX-License-Identifier: BSD-2-Clause
/*
 * 9P2000.L: the session.  Device, version, attach; request and reply.
 *
 * There is one request buffer and one reply buffer in the window.  A request is
 * composed in place and never read back.  Of a reply, the header and whatever
 * decides something is copied to private memory first and checked there: its
 * size against the bytes that the device says it wrote and against msize, its
 * tag against the request's, its type against the expected one or Rlerror.
 * The data of a read goes from the shared buffer straight to the caller.
 *
 * A request that is not answered in time leaves the buffers with the device,
 * so the session ends there: `dead` is set and everything else is -EIO.
 */
#include "p9.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "p9_wire.h"
#include "wait.h"

#define VERSION "9P2000.L"
#define RPC_TIMEOUT (30 * OFL_SEC)
#define F_MOUNT_TAG 1ull
#define QUEUE_SIZE 4u

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
	ofl_virtio_fail(p9->dev, why);
	return -EPROTO;
}

void ofl_p9_request(struct ofl_p9 *p9, struct p9_out *out, unsigned int type)
{
	if (type == P9_TVERSION)
		p9->tag = P9_NOTAG;
	else if (++p9->tag == P9_NOTAG)
		p9->tag = 0;
	p9->want = (uint8_t)(type + 1);
	*out = (struct p9_out){ .buf = p9->tx, .size = p9->msize };
	p9_put(out, 0, 4);
	p9_put(out, type, 1);
	p9_put(out, p9->tag, 2);
}

/* Send; 0 and the bytes written to rx, or -errno. */
static int exchange(struct ofl_p9 *p9, struct p9_out *out, uint32_t *written)
{
	struct ofl_vq_buf bufs[2];
	void *cookie;
	int ret;

	bufs[0] = (struct ofl_vq_buf){ p9->tx_pa, (uint32_t)out->len };
	bufs[1] = (struct ofl_vq_buf){ p9->rx_pa, p9->msize };
	for (size_t i = 0; i < 4; i++)
		p9->tx[i] = (uint8_t)(out->len >> (8 * i));
	ret = ofl_vq_add(&p9->vq, bufs, 1, 1, p9);
	if (!ret) {
		ofl_vq_kick(&p9->vq);
		ret = ofl_vq_get_wait(&p9->vq, &cookie, written, RPC_TIMEOUT);
	}
	if (ret < 0) {
		p9->dead = true;
		if (ret == -ETIMEDOUT)
			ofl_virtio_fail(p9->dev, "a 9p request is not answered");
		return -EIO;
	}
	return 0;
}

int ofl_p9_rpc_head(struct ofl_p9 *p9, struct p9_out *out, struct p9_in *in,
		    size_t head, size_t *body)
{
	uint32_t written = 0, size;
	unsigned int type;
	uint16_t tag;
	int err;

	if (p9->dead)
		return -EIO;
	if (out->bad)
		return -ENAMETOOLONG; /* only names have no other bound */
	err = exchange(p9, out, &written);
	if (err)
		return err;
	if (written < P9_HEADER)
		return ofl_p9_lied(p9, "9p reply without a header");

	memcpy(p9->reply, p9->rx, P9_HEADER);
	*in = (struct p9_in){ .buf = p9->reply, .size = P9_HEADER };
	size = (uint32_t)p9_get(in, 4);
	type = (unsigned int)p9_get(in, 1);
	tag = (uint16_t)p9_get(in, 2);
	if (size < P9_HEADER || size > written)
		return ofl_p9_lied(p9, "9p reply of a wrong size");
	if (tag != p9->tag)
		return ofl_p9_lied(p9, "9p reply with a wrong tag");
	if (type != p9->want && type != P9_RLERROR)
		return ofl_p9_lied(p9, "9p reply of a wrong type");

	/* written <= msize, which ofl_vq_get() checked: the copy fits. */
	*body = size - P9_HEADER;
	if (type == P9_RLERROR)
		head = 4;
	if (head > *body)
		head = *body;
	memcpy(p9->reply + P9_HEADER, p9->rx + P9_HEADER, head);
	in->size = P9_HEADER + head;
	if (type == P9_RLERROR) {
		uint32_t number = (uint32_t)p9_get(in, 4);

		if (in->bad || !number)
			return ofl_p9_lied(p9, "9p error reply without an error");
		return -ofl_errno_from_linux(number);
	}
	return 0;
}

int ofl_p9_rpc(struct ofl_p9 *p9, struct p9_out *out, struct p9_in *in)
{
	size_t body;

	return ofl_p9_rpc_head(p9, out, in, p9->msize, &body);
}

/* The mount tag: a 16-bit length and as many bytes. */
static int read_name(struct ofl_p9 *p9)
{
	uint8_t raw[2];
	unsigned int len;
	int err;

	strcpy(p9->name, "share");
	if (!(p9->dev->features & F_MOUNT_TAG))
		return 0;
	err = ofl_virtio_config(p9->dev, 0, raw, sizeof(raw));
	if (err)
		return err;
	len = raw[0] | (unsigned int)raw[1] << 8;
	if (!len || len > OFL_P9_TAG_MAX)
		return -EINVAL;
	err = ofl_virtio_config(p9->dev, 2, p9->name, len);
	if (err)
		return err;
	p9->name[len] = '\0';
	for (unsigned int i = 0; i < len; i++)
		if (p9->name[i] <= ' ' || p9->name[i] > '~' || p9->name[i] == '/')
			return -EINVAL;
	return 0;
}

/* Rings, the two buffers and the private copy; sets msize. */
static int set_up(struct ofl_p9 *p9)
{
	struct ofl_virtio *dev = p9->dev;
	size_t half;
	int err;

	err = ofl_virtio_start(dev, OFL_VIRTIO_F_EVENT_IDX | F_MOUNT_TAG);
	if (err)
		return err;
	err = read_name(p9);
	if (err) {
		ofl_log_printf("offload: %s: unusable 9p mount tag\n", dev->name);
		return err;
	}
	err = ofl_virtio_queue(dev, &p9->vq, 0, QUEUE_SIZE);
	if (err)
		return err;
	half = ofl_devmem_left(&dev->mem) / 2 & ~(size_t)(OFL_LINE - 1);
	if (half < OFL_P9_MSIZE_MIN || p9->vq.size < 2) {
		ofl_log_printf("offload: %s: %zu bytes of memory are too small\n",
			       dev->name, dev->mem.size);
		return -ENOMEM;
	}
	p9->msize = half < OFL_P9_MSIZE_MAX ? (uint32_t)half : OFL_P9_MSIZE_MAX;
	p9->tx = ofl_devmem_alloc(&dev->mem, p9->msize, &p9->tx_pa);
	p9->rx = ofl_devmem_alloc(&dev->mem, p9->msize, &p9->rx_pa);
	p9->reply = malloc(p9->msize);
	if (!p9->tx || !p9->rx || !p9->reply)
		return -ENOMEM;
	return ofl_virtio_ready(dev);
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
		ofl_log_printf("offload: %s: the server does not speak " VERSION "\n",
			       p9->dev->name);
		p9->dead = true;
		return -EPROTONOSUPPORT;
	}
	if (msize < OFL_P9_MSIZE_MIN || msize > p9->msize)
		return ofl_p9_lied(p9, "9p message size out of range");
	p9->msize = msize;
	return 0;
}

static int attach(struct ofl_p9 *p9)
{
	struct p9_out out;
	struct p9_in in;
	int err;

	ofl_p9_request(p9, &out, P9_TATTACH);
	p9_put(&out, OFL_P9_ROOT, 4);
	p9_put(&out, P9_NOFID, 4);
	p9_put_string(&out, "root");
	p9_put_string(&out, "");
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

int ofl_p9_start(struct ofl_p9 *p9, struct ofl_virtio *dev)
{
	int err;

	memset(p9, 0, sizeof(*p9));
	p9->dev = dev;
	err = set_up(p9);
	if (!err)
		err = version(p9);
	if (!err)
		err = attach(p9);
	if (err) {
		p9->dead = true;
		free(p9->reply);
		p9->reply = NULL;
	}
	return err;
}
