// SPDX-License-Identifier: BSD-2-Clause
/*
 * Clocks, from the machine's free-running counter (TSC; CNTVCT_EL0).
 *
 * The boot page carries the counter's frequency and the distance from counter
 * time to wall-clock time.  A conversion is one 64 x 64 -> 128 bit product and
 * a shift, with 60 or more significant bits of the factor, so that it loses
 * less than a nanosecond in centuries and does not jump.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "core.h"

#define NS_PER_SEC 1000000000ull

/* Shorter waits spin: setting the timer up costs more. */
#define SPIN_MAX_NS 20000ull

static struct ofl_scale counter_to_ns;
static struct ofl_scale ns_to_counter;

/* to_hz / from_hz as mult / 2^shift, by long division: no 128-bit divide. */
struct ofl_scale ofl_scale_make(uint64_t to_hz, uint64_t from_hz)
{
	struct ofl_scale scale = { .mult = to_hz / from_hz, .shift = 0 };
	uint64_t rest = to_hz % from_hz;

	while (scale.shift < 63 && !(scale.mult >> 62)) {
		rest <<= 1;
		scale.mult <<= 1;
		if (rest >= from_hz) {
			rest -= from_hz;
			scale.mult |= 1;
		}
		scale.shift++;
	}
	return scale;
}

uint64_t ofl_scale(struct ofl_scale scale, uint64_t value)
{
	unsigned __int128 x = (unsigned __int128)value * scale.mult >> scale.shift;

	return x > UINT64_MAX ? UINT64_MAX : (uint64_t)x;
}

void ofl_clock_init(void)
{
	uint64_t hz = ofl_boot->info.counter_hz;

	/* Above 2^62 Hz the long division would overflow. */
	if (hz && !(hz >> 62)) {
		counter_to_ns = ofl_scale_make(NS_PER_SEC, hz);
		ns_to_counter = ofl_scale_make(hz, NS_PER_SEC);
		return;
	}
	ofl_panic("the boot page says that the counter runs at %lu Hz",
		  (unsigned long)hz);
}

uint64_t ofl_counter_hz(void)
{
	return ofl_boot->info.counter_hz;
}

uint64_t ofl_counter_to_ns(uint64_t count)
{
	return ofl_scale(counter_to_ns, count);
}

uint64_t ofl_ns_to_counter(uint64_t ns)
{
	uint64_t count = ofl_scale(ns_to_counter, ns);

	return count < UINT64_MAX ? count + 1 : count;
}

uint64_t ofl_now_ns(void)
{
	return ofl_counter_to_ns(ofl_counter());
}

/* --- POSIX --- */

static void to_timespec(int64_t ns, struct timespec *ts)
{
	int64_t sec = ns / (int64_t)NS_PER_SEC;
	int64_t rest = ns % (int64_t)NS_PER_SEC;

	if (rest < 0) {
		rest += NS_PER_SEC;
		sec--;
	}
	ts->tv_sec = sec;
	ts->tv_nsec = rest;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int64_t now = (int64_t)ofl_now_ns();

	switch (id) {
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		to_timespec(now, ts);
		return 0;
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		to_timespec(now + ofl_boot->info.wall_offset_ns, ts);
		return 0;
	}
	errno = EINVAL;
	return -1;
}

int clock_getres(clockid_t id, struct timespec *ts)
{
	struct timespec now;

	if (clock_gettime(id, &now))
		return -1;
	if (ts) {
		ts->tv_sec = 0;
		ts->tv_nsec = 1 + (NS_PER_SEC - 1) / ofl_counter_hz();
	}
	return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec ts;

	(void)tz;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

/* The image has its core for itself: all the time since it was sent off is its. */
clock_t clock(void)
{
	uint64_t ns = ofl_counter_to_ns(ofl_counter() - ofl_boot->info.start_counter);

	return (clock_t)(ns / (NS_PER_SEC / CLOCKS_PER_SEC));
}

static void woken(struct ofl_timer *timer, void *arg)
{
	(void)timer;
	*(volatile bool *)arg = true;
}

/*
 * Until `deadline`: on the timer and asleep, or spinning where that is not
 * possible (interrupts masked) or not worth it.
 */
static void wait_until(uint64_t deadline)
{
	struct ofl_timer timer = { 0 };
	volatile bool done = false;
	unsigned long flags = ofl_irq_save();
	uint64_t now = ofl_now_ns();

	if (ofl_irq_flags_enabled(flags) && deadline > now + SPIN_MAX_NS) {
		ofl_timer_start(&timer, deadline, 0, woken, (void *)&done);
		while (!done)
			ofl_idle();
	}
	ofl_irq_restore(flags);
	for (unsigned int spins = 0; ofl_now_ns() < deadline; spins++)
		ofl_platform_wait(spins);
}

static int timespec_to_ns(const struct timespec *ts, uint64_t *ns)
{
	if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= (long)NS_PER_SEC)
		return EINVAL;
	if ((uint64_t)ts->tv_sec >= UINT64_MAX / NS_PER_SEC - 1)
		*ns = UINT64_MAX;
	else
		*ns = (uint64_t)ts->tv_sec * NS_PER_SEC + (uint64_t)ts->tv_nsec;
	return 0;
}

static void sleep_ns(uint64_t ns)
{
	uint64_t now = ofl_now_ns();

	wait_until(ns > UINT64_MAX - now ? UINT64_MAX : now + ns);
}

/* The counter's time of `ns` of a clock that is `offset` ahead of it; saturates. */
static uint64_t absolute_deadline(uint64_t ns, int64_t offset)
{
	if (offset < 0) {
		uint64_t ahead = -(uint64_t)offset;

		return ns > UINT64_MAX - ahead ? UINT64_MAX : ns + ahead;
	}
	if (ns == UINT64_MAX)
		return ns; /* saturated: never */
	return ns > (uint64_t)offset ? ns - (uint64_t)offset : 0;
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *req,
		    struct timespec *rem)
{
	int64_t offset = 0;
	uint64_t ns;

	if (id == CLOCK_REALTIME)
		offset = ofl_boot->info.wall_offset_ns;
	else if (id != CLOCK_MONOTONIC)
		return EINVAL;
	if (timespec_to_ns(req, &ns))
		return EINVAL;
	if (flags & TIMER_ABSTIME)
		wait_until(absolute_deadline(ns, offset));
	else
		sleep_ns(ns);
	if (rem && !(flags & TIMER_ABSTIME))
		*rem = (struct timespec){ 0 };
	return 0;
}

int nanosleep(const struct timespec *req, struct timespec *rem)
{
	int err = clock_nanosleep(CLOCK_MONOTONIC, 0, req, rem);

	if (err)
		errno = err;
	return err ? -1 : 0;
}

int usleep(useconds_t us)
{
	sleep_ns((uint64_t)us * 1000);
	return 0;
}

unsigned int sleep(unsigned int seconds)
{
	sleep_ns(seconds * NS_PER_SEC);
	return 0;
}
