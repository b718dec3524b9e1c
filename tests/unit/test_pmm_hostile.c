/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hostile image: a console and a 9p device in one window, and a driver that
 * lies in every field that it may write.  After each attack: the attacked device
 * is marked broken or answered with an error, the other one serves on, and the
 * attacked one comes back with a reset.
 */
#include "pmm_9p.h"
#include "pmm_mocks.h"

#include <pthread.h>
#include <time.h>

#include "pmm/conopen.c"
#include "pmm/conport.c"
#include "pmm/console.c"
#include "pmm/listen.c"

#define SIZE 0x40000ull
#define BUF_PA (WINDOW_PA + 0x30000)
#define OTHER_PA (WINDOW_PA + 0x38000)

struct fixture {
	struct ofl_mem mem;
	struct ofl_console *con;
	struct ofl_p9fs *fs;
	struct ofl_p9 *p9;
	struct ofl_dev *devs[2];
	struct ring con_ring[2], p9_ring[1];
	char out[32];
	int out_fd;
};

static void up_9p(struct fixture *f)
{
	ring_init(&f->p9_ring[0], &f->mem, f->devs[1]->memory, 8);
	bring_up(f->devs[1], f->p9_ring, 1, F_ALL);
}

static void up_console(struct fixture *f)
{
	uint64_t pa;

	pa = ring_init(&f->con_ring[0], &f->mem, f->devs[0]->memory, 8);
	ring_init(&f->con_ring[1], &f->mem, pa, 8);
	bring_up(f->devs[0], f->con_ring, 2, F_ALL);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char mode[48];

	make_share();
	f->mem = window_new(SIZE);
	strcpy(f->out, "/tmp/test-pmm-XXXXXX");
	f->out_fd = mkstemp(f->out);
	snprintf(mode, sizeof(mode), "file:%s", f->out);
	f->con = ofl_console_open(&(struct ofl_port_options){ .mode = mode }, 1, NULL, 0);
	f->fs = ofl_p9fs_open(share_dir, OFL_P9FS_AUTO);
	f->p9 = ofl_p9_new("share", MEM_9P, false, &ofl_p9fs_ops, f->fs);
	assert_true(f->con && f->fs && f->p9);
	f->devs[0] = ofl_console_dev(f->con);
	f->devs[1] = ofl_p9_dev(f->p9);
	assert_int_equal(ofl_window_layout(&f->mem, f->devs, 2, true), 0);
	up_console(f);
	up_9p(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ofl_p9_free(f->p9);
	ofl_p9fs_close(f->fs);
	ofl_console_close(f->con);
	close(f->out_fd);
	unlink(f->out);
	window_free(&f->mem);
	remove_share();
	free(f);
	return 0;
}

static void poll_all(struct fixture *f)
{
	int i;

	for (i = 0; i < 4; i++) {
		ofl_dev_poll(f->devs[0]);
		ofl_dev_poll(f->devs[1]);
	}
}

static void console_serves(struct fixture *f)
{
	char text[8] = "";

	memcpy(at(&f->mem, OTHER_PA), "alive\n", 6);
	ring_desc(&f->con_ring[1], 0, OTHER_PA, 6, 0, 0);
	ring_submit(&f->con_ring[1], 0);
	poll_all(f);
	assert_int_equal(read(f->out_fd, text, sizeof(text)), 6);
	assert_string_equal(text, "alive\n");
}

/* The request in req goes through the queue; 0 or the error of the reply. */
static int through_queue(struct fixture *f)
{
	uint32_t id, len;

	memcpy(at(&f->mem, BUF_PA), req, req_len);
	ring_desc(&f->p9_ring[0], 0, BUF_PA, req_len, NEXT, 1);
	ring_desc(&f->p9_ring[0], 1, OTHER_PA, 0x2000, WRITE, 0);
	ring_submit(&f->p9_ring[0], 0);
	poll_all(f);
	assert_int_equal(ring_used(&f->p9_ring[0], &id, &len), 1);
	assert_int_equal(id, 0);
	memcpy(rep, at(&f->mem, OTHER_PA), len);
	rep_len = len;
	assert_int_equal(le32(rep), len);
	return rep[4] == OFL_P9_RLERROR ? (int)le32(rep + 7) : 0;
}

static void files_served(struct fixture *f)
{
	build(OFL_P9_TVERSION, "4s", 8192, "9P2000.L");
	assert_int_equal(through_queue(f), 0);
	build(OFL_P9_TATTACH, "44ss4", 0, NOFID, "", "", 0);
	assert_int_equal(through_queue(f), 0);
}

/* The 9p device must be broken, the console not, and a reset helps. */
static void assert_9p_broken(struct fixture *f, const char *why)
{
	poll_all(f);
	assert_broken(f->devs[1], why);
	assert_int_equal(header_of(f->devs[1])->vq_device[0].state,
			 OFL_VQ_BROKEN);
	console_serves(f);
	up_9p(f);
	files_served(f);
}

static void descriptor_loop(void **state)
{
	struct fixture *f = *state;

	ring_desc(&f->p9_ring[0], 0, BUF_PA, 16, NEXT, 0);
	ring_submit(&f->p9_ring[0], 0);
	assert_9p_broken(f, "loop");
	ring_desc(&f->p9_ring[0], 0, BUF_PA, 16, NEXT, 1);
	ring_desc(&f->p9_ring[0], 1, BUF_PA, 16, NEXT, 2);
	ring_desc(&f->p9_ring[0], 2, BUF_PA, 16, NEXT, 0);
	ring_submit(&f->p9_ring[0], 0);
	assert_9p_broken(f, "loop");
}

static void addresses_and_lengths(void **state)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
	} bad[] = {
		{ 0, 64 },
		{ WINDOW_PA - 64, 128 },
		{ WINDOW_PA + SIZE, 64 },
		{ WINDOW_PA + SIZE - 63, 64 },
		{ WINDOW_PA + 64, UINT32_MAX },
		{ UINT64_MAX - 63, 64 },
		{ UINT64_MAX - 63, 128 },
		{ 1ull << 63, 1u << 31 },
	};
	struct fixture *f = *state;
	size_t i;
	int dir;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (dir = 0; dir < 2; dir++) {
			build(OFL_P9_TVERSION, "4s", 8192, "9P2000.L");
			memcpy(at(&f->mem, BUF_PA), req, req_len);
			ring_desc(&f->p9_ring[0], 0, dir ? BUF_PA : bad[i].addr,
				  dir ? req_len : bad[i].len, NEXT, 1);
			ring_desc(&f->p9_ring[0], 1,
				  dir ? bad[i].addr : OTHER_PA,
				  dir ? bad[i].len : 64, WRITE, 0);
			ring_submit(&f->p9_ring[0], 0);
			/* The log of breaks is bounded; look at the state. */
			f->devs[1]->breaks = 0;
			assert_9p_broken(f, "not whole in the window");
		}
	}
}

