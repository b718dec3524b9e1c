// SPDX-License-Identifier: BSD-2-Clause
#include "libc/libc.h"

#include <string.h>
#include <time.h>

#include "ktap.h"

/* Seconds and what they are, in UTC. */
static void test_date(const char *name, time_t t, const char *want)
{
	struct tm tm, back;
	char buf[64];

	gmtime_r(&t, &tm);
	strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M:%S %a %j", &tm);
	is_string(buf, want, "gmtime: %s", name);
	back = tm;
	is(mktime(&back), t, "mktime: %s", name);
}

void libc_time(void)
{
	struct tm tm = { .tm_year = 124, .tm_mon = 13, .tm_mday = 35, .tm_hour = 25 };
	char buf[64];
	time_t t = 0, now = time(NULL);
	struct timespec pause = { .tv_nsec = 3000000 };
	clock_t ticks;

	test_date("the beginning", 0, "1970-01-01 00:00:00 Thu 001");
	test_date("a leap day", 951782399 + 1, "2000-02-29 00:00:00 Tue 060");
	test_date("the day after", 951868800, "2000-03-01 00:00:00 Wed 061");
	test_date("not a leap year", 4107542400, "2100-03-01 00:00:00 Mon 060");
	test_date("the last of 31 bits", 2147483647, "2038-01-19 03:14:07 Tue 019");
	test_date("the first of 32", 2147483648, "2038-01-19 03:14:08 Tue 019");
	test_date("the end of a year", 1735689599, "2024-12-31 23:59:59 Tue 366");
	test_date("before the beginning", -1, "1969-12-31 23:59:59 Wed 365");
	is(mktime(&tm), 1741395600, "mktime: what overflows is carried");
	is(tm.tm_mon, 2, "mktime: into the month");
	gmtime_r(&t, &tm);
	is(strftime(buf, sizeof(buf), "%d/%b/%y %I%p %B %A", &tm), 31, "strftime: length");
	is_string(buf, "01/Jan/70 12AM January Thursday", "strftime: names");
	is(strftime(buf, 4, "%Y-%m", &tm), 0, "strftime: no room");
	ok(now > 1600000000, "time: after 2020");
	ok(difftime(now, now - 5) > 4.9, "difftime");
	ok(time(&t) == t, "time: stored, too");

	ticks = clock();
	ok(ticks > 0 && ticks / CLOCKS_PER_SEC < 3600, "clock: since the start");
	nanosleep(&pause, NULL);
	ok(clock() >= ticks + (clock_t)(3 * CLOCKS_PER_SEC / 1000), "clock: goes with the time");
}
