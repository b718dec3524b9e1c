// SPDX-License-Identifier: BSD-2-Clause
/*
 * The doorbells of a native image.  Both ends share the open files, so the image
 * can make them blocking, fill or empty them: the daemon must not wait there.
 */
#define _GNU_SOURCE 1
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pmm/host_native.c"
#include "pmm/listen.c"

#define SATURATED 0xfffffffffffffffeull

void ofl_log(const char *fmt, ...)
{
	(void)fmt;
}

int ofl_loop_watch(struct ofl_loop *loop, struct ofl_source *source,
		   uint32_t events)
{
	(void)loop;
	(void)source;
	(void)events;
	return 0;
}

int ofl_pmm_layout(struct ofl_pmm *pmm, bool fresh)
{
	(void)pmm;
	(void)fresh;
	return 0;
}

void ofl_window_rings(const struct ofl_mem *mem, bool rings)
{
	(void)mem;
	(void)rings;
}

void ofl_pmm_image_ended(struct ofl_pmm *pmm, int exit_status)
{
	(void)pmm;
	(void)exit_status;
}

uint32_t ofl_vsock_cid(const struct ofl_vsock *vs)
{
	(void)vs;
	return 3;
}

static uint64_t count_of(int fd)
{
	uint64_t count = 0;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static void ring_a_full_one(void **state)
{
	struct host_native hn = { .image_bell = eventfd(0, EFD_CLOEXEC) };
	struct ofl_pmm pmm = { .host_priv = &hn };
	uint64_t full = SATURATED;

	(void)state;
	native_ring(&pmm);
	assert_int_equal(count_of(hn.image_bell), 1);
	fcntl(hn.image_bell, F_SETFL, 0);
	assert_int_equal(write(hn.image_bell, &full, sizeof(full)), sizeof(full));
	alarm(5); /* ends the test if it blocks */
	native_ring(&pmm);
	alarm(0);
	close(hn.image_bell);
}

static void hear_an_empty_one(void **state)
{
	struct host_native hn = { .bell = { .fd = eventfd(0, EFD_CLOEXEC) } };
	struct ofl_pmm pmm = { .host_priv = &hn };

	(void)state;
	alarm(5);
	native_bell_rung(&pmm, EPOLLIN);
	alarm(0);
	close(hn.bell.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ring_a_full_one),
		cmocka_unit_test(hear_an_empty_one),
	};

	return cmocka_run_group_tests_name("pmm_bell", tests, NULL, NULL);
}