static void zero_length_indirect_direction(void **state)
{
	struct fixture *f = *state;

	ring_desc(&f->p9_ring[0], 0, BUF_PA, 0, 0, 0);
	ring_submit(&f->p9_ring[0], 0);
	assert_9p_broken(f, "length 0");
	ring_desc(&f->p9_ring[0], 0, f->p9_ring[0].line.desc, 16, INDIRECT, 0);
	ring_submit(&f->p9_ring[0], 0);
	assert_9p_broken(f, "indirect");
	ring_desc(&f->p9_ring[0], 0, f->p9_ring[0].line.desc, 16,
		  INDIRECT | NEXT | WRITE, 0);
	ring_submit(&f->p9_ring[0], 0);
	assert_9p_broken(f, "indirect");
	ring_desc(&f->p9_ring[0], 0, BUF_PA, 64, WRITE | NEXT, 1);
	ring_desc(&f->p9_ring[0], 1, BUF_PA, 64, 0, 0);
	ring_submit(&f->p9_ring[0], 0);
	assert_9p_broken(f, "readable buffer behind");
	ring_desc(&f->p9_ring[0], 0, BUF_PA, 64, 0, 0);
	ring_submit(&f->p9_ring[0], 0);
	assert_9p_broken(f, "no room for a reply");
	ring_desc(&f->p9_ring[0], 0, BUF_PA, 64, WRITE, 0);
	ring_submit(&f->p9_ring[0], 0);
	assert_9p_broken(f, "without a 9P header");
	ring_desc(&f->p9_ring[0], 0, BUF_PA, 64, NEXT, 1000);
	ring_submit(&f->p9_ring[0], 0);
	assert_9p_broken(f, "index outside");
	ring_submit(&f->p9_ring[0], 8);
	assert_9p_broken(f, "index outside");
}

