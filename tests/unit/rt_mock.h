/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A platform and the bones of a PMM for tests of the runtime: a window in
 * ordinary memory, a clock that only waiting moves, the log as a string, and a
 * device side that a test can make lie.  Include once, before the .c under test.
 */
#ifndef OFL_TEST_RT_MOCK_H
#define OFL_TEST_RT_MOCK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>

#include <cmocka.h>

/* The main that it declares is the image's. */
#define main ofl_image_main
#include "baremetal/platform.h"
#undef main
#include "baremetal/log.c"
#include "baremetal/wait.h"

#define WIN_PA 0x40000000ull
#define WIN_SIZE 0x100000u
#define HDR_OFF OFL_WIN_DEVICES_OFF
#define MEM_OFF (OFL_WIN_DEVICES_OFF + 0x1000u)

static uint8_t window_mem[WIN_SIZE] __attribute__((aligned(4096)));
static struct ofl_boot boot_page;
static struct ofl_log log_ring;
static struct ofl_crash crash_record;

struct ofl_boot *ofl_boot = &boot_page;
struct ofl_log *ofl_log = &log_ring;
struct ofl_crash *ofl_crash = &crash_record;
uint8_t *ofl_window_va = window_mem;

static uint64_t mock_now;
static uint32_t mock_epoch = 1;
static unsigned int mock_rings;
static uint64_t mock_sleep = 1000000;	/* ns of each step that may sleep */
static unsigned long mock_steps;	/* calls of ofl_platform_wait() */
static void (*pmm_step)(void); /* what the PMM does meanwhile */

uint64_t ofl_now_ns(void)
{
	return mock_now;
}

uint32_t ofl_platform_pmm_epoch(void)
{
	return mock_epoch;
}

/* A test that has devices.c says so. */
#ifndef MOCK_NO_DEVICES
#include "baremetal/devices.h"

void ofl_devices_check(void)
{
}
#endif

void ofl_platform_ring(void)
{
	mock_rings++;
}

unsigned int ofl_wait_sleep_at = OFL_WAIT_SPINS;

void ofl_platform_state(enum ofl_image_state state)
{
	__atomic_store_n(&ofl_boot->image.state, state, __ATOMIC_RELEASE);
}

void ofl_platform_wait_until(unsigned int spins, uint64_t deadline)
{
	(void)deadline;
	/* No wait of the runtime may need more: that would be a hang. */
	assert_true(++mock_steps < 2000000);
	mock_now += spins < OFL_WAIT_SPINS ? 100 : mock_sleep;
	if (pmm_step)
		pmm_step();
}

static jmp_buf mock_left;
static volatile enum ofl_image_state left_state;

void ofl_platform_leave(enum ofl_image_state state, int status)
{
	(void)status;
	left_state = state;
	longjmp(mock_left, 1);
}

static inline bool log_has(const char *text)
{
	static char copy[sizeof(log_ring.text) + 1];

	memcpy(copy, log_ring.text, sizeof(log_ring.text));
	copy[sizeof(log_ring.text)] = '\0';
	return strstr(copy, text);
}

static inline uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* --- one device, as the PMM sees it --- */

static inline struct ofl_vdev *sim_hdr(void)
{
	return (void *)(window_mem + HDR_OFF);
}

static inline void *sim_at(uint64_t pa)
{
	return window_mem + (pa - WIN_PA);
}

static inline void sim_reset(uint32_t device_id, unsigned int nr_queues)
{
	struct ofl_vdev *hdr = sim_hdr();

	memset(window_mem, 0, sizeof(window_mem));
	memset(&log_ring, 0, sizeof(log_ring));
	memset(&boot_page, 0, sizeof(boot_page));
	boot_page.info.window_pa = WIN_PA;
	boot_page.info.window_size = WIN_SIZE;
	mock_now = 0;
	mock_steps = 0;
	mock_epoch = 1;
	mock_rings = 0;
	pmm_step = NULL;
	hdr->id.magic = OFL_VDEV_MAGIC;
	hdr->id.version = OFL_VDEV_VERSION;
	hdr->id.device_id = device_id;
	hdr->id.features = 1ull << 32 | 1ull << 29 | 1;
	hdr->id.nr_queues = nr_queues;
	hdr->id.config_size = OFL_VDEV_CONFIG;
	for (unsigned int q = 0; q < nr_queues; q++)
		hdr->vq_device[q].size_max = 64;
}

/* Answer a transaction; bits that are to be missing in the answer. */
static uint32_t sim_refuse;
static struct sim_queue {
	uint16_t last_avail, used_idx;
} sim_queues[OFL_VDEV_QUEUES];

static inline void sim_ack(void)
{
	struct ofl_vdev *hdr = sim_hdr();

	if (hdr->device.ack_seq == hdr->driver.req_seq)
		return;
	if (!hdr->driver.status)
		memset(sim_queues, 0, sizeof(sim_queues));
	hdr->device.status = hdr->driver.status & ~sim_refuse;
	hdr->device.ack_seq = hdr->driver.req_seq;
}

struct sim_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

static inline struct sim_desc *sim_desc(unsigned int q, unsigned int i)
{
	struct sim_desc *table = sim_at(sim_hdr()->vq_driver[q].desc);

	return &table[i];
}

/* Take a chain: its head, or -1. */
static inline int sim_pop(unsigned int q)
{
	struct ofl_vq_driver *line = &sim_hdr()->vq_driver[q];
	uint16_t *avail;

	if (!line->size)
		return -1;
	avail = sim_at(line->driver);
	if (avail[1] == sim_queues[q].last_avail)
		return -1;
	return avail[2 + sim_queues[q].last_avail++ % line->size];
}

/* Give an element back, whatever it says. */
static inline void sim_push(unsigned int q, uint32_t id, uint32_t len)
{
	struct ofl_vq_driver *line = &sim_hdr()->vq_driver[q];
	uint16_t *used = sim_at(line->device);
	uint32_t *elem = (uint32_t *)(used + 2) +
			 2 * (sim_queues[q].used_idx % line->size);

	elem[0] = id;
	elem[1] = len;
	sim_queues[q].used_idx++;
	used[1] = sim_queues[q].used_idx;
}

#endif
