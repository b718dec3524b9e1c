/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Relaying for vhost; see vhost.h.
 *
 * From DRIVER_OK on the rings are the kernel's alone: our own view of them is switched
 * off (size 0), so that nothing here looks at them or asks for kicks.  No wake-up
 * is lost: the image counts its kick before it looks whether we sleep, and
 * we look at the count after having said so (docs/doorbells.md); the kernel writes
 * used buffers before the eventfd, the image says that it sleeps before it looks at
 * them, and we look whether it sleeps after the eventfd.
 *
 * The kernel checks each address that the image gives against the memory table, as we
 * do with the window: it is the same range.
 */
#define _GNU_SOURCE 1
#include "vhost.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "log.h"

static const uint64_t vhost_features = OFL_F_VERSION_1 | OFL_F_EVENT_IDX;

static void vhost_drain(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		ofl_log("vhost: eventfd: %s", strerror(errno));
}

/* The kernel has used buffers: tell the image, and wake it if it sleeps. */
static void vhost_called(void *arg, uint32_t events)
{
	struct vhost_queue *queue = arg;
	struct ofl_vhost *vh = queue->vh;
	struct ofl_dev *dev = vh->dev;
	unsigned int q = (unsigned int)(queue - vh->queue);

	(void)events;
	vhost_drain(queue->call.fd);
	if (!vh->running)
		return;
	dev->call[q]++;
	ofl_mem_put32(dev->mem,
		      dev->header + offsetof(struct ofl_vdev, call) +
			      q * sizeof(uint32_t),
		      dev->call[q]);
	dev->called = true;
}

static void vhost_failed(void *arg, uint32_t events)
{
	struct ofl_vhost *vh = arg;

	(void)events;
	vhost_drain(vh->error.fd);
	if (vh->running)
		ofl_dev_break(vh->dev, "the kernel cannot use the rings");
}

static int vhost_own(int fd)
{
	uint64_t features;

	if (ioctl(fd, VHOST_GET_FEATURES, &features) ||
	    ioctl(fd, VHOST_SET_OWNER, NULL))
		return -errno;
	return (features & vhost_features) == vhost_features ? 0 : -EOPNOTSUPP;
}

int ofl_vhost_open(struct ofl_vhost *vh, struct ofl_dev *dev, const char *path,
		   const char *what)
{
	unsigned int q;
	int err;

	memset(vh, 0, sizeof(*vh));
	vh->dev = dev;
	dev->split_only = true;
	vh->error.fd = -1;
	for (q = 0; q < OFL_VHOST_QUEUES; q++) {
		vh->queue[q].vh = vh;
		vh->queue[q].kick = -1;
		vh->queue[q].call.fd = -1;
	}
	vh->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (vh->fd < 0) {
		err = -errno;
		ofl_log("%s: %s: %s%s%s", what, path, strerror(-err),
			err == -ENOENT || err == -ENODEV ? "; modprobe " : "",
			err == -ENOENT || err == -ENODEV ? strrchr(path, '/') + 1 :
			err == -EACCES ? "; start as root (see --user)" : "");
		return err;
	}
	err = vhost_own(vh->fd);
	if (err) {
		ofl_log("%s: %s: %s", what, path, strerror(-err));
		return err;
	}
	for (q = 0; q < OFL_VHOST_QUEUES; q++) {
		vh->queue[q].kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		vh->queue[q].call = (struct ofl_source){
			.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
			.fn = vhost_called, .arg = &vh->queue[q] };
		if (vh->queue[q].kick < 0 || vh->queue[q].call.fd < 0)
			return -errno;
	}
	vh->error = (struct ofl_source){
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .fn = vhost_failed,
		.arg = vh };
	return vh->error.fd < 0 ? -errno : 0;
}

int ofl_vhost_reopen(struct ofl_vhost *vh, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK), err;

	if (fd < 0)
		return -errno;
	err = vhost_own(fd);
	if (err) {
		close(fd);
		return err;
	}
	close(vh->fd);
	vh->fd = fd;
	return 0;
}

int ofl_vhost_watch(struct ofl_vhost *vh, struct ofl_loop *loop)
{
	unsigned int q;
	int err;

	vh->loop = loop;
	err = ofl_loop_watch(loop, &vh->error, EPOLLIN);
	for (q = 0; !err && q < OFL_VHOST_QUEUES; q++)
		err = ofl_loop_watch(loop, &vh->queue[q].call, EPOLLIN);
	return err;
}

/* An address of the window as the kernel finds it: in our memory. */
static uint64_t vhost_user(const struct ofl_mem *mem, uint64_t pa)
{
	return (uintptr_t)mem->base + (pa - mem->pa);
}

static int vhost_set_memory(struct ofl_vhost *vh)
{
	const struct ofl_mem *mem = vh->dev->mem;
	union {
		struct vhost_memory table;
		uint8_t room[sizeof(struct vhost_memory) +
			     sizeof(struct vhost_memory_region)];
	} memory = { .table.nregions = 1 };

	memory.table.regions[0] = (struct vhost_memory_region){
		.guest_phys_addr = mem->pa,
		.memory_size = mem->size,
		.userspace_addr = (uintptr_t)mem->base,
	};
	return ioctl(vh->fd, VHOST_SET_MEM_TABLE, &memory) ? -errno : 0;
}

