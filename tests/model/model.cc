// SPDX-License-Identifier: BSD-2-Clause
/*
 * The checker: driver.c and device.c as two threads of Relacy, which plays
 * schedules and, for every load, any store that C11 lets it see.
 *
 *	ordering [--runs N] [--log FILE] [--list] [PATTERN]
 *
 * The sources as they are must pass; then, each point weakened alone (an
 * acquire or release to relaxed, a fence taken out), something must fail: a data
 * race, a wrong number, a sleeper whom nobody wakes.  Results are TAP; with
 * PATTERN, only the points whose text contains it.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

#include <relacy/relacy.hpp>

#include <offload/abi.h>

#include "model.h"
#include "pmm/spin.h"

extern "C" struct model_point __start_model_points[], __stop_model_points[];

uint8_t model_window[MODEL_WINDOW_SIZE] __attribute__((aligned(4096)));
const struct model_play *model_play;

static const struct model_play plays[] = {
	{ "both spin", true, false, false, 1u << 30, OFL_SPIN_ALWAYS },
	{ "both sleep, EVENT_IDX", true, false, false, 1, 0 },
	{ "both sleep, flags", false, false, false, 1, 0 },
	{ "the driver sleeps", true, false, false, 1, OFL_SPIN_ALWAYS },
	{ "the device sleeps", true, false, false, 1u << 30, 0 },
	{ "the device looks, and sleeps", true, false, false, 1u << 30, 1 },
	{ "packed, both spin", true, true, false, 1u << 30, OFL_SPIN_ALWAYS },
	{ "packed, both sleep, EVENT_IDX", true, true, false, 1, 0 },
	{ "packed, both sleep, flags", false, true, false, 1, 0 },
	{ "packed, in order, both spin", true, true, true, 1u << 30, OFL_SPIN_ALWAYS },
	{ "packed, in order, both sleep", true, true, true, 1, 0 },
};
#define NR_PLAYS (sizeof(plays) / sizeof(plays[0]))

static struct model_point *weakened;

/* --- the cells: which bytes of the window the model knows, and how --- */

enum sort {
	ATOMIC, /* both sides look at it at any time */
	PLAIN,	/* belongs to one side at a time: a race is an error */
};

struct field {
	unsigned int offset, size;
	enum sort sort;
};

#define CTRL(f) OFL_WIN_CTRL_OFF + (unsigned int)offsetof(struct ofl_window, f)
#define VDEV(f) OFL_WIN_DEVICES_OFF + (unsigned int)offsetof(struct ofl_vdev, f)
#define MEMORY (OFL_WIN_DEVICES_OFF + OFL_VDEV_SIZE)
#define DESC(i) \
	{ MEMORY + 16 * i, 8, PLAIN }, { MEMORY + 16 * i + 8, 4, PLAIN }, \
	{ MEMORY + 16 * i + 12, 2, PLAIN }, { MEMORY + 16 * i + 14, 2, PLAIN }
#define AVAIL (MEMORY + 64)
#define USED (MEMORY + 128)
#define USED_ELEM(i) { USED + 4 + 8 * i, 4, PLAIN }, { USED + 8 + 8 * i, 4, PLAIN }

#define HEADERS \
	{ CTRL(pmm.magic), 8, ATOMIC }, { CTRL(pmm.abi), 4, ATOMIC }, \
	{ CTRL(pmm.epoch), 4, ATOMIC }, { CTRL(pmm.fdt_size), 4, ATOMIC }, \
	{ CTRL(pmm_bell.asleep), 4, ATOMIC }, { CTRL(image_bell.asleep), 4, ATOMIC }, \
	{ VDEV(id.magic), 4, PLAIN }, { VDEV(id.version), 4, PLAIN }, \
	{ VDEV(id.device_id), 4, PLAIN }, { VDEV(id.features), 8, PLAIN }, \
	{ VDEV(id.nr_queues), 4, PLAIN }, { VDEV(id.config_size), 4, PLAIN }, \
	{ VDEV(device.ack_seq), 4, ATOMIC }, { VDEV(device.status), 4, ATOMIC }, \
	{ VDEV(driver.req_seq), 4, ATOMIC }, { VDEV(driver.status), 4, PLAIN }, \
	{ VDEV(driver.features), 8, PLAIN }, \
	{ VDEV(kick[0]), 4, ATOMIC }, { VDEV(call[0]), 4, ATOMIC }, \
	{ VDEV(vq_driver[0].desc), 8, PLAIN }, { VDEV(vq_driver[0].driver), 8, PLAIN }, \
	{ VDEV(vq_driver[0].device), 8, PLAIN }, { VDEV(vq_driver[0].size), 4, PLAIN }, \
	{ VDEV(vq_device[0].size_max), 4, PLAIN }, { VDEV(vq_device[0].state), 4, PLAIN }
