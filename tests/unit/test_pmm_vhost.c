/* SPDX-License-Identifier: BSD-2-Clause */
/* Rings handed to /dev/vhost-*: a kernel that a test plays, and images that lie. */
#include "pmm_device.h"

#include <fcntl.h>
#include <linux/vhost.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

static int t_open(const char *path, int flags);
static int t_ioctl(int fd, unsigned long request, void *arg);
#define open t_open
#define ioctl t_ioctl
#include "pmm/vhost.c"
#include "pmm/vsock_vhost.c"
/* The two have functions of the same names. */
#define vhost_reset net_reset
#define vhost_serve net_serve
#define vhost_pending net_pending
#define vhost_wants net_wants
#include "pmm/net_vhost.c"
#undef vhost_reset
#undef vhost_serve
#undef vhost_pending
#undef vhost_wants
#undef open
#undef ioctl

#define SIZE 0x40000ull
#define RING 16u
#define TAP 77

/* --- the kernel --- */

static struct {
	int fd; /* of the device that is open; -1 */
	unsigned int opens, calls;
	int open_errno;
	unsigned int fail_at; /* this call from now fails; 0: none */
	int fail_errno;
	bool owned, running;
	uint64_t offers, features, cid;
	struct vhost_memory_region region;
	struct {
		unsigned int num, base;
		struct vhost_vring_addr addr;
		int kick, call, error, backend;
	} q[OFL_VHOST_QUEUES];
} kernel;

static char opened[64];

static int t_open(const char *path, int flags)
{
	assert_true(flags & O_CLOEXEC);
	snprintf(opened, sizeof(opened), "%s", path);
	kernel.opens++;
	if (kernel.open_errno) {
		errno = kernel.open_errno;
		return -1;
	}
	kernel.fd = eventfd(0, EFD_CLOEXEC);
	kernel.owned = kernel.running = false;
	kernel.cid = 0;
	memset(kernel.q, 0xff, sizeof(kernel.q));
	return kernel.fd;
}

static int t_ioctl(int fd, unsigned long request, void *arg)
{
	const struct vhost_vring_state *state = arg;
	const struct vhost_vring_file *file = arg;
	const struct vhost_memory *memory = arg;

	assert_int_equal(fd, kernel.fd);
	kernel.calls++;
	if (kernel.fail_at && !--kernel.fail_at) {
		errno = kernel.fail_errno;
		return -1;
	}
	if (request != VHOST_GET_FEATURES && request != VHOST_SET_OWNER)
		assert_true(kernel.owned);
	switch (request) {
	case VHOST_GET_FEATURES: *(uint64_t *)arg = kernel.offers; break;
	case VHOST_SET_OWNER: kernel.owned = true; break;
	case VHOST_SET_FEATURES: kernel.features = *(uint64_t *)arg; break;
	case VHOST_VSOCK_SET_GUEST_CID: kernel.cid = *(uint64_t *)arg; break;
	case VHOST_VSOCK_SET_RUNNING: kernel.running = *(int *)arg; break;
	case VHOST_SET_MEM_TABLE:
		assert_int_equal(memory->nregions, 1);
		kernel.region = memory->regions[0];
		break;
	case VHOST_SET_VRING_NUM: kernel.q[state->index].num = state->num; break;
	case VHOST_SET_VRING_BASE: kernel.q[state->index].base = state->num; break;
	case VHOST_SET_VRING_ADDR: {
		const struct vhost_vring_addr *addr = arg;

		kernel.q[addr->index].addr = *addr;
		break;
	}
	case VHOST_SET_VRING_KICK: kernel.q[file->index].kick = file->fd; break;
	case VHOST_SET_VRING_CALL: kernel.q[file->index].call = file->fd; break;
	case VHOST_SET_VRING_ERR: kernel.q[file->index].error = file->fd; break;
	case VHOST_NET_SET_BACKEND: kernel.q[file->index].backend = file->fd; break;
	default: fail_msg("ioctl %#lx", request);
	}
	return 0;
}