static void available_index(void **state)
{
	struct fixture *f = *state;

	ring_set_avail(&f->p9_ring[0], f->p9_ring[0].avail_idx + 9);
	assert_9p_broken(f, "more than the ring ahead");
	ring_set_avail(&f->p9_ring[0], f->p9_ring[0].avail_idx - 1);
	assert_9p_broken(f, "more than the ring ahead");
	ring_set_avail(&f->p9_ring[0], f->p9_ring[0].avail_idx + 0x8000);
	assert_9p_broken(f, "more than the ring ahead");
}

static void console_attacked_files_served(void **state)
{
	struct fixture *f = *state;

	files_served(f);
	ring_desc(&f->con_ring[1], 0, BUF_PA, 64, WRITE, 0);
	ring_submit(&f->con_ring[1], 0);
	poll_all(f);
	assert_broken(f->devs[0], "writable buffer");
	files_served(f);
	ring_submit(&f->con_ring[1], 0);
	poll_all(f);
	up_console(f);
	/* Input that comes to a readable buffer. */
	f->con->port[0].in_len = 5;
	ring_desc(&f->con_ring[0], 0, BUF_PA, 64, 0, 0);
	ring_submit(&f->con_ring[0], 0);
	poll_all(f);
	assert_broken(f->devs[0], "readable buffer");
	files_served(f);
	f->con->port[0].in_len = 0;
	up_console(f);
	console_serves(f);
}

static void queue_addresses(void **state)
{
	static const uint64_t bad[] = {
		0,		     1,
		WINDOW_PA - 16,	     WINDOW_PA + SIZE - 16,
		WINDOW_PA + SIZE,    WINDOW_PA + 0x20001,
		UINT64_MAX,	     UINT64_MAX & ~15ull,
		1ull << 63,
	};
	struct fixture *f = *state;
	struct ofl_vdev *h = header_of(f->devs[1]);
	size_t i;
	int which;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (which = 0; which < 3; which++) {
			negotiate(f->devs[1], F_ALL);
			h->vq_driver[0] = f->p9_ring[0].line;
			*(&h->vq_driver[0].desc + which) = bad[i];
			assert_int_equal(ask(f->devs[1], S_OK), S_FEATURES);
			assert_int_equal(h->vq_device[0].state, OFL_VQ_REFUSED);
		}
	}
	console_serves(f);
	up_9p(f);
	files_served(f);
}

static void status_garbage(void **state)
{
	struct fixture *f = *state;
	unsigned int seed = 3, i;

	for (i = 0; i < 2000; i++) {
		struct ofl_vdev *h = header_of(f->devs[1]);

		h->driver.features = (uint64_t)rand_r(&seed) << 32 | F_ALL;
		ask(f->devs[1], (uint32_t)rand_r(&seed) &
					(i & 1 ? 0xffu : 0xffffffffu));
	}
	console_serves(f);
	up_9p(f);
	files_served(f);
}

/* Rings and buffers laid over our own lines: we believe none of them. */
static void buffers_over_headers(void **state)
{
	struct fixture *f = *state;
	struct ofl_vdev *h = header_of(f->devs[0]);

	files_served(f);
	build(OFL_P9_TVERSION, "4s", 8192, "9P2000.L");
	memcpy(at(&f->mem, BUF_PA), req, req_len);
	ring_desc(&f->p9_ring[0], 0, BUF_PA, req_len, NEXT, 1);
	ring_desc(&f->p9_ring[0], 1, f->devs[0]->header, OFL_PAGE, WRITE, 0);
	ring_submit(&f->p9_ring[0], 0);
	poll_all(f);
	memset(&h->id, 0xff, sizeof(h->id));
	memset(&h->device, 0xff, sizeof(h->device));
	console_serves(f);
}

static void walk_out_of_the_share(void **state)
{
	struct fixture *f = *state;

	files_served(f);
	build(OFL_P9_TWALK, "442s", 0, 1, 1, "..");
	assert_int_equal(through_queue(f), EACCES);
	build(OFL_P9_TWALK, "442s", 0, 1, 1, "../secret");
	assert_int_equal(through_queue(f), EINVAL);
	build(OFL_P9_TWALK, "442s", 0, 1, 1, "passwd");
	assert_int_equal(through_queue(f), 0);
	build(OFL_P9_TLOPEN, "44", 1, 0);
	assert_int_equal(through_queue(f), ELOOP);
	console_serves(f);
}

