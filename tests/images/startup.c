// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=long-long */
/*
 * What the C library promises before and behind main: constructors, data, bss,
 * thread-local storage and errno, the heap, floating point, atexit, and a
 * flush of what has no newline.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int order;
static int data = 7;
static char bss[100000];
static _Thread_local int tls_data = 11;
static _Thread_local int tls_bss;
static _Thread_local _Alignas(32) char tls_aligned[32];

__attribute__((constructor(200))) static void first(void)
{
	order = order == 0 ? 1 : -1;
}

__attribute__((constructor)) static void second(void)
{
	order = order == 1 ? 2 : -1;
}

static void at_exit(void)
{
	printf("atexit, no newline");
}

static void fail(const char *what)
{
	printf("FAIL: %s\n", what);
	exit(1);
}

int main(void)
{
	volatile double third = 1.0 / 3.0;
	char *p, *q;

	atexit(at_exit);
	if (order != 2)
		fail("constructors");
	if (data != 7)
		fail("data");
	for (size_t i = 0; i < sizeof(bss); i++)
		if (bss[i])
			fail("bss");
	if (tls_data != 11 || tls_bss || tls_aligned[0] || (uintptr_t)tls_aligned & 31)
		fail("thread-local storage");
	tls_bss = tls_data;
	errno = 0;
	if (close(12345) != -1 || errno != EBADF)
		fail("errno");
	if (tls_bss != 11)
		fail("errno lies on thread-local data");
	p = malloc(1 << 20);
	q = malloc(100);
	if (!p || !q)
		fail("malloc");
	memset(p, 0xaa, 1 << 20);
	memset(q, 0x55, 100);
	if (p[(1 << 20) - 1] != (char)0xaa)
		fail("heap");
	free(p);
	free(q);
	errno = 0;
	p = malloc((size_t)1 << 40);
	if (p || errno != ENOMEM)
		fail("malloc of too much");
	if (third * 3.0 != 1.0 || (int)(third * 1000) != 333)
		fail("floating point");
	if (!strerror(ENOENT) || !strerror(9999))
		fail("strerror");
	printf("startup ok %lld\n", -5000000000ll);
	return 0;
}