static int vhost_set_ring(struct ofl_vhost *vh, unsigned int q)
{
	const struct ofl_mem *mem = vh->dev->mem;
	const struct ofl_vq *vq = &vh->dev->vq[q];
	struct vhost_vring_state num = { .index = q, .num = vq->size };
	struct vhost_vring_state base = { .index = q };
	struct vhost_vring_addr addr = {
		.index = q,
		.desc_user_addr = vhost_user(mem, vq->desc),
		.avail_user_addr = vhost_user(mem, vq->avail),
		.used_user_addr = vhost_user(mem, vq->used),
	};
	struct vhost_vring_file kick = { .index = q, .fd = vh->queue[q].kick };
	struct vhost_vring_file call = { .index = q, .fd = vh->queue[q].call.fd };
	struct vhost_vring_file error = { .index = q, .fd = vh->error.fd };

	if (ioctl(vh->fd, VHOST_SET_VRING_NUM, &num) ||
	    ioctl(vh->fd, VHOST_SET_VRING_BASE, &base) ||
	    ioctl(vh->fd, VHOST_SET_VRING_ADDR, &addr) ||
	    ioctl(vh->fd, VHOST_SET_VRING_KICK, &kick) ||
	    ioctl(vh->fd, VHOST_SET_VRING_CALL, &call) ||
	    ioctl(vh->fd, VHOST_SET_VRING_ERR, &error))
		return -errno;
	return 0;
}

int ofl_vhost_start(struct ofl_vhost *vh)
{
	uint64_t features = vh->dev->features & vhost_features;
	unsigned int q;
	int err;

	for (q = 0; q < OFL_VHOST_QUEUES; q++)
		if (!vh->dev->vq[q].size)
			return -ENOTCONN;
	if (ioctl(vh->fd, VHOST_SET_FEATURES, &features))
		return -errno;
	err = vhost_set_memory(vh);
	for (q = 0; !err && q < OFL_VHOST_QUEUES; q++)
		err = vhost_set_ring(vh, q);
	return err;
}

static uint32_t vhost_count(const struct ofl_vhost *vh, unsigned int q)
{
	return ofl_mem_get32(vh->dev->mem,
			     vh->dev->header + offsetof(struct ofl_vdev, kick) +
				     q * sizeof(uint32_t));
}

static void vhost_kick(struct vhost_queue *queue)
{
	uint64_t one = 1;

	if (write(queue->kick, &one, sizeof(one)) < 0 && errno != EAGAIN)
		ofl_log("vhost: kick: %s", strerror(errno));
}

void ofl_vhost_run(struct ofl_vhost *vh)
{
	unsigned int q;

	for (q = 0; q < OFL_VHOST_QUEUES; q++) {
		vh->dev->vq[q].size = 0; /* the kernel's, from now on */
		vh->queue[q].kicked = vhost_count(vh, q);
		vhost_kick(&vh->queue[q]); /* for what was there before */
	}
	vh->running = true;
}

void ofl_vhost_stop(struct ofl_vhost *vh)
{
	unsigned int q;

	vh->running = false;
	/* A call of the past is not one of the next image. */
	for (q = 0; q < OFL_VHOST_QUEUES; q++)
		vhost_drain(vh->queue[q].call.fd);
}

bool ofl_vhost_kicked(const struct ofl_vhost *vh)
{
	unsigned int q;

	for (q = 0; vh->running && q < OFL_VHOST_QUEUES; q++)
		if (vhost_count(vh, q) != vh->queue[q].kicked)
			return true;
	return false;
}

bool ofl_vhost_relay(struct ofl_vhost *vh)
{
	bool work = false;
	unsigned int q;

	for (q = 0; vh->running && q < OFL_VHOST_QUEUES; q++) {
		uint32_t count = vhost_count(vh, q);

		if (count == vh->queue[q].kicked)
			continue;
		vh->queue[q].kicked = count;
		vhost_kick(&vh->queue[q]);
		work = true;
	}
	return work;
}

static void vhost_close_fd(struct ofl_vhost *vh, struct ofl_source *source)
{
	if (source->fd < 0)
		return;
	if (vh->loop)
		ofl_loop_watch(vh->loop, source, 0);
	close(source->fd);
	source->fd = -1;
}

void ofl_vhost_close(struct ofl_vhost *vh)
{
	unsigned int q;

	vh->running = false;
	if (vh->fd >= 0)
		close(vh->fd);
	vh->fd = -1;
	for (q = 0; q < OFL_VHOST_QUEUES; q++) {
		if (vh->queue[q].kick >= 0)
			close(vh->queue[q].kick);
		vh->queue[q].kick = -1;
		vhost_close_fd(vh, &vh->queue[q].call);
	}
	vhost_close_fd(vh, &vh->error);
}
