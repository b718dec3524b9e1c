// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rings, polled: the runtime's code on one CPU and the PMM's on the other.
 *
 * B1: the round trip at depth 1, of 64 bytes that both sides write and read, and of
 * a chain whose buffers nobody looks at, as the kernel's ringtest does it (ring.sh).
 * B2: one way, as many as fit: bytes that are written and read, and bare chains.
 *
 * Beside ours: a queue with one producer and one consumer, which knows no
 * descriptors and trusts everybody; with large messages it is a bare copy from one
 * core to the other.  And the kernel's ringtest (lib/ringtest.h), with rings of the same
 * size and as many chains under way; rtt1 and ops are what it does, too.
 */
#include "ring.h"

#include <stdio.h>
#include <string.h>

#include "baremetal/platform.h"
#include "baremetal/vq.h"
#include "baremetal/wait.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/ringtest.h"

/* --- what the ring code wants of the runtime --- */

uint8_t *ofl_window_va;
struct ofl_boot *ofl_boot;
unsigned int ofl_wait_sleep_at = OFL_WAIT_SPINS;

uint64_t ofl_now_ns(void)
{
	return bench_ns();
}

void ofl_virtio_fail(struct ofl_virtio *dev, const char *why)
{
	dev->broken = true;
	bench_fail("driver: %s", why);
}

bool ofl_virtio_alive(struct ofl_virtio *dev)
{
	return !dev->broken;
}

void ofl_virtio_bell(void)
{
}

void ofl_platform_ring(void)
{
}

void ofl_platform_wait_until(unsigned int spins, uint64_t deadline)
{
	(void)spins;
	(void)deadline;
}

/* --- SPSC: slots, two indices on lines of their own --- */

#define SPSC_BYTES 0x100000u

struct spsc {
	uint64_t head __attribute__((aligned(BENCH_LINE))); /* producer */
	uint64_t seen_tail;				    /* producer's copy */
	uint64_t tail __attribute__((aligned(BENCH_LINE))); /* consumer */
	uint64_t seen_head;				    /* consumer's copy */
	uint8_t slot[SPSC_BYTES] __attribute__((aligned(BENCH_LINE)));
};

#define DEPTH_MAX 64u
#define ENTRIES (DEPTH_MAX * 2) /* of rings */

/* Messages under way: as many in ours as in SPSC, one MiB at most. */
static uint32_t depth_of(uint32_t size)
{
	uint32_t depth = size ? SPSC_BYTES / size : DEPTH_MAX;

	return depth < DEPTH_MAX ? depth : DEPTH_MAX;
}

static void spsc_put(struct spsc *q, const void *data, uint32_t size, uint32_t mask)
{
	uint64_t polls = 0;

	while (q->head - q->seen_tail > mask) {
		q->seen_tail = __atomic_load_n(&q->tail, __ATOMIC_ACQUIRE);
		if (++polls >> 32)
			bench_fail("the consumer is gone");
	}
	memcpy(q->slot + (q->head & mask) * size, data, size);
	__atomic_store_n(&q->head, q->head + 1, __ATOMIC_RELEASE);
}

static void spsc_get(struct spsc *q, void *data, uint32_t size, uint32_t mask)
{
	uint64_t polls = 0;

	while (q->seen_head == q->tail) {
		q->seen_head = __atomic_load_n(&q->head, __ATOMIC_ACQUIRE);
		if (++polls >> 32)
			bench_fail("the producer is gone");
	}
	memcpy(data, q->slot + (q->tail & mask) * size, size);
	__atomic_store_n(&q->tail, q->tail + 1, __ATOMIC_RELEASE);
}

/* --- the two sides --- */

enum { DO_RING, DO_SPSC_ECHO, DO_SPSC_STREAM };

/* Ours. */
struct ring {
	struct ofl_virtio dev;
	struct ofl_vq vq;
	uint64_t pa[DEPTH_MAX]; /* of places for messages, in one MiB */
	uint8_t *va;
};

static struct bench_pair *pair;
static struct ring_job *job;
static struct spsc *there, *back;
static struct ring rings[RING_LAYOUTS];
static uint8_t from[RING_MAX], to[RING_MAX];

static void other(void *arg, unsigned int what)
{
	uint32_t mask = depth_of(job->size) - 1, size = job->size;

	(void)arg;
	switch (what) {
	case DO_RING:
		ring_device_serve(job);
		break;
	case DO_SPSC_ECHO:
		for (uint32_t i = 0; i < job->count; i++) {
			spsc_get(there, to, size, mask);
			spsc_put(back, to, size, mask);
		}
		break;
	case DO_SPSC_STREAM:
		for (uint32_t i = 0; i < job->count; i++)
			spsc_get(there, to, size, mask);
		break;
	}
}

static const struct ring_job *begin(const struct bench_case *c, unsigned int what)
{
	*job = *(const struct ring_job *)c->arg;
	bench_pair_tell(pair, what);
	return job;
}