#define MESSAGES \
	{ MEMORY + 192, 4, PLAIN }, { MEMORY + 256, 4, PLAIN }, \
	{ MEMORY + 320, 4, PLAIN }, { MEMORY + 384, 4, PLAIN }
/* Whose turn it is say the flags. */
#define PACKED(i) \
	{ MEMORY + 16 * i, 8, PLAIN }, { MEMORY + 16 * i + 8, 4, PLAIN }, \
	{ MEMORY + 16 * i + 12, 2, PLAIN }, { MEMORY + 16 * i + 14, 2, ATOMIC }

static const struct field split_fields[] = {
	HEADERS,
	DESC(0), DESC(1), DESC(2), DESC(3),
	{ AVAIL, 2, ATOMIC }, { AVAIL + 2, 2, ATOMIC },
	{ AVAIL + 4, 2, PLAIN }, { AVAIL + 6, 2, PLAIN }, { AVAIL + 8, 2, PLAIN },
	{ AVAIL + 10, 2, PLAIN }, { AVAIL + 12, 2, ATOMIC },
	{ USED, 2, ATOMIC }, { USED + 2, 2, ATOMIC },
	USED_ELEM(0), USED_ELEM(1), USED_ELEM(2), USED_ELEM(3),
	{ USED + 36, 2, ATOMIC },
	/* two requests and their answers */
	MESSAGES,
};
#define NR_CELLS (sizeof(split_fields) / sizeof(split_fields[0]))

static const struct field packed_fields[] = {
	HEADERS,
	PACKED(0), PACKED(1), PACKED(2), PACKED(3),
	{ AVAIL, 4, ATOMIC }, { USED, 4, ATOMIC }, /* the two sides' events */
	MESSAGES,
};
static_assert(sizeof(packed_fields) <= sizeof(split_fields), "cells");

static const struct field *fields;

static uint8_t cell_at[MODEL_WINDOW_SIZE]; /* index + 1, at a field's first byte */

struct game : rl::test_suite<game, 2> {
	rl::atomic<uint64_t> shared[NR_CELLS];
	rl::var<uint64_t> owned[NR_CELLS];
	rl::rl_HANDLE driver_bell, device_bell;

	void before();
	void after();
	void thread(unsigned int index);
};

static game *now;

void game::before()
{
	now = this;
	memset(model_window, 0, sizeof(model_window));
	memset(cell_at, 0, sizeof(cell_at));
	fields = model_play->packed ? packed_fields : split_fields;
	for (unsigned int i = 0; i < NR_CELLS; i++) {
		if (model_play->packed && i >= sizeof(packed_fields) / sizeof(packed_fields[0]))
			break;
		cell_at[fields[i].offset] = (uint8_t)(i + 1);
		if (fields[i].sort == ATOMIC)
			shared[i].store(0, rl::mo_relaxed, $);
		else
			owned[i]($).store(0);
	}
	driver_bell = CreateEvent(0, 0, 0, 0);
	device_bell = CreateEvent(0, 0, 0, 0);
	model_driver_reset();
	model_device_reset();
}

void game::after()
{
	CloseHandle(driver_bell);
	CloseHandle(device_bell);
}

void game::thread(unsigned int index)
{
	if (index)
		model_device_run();
	else
		model_driver_run();
}

/* --- what the sources call --- */

static int cell_of(const volatile void *p, size_t size)
{
	size_t offset = (size_t)((const uint8_t *)p - model_window);
	int cell;

	if ((const uint8_t *)p < model_window || offset >= MODEL_WINDOW_SIZE || !cell_at[offset])
		return -1;
	cell = cell_at[offset] - 1;
	if (fields[cell].size != size)
		abort(); /* a field of another layout: the table above is old */
	return cell;
}

static rl::memory_order order_of(int order, struct model_point *point)
{
	if (point) {
		point->reached++;
		if (point == weakened)
			return rl::mo_relaxed;
	}
	switch (order) {
	case __ATOMIC_RELAXED:
		return rl::mo_relaxed;
	case __ATOMIC_ACQUIRE:
		return rl::mo_acquire;
	case __ATOMIC_RELEASE:
		return rl::mo_release;
	default:
		return rl::mo_seq_cst;
	}
}

