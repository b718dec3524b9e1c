/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests that hang: a file system with a gate, and workers before it. */
#include "pmm_9p.h"

#include <poll.h>

static struct {
	pthread_mutex_t lock;
	pthread_cond_t opened;
	bool closed;
	unsigned int waiting;
} gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0 };

static struct ofl_p9_fs_ops slow_ops;

static void gate_pass(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.waiting++;
	while (gate.closed)
		pthread_cond_wait(&gate.opened, &gate.lock);
	gate.waiting--;
	pthread_mutex_unlock(&gate.lock);
}

static void gate_set(bool closed)
{
	pthread_mutex_lock(&gate.lock);
	gate.closed = closed;
	pthread_cond_broadcast(&gate.opened);
	pthread_mutex_unlock(&gate.lock);
}

static unsigned int gate_waiting(void)
{
	unsigned int n;

	pthread_mutex_lock(&gate.lock);
	n = gate.waiting;
	pthread_mutex_unlock(&gate.lock);
	return n;
}

static int64_t slow_read(struct ofl_p9_file *file, void *buf, uint32_t len,
			 uint64_t off)
{
	gate_pass();
	return ofl_p9fs_ops.read(file, buf, len, off);
}

static int slow_open(struct ofl_p9_node *node, uint32_t flags,
		     struct ofl_p9_file **file)
{
	gate_pass();
	return ofl_p9fs_ops.open(node, flags, file);
}

static int slow_walk(struct ofl_p9_node *dir, const char *name, bool quick,
		     struct ofl_p9_node **node)
{
	assert_false(quick);
	gate_pass();
	return ofl_p9fs_ops.walk(dir, name, quick, node);
}

static int slow_close(struct ofl_p9_file *file)
{
	gate_pass();
	return ofl_p9fs_ops.close(file);
}

/* --- the transport: late replies are kept by tag --- */

#define TAGS 600

static struct {
	unsigned int times;
	uint8_t data[64];
	uint32_t size; /* 0: flushed */
} late[TAGS];

static void keep_reply(struct ofl_p9 *p9, const void *cookie,
		       const uint8_t *data, uint32_t size)
{
	uint32_t tag = *(const uint32_t *)cookie;

	(void)p9;
	assert_true(tag < TAGS);
	late[tag].times++;
	late[tag].size = size;
	memcpy(late[tag].data, data ? data : (const void *)"",
	       size < 64 ? size : 64);
	if (size)
		assert_int_equal(le32(data), size);
}

struct fixture {
	struct ofl_p9fs *fs;
	struct ofl_p9 *p9;
	struct ofl_pool *pool;
	unsigned int fds;
};

static struct fixture f;

/* The error of the reply, 0, or -1: it is late. */
static int submit(uint16_t tag)
{
	uint32_t cookie = tag;
	bool is_late;

	req[5] = (uint8_t)tag;
	req[6] = (uint8_t)(tag >> 8);
	late[tag].times = 0;
	rep_len = ofl_p9_submit(f.p9, req, req_len, rep, MEM_9P, &cookie,
				sizeof(cookie), &is_late);
	/* The core must not depend on our buffer any more. */
	memset(req, 0xa5, sizeof(req));
	if (is_late)
		return -1;
	assert_int_equal(le32(rep), rep_len);
	return rep[4] == OFL_P9_RLERROR ? (int)le32(rep + 7) : 0;
}

#define SEND(tag, type, ...) (build(OFL_P9_T##type, __VA_ARGS__), submit(tag))

static void collect_until(unsigned int tag)
{
	struct pollfd pfd = { .fd = ofl_pool_fd(f.pool), .events = POLLIN };

	while (!late[tag].times) {
		assert_int_equal(poll(&pfd, 1, 60000), 1);
		ofl_pool_collect(f.pool);
	}
	assert_int_equal(late[tag].times, 1);
}