/* --- another thread flips what is being served --- */

struct flipper {
	struct fixture *f;
	volatile bool stop;
};

static void *flip(void *arg)
{
	struct flipper *fl = arg;
	struct fixture *f = fl->f;
	volatile struct vq_desc *d = at(&f->mem, f->p9_ring[0].line.desc);
	volatile uint8_t *buf = at(&f->mem, BUF_PA);
	unsigned int seed = 42;

	while (!fl->stop) {
		unsigned int r = (unsigned int)rand_r(&seed);

		switch (r % 9) {
		case 0:
			d[0].addr = UINT64_MAX - (r & 0xff);
			break;
		case 1:
			d[0].addr = BUF_PA;
			break;
		case 2:
			d[r & 1].len = r << 4;
			break;
		case 3:
			d[0].len = 19;
			d[1].len = 0x100;
			break;
		case 4:
			d[r >> 4 & 1].flags = (uint16_t)(r >> 8 & 7);
			break;
		case 5:
			d[0].flags = NEXT;
			d[1].flags = WRITE;
			break;
		case 6:
			d[1].addr = r & 256 ? WINDOW_PA + SIZE - 8 : OTHER_PA;
			break;
		case 7:
			d[0].next = r & 256 ? 1 : (uint16_t)r;
			break;
		default: /* the size in the message, and its type */
			buf[r >> 8 & 3] = (uint8_t)(r >> 16);
			buf[4] = (uint8_t)(r >> 10);
			break;
		}
	}
	return NULL;
}

static void flipped_while_served(void **state)
{
	struct fixture *f = *state;
	struct flipper fl = { .f = f };
	unsigned int i, broke = 0, served = 0;
	time_t end = time(NULL) + 20;
	pthread_t thread;

	files_served(f);
	assert_int_equal(pthread_create(&thread, NULL, flip, &fl), 0);
	/* Until it was a fight: on a busy machine the other thread comes late. */
	for (i = 0; i < 30000 || ((broke <= 100 || served <= 100) &&
				  time(NULL) < end); i++) {
		uint16_t before = ring_used_idx(&f->p9_ring[0]);

		if (i % 16 == 0) {
			build(OFL_P9_TVERSION, "4s", 8192, "9P2000.L");
			memcpy(at(&f->mem, BUF_PA), req, req_len);
			ring_desc(&f->p9_ring[0], 0, BUF_PA, req_len, NEXT, 1);
			ring_desc(&f->p9_ring[0], 1, OTHER_PA, 0x100, WRITE, 0);
		}
		ring_submit(&f->p9_ring[0], 0);
		ofl_dev_poll(f->devs[1]);
		if (ring_used_idx(&f->p9_ring[0]) != before)
			served++;
		if (header_of(f->devs[1])->device.status &
		    OFL_STATUS_NEEDS_RESET) {
			broke++;
			up_9p(f);
		}
	}
	fl.stop = true;
	pthread_join(thread, NULL);
	assert_true(broke > 100);
	assert_true(served > 100);
	console_serves(f);
	up_9p(f);
	files_served(f);
}

/* Random bytes over everything that the image may write, while it is served. */
static void noise_everywhere(void **state)
{
	struct fixture *f = *state;
	struct ofl_vdev *h = header_of(f->devs[1]);
	unsigned int seed = 9, i, j;
	uint8_t *ring;

	for (i = 0; i < 5000; i++) {
		if (i % 8 == 0) {
			ask(f->devs[1], 0);
			up_9p(f);
		}
		ring = at(&f->mem, f->p9_ring[0].line.desc);
		for (j = 0; j < 16; j++)
			ring[(unsigned int)rand_r(&seed) % 0x100] =
				(uint8_t)rand_r(&seed);
		((uint8_t *)&h->driver)[(unsigned int)rand_r(&seed) % 16] =
			(uint8_t)rand_r(&seed);
		poll_all(f);
	}
	console_serves(f);
	ask(f->devs[1], 0);
	up_9p(f);
	files_served(f);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(descriptor_loop),
		T(addresses_and_lengths),
		T(zero_length_indirect_direction),
		T(available_index),
		T(console_attacked_files_served),
		T(queue_addresses),
		T(status_garbage),
		T(buffers_over_headers),
		T(walk_out_of_the_share),
		T(flipped_while_served),
		T(noise_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
