/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Steps that can be made to fail, in a build with OFL_FAULTS=1 only: what was done
 * before is then undone as after a real failure.
 *
 *   insmod offload.ko fail_at=STEP ...         or, later,
 *   echo STEP > /sys/kernel/debug/offload/fail_at
 *
 * lets the next time that step is come to fail, once, without being done; the
 * kernel log has a line.  /sys/kernel/debug/offload/steps lists all of them: name,
 * how often it was come to, how often it failed.  In other builds there is nothing
 * of this.
 */
#ifndef OFFLOAD_FAULT_H
#define OFFLOAD_FAULT_H

#ifdef OFL_FAULTS

#include <linux/types.h>

#ifdef CONFIG_X86_64
#define OFL_FAULT_ARCH_STEPS(X)                                              \
	X(bell_domain) X(bell_vector) X(park) X(park_table) X(kprobe)        \
	X(offline) X(parked) X(online)
#else
#define OFL_FAULT_ARCH_STEPS(X)                                              \
	X(bell_spi) X(device_irq) X(core_gic) X(core_gicd) X(offline) X(off) \
	X(online) X(cpu_on)
#endif

/* In the order of an instance's life. */
#define OFL_FAULT_STEPS(X)                                                   \
	X(root) X(minors) X(class) X(guard) X(pm_notifier)                   \
	X(reboot_notifier) X(specs) X(instance) X(crash_text) X(ranges)      \
	X(region) X(device_region) X(source) X(file) X(image) X(bell_irq)    \
	X(bell_dead) X(core) X(core_call) X(take) X(lend) X(start)           \
	X(entered) X(publish) X(add) X(remove) X(cdev) X(client) X(listen)   \
	X(log) X(crash) X(obeys) X(return) X(add_spec)                       \
	OFL_FAULT_ARCH_STEPS(X)

#define OFL_FAULT_NAME(name) OFL_FAULT_##name,
enum ofl_fault_step { OFL_FAULT_STEPS(OFL_FAULT_NAME) OFL_FAULT_NR };
#undef OFL_FAULT_NAME

/* Is it this step that has to fail now? */
bool ofl_fault(enum ofl_fault_step step);
void ofl_fault_init(void);
void ofl_fault_exit(void);

/* The value of call, or, when the step has to fail, of failed instead. */
#define OFL_STEP(step, call, failed) \
	(ofl_fault(OFL_FAULT_##step) ? (failed) : (call))

#else

#define OFL_STEP(step, call, failed) (call)

static inline void ofl_fault_init(void)
{
}

static inline void ofl_fault_exit(void)
{
}

#endif

#endif
