/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images that crash on purpose, three calls deep: CRASH(name) { ... } is the
 * innermost function, main calls middle calls outer calls it.  Nothing of it is
 * put into anything else, and no call is the last thing of its function.
 */
#ifndef OFL_TEST_CRASH_H
#define OFL_TEST_CRASH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP __attribute__((noinline, noclone, noipa))

static volatile unsigned int crash_calls;

#define CRASH(name) \
KEEP static void name(void); \
KEEP static void outer(void) \
{ \
	name(); \
	crash_calls++; \
} \
KEEP static void middle(void) \
{ \
	outer(); \
	crash_calls++; \
} \
int main(void) \
{ \
	printf("about to crash\n"); \
	middle(); \
	printf("still there\n"); \
	return 3; \
} \
KEEP static void name(void)

/*
 * For the end of the innermost: on x86_64 gcc gives a function no frame where it
 * calls nothing any more, and then its caller is missing in a backtrace.
 */
KEEP static __attribute__((unused)) void crash_mark(void)
{
	crash_calls++;
}

#endif