/* One chain comes back: its cookie. */
static void *take(struct ofl_vq *vq)
{
	uint64_t polls = 0;
	uint32_t len;
	void *cookie;
	int ret;

	while (!(ret = ofl_vq_get(vq, &cookie, &len)))
		if (++polls >> 32)
			bench_fail("the device does not answer");
	if (ret < 0)
		bench_fail("a wrong answer");
	return cookie;
}

static double echo_ring(const struct bench_case *c)
{
	const struct ring_job *j = begin(c, DO_RING);
	struct ring *ring = &rings[j->layout];
	const uint32_t len = j->size ? j->size : 64;
	const unsigned int nr_out = j->one ? 0 : 1;
	const struct ofl_vq_buf buf[2] = { { ring->pa[0], len }, { ring->pa[0] + 64, len } };
	uint64_t start = bench_ns();

	for (uint32_t i = 0; i < j->count; i++) {
		if (j->size)
			memcpy(ring->va, from, j->size);
		if (ofl_vq_add(&ring->vq, buf, nr_out, 1, ring))
			bench_fail("no room in the ring");
		ofl_vq_kick(&ring->vq);
		if (take(&ring->vq) != ring)
			bench_fail("a wrong cookie");
		if (j->size)
			memcpy(to, ring->va + 64, j->size);
	}
	start = bench_ns() - start;
	bench_pair_wait(pair);
	return (double)start / j->count;
}

static double echo_spsc(const struct bench_case *c)
{
	const struct ring_job *j = begin(c, DO_SPSC_ECHO);
	uint32_t mask = depth_of(j->size) - 1;
	uint64_t start = bench_ns();

	for (uint32_t i = 0; i < j->count; i++) {
		spsc_put(there, from, j->size, mask);
		spsc_get(back, to, j->size, mask);
	}
	start = bench_ns() - start;
	bench_pair_wait(pair);
	return (double)start / j->count;
}

/* GB/s, or ns an operation where there are no bytes. */
static double rate(const struct ring_job *j, uint64_t ns)
{
	return j->size && !j->ns ? (double)j->size * j->count / (double)ns : (double)ns / j->count;
}

static double stream_ring(const struct bench_case *c)
{
	const struct ring_job *j = begin(c, DO_RING);
	uint32_t depth = depth_of(j->size), sent = 0, done = 0, len;
	struct ring *ring = &rings[j->layout];
	uint64_t start = bench_ns(), polls = 0;
	void *cookie;

	while (done < j->count) {
		uint32_t before = sent;

		while (sent < j->count && sent - done < depth) {
			uint32_t place = sent % depth * (j->size ? j->size : 64);
			struct ofl_vq_buf buf = { ring->pa[0] + place, j->size ? j->size : 64 };

			if (j->size)
				memcpy(ring->va + place, from, j->size);
			if (ofl_vq_add(&ring->vq, &buf, 1, 0, ring))
				bench_fail("no room in the ring");
			sent++;
		}
		if (sent != before)
			ofl_vq_kick(&ring->vq);
		before = done;
		while (ofl_vq_get(&ring->vq, &cookie, &len) > 0)
			done++;
		polls = done == before ? polls + 1 : 0;
		if (polls >> 32)
			bench_fail("the device does not answer");
	}
	start = bench_ns() - start;
	bench_pair_wait(pair);
	return rate(j, start);
}

static double stream_spsc(const struct bench_case *c)
{
	const struct ring_job *j = begin(c, DO_SPSC_STREAM);
	uint32_t mask = depth_of(j->size) - 1;
	uint64_t start = bench_ns();

	for (uint32_t i = 0; i < j->count; i++)
		spsc_put(there, from, j->size, mask);
	bench_pair_wait(pair);
	return rate(j, bench_ns() - start);
}

/* --- ringtest --- */

struct peer {
	const char *program;
	unsigned int depth;
	uint32_t count;
};

static const char *ringtest; /* where it is; NULL: nowhere */

static double run_ringtest(const struct bench_case *c)
{
	const struct peer *p = c->arg;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", ringtest, p->program);
	return ringtest_ns(path, ENTRIES, p->depth, p->count);
}

static void ring_open(uint8_t *window, enum ring_layout layout)
{
	uint32_t off = OFL_WIN_DEVICES_OFF + layout * RING_MEMORY;
	struct ring *ring = &rings[layout];
	struct ofl_vq_driver line;

	ring->dev.hdr = (void *)(window + off);
	ring->dev.features = layout == RING_PACKED ?
				     OFL_VIRTIO_F_RING_PACKED | OFL_VIRTIO_F_IN_ORDER : 0;
	ring->dev.mem.va = window + off + OFL_VDEV_SIZE;
	ring->dev.mem.pa = RING_PA + off + OFL_VDEV_SIZE;
	ring->dev.mem.size = RING_MEMORY - OFL_VDEV_SIZE;
	if (ofl_vq_init(&ring->vq, &ring->dev, 0, ENTRIES, true))
		bench_fail("the window is too small");
	ring->va = ofl_devmem_alloc(&ring->dev.mem, SPSC_BYTES, &ring->pa[0]);
	if (!ring->va)
		bench_fail("the window is too small");
	line = (struct ofl_vq_driver){ .desc = ring->vq.desc_pa, .driver = ring->vq.avail_pa,
				       .device = ring->vq.used_pa, .size = ring->vq.size };
	ring_device_setup(window, &line, layout);
}

