// SPDX-License-Identifier: BSD-2-Clause
/*
 *	bellping FILE COUNT
 *
 * Reads single bytes of FILE, COUNT times, going to sleep at once in each wait.
 * One time out of three it waits until the PMM has said that it sleeps, so that
 * the kick must ring, and falls about between the PMM's last look and its sleep.
 * One time out of three it says that it sleeps before it kicks, so that the
 * answer must ring.  A ring that got lost is a read that fails after the driver's
 * timeout.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <offload/rt.h>

#include "baremetal/platform.h"

#define PATIENCE_NS 20000000000ull

static const struct ofl_window *window(void)
{
	return (void *)(ofl_window_va + OFL_WIN_CTRL_OFF);
}

static void say_asleep(void)
{
	if (!__atomic_load_n(&window()->image_bell.asleep, __ATOMIC_RELAXED))
		ofl_platform_wait(0);
}

static int wait_pmm_asleep(void)
{
	uint64_t end = ofl_now_ns() + PATIENCE_NS;

	while (!__atomic_load_n(&window()->pmm_bell.asleep, __ATOMIC_RELAXED)) {
		if (ofl_now_ns() > end)
			return -1;
		ofl_platform_relax();
	}
	return 0;
}

static int fail(const char *what, unsigned long round)
{
	printf("bellping: %s in round %lu: %s\n", what, round, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	unsigned long count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	uint64_t start, longest = 0, before, took;
	uint32_t sleeps, bells;
	off_t size;
	char c, *text;
	int fd;

	fd = argc == 3 ? open(argv[1], O_RDONLY) : -1;
	if (fd < 0 || !count)
		return fail("no such file, or no count", 0);
	size = lseek(fd, 0, SEEK_END);
	text = size > 0 ? malloc((size_t)size) : NULL;
	if (!text || lseek(fd, 0, SEEK_SET) || read(fd, text, (size_t)size) != size)
		return fail("read", 0);

	ofl_wait_spins(0);
	sleeps = ofl_boot->image.sleeps;
	bells = ofl_boot->image.bells;
	start = ofl_now_ns();
	for (unsigned long i = 0; i < count; i++) {
		off_t at = (off_t)(i % (unsigned long)size);

		if (i % 3 == 1 && wait_pmm_asleep())
			return fail("the PMM does not go to sleep", i);
		if (i % 3 == 2)
			say_asleep();
		before = ofl_now_ns();
		if (lseek(fd, at, SEEK_SET) != at || read(fd, &c, 1) != 1)
			return fail("read", i);
		if (c != text[at])
			return fail("wrong byte", i);
		took = ofl_now_ns() - before;
		if (took > longest)
			longest = took;
	}
	took = ofl_now_ns() - start;
	sleeps = ofl_boot->image.sleeps - sleeps;
	bells = ofl_boot->image.bells - bells;
	ofl_wait_spins(4096);
	printf("bellping: %lu round trips, %lu us each, longest %lu us, slept %lu times, rung %lu times\n",
	       count, (unsigned long)(took / count / 1000),
	       (unsigned long)(longest / 1000), (unsigned long)sleeps,
	       (unsigned long)bells);
	return 0;
}
