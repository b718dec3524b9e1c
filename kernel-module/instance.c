// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of an instance:
 *
 *          take            start             image exits, stop
 *   LINUX ------> HELD -------------> RUNNING ----------------> HELD
 *     ^            |                   |    |
 *     |   return   |      image faults |    | stop is not obeyed (aarch64)
 *     +------------+                   v    v
 *                              CRASHED      STUCK
 *
 * CRASHED is HELD with a crash record: start and stop work.  A core that is
 * STUCK cannot be returned or restarted until its image gives it back after
 * all, which the watcher (watch.c) notices.
 *
 * On x86_64 HELD is a loop in the park page (x86/park_asm.S), so that a start is
 * a matter of an NMI; on aarch64 it is off, and a start is a PSCI CPU_ON.
 * Linux's hotplug is involved in take and return only.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/timekeeping.h>

#include "arch.h"
#include "fault.h"
#include "supervise.h"
#include "table.h"

/* From the start to the image's first store. */
#define START_MS 5000
/* After the first unanswered start signal, and after each further one. */
#define START_AGAIN_MS 50
/* From a stop request to a core that is parked or off. */
#define STOP_MS 2000
#define STOP_AGAIN_MS 20
/* A core that does what it is told does it in some us: so many we do not sleep. */
#define SPINS 300

void ofl_instance_set_phase(struct ofl_instance *inst, enum ofl_phase phase)
{
	if (inst->phase == phase)
		return;
	/* the guard of a stuck core must not go away with the module */
	if (phase == OFL_PHASE_STUCK && !inst->kept_module)
		inst->kept_module = try_module_get(THIS_MODULE);
	if (phase != OFL_PHASE_RUNNING && phase != OFL_PHASE_STUCK)
		ofl_devices_quiet(inst);
	/* behind has_exited and exit_status */
	smp_store_release(&inst->phase, phase);
	if (phase != OFL_PHASE_STUCK && inst->kept_module) {
		inst->kept_module = false;
		module_put(THIS_MODULE);
	}
	ofl_chardev_changed(inst);
}

enum ofl_instance_state ofl_instance_state(const struct ofl_instance *inst)
{
	/* what was stored before the phase is visible after this */
	switch (smp_load_acquire(&inst->phase)) {
	case OFL_PHASE_RUNNING:
		return OFL_INSTANCE_RUNNING;
	case OFL_PHASE_CRASHED:
		return OFL_INSTANCE_CRASHED;
	case OFL_PHASE_STUCK:
		return OFL_INSTANCE_STUCK;
	default:
		return READ_ONCE(inst->super.away) ? OFL_INSTANCE_CRASHED :
						     OFL_INSTANCE_OFFLINE;
	}
}

/* ---------------------------------------------------------- take, return */

/**
 * ofl_instance_check() - can the core be taken?  Changes nothing.
 */
int ofl_instance_check(struct ofl_instance *inst)
{
	struct ofl_refuse_facts facts = {
		.cpu = inst->cpu,
		.nr_cpu_ids = nr_cpu_ids,
		.nr_online = num_online_cpus(),
		.borrowed_by = ofl_table_owner(inst->cpu, inst),
		.no_hotplug = !IS_ENABLED(CONFIG_HOTPLUG_CPU),
		.no_counter_hz = !ofl_arch_counter_hz(),
	};
	char msg[OFL_MSG_MAX];
	struct device *dev;
	int err;

	if (inst->cpu < nr_cpu_ids) {
		facts.possible = cpu_possible(inst->cpu);
		facts.present = cpu_present(inst->cpu);
		facts.online = cpu_online(inst->cpu);
		dev = get_cpu_device(inst->cpu);
		if (dev && dev->offline_disabled)
			facts.no_hotplug = true;
	}
	ofl_arch_facts(&facts);
	err = ofl_refuse(&facts, msg);
	if (err)
		pr_err("%s\n", msg);
	return err;
}

