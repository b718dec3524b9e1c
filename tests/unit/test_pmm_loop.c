// SPDX-License-Identifier: BSD-2-Clause
/*
 * The daemon's loop beside a busy image: real descriptors, queues that always have
 * work, and a count of the system calls that looking at the descriptors makes.
 */
#define _GNU_SOURCE 1
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

static unsigned int waits;

static int counted_wait(int epfd, struct epoll_event *ev, int max, int timeout_ms)
{
	waits++;
	assert_int_equal(timeout_ms, 0); /* a busy loop does not wait */
	return epoll_wait(epfd, ev, max, timeout_ms);
}

#define epoll_wait counted_wait
#include "pmm/loop.c"
#undef epoll_wait
#include "pmm/ready.c"
#include "pmm/spin.c"

#define TURNS 600000u
#define LOOKS (TURNS / LOOP_TURNS_PER_LOOK)

void ofl_log(const char *fmt, ...)
{
	(void)fmt;
}

bool ofl_dev_pending(const struct ofl_dev *dev)
{
	(void)dev;
	return true;
}

void ofl_dev_arm(struct ofl_dev *dev)
{
	(void)dev;
}

void ofl_window_sleep(const struct ofl_mem *mem, bool asleep)
{
	(void)mem;
	(void)asleep;
}

static unsigned int turns, checks, heard, write_at;
static unsigned int heard_at[TURNS];
static bool drain, drained_elsewhere;
static struct ofl_source bell;

/* The queues: work in each turn, and now and then something for a descriptor. */
bool ofl_pmm_poll(struct ofl_pmm *pmm)
{
	eventfd_t count;

	turns++;
	if (write_at && turns % write_at == 0) {
		assert_int_equal(eventfd_write(bell.fd, 1), 0);
		if (drained_elsewhere)
			assert_int_equal(eventfd_read(bell.fd, &count), 0);
	}
	pmm->stop = turns == TURNS;
	return true;
}

static void check(struct ofl_pmm *pmm)
{
	(void)pmm;
	checks++;
}

static void hear(void *arg, uint32_t events)
{
	eventfd_t count;

	(void)arg;
	assert_int_equal(events, EPOLLIN);
	if (drain)
		assert_int_equal(eventfd_read(bell.fd, &count), 0);
	if (heard < TURNS)
		heard_at[heard] = turns;
	heard++;
}

static const struct ofl_host_ops host = { .check = check };
static const struct ofl_options options = { .spin_us = 50 };

static void serve(bool told, unsigned int every, bool drains)
{
	struct ofl_pmm pmm = { .opt = &options, .host = &host, .mem.size = 4096 };

	turns = checks = heard = waits = 0;
	write_at = every;
	drain = drains;
	bell = (struct ofl_source){ .fd = eventfd(0, EFD_NONBLOCK), .fn = hear };
	assert_int_equal(ofl_loop_open(&pmm.loop), 0);
	if (!told)
		pmm.loop.ready.ring = NULL;
	else if (!pmm.loop.ready.ring)
		skip(); /* a kernel without CONFIG_AIO */
	assert_int_equal(ofl_loop_watch(&pmm.loop, &bell, EPOLLIN), 0);
	ofl_loop_run(&pmm);
	ofl_loop_close(&pmm.loop);
	close(bell.fd);
	assert_int_equal(turns, TURNS);
	assert_int_equal(checks, LOOKS);
}

static void test_quiet_descriptors_cost_no_system_call(void **state)
{
	(void)state;
	serve(true, 0, true);
	/* and now and then a look all the same: what has not told is not believed for ever */
	assert_int_equal(waits, LOOP_EMPTY + (LOOKS - LOOP_EMPTY) / LOOP_QUIET);
	assert_in_range(waits, LOOP_EMPTY + 1, LOOP_EMPTY + 10);
	assert_int_equal(heard, 0);
}

