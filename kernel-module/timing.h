/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the time of lending a core goes: /sys/class/offload/offloadN/timings, a line
 * "NAME NANOSECONDS" for each step, of the last time that it was gone through.
 */
#ifndef OFFLOAD_TIMING_H
#define OFFLOAD_TIMING_H

#include <linux/ktime.h>
#include <linux/types.h>

struct ofl_instance;

/* The names are in timing.c. */
enum ofl_timing {
	OFL_TIMING_FILL,    /* what an image may have left is cleared, the next one copied */
	OFL_TIMING_CLEAN,   /* out of the caches (aarch64) */
	OFL_TIMING_PREPARE, /* facts of the core, and what holds it later */
	OFL_TIMING_OFFLINE, /* remove_cpu(): Linux's own */
	OFL_TIMING_HELD,    /* from there until the core waits for us, or is off */
	OFL_TIMING_BOOT,    /* the boot page, caches */
	OFL_TIMING_ENTER,   /* from the start signal to the image's first instruction */
	OFL_TIMING_GAP,	    /* to it from the end of remove_cpu(), or of the last stop */
	OFL_TIMING_START,   /* all of a start, taking the core included */
	OFL_TIMING_STOP,    /* from the request to a core that is held */
	OFL_TIMING_ONLINE,  /* add_cpu(): Linux's own */
	OFL_TIMING_RETURN,  /* all of giving the core back */
	OFL_TIMING_NR
};

/* It began at `since` (ktime_get_ns) and is over. */
void ofl_timing_end(struct ofl_instance *inst, enum ofl_timing what, u64 since);
/* It took so long. */
void ofl_timing_set(struct ofl_instance *inst, enum ofl_timing what, u64 ns);
/* From counter value `from` to the image's first instruction, as the image says it. */
void ofl_timing_entered(struct ofl_instance *inst, enum ofl_timing what, u64 from);
/* Of ofl_arch_counter(). */
s64 ofl_counter_ns(u64 counter, u64 hz);
ssize_t ofl_timing_show(struct ofl_instance *inst, char *buf);

#endif