/**
 * ofl_instance_take() - LINUX to HELD
 *
 * Checks first, and changes nothing if the core cannot be taken, but that the memory of
 * the last image is gone: while the core is on its way nothing is to be waited for.
 */
int ofl_instance_take(struct ofl_instance *inst)
{
	bool online;
	u64 since;
	int err;

	if (inst->going)
		return -ENODEV;
	if (inst->asleep) {
		pr_err("CPU %u cannot be taken: the machine is about to sleep\n",
		       inst->cpu);
		return -EBUSY;
	}
	err = ofl_instance_check(inst);
	if (err)
		return err;
	since = ktime_get_ns();
	err = ofl_arch_prepare(inst);
	ofl_timing_end(inst, OFL_TIMING_PREPARE, since);
	if (err)
		return err;

	if (inst->source.blob)
		ofl_fill_private(inst);
	inst->region.in_use = true;
	err = OFL_STEP(take, ofl_arch_take(inst), -EAGAIN);
	if (err) {
		if (err == -EBUSY)
			pr_err("CPU %u cannot be taken: Linux does not let it go; CPU hotplug is disabled, or it is the last for some work\n",
			       inst->cpu);
		else
			pr_err("CPU %u cannot be taken: error %d\n", inst->cpu,
			       err);
		if (cpu_online(inst->cpu)) {
			inst->region.in_use = false;
			ofl_arch_release(inst);
		} else {
			/* it may be anywhere: what it may use is never freed */
			pr_err("CPU %u is offline now; try echo 1 > /sys/devices/system/cpu/cpu%u/online\n",
			       inst->cpu, inst->cpu);
			inst->core = NULL;
		}
		return err;
	}
	ofl_instance_set_phase(inst, OFL_PHASE_HELD);
	/* from here on the guard keeps Linux off; until here it did not */
	cpus_read_lock();
	online = cpu_online(inst->cpu);
	cpus_read_unlock();
	if (online) {
		pr_err("CPU %u cannot be taken: somebody has put it online meanwhile\n",
		       inst->cpu);
		ofl_instance_set_phase(inst, OFL_PHASE_LINUX);
		inst->region.in_use = false;
		ofl_arch_release(inst);
		return -EBUSY;
	}
	pr_info("offload%u has taken CPU %u\n", inst->number, inst->cpu);
	return 0;
}

/**
 * ofl_instance_return() - to LINUX
 *
 * The image does not run any more (or, where ofl_arch_can_force, may run).
 * When it fails the core is not known to be back and nothing of ours may be
 * freed.
 */
int ofl_instance_return(struct ofl_instance *inst)
{
	u64 since = ktime_get_ns();
	enum ofl_phase was = inst->phase;
	int err;

	if (was == OFL_PHASE_LINUX)
		return 0;
	if (!ofl_arch_is_idle(inst) && !ofl_arch_can_force)
		return -EBUSY;
	ofl_bell_core(inst, false);
	ofl_instance_set_phase(inst, OFL_PHASE_LINUX); /* opens the guard */
	err = OFL_STEP(return, ofl_arch_return(inst), -EIO);
	if (err) {
		pr_err("CPU %u does not come back to Linux: error %d\n",
		       inst->cpu, err);
		ofl_instance_set_phase(inst, was == OFL_PHASE_RUNNING ?
					       OFL_PHASE_HELD : was);
		return err;
	}
	inst->region.in_use = false;
	ofl_devices_unlend(inst);
	ofl_arch_release(inst);
	ofl_timing_end(inst, OFL_TIMING_RETURN, since);
	pr_info("offload%u has returned CPU %u to Linux\n", inst->number,
		inst->cpu);
	return 0;
}

/* ----------------------------------------------------------------- start */

