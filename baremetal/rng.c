// SPDX-License-Identifier: BSD-2-Clause
/*
 * virtio-entropy (VIRTIO 1.2, 5.4): getentropy() and getrandom().
 *
 * Two buffers in the window.  From the first call on they are asked for ahead: while the
 * bytes of one are handed out, from a private copy, the PMM fills the other, so that few
 * calls wait.  Bytes that were handed out are wiped.  They come from the PMM, which can
 * choose them: as with every device, it is trusted with what it delivers, not with how
 * much or when.
 */
#include "rng.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "devices.h"
#include "vq.h"
#include "wait.h"

#define BUFS 2u
#define CHUNK 2048u /* at most */
#define CHUNK_MIN 64u
#define TIMEOUT (10 * OFL_SEC)
#define EMPTY_MAX 16u /* answers without a byte, in a row */

static struct {
	struct ofl_virtio *dev; /* NULL: none */
	struct ofl_vq vq;
	struct rng_buf {
		uint8_t *va;
		uint64_t pa;
	} buf[BUFS];
	uint32_t chunk;
	bool asked;
	uint8_t have[CHUNK]; /* not yet handed out: the last have_len of them */
	uint32_t have_end, have_len;
} rng;

int ofl_rng_start(struct ofl_virtio *dev)
{
	int err;

	memset(&rng, 0, sizeof(rng));
	err = ofl_virtio_start(dev, OFL_VIRTIO_F_EVENT_IDX);
	if (!err)
		err = ofl_virtio_queue(dev, &rng.vq, 0, BUFS);
	if (err)
		return err;
	rng.chunk = (uint32_t)(ofl_devmem_left(&dev->mem) / BUFS) &
		    ~(uint32_t)(OFL_LINE - 1);
	if (rng.chunk < CHUNK_MIN)
		return -ENOMEM;
	if (rng.chunk > CHUNK)
		rng.chunk = CHUNK;
	for (unsigned int i = 0; i < BUFS; i++) {
		rng.buf[i].va = ofl_devmem_alloc(&dev->mem, rng.chunk,
						 &rng.buf[i].pa);
		if (!rng.buf[i].va)
			return -ENOMEM;
	}
	err = ofl_virtio_ready(dev);
	if (!err)
		rng.dev = dev;
	return err;
}

void ofl_rng_lost(void)
{
	rng.dev = NULL;
	memset(rng.have, 0, sizeof(rng.have));
	rng.have_len = 0;
}

OFL_DRIVER(rng_driver) = {
	.device_id = OFL_VIRTIO_ID_RNG,
	.start = ofl_rng_start,
	.forget = ofl_rng_lost,
};

static int ask(struct rng_buf *buf)
{
	struct ofl_vq_buf in = { buf->pa, rng.chunk };

	return ofl_vq_add(&rng.vq, &in, 0, 1, buf);
}

/* The next buffer's bytes become `have`, and it is asked for again.  0 or -EIO. */
static int refill(void)
{
	struct rng_buf *buf;
	uint32_t got;
	void *cookie;
	int err = 0;

	if (!ofl_virtio_alive(rng.dev))
		return -EIO;
	for (unsigned int i = 0; !rng.asked && !err && i < BUFS; i++)
		err = ask(&rng.buf[i]);
	if (err)
		return -EIO;
	if (!rng.asked)
		ofl_vq_kick(&rng.vq);
	rng.asked = true;
	err = ofl_vq_get_wait(&rng.vq, &cookie, &got, TIMEOUT);
	if (err < 0) {
		ofl_virtio_fail(rng.dev, "no random bytes come");
		return -EIO;
	}
	buf = cookie;
	/* got is at most a chunk: ofl_vq_get() checked it. */
	memcpy(rng.have, buf->va, got);
	memset(buf->va, 0, got);
	rng.have_end = got;
	rng.have_len = got;
	if (ask(buf))
		return -EIO;
	ofl_vq_kick(&rng.vq);
	return 0;
}

/* At least one byte of what is there; how many, 0 for none, -EIO. */
static int64_t take(uint8_t *to, size_t len)
{
	uint8_t *from;

	if (rng.have_len && !ofl_virtio_alive(rng.dev))
		return -EIO;
	if (!rng.have_len && refill())
		return -EIO;
	if (len > rng.have_len)
		len = rng.have_len;
	from = rng.have + rng.have_end - rng.have_len;
	memcpy(to, from, len);
	memset(from, 0, len);
	rng.have_len -= (uint32_t)len;
	return (int64_t)len;
}

int64_t ofl_rng_read(void *buf, size_t len)
{
	unsigned int empty = 0;
	uint8_t *to = buf;
	size_t done = 0;

	if (!rng.dev)
		return -ENOSYS;
	while (done < len) {
		int64_t n = take(to + done, len - done);

		/* A Linux that has just booted has none yet: not for ever. */
		if (!n && ++empty == EMPTY_MAX)
			n = -EIO;
		if (n < 0)
			return n;
		if (n)
			empty = 0;
		done += (size_t)n;
	}
	return (int64_t)done;
}

static int failed(int64_t err)
{
	errno = (int)-err;
	return -1;
}

int getentropy(void *buf, size_t len)
{
	int64_t n;

	if (len > 256)
		return failed(-EIO);
	ofl_devices_check();
	n = ofl_rng_read(buf, len);
	return n < 0 ? failed(n) : 0;
}

ssize_t getrandom(void *buf, size_t len, unsigned int flags)
{
	int64_t n;

	if (flags & ~(unsigned int)(GRND_NONBLOCK | GRND_RANDOM))
		return failed(-EINVAL);
	if (len > INT32_MAX)
		len = INT32_MAX;
	ofl_devices_check();
	n = ofl_rng_read(buf, len);
	return n < 0 ? failed(n) : (ssize_t)n;
}