/* What a turn finds by itself is told, too, for nothing: too often to be worth asking. */
static void test_events_found_elsewhere(void **state)
{
	(void)state;
	drained_elsewhere = true;
	serve(true, 10 * LOOP_TURNS_PER_LOOK, true);
	drained_elsewhere = false;
	assert_int_equal(heard, 0);
	assert_in_range(waits, LOOKS / 2, LOOKS);
}

/* Rare enough for the kernel to be asked anew each time, in a ring that goes round. */
static void test_each_event_is_heard_in_the_next_look(void **state)
{
	unsigned int i, every = 2 * LOOP_EMPTY * LOOP_TURNS_PER_LOOK + 1;

	(void)state;
	serve(true, every, true);
	assert_int_equal(heard, TURNS / every);
	for (i = 0; i < heard; i++)
		assert_in_range(heard_at[i] - (i + 1) * every, 0, LOOP_TURNS_PER_LOOK);
	assert_in_range(waits, heard * LOOP_EMPTY, (heard + 1) * (LOOP_EMPTY + 1));
}

/* Too often to be worth asking: by looking, as ever. */
static void test_busy_descriptors_are_looked_at(void **state)
{
	(void)state;
	serve(true, LOOP_TURNS_PER_LOOK, true);
	assert_int_equal(heard, LOOKS);
	assert_int_equal(waits, LOOKS);
}

/* One whose owner leaves what there is stays ready, and is called each time. */
static void test_what_is_left_is_heard_again(void **state)
{
	unsigned int at = TURNS / 2;

	(void)state;
	serve(true, at, false);
	assert_in_range(heard, (TURNS - at) / LOOP_TURNS_PER_LOOK, LOOKS - at / LOOP_TURNS_PER_LOOK + 1);
}

static void test_without_being_told(void **state)
{
	(void)state;
	serve(false, 10 * LOOP_TURNS_PER_LOOK, true);
	assert_int_equal(waits, LOOKS);
	assert_int_equal(heard, TURNS / (10 * LOOP_TURNS_PER_LOOK));
}

/* The kernel refuses (an epoll set that is none): looked at from now on. */
static void test_refused(void **state)
{
	struct ofl_ready ready;

	(void)state;
	ofl_ready_open(&ready);
	if (!ready.ring)
		skip();
	assert_false(ofl_ready_quiet(&ready));
	ofl_ready_arm(&ready, -1);
	assert_false(ofl_ready_quiet(&ready));
	assert_null(ready.ring);
	ofl_ready_arm(&ready, -1);
	assert_false(ofl_ready_quiet(&ready));
}

/* More answers than the ring has places. */
static void test_many_answers(void **state)
{
	struct ofl_ready ready;
	struct epoll_event ev = { .events = EPOLLIN };
	int epfd = epoll_create1(0), fd = eventfd(0, EFD_NONBLOCK);
	eventfd_t count;
	unsigned int i;

	(void)state;
	ofl_ready_open(&ready);
	if (!ready.ring)
		skip();
	assert_int_equal(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev), 0);
	for (i = 0; i < 10 * ready.ring->nr; i++) {
		ofl_ready_arm(&ready, epfd);
		ofl_ready_arm(&ready, epfd); /* asked already */
		assert_true(ofl_ready_quiet(&ready));
		assert_int_equal(eventfd_write(fd, 1), 0);
		assert_false(ofl_ready_quiet(&ready));
		assert_false(ofl_ready_quiet(&ready));
		/* There is something already: told at once. */
		ofl_ready_arm(&ready, epfd);
		assert_false(ofl_ready_quiet(&ready));
		assert_int_equal(eventfd_read(fd, &count), 0);
		assert_int_equal(epoll_wait(epfd, &ev, 1, 0), 0);
	}
	close(fd);
	close(epfd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quiet_descriptors_cost_no_system_call),
		cmocka_unit_test(test_each_event_is_heard_in_the_next_look),
		cmocka_unit_test(test_events_found_elsewhere),
		cmocka_unit_test(test_busy_descriptors_are_looked_at),
		cmocka_unit_test(test_what_is_left_is_heard_again),
		cmocka_unit_test(test_without_being_told),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