static rl::debug_info place(struct model_point *point)
{
	return point ? rl::debug_info(point->what, point->file, (unsigned int)point->line) : $;
}

uint64_t model_load(const volatile void *p, size_t size, int order, struct model_point *point)
{
	int cell = cell_of(p, size);
	uint64_t value = 0;

	if (cell < 0) {
		memcpy(&value, (const void *)p, size);
		return value;
	}
	if (fields[cell].sort == PLAIN) {
		order_of(order, point);
		return now->owned[cell](place(point)).load();
	}
	return now->shared[cell].load(order_of(order, point), place(point));
}

void model_store(volatile void *p, size_t size, uint64_t value, int order,
		 struct model_point *point)
{
	int cell = cell_of(p, size);

	if (cell < 0) {
		memcpy((void *)p, &value, size);
		return;
	}
	if (size < 8)
		value &= (1ull << 8 * size) - 1;
	if (fields[cell].sort == PLAIN) {
		order_of(order, point);
		now->owned[cell](place(point)).store(value);
	} else {
		now->shared[cell].store(value, order_of(order, point), place(point));
	}
}

void model_fence(int order, struct model_point *point)
{
	rl::memory_order mo = order_of(order, point);

	if (mo != rl::mo_relaxed)
		rl::atomic_thread_fence(mo, place(point));
}

static size_t cell_size(const void *p)
{
	size_t offset = (size_t)((const uint8_t *)p - model_window);

	if ((const uint8_t *)p < model_window || offset >= MODEL_WINDOW_SIZE || !cell_at[offset])
		return 0;
	return fields[cell_at[offset] - 1].size;
}

void *model_memcpy(void *to, const void *from, size_t len)
{
	uint8_t *t = (uint8_t *)to;
	const uint8_t *f = (const uint8_t *)from;

	for (size_t i = 0; i < len;) {
		size_t n = cell_size(t + i);
		uint64_t value = 0;

		if (!n)
			n = cell_size(f + i);
		if (!n || n > len - i) {
			t[i] = f[i];
			i++;
			continue;
		}
		value = model_load(f + i, n, __ATOMIC_RELAXED, NULL);
		model_store(t + i, n, value, __ATOMIC_RELAXED, NULL);
		i += n;
	}
	return to;
}

void *model_memset(void *to, int byte, size_t len)
{
	uint8_t *t = (uint8_t *)to;

	for (size_t i = 0; i < len;) {
		size_t n = cell_size(t + i);

		if (!n) {
			t[i++] = (uint8_t)byte;
			continue;
		}
		model_store(t + i, n, byte ? ~0ull : 0, __ATOMIC_RELAXED, NULL);
		i += n;
	}
	return to;
}

void model_relax(void)
{
	rl::yield(1, $);
}

void model_ring_device(void)
{
	SetEvent(now->device_bell);
}

void model_ring_driver(void)
{
	SetEvent(now->driver_bell);
}

void model_wait_device(void)
{
	WaitForSingleObject(now->device_bell, INFINITE);
}

void model_wait_driver(void)
{
	WaitForSingleObject(now->driver_bell, INFINITE);
}

void model_assert_at(bool good, const char *what, const char *file, int line)
{
	RL_ASSERT_IMPL(good, rl::test_result_user_assert_failed, what,
		       rl::debug_info(what, file, (unsigned int)line));
}

/* --- the program --- */

static unsigned long runs = 3000;

/* NULL: nothing found; else what. */
static const char *play_once(const struct model_play *play, std::ostream &out)
{
	rl::test_params params;

	model_play = play;
	params.iteration_count = runs;
	params.output_stream = &out;
	params.progress_stream = &out;
	params.execution_depth_limit = 100000;
	if (rl::simulate<game>(params))
		return NULL;
	return rl::test_result_str(params.test_result);
}

/* All plays in a child: a failed one leaves the checker as it is. */
static bool found(char *what, size_t size, const char *log)
{
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	fflush(stdout);
	if (pipe(fds) || (pid = fork()) < 0) {
		perror("ordering");
		exit(2);
	}
	if (!pid) {
		std::ofstream out(log);

		for (unsigned int i = 0; i < NR_PLAYS; i++) {
			const char *why = play_once(&plays[i], out);

			if (why) {
				dprintf(fds[1], "%s (%s)", why, plays[i].name);
				_exit(1);
			}
		}
		/* What was reached, for the parent. */
		if (!weakened)
			for (struct model_point *p = __start_model_points;
			     p != __stop_model_points; p++)
				if (write(fds[1], &p->reached, sizeof(p->reached)) < 0)
					_exit(2);
		_exit(0);
	}
	close(fds[1]);
	n = 0;
	for (ssize_t got; (size_t)n < size - 1 &&
	     (got = read(fds[0], what + n, size - 1 - (size_t)n)) > 0;)
		n += got;
	what[n] = '\0';
	close(fds[0]);
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return false;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 1)
		snprintf(what, size, "the checker ended with status 0x%x", status);
	return true;
}

