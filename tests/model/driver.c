// SPDX-License-Identifier: BSD-2-Clause
/*
 * The driver's half: the runtime's ring, its transactions and the sleep of its
 * native platform, as they are.  The image waits for an epoch, starts a
 * device, and has its numbers answered, one at a time and then two at once.
 */
/* The PMM has a function of this name. */
#define ofl_log ofl_image_log
#include "hook.h"

#include <errno.h>

/* Real system calls of the platform are the model's doorbells. */
#include "baremetal/native/linux.h"
static long model_syscall(long nr, long a, long b, long c, long d, long e, long f);
#define ofl_syscall model_syscall

#include "baremetal/wait.h"

unsigned int ofl_wait_sleep_at;

#include "baremetal/virtio.c"
#include "baremetal/vq.c"
#include "baremetal/native/platform.c"

#define RING_FD 10
#define WAKE_FD 11

const char __ofl_image_flags[1];
struct ofl_native_link ofl_native_link = { .ring_fd = RING_FD, .wake_fd = WAKE_FD };

/* The image's side of two doorbells and nothing else. */
static long model_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	struct linux_pollfd *polls = (void *)a;

	(void)b, (void)c, (void)d, (void)e, (void)f;
	switch (nr) {
	case NR_WRITE:
		if (a == RING_FD)
			model_ring_device();
		return c;
	case NR_PPOLL:
		/* Never the time that it asks for: who rings it is the question. */
		model_wait_driver();
		polls[0].revents = LINUX_POLLIN;
		return 1;
	case NR_READ:
		return c;
	case NR_RECVMSG:
		return -LINUX_EAGAIN; /* the PMM has not hung up */
	}
	abort();
}

uint64_t ofl_now_ns(void)
{
	return 0; /* no wait ends by its time */
}

void ofl_log_printf(const char *fmt, ...)
{
	(void)fmt;
}

void ofl_clock_init(void)
{
}

void ofl_native_signals(void)
{
}

bool ofl_native_reconnect(void)
{
	return false;
}

void ofl_native_connect(const char *path, unsigned int wait)
{
	(void)path, (void)wait;
}

void ofl_main(void)
{
	abort();
}

static uint32_t taken; /* one way: numbers that came back, in order */

void model_driver_reset(void)
{
	ofl_window_va = model_window;
	ofl_wait_sleep_at = model_play->driver_spins;
	taken = 0;
	asleep = false;
	pmm_gone = false;
}

struct slot {
	uint32_t *out, *in;
	struct ofl_vq_buf buf[2];
	uint32_t number;
};

static void submit(struct ofl_vq *vq, struct slot *slot, uint32_t number)
{
	slot->number = number;
	__atomic_store_n(slot->out, number, __ATOMIC_RELAXED);
	model_assert(!ofl_vq_add(vq, slot->buf, 1, !model_play->one_way, slot));
	ofl_vq_kick(vq);
}

static void collect(struct ofl_vq *vq)
{
	struct slot *slot;
	uint32_t len, answer;
	void *cookie;

	model_assert(ofl_vq_get_wait(vq, &cookie, &len, 1) == 1);
	slot = cookie;
	if (model_play->one_way) {
		model_assert(!len && slot->number == ++taken);
		return;
	}
	answer = __atomic_load_n(slot->in, __ATOMIC_RELAXED);
	model_assert(len == 4 && answer == slot->number + 100);
}

void model_driver_run(void)
{
	struct ofl_virtio dev = { .name = "model" };
	struct slot slot[2];
	uint32_t number = 1;
	struct ofl_vq vq;

	while (!ofl_platform_pmm_epoch())
		model_relax();
	dev.epoch = ofl_platform_pmm_epoch();
	dev.hdr = (void *)(model_window + OFL_WIN_DEVICES_OFF);
	dev.mem = (struct ofl_devmem){ .va = (uint8_t *)dev.hdr + OFL_VDEV_SIZE,
				       .pa = MODEL_WINDOW_PA + OFL_WIN_DEVICES_OFF +
					     OFL_VDEV_SIZE, .size = OFL_PAGE };
	model_assert(!ofl_virtio_open(&dev));
	model_assert(!ofl_virtio_start(&dev, model_play->event_idx ? OFL_VIRTIO_F_EVENT_IDX : 0));
	model_assert(!ofl_virtio_queue(&dev, &vq, 0, 4));
	for (unsigned int i = 0; i < 2; i++) {
		slot[i].out = ofl_devmem_alloc(&dev.mem, 4, &slot[i].buf[0].pa);
		slot[i].in = ofl_devmem_alloc(&dev.mem, 4, &slot[i].buf[1].pa);
		slot[i].buf[0].len = 4;
		slot[i].buf[1].len = 4;
	}
	model_assert(!ofl_virtio_ready(&dev));
	while (number + 2 <= MODEL_REQUESTS) {
		submit(&vq, &slot[0], number++);
		collect(&vq);
	}
	submit(&vq, &slot[0], number++);
	submit(&vq, &slot[1], number++);
	collect(&vq);
	collect(&vq);
}
