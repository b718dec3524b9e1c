// SPDX-License-Identifier: BSD-2-Clause
/*
 * virtio-entropy (VIRTIO 1.2, 5.4): getentropy() and getrandom().
 *
 * One buffer in the window, asked for when bytes are wanted.  They come from the
 * PMM, which can choose them: as with every device, it is trusted with what it
 * delivers, not with how much or when.
 */
#include "rng.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "devices.h"
#include "vq.h"
#include "wait.h"

#define QUEUE_SIZE 2u
#define CHUNK 256u
#define TIMEOUT (10 * OFL_SEC)
#define EMPTY_MAX 16u /* answers without a byte, in a row */

static struct {
	struct ofl_virtio *dev; /* NULL: none */
	struct ofl_vq vq;
	uint8_t *va;
	uint64_t pa;
} rng;

int ofl_rng_start(struct ofl_virtio *dev)
{
	int err;

	memset(&rng, 0, sizeof(rng));
	err = ofl_virtio_start(dev, OFL_VIRTIO_F_EVENT_IDX);
	if (!err)
		err = ofl_virtio_queue(dev, &rng.vq, 0, QUEUE_SIZE);
	if (err)
		return err;
	rng.va = ofl_devmem_alloc(&dev->mem, CHUNK, &rng.pa);
	if (!rng.va)
		return -ENOMEM;
	err = ofl_virtio_ready(dev);
	if (!err)
		rng.dev = dev;
	return err;
}

void ofl_rng_lost(void)
{
	rng.dev = NULL;
}

/* At most CHUNK bytes; how many, 0 for none, -EIO. */
static int64_t ask(void *buf, size_t len)
{
	struct ofl_vq_buf in = { rng.pa, (uint32_t)len };
	void *cookie;
	uint32_t got;
	int err;

	if (!ofl_virtio_alive(rng.dev) || ofl_vq_add(&rng.vq, &in, 0, 1, &rng))
		return -EIO;
	ofl_vq_kick(&rng.vq);
	err = ofl_vq_get_wait(&rng.vq, &cookie, &got, TIMEOUT);
	if (err < 0) {
		ofl_virtio_fail(rng.dev, "no random bytes come");
		return -EIO;
	}
	/* got is at most len: ofl_vq_get() checked it. */
	memcpy(buf, rng.va, got);
	memset(rng.va, 0, CHUNK);
	return got;
}

int64_t ofl_rng_read(void *buf, size_t len)
{
	unsigned int empty = 0;
	uint8_t *to = buf;
	size_t done = 0;

	if (!rng.dev)
		return -ENOSYS;
	while (done < len) {
		int64_t n = ask(to + done, len - done < CHUNK ? len - done : CHUNK);

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