/* Points that no play needs, and why they are there all the same. */
static const struct {
	const char *point, *why;
} explained[] = {
	{ "pmm/window.c ofl_window_layout: seq_cst fence",
	  "a PMM that comes back to a living image; the image checks all that it reads" },
	{ "baremetal/virtio.c ofl_virtio_config: acquire load &hdr->device.config_generation",
	  "the configuration changes when a console is resized, which no play does" },
	{ "baremetal/virtio.c ofl_virtio_config: acquire fence",
	  "the configuration changes when a console is resized, which no play does" },
	{ "pmm/vdev.c dev_next_generation: release store dev_field(dev, offsetof(struct ofl_vdev, device.config_generation))",
	  "the other half of ofl_virtio_config: no play resizes a console" },
	{ "pmm/vdev.c dev_next_generation: seq_cst fence",
	  "the other half of ofl_virtio_config: no play resizes a console" },
};

/* By file and text, not by line: lines move. */
static const char *explanation(const struct model_point *p, const char *text)
{
	const char *file = strncmp(p->file, "./", 2) ? p->file : p->file + 2;
	const char *rest = strchr(text, ' ') + 1;
	char key[256];

	snprintf(key, sizeof(key), "%s %s", file, rest);
	for (const auto &e : explained)
		if (!strcmp(key, e.point))
			return e.why;
	return NULL;
}

static void describe(const struct model_point *p, char *text, size_t size)
{
	static const char *const orders[] = { "relaxed", "consume", "acquire", "release",
					      "acq_rel", "seq_cst" };
	const char *file = strncmp(p->file, "./", 2) ? p->file : p->file + 2;

	snprintf(text, size, "%s:%d %s: %s %s%s%s", file, p->line, p->function, orders[p->order], p->kind,
		 *p->what ? " " : "", p->what);
}

int main(int argc, char **argv)
{
	static char what[sizeof(unsigned long) * 1024 + 1];
	const char *pattern = "", *log = "/dev/null";
	unsigned int nr = 0, failed = 0;
	bool list = false;
	char text[256];

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--runs") && i + 1 < argc)
			runs = strtoul(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--log") && i + 1 < argc)
			log = argv[++i];
		else if (!strcmp(argv[i], "--list"))
			list = true;
		else
			pattern = argv[i];
	}
	printf("TAP version 13\n");
	if (!list) {
		if (found(what, sizeof(what), log)) {
			printf("not ok 1 the sources as they are\n# %s\n1..1\n", what);
			return 1;
		}
		printf("ok %u the sources as they are\n", ++nr);
		unsigned long *reached = (unsigned long *)(void *)what;
		for (struct model_point *p = __start_model_points; p != __stop_model_points; p++)
			p->reached = *reached++;
	}
	for (struct model_point *p = __start_model_points; p != __stop_model_points; p++) {
		if (p->order == __ATOMIC_RELAXED)
			continue;
		describe(p, text, sizeof(text));
		if (!strstr(text, pattern))
			continue;
		if (list) {
			printf("%s\n", text);
			continue;
		}
		nr++;
		const char *why = explanation(p, text);
		if (why && !p->reached) {
			printf("ok %u without %s # SKIP never reached: %s\n", nr, text, why);
			continue;
		}
		if (!p->reached) {
			printf("not ok %u without %s\n# never reached\n", nr, text);
			failed++;
			continue;
		}
		weakened = p;
		if (found(what, sizeof(what), log)) {
			if (why) {
				printf("not ok %u without %s: %s\n# so the explanation is wrong: %s\n",
				       nr, text, what, why);
				failed++;
				continue;
			}
			printf("ok %u without %s: %s\n", nr, text, what);
		} else if (why) {
			printf("ok %u without %s # SKIP %s\n", nr, text, why);
		} else {
			printf("not ok %u without %s\n# nothing fails: it is not needed, or the model does not see why\n",
			       nr, text);
			failed++;
		}
	}
	if (!list)
		printf("1..%u\n", nr);
	return failed ? 1 : 0;
}