#define JOB(l, n, s) &(const struct ring_job){ .layout = l, .count = n, .size = s }
#define ECHO(case_, who_, f, l, s) \
	{ .bench = "B1", .name = case_, .who = who_, .unit = "ns", .measure = f, \
	  .arg = JOB(l, 20000, s) }
#define ECHO1(who_, l) \
	{ .bench = "B1", .name = "rtt1", .who = who_, .unit = "ns", .measure = echo_ring, \
	  .arg = &(const struct ring_job){ .layout = l, .count = 20000, .one = true } }
#define OPS64(who_, f, l) \
	{ .bench = "B2", .name = "ops64", .who = who_, .unit = "ns", .measure = f, \
	  .arg = &(const struct ring_job){ .layout = l, .count = 200000, .size = 64, .ns = true } }
#define PEER(bench_, case_, who_, program_, depth_, count_) \
	{ .bench = bench_, .name = case_, .who = "ringtest-" who_, .unit = "ns", \
	  .measure = run_ringtest, \
	  .arg = &(const struct peer){ .program = program_, .depth = depth_, .count = count_ } }
#define PEERS(bench_, case_, depth_, count_) \
	PEER(bench_, case_, "packed", "ring", depth_, count_), \
	PEER(bench_, case_, "split", "virtio_ring_0_9", depth_, count_), \
	PEER(bench_, case_, "inorder", "virtio_ring_inorder", depth_, count_), \
	PEER(bench_, case_, "poll", "virtio_ring_poll", depth_, count_)
#define OPS(who_, l) \
	{ .bench = "B2", .name = "ops", .who = who_, .unit = "ns", .measure = stream_ring, \
	  .arg = JOB(l, 200000, 0) }
#define STREAM(who_, f, l, s) \
	{ .bench = "B2", .name = "stream", .who = who_, .unit = "GB/s", .measure = f, \
	  .arg = JOB(l, (s) < 4096 ? 50000 : 0x8000000 / (s), s), \
	  .set = (s) * 64 < SPSC_BYTES ? (s) * 64 : SPSC_BYTES, .x = s, .x_unit = "bytes" }
#define STREAMS(s) \
	STREAM("ours-split", stream_ring, RING_SPLIT, s), \
	STREAM("ours-packed", stream_ring, RING_PACKED, s), \
	STREAM("copy", stream_spsc, 0, s)

int main(int argc, char **argv)
{
	const struct bench_case all[] = {
		ECHO("rtt64", "ours-split", echo_ring, RING_SPLIT, 64),
		ECHO("rtt64", "ours-packed", echo_ring, RING_PACKED, 64),
		ECHO("rtt64", "spsc", echo_spsc, 0, 64),
		ECHO("rtt", "ours-split", echo_ring, RING_SPLIT, 0),
		ECHO("rtt", "ours-packed", echo_ring, RING_PACKED, 0),
		ECHO1("ours-split", RING_SPLIT),
		ECHO1("ours-packed", RING_PACKED),
		PEERS("B1", "rtt1", 1, 100000),
		OPS("ours-split", RING_SPLIT),
		OPS("ours-packed", RING_PACKED),
		PEERS("B2", "ops", DEPTH_MAX, 1000000),
		OPS64("ours-split", stream_ring, RING_SPLIT),
		OPS64("ours-packed", stream_ring, RING_PACKED),
		OPS64("spsc", stream_spsc, 0),
		STREAMS(64), STREAMS(256), STREAMS(1024), STREAMS(4096), STREAMS(16384),
		STREAMS(65536),
	};
	uint8_t *window = bench_shared(RING_WINDOW);
	struct bench_case cases[sizeof(all) / sizeof(all[0])];
	unsigned int n = 0;

	job = bench_shared(sizeof(*job));
	there = bench_shared(sizeof(*there));
	back = bench_shared(sizeof(*back));
	ofl_window_va = window;
	memset(from, 1, sizeof(from));
	ring_open(window, RING_SPLIT);
	ring_open(window, RING_PACKED);
	pair = bench_pair_start(other, NULL);
	/* ring RINGTEST CASE...: only these cases; "" is no ringtest. */
	ringtest = argc > 1 && *argv[1] ? argv[1] : NULL;
	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		bool wanted = argc < 3;

		for (int k = 2; k < argc; k++)
			wanted |= !strcmp(argv[k], all[i].name);
		if (wanted && (ringtest || all[i].measure != run_ringtest))
			cases[n++] = all[i];
	}
	bench_cases(pair, cases, n);
	bench_pair_end(pair);
	return 0;
}
