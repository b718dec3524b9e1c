/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linked into images as processes that count their lines: the counts are written now and
 * then while the image waits, and when it ends (--wrap).
 */
#include "dump.h"

#include <stdint.h>
#include <string.h>

#include "baremetal/native/linux.h"
#include "baremetal/native/native.h"
#include "baremetal/platform.h"

/* What linux.h does not have; x86_64's. */
#define SYS_OPEN 2
#define SYS_CLOSE 3
#define SYS_GETPID 39
#define SYS_RENAME 82
#define SYS_MKDIR 83
#define WRONLY_CREAT_TRUNC 01101

void __real_ofl_platform_leave(enum ofl_image_state state, int status) __attribute__((noreturn));
void __wrap_ofl_platform_leave(enum ofl_image_state state, int status) __attribute__((noreturn));
void __real_ofl_platform_wait_until(unsigned int spins, uint64_t deadline);
void __wrap_ofl_platform_wait_until(unsigned int spins, uint64_t deadline);
void *mmap(void *at, size_t size, int prot, int flags, int fd, long offset);
void __gcov_merge_add(long long *counters, unsigned int n);

static long file = -1;

/* libgcov's, for what is not done here: adding to a file, counting values. */
void __gcov_merge_add(long long *counters, unsigned int n)
{
	(void)counters, (void)n;
}

void *mmap(void *at, size_t size, int prot, int flags, int fd, long offset)
{
	(void)at, (void)size, (void)prot, (void)flags, (void)fd, (void)offset;
	return (void *)-1;
}

static void dump_begin(const char *path)
{
	file = ofl_syscall(SYS_OPEN, (long)path, WRONLY_CREAT_TRUNC, 0666, 0, 0, 0);
}

static void dump_bytes(const void *bytes, unsigned int n, void *arg)
{
	(void)arg;
	if (file >= 0)
		ofl_syscall(NR_WRITE, file, (long)bytes, n, 0, 0, 0);
}

static bool dump_end(void)
{
	long ended = file;

	file = -1;
	return ended >= 0 && !ofl_syscall(SYS_CLOSE, ended, 0, 0, 0, 0, 0);
}

static void dump_rename(const char *from, const char *to)
{
	ofl_syscall(SYS_RENAME, (long)from, (long)to, 0, 0, 0, 0);
}

static void *dump_memory(unsigned int n, void *arg)
{
	(void)n, (void)arg;
	return NULL;
}

static char *number(char *to, uint64_t n)
{
	char digits[24];
	unsigned int i = 0;

	do {
		digits[i++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	while (i)
		*to++ = digits[--i];
	*to = 0;
	return to;
}

static void dump_now(void)
{
	static bool busy;
	char *end;

	if (busy)
		return; /* an interrupt's */
	busy = true;
	if (!dump_dir[0]) {
		memcpy(dump_dir, RUNS "/", sizeof(RUNS "/"));
		end = number(dump_dir + strlen(dump_dir),
			     (uint64_t)ofl_syscall(SYS_GETPID, 0, 0, 0, 0, 0, 0));
		*end++ = '.';
		number(end, ofl_counter());
		ofl_syscall(SYS_MKDIR, (long)dump_dir, 0777, 0, 0, 0, 0);
	}
	dump_all();
	busy = false;
}

void __wrap_ofl_platform_leave(enum ofl_image_state state, int status)
{
	dump_now();
	__real_ofl_platform_leave(state, status);
}

void __wrap_ofl_platform_wait_until(unsigned int spins, uint64_t deadline)
{
	static uint64_t next;
	uint64_t now = ofl_counter();

	if (!next)
		next = now + DUMP_EVERY_MS * 1000000ull;
	if (now >= next) {
		dump_now();
		next = ofl_counter() + DUMP_EVERY_MS * 1000000ull;
	}
	__real_ofl_platform_wait_until(spins, deadline);
}
