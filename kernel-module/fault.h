/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Steps that can be made to fail, in a build with OFL_FAULTS=1 only: what was done
 * before is then undone as after a real failure.
 *
 *   insmod offload.ko fail_at=STEP[:TIMES][,STEP...] ...         or, later,
 *   echo STEP[:TIMES][,STEP...] > /sys/kernel/debug/offload/fail_at
 *
 * lets each of these steps fail, once or so many times, when it is come to, without
 * being done; the kernel log has a line.  /sys/kernel/debug/offload/steps lists all
 * of them: name, how often it was come to, how often it failed.  In other builds
 * there is nothing of this.
 */
#ifndef OFFLOAD_FAULT_H
#define OFFLOAD_FAULT_H

#ifdef OFL_FAULTS

#include <linux/types.h>

/* In the order of an instance's life; the names are in fault.c. */
enum ofl_fault_step {
	OFL_FAULT_root,
	OFL_FAULT_minors,
	OFL_FAULT_class,
	OFL_FAULT_guard,
	OFL_FAULT_pm_notifier,
	OFL_FAULT_reboot_notifier,
	OFL_FAULT_specs,
	OFL_FAULT_instance,
	OFL_FAULT_crash_text,
	OFL_FAULT_ranges,
	OFL_FAULT_region,
	OFL_FAULT_device_region,
	OFL_FAULT_source,
	OFL_FAULT_file,
	OFL_FAULT_image,
	OFL_FAULT_bell_irq,
	OFL_FAULT_bell_dead,
	OFL_FAULT_core,
	OFL_FAULT_core_call,
	OFL_FAULT_take,
	OFL_FAULT_lend,
	OFL_FAULT_start,
	OFL_FAULT_entered,
	OFL_FAULT_publish,
	OFL_FAULT_add,
	OFL_FAULT_remove,
	OFL_FAULT_cdev,
	OFL_FAULT_client,
	OFL_FAULT_listen,
	OFL_FAULT_log,
	OFL_FAULT_crash,
	OFL_FAULT_record,
	OFL_FAULT_dump_text,
	OFL_FAULT_dump_file,
	OFL_FAULT_sample,
	OFL_FAULT_obeys,
	OFL_FAULT_return,
	OFL_FAULT_add_spec,
	OFL_FAULT_offline,
	OFL_FAULT_online,
#ifdef CONFIG_X86_64
	OFL_FAULT_bell_domain,
	OFL_FAULT_bell_vector,
	OFL_FAULT_park,
	OFL_FAULT_park_table,
	OFL_FAULT_kprobe,
	OFL_FAULT_parked,
#else
	OFL_FAULT_bell_spi,
	OFL_FAULT_device_irq,
	OFL_FAULT_core_gic,
	OFL_FAULT_core_gicd,
	OFL_FAULT_off,
	OFL_FAULT_cpu_on,
#endif
	OFL_FAULT_NR
};

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