/* How often has the kernel been kicked? */
static uint64_t kicks(unsigned int q)
{
	uint64_t n = 0;

	return read(kernel.q[q].kick, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void signal_event(int fd)
{
	uint64_t one = 1;

	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
}

/* --- the loop --- */

static struct ofl_source *sources[2 * OFL_VHOST_QUEUES + 2];

int ofl_loop_watch(struct ofl_loop *loop, struct ofl_source *source, uint32_t events)
{
	unsigned int i;

	(void)loop;
	source->events = events;
	for (i = 0; i < 6 && sources[i] && sources[i] != source; i++)
		;
	assert_true(i < 6);
	sources[i] = source;
	return 0;
}

static void loop_turn(void)
{
	for (unsigned int i = 0; i < 6; i++) {
		uint64_t n;

		if (!sources[i] || !sources[i]->events)
			continue;
		/* Readable?  Put back what was read for the owner to see. */
		if (read(sources[i]->fd, &n, sizeof(n)) == sizeof(n)) {
			signal_event(sources[i]->fd);
			sources[i]->fn(sources[i]->arg, 1);
		}
	}
}

/* --- the devices --- */

static struct ofl_loop loop;
static struct ofl_vsock vs;
static struct ofl_dev net, *dev;
static struct ofl_net_vhost *nv;
static struct ofl_mem mem;
static struct ring ring[3];
static int first_fd; /* the lowest that is free before a test */

static int begin(void **state)
{
	(void)state;
	first_fd = dup(0);
	close(first_fd);
	memset(&kernel, 0, sizeof(kernel));
	kernel.offers = OFL_F_VERSION_1 | OFL_F_EVENT_IDX | 1ull << VHOST_NET_F_VIRTIO_NET_HDR;
	memset(&vs, 0, sizeof(vs));
	memset(&net, 0, sizeof(net));
	memset(sources, 0, sizeof(sources));
	vs.cid = 7;
	vs.dev = (struct ofl_dev){ .ops = &vsock_vhost_ops, .priv = &vs, .name = "vsock",
				   .device_id = OFL_ID_VSOCK, .nr_queues = 3,
				   .mem_size = 0x10000 };
	net = (struct ofl_dev){ .name = "net", .device_id = OFL_ID_NET, .nr_queues = 2,
				.mem_size = 0x10000 };
	mem = window_new(SIZE);
	return 0;
}

static int end(void **state)
{
	int fd = dup(0);

	(void)state;
	close(fd);
	assert_int_equal(fd, first_fd); /* none is left open */
	window_free(&mem);
	return 0;
}

static void open_vsock(void)
{
	struct ofl_dev *devs[1] = { dev = &vs.dev };

	assert_int_equal(ofl_vsock_vhost_open(&vs), 0);
	assert_int_equal(ofl_vsock_vhost_watch(&vs, &loop), 0);
	assert_int_equal(ofl_window_layout(&mem, devs, 1, true), 0);
}

static void open_net(void)
{
	struct ofl_dev *devs[1] = { dev = &net };

	nv = ofl_net_vhost_open(&net, TAP);
	assert_non_null(nv);
	assert_int_equal(ofl_net_vhost_watch(nv, &loop), 0);
	assert_int_equal(ofl_window_layout(&mem, devs, 1, true), 0);
}

static void lay_rings(unsigned int nr)
{
	uint64_t pa = dev->memory;

	for (unsigned int i = 0; i < nr; i++)
		pa = ring_init(&ring[i], &mem, pa, RING);
}

static void image_starts(unsigned int nr)
{
	lay_rings(nr);
	bring_up(dev, ring, nr, F_ALL);
}

/* Does the kernel have ring q as the image laid it out? */
static void assert_ring(unsigned int q)
{
	uint64_t base = (uintptr_t)mem.base - mem.pa;

	assert_int_equal(kernel.q[q].num, RING);
	assert_int_equal(kernel.q[q].base, 0);
	assert_int_equal(kernel.q[q].addr.desc_user_addr, base + ring[q].line.desc);
	assert_int_equal(kernel.q[q].addr.avail_user_addr, base + ring[q].line.driver);
	assert_int_equal(kernel.q[q].addr.used_user_addr, base + ring[q].line.device);
	assert_int_equal(kernel.q[q].addr.flags, 0);
	assert_int_equal(dev->vq[q].size, 0); /* ours no more */
}

static void image_kicks(unsigned int q)
{
	header_of(dev)->kick[q]++;
}

/* --- it works --- */

static void hand_over(void **state)
{
	(void)state;
	open_vsock();
	assert_string_equal(opened, "/dev/vhost-vsock");
	assert_int_equal(kernel.cid, 7);
	assert_false(kernel.running);
	image_starts(3);
	assert_true(kernel.running);
	assert_int_equal(kernel.features, F_ALL);
	assert_int_equal(kernel.region.guest_phys_addr, mem.pa);
	assert_int_equal(kernel.region.memory_size, mem.size);
	assert_int_equal(kernel.region.userspace_addr, (uintptr_t)mem.base);
	assert_ring(0);
	assert_ring(1);
	assert_int_not_equal(dev->vq[2].size, 0); /* events stay here */
	/* What was in the rings before is looked at. */
	assert_int_equal(kicks(0), 1);
	assert_int_equal(kicks(1), 1);
	ofl_vsock_vhost_close(&vs);
}

static void relays_kicks(void **state)
{
	(void)state;
	open_vsock();
	image_starts(3);
	kicks(0);
	kicks(1);
	assert_false(ofl_dev_pending(dev));
	assert_false(ofl_dev_poll(dev));
	image_kicks(1);
	assert_true(ofl_dev_pending(dev));
	assert_true(ofl_dev_poll(dev));
	assert_false(ofl_dev_pending(dev));
	assert_int_equal(kicks(0), 0);
	assert_int_equal(kicks(1), 1);
	/* Many at once are one; the count may wrap, or go anywhere. */
	for (int i = 0; i < 100; i++)
		image_kicks(0);
	assert_true(ofl_dev_poll(dev));
	assert_int_equal(kicks(0), 1);
	header_of(dev)->kick[0] = UINT32_MAX;
	ofl_dev_poll(dev);
	image_kicks(0);
	assert_true(ofl_dev_poll(dev));
	assert_int_equal(kicks(0), 2);
	/* Kicks of the event queue are nobody's. */
	image_kicks(2);
	assert_false(ofl_dev_pending(dev));
	ofl_vsock_vhost_close(&vs);
}

static void relays_calls(void **state)
{
	(void)state;
	open_vsock();
	/* Before there are rings: nothing to tell. */
	signal_event(sources[1]->fd);
	loop_turn();
	assert_int_equal(header_of(dev)->call[0], 0);
	image_starts(3);
	dev->called = false;
	signal_event(kernel.q[1].call);
	signal_event(kernel.q[1].call);
	loop_turn();
	assert_int_equal(header_of(dev)->call[0], 0);
	assert_int_equal(header_of(dev)->call[1], 1);
	assert_true(dev->called);
	/* The image may write there what it likes: the next count is ours. */
	header_of(dev)->call[1] = 4711;
	signal_event(kernel.q[1].call);
	loop_turn();
	assert_int_equal(header_of(dev)->call[1], 2);
	ofl_vsock_vhost_close(&vs);
}

/* An image ends: the kernel hears of it, and nothing of it reaches the next one. */
static void next_image(void **state)
{
	int old;

	(void)state;
	open_vsock();
	image_starts(3);
	signal_event(kernel.q[0].call);
	assert_int_equal(ask(dev, 0), 0);
	assert_int_equal(kernel.opens, 2);
	assert_int_equal(kernel.cid, 7);
	assert_false(kernel.running);
	image_kicks(0);
	assert_false(ofl_dev_poll(dev));
	image_starts(3);
	assert_true(kernel.running);
	assert_ring(0);
	loop_turn();
	assert_int_equal(header_of(dev)->call[0], 0);
	/* It may not be opened any more (--user): the old one serves on. */
	old = kernel.fd;
	kernel.open_errno = EACCES;
	assert_int_equal(ask(dev, 0), 0);
	assert_int_equal(kernel.fd, old);
	assert_false(kernel.running);
	image_starts(3);
	assert_true(kernel.running);
	ofl_dev_forget(dev);
	assert_false(kernel.running);
	ofl_vsock_vhost_close(&vs);
}

static void net_backend(void **state)
{
	(void)state;
	open_net();
	assert_string_equal(opened, "/dev/vhost-net");
	image_starts(2);
	/* Not NET_F_VIRTIO_NET_HDR, which it offers: the header is the image's (net_vhost.c). */
	assert_int_equal(kernel.features, F_ALL);
	assert_int_equal(kernel.q[0].backend, TAP);
	assert_int_equal(kernel.q[1].backend, TAP);
	assert_ring(0);
	assert_ring(1);
	assert_int_equal(ask(dev, 0), 0);
	assert_int_equal(kernel.q[0].backend, -1);
	assert_int_equal(kernel.q[1].backend, -1);
	assert_int_equal(kernel.opens, 1);
	ofl_net_vhost_close(nv);
}

/* --- what cannot be had --- */

static void no_device(void **state)
{
	static const struct {
		int error;
		const char *says;
	} errors[] = {
		{ ENOENT, "--vsock vhost: /dev/vhost-vsock: No such file or directory; "
			  "modprobe vhost-vsock" },
		{ ENODEV, "modprobe vhost-vsock" },
		{ EACCES, "Permission denied; start as root (see --user)" },
		{ EMFILE, "Too many open files" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		kernel.open_errno = errors[i].error;
		assert_int_equal(ofl_vsock_vhost_open(&vs), -errors[i].error);
		assert_non_null(strstr(last_log, errors[i].says));
		ofl_vsock_vhost_close(&vs);
		assert_null(ofl_net_vhost_open(&net, TAP));
	}
	/* An old kernel, and one that refuses each step. */
	kernel.open_errno = 0;
	kernel.offers = OFL_F_VERSION_1;
	assert_int_equal(ofl_vsock_vhost_open(&vs), -EOPNOTSUPP);
	ofl_vsock_vhost_close(&vs);
	kernel.offers = F_ALL;
	for (unsigned int i = 1; i <= 3; i++) {
		kernel.fail_at = i;
		kernel.fail_errno = EBUSY;
		assert_int_equal(ofl_vsock_vhost_open(&vs), -EBUSY);
		ofl_vsock_vhost_close(&vs);
	}
	kernel.fail_at = 3;
	kernel.fail_errno = EADDRINUSE;
	assert_int_equal(ofl_vsock_vhost_open(&vs), -EADDRINUSE);
	assert_non_null(strstr(last_log, "CID 7 is taken by another user of /dev/vhost-vsock; "
					 "choose another with cid=N"));
	ofl_vsock_vhost_close(&vs);
}

/* Each step of the hand-over may fail: the device says so, and can be reset and tried again. */
static void refused_rings(void **state)
{
	unsigned int steps;

	(void)state;
	open_vsock();
	kernel.calls = 0;
	image_starts(3);
	steps = kernel.calls; /* none for the old rings: there were none */
	assert_in_range(steps, 15, 16);
	for (unsigned int i = 1; i <= steps; i++) {
		assert_int_equal(ask(dev, 0), 0);
		lay_rings(3);
		negotiate(dev, F_ALL);
		for (unsigned int q = 0; q < 3; q++)
			header_of(dev)->vq_driver[q] = ring[q].line;
		kernel.fail_at = i;
		kernel.fail_errno = EFAULT;
		ask(dev, S_OK);
		assert_broken(dev, "vhost does not take the rings: Bad address");
		assert_false(vs.vhost->vhost.running);
		assert_false(kernel.running);
		image_kicks(0);
		assert_false(ofl_dev_poll(dev));
	}
	kernel.fail_at = 0;
	image_starts(3);
	assert_true(kernel.running);
	ofl_vsock_vhost_close(&vs);
}

static void refused_backend(void **state)
{
	(void)state;
	open_net();
	lay_rings(2);
	negotiate(dev, F_ALL);
	for (unsigned int q = 0; q < 2; q++)
		header_of(dev)->vq_driver[q] = ring[q].line;
	/* The second queue's: the first must not stay with the interface. */
	kernel.fail_at = 16;
	kernel.fail_errno = EBUSY;
	ask(dev, S_OK);
	assert_broken(dev, "vhost does not take the rings: Device or resource busy");
	assert_int_equal(kernel.q[0].backend, -1);
	assert_int_equal(kernel.q[1].backend, -1);
	image_starts(2);
	assert_int_equal(kernel.q[1].backend, TAP);
	ofl_net_vhost_close(nv);
}

/* --- hostile images --- */

/* No address outside the window, and no ring that is not one, gets as far as the kernel. */
static void wild_rings(void **state)
{
	static const struct {
		unsigned int size;
		uint64_t desc, driver, device;
	} wild[] = {
		{ RING, WINDOW_PA + SIZE, 0, 0 },
		{ RING, 0, WINDOW_PA + SIZE - 8, 0 },
		{ RING, 0, 0, UINT64_MAX - 3 },
		{ RING, WINDOW_PA - 16, 0, 0 },
		{ 3, 0, 0, 0 },
		{ 1u << 31, 0, 0, 0 },
		{ 256, 0, 0, 0 },
	};

	(void)state;
	open_vsock();
	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		unsigned int calls;

		lay_rings(3);
		negotiate(dev, F_ALL);
		for (unsigned int q = 0; q < 3; q++)
			header_of(dev)->vq_driver[q] = ring[q].line;
		header_of(dev)->vq_driver[1].size = wild[i].size;
		if (wild[i].desc)
			header_of(dev)->vq_driver[1].desc = wild[i].desc;
		if (wild[i].driver)
			header_of(dev)->vq_driver[1].driver = wild[i].driver;
		if (wild[i].device)
			header_of(dev)->vq_driver[1].device = wild[i].device;
		calls = kernel.calls;
		assert_int_not_equal(ask(dev, S_OK), S_OK);
		assert_int_equal(kernel.calls, calls);
		assert_false(kernel.running);
	}
	/* Only one of the two. */
	lay_rings(3);
	negotiate(dev, F_ALL);
	header_of(dev)->vq_driver[0] = ring[0].line;
	memset(&header_of(dev)->vq_driver[1], 0, sizeof(struct ofl_vq_driver));
	ask(dev, S_OK);
	assert_broken(dev, "vhost does not take the rings: Transport endpoint is not connected");
	assert_false(kernel.running);
	ofl_vsock_vhost_close(&vs);
}

/* What is in the rings is the kernel's to judge; we only say that it did. */
static void the_kernel_gives_up(void **state)
{
	(void)state;
	open_vsock();
	image_starts(3);
	assert_int_equal(kernel.q[0].error, kernel.q[1].error);
	signal_event(kernel.q[1].error);
	loop_turn();
	assert_broken(dev, "the kernel cannot use the rings");
	image_kicks(0);
	assert_false(ofl_dev_poll(dev));
	image_starts(3);
	assert_true(kernel.running);
	assert_int_equal(header_of(dev)->device.status & OFL_STATUS_NEEDS_RESET, 0);
	ofl_vsock_vhost_close(&vs);
}

/* Kicks and resets without rings, and rings that are moved under the kernel's hands. */
static void out_of_order(void **state)
{
	uint64_t desc;

	(void)state;
	open_vsock();
	for (int i = 0; i < 10; i++) {
		image_kicks(0);
		ofl_dev_poll(dev);
		ask(dev, 0);
	}
	assert_int_equal(kernel.opens, 1);
	image_starts(3);
	desc = kernel.q[0].addr.desc_user_addr;
	header_of(dev)->vq_driver[0].desc = WINDOW_PA;
	header_of(dev)->vq_driver[0].size = 2;
	image_kicks(0);
	assert_true(ofl_dev_poll(dev));
	assert_int_equal(kernel.q[0].addr.desc_user_addr, desc);
	assert_int_equal(kernel.q[0].num, RING);
	ofl_vsock_vhost_close(&vs);
}

#define V(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		V(hand_over),
		V(relays_kicks),
		V(relays_calls),
		V(next_image),
		V(net_backend),
		V(no_device),
		V(refused_rings),
		V(refused_backend),
		V(wild_rings),
		V(the_kernel_gives_up),
		V(out_of_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