/* 0 once the image has made its first store */
static int wait_entered(struct ofl_instance *inst)
{
	unsigned long end = jiffies + msecs_to_jiffies(START_MS);
	unsigned long again = jiffies + msecs_to_jiffies(START_AGAIN_MS);
	unsigned int spins = 0;
	int err;

	while (ofl_watch_state(inst) == OFL_STATE_NONE) {
		if (spins++ < SPINS) {
			udelay(1);
			continue;
		}
		if (time_after(jiffies, end))
			return -ETIMEDOUT;
		if (time_after(jiffies, again)) {
			err = ofl_arch_start_again(inst);
			if (err)
				return err;
			again = jiffies + msecs_to_jiffies(START_AGAIN_MS);
		}
		usleep_range(100, 200);
	}
	return 0;
}

/**
 * ofl_instance_start() - LINUX, HELD or CRASHED to RUNNING
 *
 * Takes the core first if Linux has it.  An image that does not even say that
 * it has been entered costs the instance its core: it goes back to Linux,
 * and -ETIMEDOUT is returned.
 */
int ofl_instance_start(struct ofl_instance *inst)
{
	u64 since = ktime_get_ns(), sent;
	bool filled = false;
	int err;

	if (inst->phase == OFL_PHASE_RUNNING) {
		pr_err("offload%u: an image is already running\n",
		       inst->number);
		return -EBUSY;
	}
	if (inst->phase == OFL_PHASE_STUCK) {
		pr_err("offload%u is stuck: its image does not give CPU %u back\n",
		       inst->number, inst->cpu);
		return -EBUSY;
	}
	if (!inst->source.blob) {
		pr_err("offload%u has no image; write its name to /sys/class/offload/offload%u/image\n",
		       inst->number, inst->number);
		return -ENOENT;
	}
	if (inst->phase == OFL_PHASE_LINUX) {
		err = ofl_instance_take(inst);
		if (err)
			return err;
		filled = true;
	}
	/* CRASHED: the image may still be on its way out */
	if (!ofl_arch_is_idle(inst)) {
		err = ofl_instance_stop(inst);
		if (err)
			return err;
		if (inst->phase == OFL_PHASE_LINUX)
			return ofl_instance_start(inst);
	}

	WRITE_ONCE(inst->has_exited, false);
	WRITE_ONCE(inst->exit_status, 0);
	inst->odd_state = false;
	inst->late_told = false;
	inst->crash_told = false;
	ofl_supervise_started(inst);
	if (!filled)
		ofl_fill_private(inst);
	WRITE_ONCE(inst->image_state, OFL_STATE_NONE);
	ofl_fill_boot(inst);
	inst->started = ktime_get();
	ofl_bell_core(inst, true);
	err = ofl_devices_lend(inst);
	sent = ofl_arch_counter();
	if (!err)
		err = OFL_STEP(start, ofl_arch_start(inst), -EBUSY);
	if (!err)
		err = wait_entered(inst);
	if (!err) /* it has, but nobody saw it */
		err = OFL_STEP(entered, 0, -ETIMEDOUT);
	if (err) {
		pr_err("image %s did not start on CPU %u: %s (error %d)\n",
		       inst->source.name, inst->cpu,
		       err == -ETIMEDOUT ? "no sign of life from it" :
		       err == -EIO ? "it faulted before its own traps were up" :
					"the core could not be sent off",
		       err);
		if (!ofl_arch_is_idle(inst))
			ofl_instance_set_phase(inst, OFL_PHASE_RUNNING);
		if (inst->phase == OFL_PHASE_RUNNING)
			ofl_instance_stop(inst);
		ofl_instance_return(inst);
		return err;
	}
	ofl_timing_entered(inst, OFL_TIMING_ENTER, sent);
	ofl_timing_entered(inst, OFL_TIMING_GAP, inst->dead_counter);
	ofl_timing_end(inst, OFL_TIMING_START, since);
	WRITE_ONCE(inst->starts, inst->starts + 1);
	inst->super.beat_at = ktime_get(); /* to clear memory may take long */
	ofl_instance_set_phase(inst, OFL_PHASE_RUNNING);
	pr_info("offload%u started image %s (%s, %llu KiB) on CPU %u\n",
		inst->number, inst->source.name, inst->source.image.format,
		inst->source.image.size >> 10, inst->cpu);
	ofl_watch_start(inst);
	return 0;
}

