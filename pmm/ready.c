/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * To be told, in memory.
 *
 * The loop that serves a busy image has to know of its descriptors as well, and
 * epoll_wait(2) is a system call even when it finds nothing.  A poll request of the
 * kernel's asynchronous I/O (io_submit(2), IOCB_CMD_POLL) is one for each answer
 * instead: the kernel ends it by a store to a ring in our memory, from the wake-up
 * itself.  The ring's head is in memory that is ours to write as well (fs/aio.c,
 * struct aio_ring, whose layout libaio depends on), so that an answer is taken without
 * a call, too.
 *
 * Where there is none (CONFIG_AIO, fs.aio-max-nr, emulation of user programs) nothing
 * is ever quiet, and the loop looks for itself.
 */
#include "ready.h"

#include <linux/aio_abi.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READY_MAGIC 0xa10a10a1u

struct ofl_ready_ring {
	uint32_t id;
	uint32_t nr;
	uint32_t head; /* ours */
	uint32_t tail; /* the kernel's */
	uint32_t magic;
	uint32_t compat_features;
	uint32_t incompat_features;
	uint32_t header_length;
};

void ofl_ready_open(struct ofl_ready *ready)
{
	struct ofl_ready_ring *ring;
	aio_context_t context = 0;

	*ready = (struct ofl_ready){ 0 };
	/* By number: what SYS_ names is allowed while serving (build.mk). */
	if (syscall(__NR_io_setup, 1, &context))
		return;
	ready->context = context;
	ring = (struct ofl_ready_ring *)(uintptr_t)context;
	if (ring->magic == READY_MAGIC && !ring->incompat_features)
		ready->ring = ring;
}

void ofl_ready_arm(struct ofl_ready *ready, int epfd)
{
	struct iocb poll = {
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_fildes = (uint32_t)epfd,
		.aio_buf = POLLIN,
	};
	struct iocb *list = &poll;

	if (!ready->ring || ready->armed)
		return;
	ready->armed = syscall(SYS_io_submit, ready->context, 1, &list) == 1;
	if (!ready->armed)
		ready->ring = NULL;
}

bool ofl_ready_quiet(struct ofl_ready *ready)
{
	uint32_t tail;

	if (!ready->armed)
		return false;
	tail = __atomic_load_n(&ready->ring->tail, __ATOMIC_ACQUIRE);
	if (tail == ready->ring->head)
		return true;
	__atomic_store_n(&ready->ring->head, tail, __ATOMIC_RELEASE);
	ready->armed = false;
	return false;
}
