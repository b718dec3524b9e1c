// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rings, polled: the runtime's code on one CPU and the PMM's on the other.
 *
 * B1: the round trip of 64 bytes at depth 1.  Beside ours: a queue with one
 * producer and one consumer, written as well as we can, which knows no
 * descriptors and trusts everybody.
 */
#include "ring.h"

#include <string.h>

#include "baremetal/platform.h"
#include "baremetal/vq.h"
#include "baremetal/wait.h"
#include "tests/bench/lib/bench.h"

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

/* --- SPSC: slots of one line, two indices on lines of their own --- */

#define SPSC_SLOTS 64u

struct spsc {
	uint64_t head __attribute__((aligned(BENCH_LINE))); /* producer */
	uint64_t seen_tail;				    /* producer's copy */
	uint64_t tail __attribute__((aligned(BENCH_LINE))); /* consumer */
	uint64_t seen_head;				    /* consumer's copy */
	uint8_t slot[SPSC_SLOTS][RING_BYTES] __attribute__((aligned(BENCH_LINE)));
};

static void spsc_put(struct spsc *q, const void *data)
{
	uint64_t polls = 0;

	while (q->head - q->seen_tail == SPSC_SLOTS) {
		q->seen_tail = __atomic_load_n(&q->tail, __ATOMIC_ACQUIRE);
		if (++polls >> 32)
			bench_fail("the consumer is gone");
	}
	memcpy(q->slot[q->head % SPSC_SLOTS], data, RING_BYTES);
	__atomic_store_n(&q->head, q->head + 1, __ATOMIC_RELEASE);
}

static void spsc_get(struct spsc *q, void *data)
{
	uint64_t polls = 0;

	while (q->seen_head == q->tail) {
		q->seen_head = __atomic_load_n(&q->head, __ATOMIC_ACQUIRE);
		if (++polls >> 32)
			bench_fail("the producer is gone");
	}
	memcpy(data, q->slot[q->tail % SPSC_SLOTS], RING_BYTES);
	__atomic_store_n(&q->tail, q->tail + 1, __ATOMIC_RELEASE);
}

/* --- the two sides --- */

enum { SPSC_ECHO = 100 };

static struct bench_pair *pair;
static struct spsc *there, *back;
static struct ofl_virtio dev;
static struct ofl_vq vq;
static struct ofl_vq_buf buf[2];

static void other(void *arg, unsigned int what)
{
	uint8_t data[RING_BYTES];

	(void)arg;
	switch (what) {
	case RING_ECHO:
		ring_device_echo(RING_ROUNDS);
		break;
	case SPSC_ECHO:
		for (unsigned int i = 0; i < RING_ROUNDS; i++) {
			spsc_get(there, data);
			spsc_put(back, data);
		}
		break;
	}
}

static double echo_ring(const struct bench_case *c)
{
	uint64_t start, polls;
	uint32_t len;
	void *cookie;
	int ret;

	(void)c;
	bench_pair_tell(pair, RING_ECHO);
	start = bench_ns();
	for (unsigned int i = 0; i < RING_ROUNDS; i++) {
		if (ofl_vq_add(&vq, buf, 1, 1, &vq))
			bench_fail("no room in the ring");
		ofl_vq_kick(&vq);
		polls = 0;
		while (!(ret = ofl_vq_get(&vq, &cookie, &len)))
			if (++polls >> 32)
				bench_fail("the device does not answer");
		if (ret < 0 || cookie != &vq || len != RING_BYTES)
			bench_fail("a wrong answer");
	}
	start = bench_ns() - start;
	bench_pair_wait(pair);
	return (double)start / RING_ROUNDS;
}

static double echo_spsc(const struct bench_case *c)
{
	uint8_t data[RING_BYTES] = { 1 };
	uint64_t start;

	(void)c;
	bench_pair_tell(pair, SPSC_ECHO);
	start = bench_ns();
	for (unsigned int i = 0; i < RING_ROUNDS; i++) {
		spsc_put(there, data);
		spsc_get(back, data);
	}
	start = bench_ns() - start;
	bench_pair_wait(pair);
	return (double)start / RING_ROUNDS;
}

int main(int argc, char **argv)
{
	static const struct bench_case cases[] = {
		{ .bench = "B1", .name = "rtt64", .who = "ours-split", .unit = "ns",
		  .measure = echo_ring },
		{ .bench = "B1", .name = "rtt64", .who = "spsc", .unit = "ns", .measure = echo_spsc },
	};
	uint8_t *window = bench_shared(RING_WINDOW);
	struct ofl_vq_driver line;

	(void)argc;
	(void)argv;
	there = bench_shared(sizeof(*there));
	back = bench_shared(sizeof(*back));
	ofl_window_va = window;
	dev.hdr = (void *)(window + OFL_WIN_DEVICES_OFF);
	dev.mem.va = window + OFL_WIN_DEVICES_OFF + OFL_VDEV_SIZE;
	dev.mem.pa = RING_PA + OFL_WIN_DEVICES_OFF + OFL_VDEV_SIZE;
	dev.mem.size = RING_WINDOW - OFL_WIN_DEVICES_OFF - OFL_VDEV_SIZE;
	if (ofl_vq_init(&vq, &dev, 0, 64, true) ||
	    !ofl_devmem_alloc(&dev.mem, RING_BYTES, &buf[0].pa) ||
	    !ofl_devmem_alloc(&dev.mem, RING_BYTES, &buf[1].pa))
		bench_fail("the window is too small");
	buf[0].len = RING_BYTES;
	buf[1].len = RING_BYTES;
	line = (struct ofl_vq_driver){ .desc = vq.desc_pa, .driver = vq.avail_pa,
				       .device = vq.used_pa, .size = vq.size };
	ring_device_setup(window, &line, 0);
	pair = bench_pair_start(other, NULL);
	bench_cases(pair, cases, sizeof(cases) / sizeof(cases[0]));
	bench_pair_end(pair);
	return 0;
}