/* Send, wait, and the error of the reply or 0. */
#define SYNC(tag, type, ...)                                                   \
	(build(OFL_P9_T##type, __VA_ARGS__),                                   \
	 submit(tag) == -1 ? sync_end(tag) : sync_now())

static int sync_now(void)
{
	return rep[4] == OFL_P9_RLERROR ? (int)le32(rep + 7) : 0;
}

static int sync_end(unsigned int tag)
{
	collect_until(tag);
	assert_true(late[tag].size >= 7);
	return late[tag].data[4] == OFL_P9_RLERROR ?
		       (int)le32(late[tag].data + 7) :
		       0;
}

static void until_waiting(unsigned int n)
{
	unsigned int tries;

	for (tries = 0; gate_waiting() != n && tries < 60000; tries++)
		usleep(1000);
	assert_int_equal(gate_waiting(), n);
}

static int setup(void **state)
{
	(void)state;
	make_share();
	f.fds = open_fds();
	slow_ops = ofl_p9fs_ops;
	slow_ops.read = slow_read;
	slow_ops.open = slow_open;
	slow_ops.walk = slow_walk;
	slow_ops.close = slow_close;
	f.fs = ofl_p9fs_open(share_dir, OFL_P9FS_WORKERS);
	f.p9 = ofl_p9_session(MEM_9P, false, &slow_ops, f.fs, keep_reply);
	f.pool = ofl_pool_new(4);
	assert_true(f.fs && f.p9 && f.pool);
	ofl_p9_workers(f.p9, f.pool);
	assert_int_equal(SEND(0, VERSION, "4s", MEM_9P, "9P2000.L"), 0);
	assert_int_equal(SEND(0, ATTACH, "44ss4", 0, NOFID, "", "", 0), 0);
	return 0;
}

static void settle(void)
{
	struct pollfd pfd = { .fd = ofl_pool_fd(f.pool), .events = POLLIN };

	gate_set(false);
	while (ofl_p9_busy(f.p9)) {
		assert_int_equal(poll(&pfd, 1, 60000), 1);
		ofl_pool_collect(f.pool);
	}
}

static int teardown(void **state)
{
	(void)state;
	ofl_p9_forget(f.p9);
	settle();
	assert_int_equal(f.fs->nodes, 1);
	ofl_p9_free(f.p9);
	assert_true(ofl_pool_free(f.pool, 60000));
	ofl_p9fs_close(f.fs);
	assert_int_equal(open_fds(), f.fds);
	remove_share();
	return 0;
}

static void open_input(uint32_t fid)
{
	assert_int_equal(SYNC(1, WALK, "442s", 0, fid, 1, "input.txt"), 0);
	assert_int_equal(SYNC(1, LOPEN, "44", fid, OFL_P9_RDWR), 0);
}

static void late_replies(void **state)
{
	(void)state;
	open_input(1);
	assert_int_equal(SEND(2, READ, "484", 1, (uint64_t)6, 5), -1);
	collect_until(2);
	assert_int_equal(late[2].size, 16);
	assert_memory_equal(late[2].data + 11, "world", 5);
	assert_int_equal(SYNC(3, GETATTR, "48", 1, (uint64_t)0x7ff), 0);
	assert_int_equal(SYNC(3, GETATTR, "48", 9, (uint64_t)0x7ff), EBADF);
	assert_int_equal(SYNC(4, WALK, "442s", 0, 5, 1, "none"), ENOENT);
	assert_int_equal(SYNC(4, CLUNK, "4", 5), EBADF);
	assert_int_equal(SYNC(5, WRITE, "484b", 1, (uint64_t)0, 5, 5, "HELLO"), 0);
	assert_int_equal(SYNC(5, CLUNK, "4", 1), 0);
}

/* While one hangs, the others and the session go on. */
static void one_hangs(void **state)
{
	(void)state;
	open_input(1);
	assert_int_equal(SYNC(1, WALK, "442", 0, 2, 0), 0);
	gate_set(true);
	assert_int_equal(SEND(2, READ, "484", 1, (uint64_t)0, 5), -1);
	until_waiting(1);
	assert_int_equal(SYNC(3, GETATTR, "48", 1, (uint64_t)0x7ff), 0);
	assert_int_equal(SYNC(3, STATFS, "4", 2), 0);
	assert_int_equal(late[2].times, 0);
	gate_set(false);
	collect_until(2);
	assert_int_equal(late[2].size, 16);
}

static void flush_answers_at_once(void **state)
{
	(void)state;
	open_input(1);
	gate_set(true);
	assert_int_equal(SEND(2, READ, "484", 1, (uint64_t)0, 5), -1);
	until_waiting(1);
	assert_int_equal(SEND(3, FLUSH, "2", 2), 0);
	/* Its buffers came back, before the Rflush, and nothing comes after it. */
	assert_int_equal(late[2].times, 1);
	assert_int_equal(late[2].size, 0);
	/* Its tag is free, and the fid works. */
	assert_int_equal(SYNC(2, GETATTR, "48", 1, (uint64_t)0x7ff), 0);
	/* To clunk it does not wait. */
	assert_int_equal(SEND(4, CLUNK, "4", 1), 0);
	assert_int_equal(SEND(5, GETATTR, "48", 1, (uint64_t)0x7ff), EBADF);
	assert_int_equal(ofl_p9_busy(f.p9), 1);
	/* A flush of what is not there, of itself. */
	assert_int_equal(SEND(6, FLUSH, "2", 77), 0);
	assert_int_equal(SEND(6, FLUSH, "2", 6), 0);
	settle();
	assert_int_equal(late[2].times, 1);
	assert_int_equal(f.fs->nodes, 1);
}

/* What a flushed request made is undone when it ends. */
static void flushed_effects(void **state)
{
	(void)state;
	assert_int_equal(SYNC(1, WALK, "442s", 0, 1, 1, "input.txt"), 0);
	gate_set(true);
	assert_int_equal(SEND(2, LOPEN, "44", 1, OFL_P9_RDWR), -1);
	assert_int_equal(SEND(3, WALK, "442s", 0, 2, 1, "dir"), -1);
	until_waiting(2);
	assert_int_equal(SEND(4, FLUSH, "2", 2), 0);
	assert_int_equal(SEND(4, FLUSH, "2", 3), 0);
	settle();
	assert_int_equal(SYNC(5, READ, "484", 1, (uint64_t)0, 5), EBADF);
	assert_int_equal(SYNC(5, CLUNK, "4", 2), EBADF);
	/* The numbers are free. */
	assert_int_equal(SYNC(5, WALK, "442s", 0, 2, 1, "dir"), 0);
	assert_int_equal(SYNC(5, LOPEN, "44", 1, OFL_P9_RDWR), 0);
}

/* What changes a fid runs alone, in order; a flush takes it out of the row. */
static void order_of_a_fid(void **state)
{
	(void)state;
	assert_int_equal(SYNC(1, WALK, "442s", 0, 1, 1, "input.txt"), 0);
	gate_set(true);
	assert_int_equal(SEND(2, LOPEN, "44", 1, OFL_P9_RDWR), -1);
	assert_int_equal(SEND(3, READ, "484", 1, (uint64_t)0, 5), -1);
	assert_int_equal(SEND(4, GETATTR, "48", 1, (uint64_t)0x7ff), -1);
	assert_int_equal(SEND(5, LOPEN, "44", 1, OFL_P9_RDWR), -1);
	assert_int_equal(SEND(6, READ, "484", 1, (uint64_t)6, 5), -1);
	until_waiting(1);
	assert_int_equal(SEND(7, FLUSH, "2", 5), 0);
	assert_int_equal(late[5].size, 0);
	assert_int_equal(late[5].times, 1);
	gate_set(false);
	collect_until(2);
	collect_until(3);
	collect_until(4);
	collect_until(6);
	/* They saw it open. */
	assert_memory_equal(late[3].data + 11, "hello", 5);
	assert_memory_equal(late[6].data + 11, "world", 5);
	assert_int_equal(late[4].data[4], OFL_P9_TGETATTR + 1);
}

/* Two that ask for the same new fid: one of them gets it. */
static void same_new_fid(void **state)
{
	(void)state;
	gate_set(true);
	assert_int_equal(SEND(2, WALK, "442s", 0, 9, 1, "dir"), -1);
	assert_int_equal(SEND(3, WALK, "442s", 0, 9, 1, "input.txt"), -1);
	until_waiting(2);
	gate_set(false);
	collect_until(2);
	collect_until(3);
	assert_int_equal((late[2].data[4] == OFL_P9_RLERROR) +
				 (late[3].data[4] == OFL_P9_RLERROR),
			 1);
	assert_int_equal(SYNC(4, CLUNK, "4", 9), 0);
	assert_int_equal(SYNC(4, CLUNK, "4", 9), EBADF);
}

/* An image that flushes for ever does not get more than its share. */
static void flight_is_bounded(void **state)
{
	unsigned int i, refused = 0;

	(void)state;
	open_input(1);
	gate_set(true);
	for (i = 0; i < 4; i++)
		assert_int_equal(SEND(9, READ, "484", 1, (uint64_t)0, 5), -1);
	until_waiting(4);
	assert_int_equal(SEND(3, FLUSH, "2", 9), 0);
	/* What no worker has begun with is gone when it is flushed. */
	for (i = 0; i < 1000; i++) {
		assert_int_equal(SEND(2, READ, "484", 1, (uint64_t)0, 5), -1);
		assert_int_equal(SEND(3, FLUSH, "2", 2), 0);
	}
	assert_int_equal(ofl_p9_busy(f.p9), 4);
	for (i = 0; i < 2 * OFL_P9_FLIGHT_MAX; i++)
		refused += SEND(2, READ, "484", 1, (uint64_t)0, 5) == EBUSY;
	assert_int_equal(ofl_p9_busy(f.p9), OFL_P9_FLIGHT_MAX);
	assert_int_equal(refused, OFL_P9_FLIGHT_MAX + 4);
	assert_int_equal(SEND(3, FLUSH, "2", 2), 0);
	settle();
	assert_int_equal(SYNC(4, READ, "484", 1, (uint64_t)0, 5), 0);
	/* And bytes: no more than a few windows. */
	gate_set(true);
	refused = 0;
	for (i = 0; i < 20; i++)
		refused += SEND((uint16_t)(10 + i), READ, "484", 1, (uint64_t)0,
				MEM_9P) == EBUSY;
	assert_true(refused > 10);
	settle();
}

/* A reset while all workers hang; the late ends reach nobody. */
static void reset_under_way(void **state)
{
	unsigned int i;

	(void)state;
	open_input(1);
	gate_set(true);
	for (i = 10; i < 30; i++)
		assert_int_equal(SEND((uint16_t)i, READ, "484", 1, (uint64_t)0, 5),
				 -1);
	until_waiting(4);
	ofl_p9_forget(f.p9);
	/* And the root, whose fid a worker would drop. */
	assert_int_equal(ofl_p9_busy(f.p9), 4 + 1);
	/* The next session begins at once. */
	assert_int_equal(SEND(0, VERSION, "4s", MEM_9P, "9P2000.L"), 0);
	assert_int_equal(SEND(0, ATTACH, "44ss4", 0, NOFID, "", "", 0), 0);
	assert_int_equal(SEND(1, READ, "484", 1, (uint64_t)0, 5), EBADF);
	settle();
	for (i = 10; i < 30; i++)
		assert_int_equal(late[i].times, 0);
	open_input(1);
}

/* Tversion alone: the transport is still there, and gets its buffers back. */
static void version_under_way(void **state)
{
	(void)state;
	open_input(1);
	gate_set(true);
	assert_int_equal(SEND(2, READ, "484", 1, (uint64_t)0, 5), -1);
	until_waiting(1);
	assert_int_equal(SEND(0, VERSION, "4s", MEM_9P, "9P2000.L"), 0);
	assert_int_equal(late[2].times, 1);
	assert_int_equal(late[2].size, 0);
	settle();
}

/* The close of a file may hang as well; the session does not. */
static void close_hangs(void **state)
{
	(void)state;
	open_input(1);
	open_input(2);
	gate_set(true);
	assert_int_equal(SEND(2, CLUNK, "4", 1), -1);
	until_waiting(1);
	assert_int_equal(SEND(3, GETATTR, "48", 1, (uint64_t)0x7ff), EBADF);
	assert_int_equal(SYNC(3, GETATTR, "48", 2, (uint64_t)0x7ff), 0);
	assert_int_equal(SEND(4, FLUSH, "2", 2), 0);
	ofl_p9_forget(f.p9); /* closes the other, in a worker */
	until_waiting(2);
	settle();
}

static unsigned int seed = 7;

/* Any order of messages, flushes, resets, with the gate as it comes. */
static void storm(void **state)
{
	unsigned int i, tag;

	(void)state;
	for (i = 0; i < 20000; i++) {
		tag = 10 + (unsigned int)rand_r(&seed) % 50;
		switch (rand_r(&seed) % 12) {
		case 0: build(OFL_P9_TWALK, "442s", (unsigned int)rand_r(&seed) % 4, (unsigned int)rand_r(&seed) % 8, 1, "dir"); break;
		case 1: build(OFL_P9_TWALK, "442s", 0, (unsigned int)rand_r(&seed) % 8, 1, "input.txt"); break;
		case 2: build(OFL_P9_TLOPEN, "44", (unsigned int)rand_r(&seed) % 8, OFL_P9_RDONLY); break;
		case 3: build(OFL_P9_TREAD, "484", (unsigned int)rand_r(&seed) % 8, (uint64_t)0, 50); break;
		case 4: build(OFL_P9_TCLUNK, "4", 1 + (unsigned int)rand_r(&seed) % 7); break;
		case 5: build(OFL_P9_TREADDIR, "484", (unsigned int)rand_r(&seed) % 8, (uint64_t)0, 500); break;
		case 6: build(OFL_P9_TGETATTR, "48", (unsigned int)rand_r(&seed) % 8, (uint64_t)0); break;
		case 7: build(OFL_P9_TLCREATE, "4s444", (unsigned int)rand_r(&seed) % 8, "new", 2, 0644, 0); break;
		case 8: build(OFL_P9_TRENAME, "44s", (unsigned int)rand_r(&seed) % 8, (unsigned int)rand_r(&seed) % 8, "moved"); break;
		case 9: build(OFL_P9_TREMOVE, "4", 1 + (unsigned int)rand_r(&seed) % 7); break;
		default: build(OFL_P9_TFLUSH, "2", 10 + (unsigned int)rand_r(&seed) % 50); tag = 5; break;
		}
		submit((uint16_t)tag);
		if (rand_r(&seed) % 64 == 0)
			gate_set(rand_r(&seed) % 2);
		if (rand_r(&seed) % 8 == 0)
			ofl_pool_collect(f.pool);
		if (rand_r(&seed) % 512 == 0) {
			ofl_p9_forget(f.p9);
			build(OFL_P9_TVERSION, "4s", MEM_9P, "9P2000.L");
			submit(5);
			build(OFL_P9_TATTACH, "44ss4", 0, NOFID, "", "", 0);
			submit(5);
			build(OFL_P9_TSYMLINK, "4ss4", 0, "input.txt", "x", 0);
			submit(5);
		}
	}
}

/* Without a thread to be had (none may start) everything is done all the same. */
static void no_workers(void **state)
{
	struct ofl_pool *none = ofl_pool_new(0);

	(void)state;
	ofl_p9_workers(f.p9, none);
	assert_int_equal(SEND(2, WALK, "442s", 0, 1, 1, "input.txt"), -1);
	assert_int_equal(late[2].times, 1);
	assert_int_equal(SEND(2, LOPEN, "44", 1, OFL_P9_RDWR), -1);
	assert_int_equal(SEND(3, READ, "484", 1, (uint64_t)0, 5), -1);
	assert_memory_equal(late[3].data + 11, "hello", 5);
	ofl_p9_forget(f.p9);
	ofl_p9_workers(f.p9, f.pool);
	assert_true(ofl_pool_free(none, 0));
}

static void hang_run(struct ofl_job *job)
{
	(void)job;
	gate_pass();
}

static void hang_done(struct ofl_job *job)
{
	free(job);
}

/* A pool whose job hangs is given up in time, and then still ends. */
static void pool_hangs(void **state)
{
	struct ofl_pool *pool = ofl_pool_new(1);
	struct ofl_job *job = calloc(1, sizeof(*job));

	(void)state;
	gate_set(true);
	job->run = hang_run;
	job->done = hang_done;
	assert_int_equal(ofl_pool_submit(pool, job), 0);
	until_waiting(1);
	assert_false(ofl_pool_free(pool, 10));
	gate_set(false);
	assert_true(ofl_pool_free(pool, 60000));
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(late_replies),      T(one_hangs),	  T(flush_answers_at_once),
		T(flushed_effects),   T(order_of_a_fid),  T(same_new_fid),
		T(flight_is_bounded), T(reset_under_way), T(version_under_way),
		T(close_hangs),	      T(storm),		  T(no_workers),
		T(pool_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
