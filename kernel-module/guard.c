// SPDX-License-Identifier: GPL-2.0-only
/*
 * A lent core looks offline to Linux, and Linux would bring it up again for
 * anybody who writes to its `online` file; on x86_64 that is an INIT in the
 * middle of the image.  A hotplug callback on the way up refuses it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpuhotplug.h>
#include <linux/jiffies.h>
#include <linux/printk.h>

#include "fault.h"
#include "table.h"

static enum cpuhp_state guard_state;

/* A write to `online` is retried by the kernel: one message for all of it. */
#define MESSAGE_MS 5000

/* Runs on the CPU that asks; no instance lock: its holder may be that CPU. */
static int guard_cpu_up(unsigned int cpu)
{
	/* callbacks come one at a time */
	static unsigned int last;
	static unsigned long next;
	int number = ofl_table_borrower(cpu);

	if (number < 0)
		return 0;
	if (cpu == last && time_before(jiffies, next))
		return -EBUSY;
	last = cpu; /* never 0: that one is not lent */
	next = jiffies + msecs_to_jiffies(MESSAGE_MS);
	pr_notice("CPU %u stays offline for Linux: it is lent to offload%d (echo stop > /sys/class/offload/offload%d/state, or rmmod offload, gives it back)\n",
		  cpu, number, number);
	return -EBUSY;
}

int ofl_guard_init(void)
{
	int err = OFL_STEP(guard,
			   cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN,
						     "offload:guard",
						     guard_cpu_up, NULL),
			   -ENOSPC);

	if (err < 0) {
		pr_err("no room for a CPU hotplug callback: error %d\n", err);
		return err;
	}
	guard_state = err;
	return 0;
}

void ofl_guard_exit(void)
{
	cpuhp_remove_state_nocalls(guard_state);
}
