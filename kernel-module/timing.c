// SPDX-License-Identifier: GPL-2.0-only
/* How long each step took, see timing.h. */
#include <linux/math64.h>
#include <linux/sysfs.h>

#include "arch.h"
#include "timing.h"

static const char *const names[OFL_TIMING_NR] = {
	[OFL_TIMING_FILL] = "fill",	  [OFL_TIMING_CLEAN] = "clean",
	[OFL_TIMING_PREPARE] = "prepare", [OFL_TIMING_OFFLINE] = "offline",
	[OFL_TIMING_HELD] = "held",	  [OFL_TIMING_BOOT] = "boot",
	[OFL_TIMING_ENTER] = "enter",	  [OFL_TIMING_GAP] = "gap",
	[OFL_TIMING_START] = "start",	  [OFL_TIMING_STOP] = "stop",
	[OFL_TIMING_ONLINE] = "online",	  [OFL_TIMING_RETURN] = "return",
};

s64 ofl_counter_ns(u64 counter, u64 hz)
{
	u64 rest;
	u64 s = div64_u64_rem(counter, hz, &rest);

	return s * NSEC_PER_SEC + div64_u64(rest * NSEC_PER_SEC, hz);
}

void ofl_timing_set(struct ofl_instance *inst, enum ofl_timing what, u64 ns)
{
	WRITE_ONCE(inst->timings[what], ns);
}

void ofl_timing_end(struct ofl_instance *inst, enum ofl_timing what, u64 since)
{
	ofl_timing_set(inst, what, ktime_get_ns() - since);
}

void ofl_timing_entered(struct ofl_instance *inst, enum ofl_timing what, u64 from)
{
	struct ofl_boot *boot = ofl_instance_boot(inst);
	u64 at;

	ofl_arch_sync(&boot->image, sizeof(boot->image));
	at = READ_ONCE(boot->image.entry_counter);
	/* the image may have stored anything */
	if (at < from || at > ofl_arch_counter())
		ofl_timing_set(inst, what, 0);
	else
		ofl_timing_set(inst, what,
			       ofl_counter_ns(at - from, ofl_arch_counter_hz()));
}

ssize_t ofl_timing_show(struct ofl_instance *inst, char *buf)
{
	ssize_t n = 0;
	unsigned int i;

	for (i = 0; i < OFL_TIMING_NR; i++)
		n += sysfs_emit_at(buf, n, "%s %llu\n", names[i],
				   READ_ONCE(inst->timings[i]));
	return n;
}