/* ------------------------------------------------------------------ stop */

static void request(struct ofl_instance *inst, u32 value)
{
	struct ofl_boot *boot = ofl_instance_boot(inst);

	/* a line of ours alone; nothing else goes with it */
	smp_store_release(&boot->host.request, value);
	ofl_arch_sync(&boot->host, sizeof(boot->host));
}

/* Until the core is held, or it is time to ring again. */
static void wait_idle(struct ofl_instance *inst)
{
	unsigned long again = jiffies + msecs_to_jiffies(STOP_AGAIN_MS);
	unsigned int spins = 0;

	while (!ofl_arch_is_idle(inst) && time_before(jiffies, again)) {
		if (spins++ < SPINS)
			udelay(1);
		else
			usleep_range(50, 100);
	}
}

/**
 * ofl_instance_stop() - RUNNING, CRASHED or STUCK to HELD
 *
 * Asks the image; if it does not obey, the core is taken by force where that
 * is possible, and then is Linux's.  -ETIMEDOUT: it is not, the instance is
 * stuck.
 */
int ofl_instance_stop(struct ofl_instance *inst)
{
	unsigned long end = jiffies + msecs_to_jiffies(STOP_MS);
	u64 since = ktime_get_ns();
	int err;

	request(inst, OFL_REQUEST_STOP);
	while (!ofl_arch_is_idle(inst) && time_before(jiffies, end)) {
		ofl_arch_ring(inst);
		wait_idle(inst);
	}
	if (OFL_STEP(obeys, ofl_arch_is_idle(inst), false)) {
		inst->dead_counter = ofl_arch_counter();
		ofl_timing_end(inst, OFL_TIMING_STOP, since);
		/* it may have exited or crashed of its own: that is said there */
		ofl_watch_look(inst);
		if (inst->phase != OFL_PHASE_HELD) {
			if (inst->phase != OFL_PHASE_CRASHED)
				pr_info("offload%u: image %s was stopped\n",
					inst->number, inst->source.name);
			ofl_instance_set_phase(inst, OFL_PHASE_HELD);
		}
		return 0;
	}
	if (ofl_arch_can_force) {
		pr_warn("offload%u: image %s does not obey; CPU %u is taken from it by force\n",
			inst->number, inst->source.name, inst->cpu);
		err = ofl_instance_return(inst);
		if (!err)
			return 0;
	}
	pr_err("offload%u: image %s does not give CPU %u back; its memory is kept until it does\n",
	       inst->number, inst->source.name, inst->cpu);
	ofl_instance_set_phase(inst, OFL_PHASE_STUCK);
	ofl_watch_start(inst);
	return -ETIMEDOUT;
}

/**
 * ofl_instance_release() - from anything to LINUX
 */
int ofl_instance_release(struct ofl_instance *inst)
{
	int err;

	WRITE_ONCE(inst->super.away, false); /* no recovery */
	if (inst->phase != OFL_PHASE_LINUX && inst->phase != OFL_PHASE_HELD)
		ofl_instance_stop(inst);
	err = ofl_instance_return(inst);
	if (err && inst->phase != OFL_PHASE_STUCK) {
		/* a busy machine, perhaps, or firmware that was late to say "on" */
		if (!ofl_arch_is_idle(inst))
			ofl_instance_stop(inst);
		err = ofl_instance_return(inst);
	}
	return err;
}

void ofl_instance_ask(struct ofl_instance *inst)
{
	request(inst, OFL_REQUEST_STOP);
	ofl_arch_ring(inst);
	pr_emerg("offload%u: image %s was asked to stop; CPU %u stays away\n",
		 inst->number, inst->source.name, inst->cpu);
}
