// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watching a running image through its boot page, until its last word was read
 * and its core is back.  The image rings (bell.c) when it changes its state, so
 * a look every SLOW_MS is for one that does not: that left its core by a fault, or
 * is too broken to ring.  WATCH_MS is for an image on its way out, whose core
 * does not ring when it has arrived, and for machines without a doorbell.
 *
 * The page belongs to the image and may hold anything.  The state is loaded
 * once a look; a value that is none of enum ofl_image_state gets one message
 * and is otherwise ignored: the image counts as running until it says
 * something that is understood, or its core comes back.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "arch.h"
#include "fault.h"
#include "report.h"
#include "supervise.h"

#define WATCH_MS 10
#define SLOW_MS 500
/* From the image's last word to a core that is parked or off. */
#define LATE_MS 1000

u32 ofl_watch_state(struct ofl_instance *inst)
{
	struct ofl_boot *boot = ofl_instance_boot(inst);

	ofl_arch_sync(&boot->image, sizeof(boot->image));
	/* what the image stored before its state is visible after this */
	return smp_load_acquire(&boot->image.state);
}

static void look_at_crash(struct ofl_instance *inst)
{
	struct ofl_crash *shared = inst->region.va + OFL_CRASH_OFF;
	struct ofl_crash *crash;
	char *line;

	crash = OFL_STEP(crash, kmalloc(sizeof(*crash), GFP_KERNEL), NULL);
	line = kmalloc(OFL_REPORT_SUMMARY_MAX, GFP_KERNEL);
	if (crash && line) {
		ofl_arch_sync(shared, sizeof(*shared));
		memcpy(crash, shared, sizeof(*crash)); /* once */
		ofl_report_summary(line, crash, ofl_arch_machine);
		pr_err("offload%u: image %s crashed: %s\n", inst->number,
		       inst->source.name, line);
		ofl_report_crash(inst->crash_text, PAGE_SIZE, crash,
				 ofl_arch_machine);
	} else {
		pr_err("offload%u: image %s crashed; no memory to say how\n",
		       inst->number, inst->source.name);
	}
	kfree(line);
	kfree(crash);
	ofl_dump_crash(inst, NULL);
	ofl_supervise_crashed(inst);
}

/* The image's core is back, or it said its last word some time ago. */
static void say_late(struct ofl_instance *inst, const char *what)
{
	if (inst->late_told || inst->phase == OFL_PHASE_STUCK ||
	    !time_after(jiffies, inst->ended_at + msecs_to_jiffies(LATE_MS)))
		return;
	inst->late_told = true;
	pr_warn("offload%u: image %s has %s and still holds CPU %u; echo stop > /sys/class/offload/offload%u/state\n",
		inst->number, inst->source.name, what, inst->cpu,
		inst->number);
}

static void look_at_exit(struct ofl_instance *inst)
{
	if (!ofl_arch_is_idle(inst)) {
		say_late(inst, "exited");
		return;
	}
	inst->dead_counter = ofl_arch_counter();
	WRITE_ONCE(inst->has_exited, true);
	pr_info("offload%u: image %s exited with status %d\n", inst->number,
		inst->source.name, inst->exit_status);
	ofl_instance_set_phase(inst, OFL_PHASE_HELD);
}

void ofl_watch_look(struct ofl_instance *inst)
{
	/* idle first: what is read after it is the image's last word */
	bool idle = ofl_arch_is_idle(inst);
	u32 raw = ofl_watch_state(inst);
	int state = ofl_report_state(raw);

	if (inst->phase == OFL_PHASE_LINUX || inst->phase == OFL_PHASE_HELD)
		return;
	if (state < 0 && !inst->odd_state) {
		inst->odd_state = true;
		pr_err("offload%u: image %s stored state %u, which does not exist; ignored\n",
		       inst->number, inst->source.name, raw);
	}
	/* its own last word counts; a stop request may have come right behind it */
	if (state == OFL_STATE_STOPPED && inst->image_state == OFL_STATE_EXITED)
		state = OFL_STATE_EXITED;
	if (state >= 0 && (u32)state != inst->image_state) {
		if (state == OFL_STATE_EXITED)
			WRITE_ONCE(inst->exit_status,
				   READ_ONCE(ofl_instance_boot(inst)->image.exit_status));
		WRITE_ONCE(inst->image_state, state);
		inst->ended_at = jiffies;
		ofl_chardev_changed(inst);
		if (state == OFL_STATE_CRASHED) {
			/* it may take it back and crash again, for ever */
			if (!inst->crash_told)
				look_at_crash(inst);
			inst->crash_told = true;
			if (inst->phase == OFL_PHASE_RUNNING)
				ofl_instance_set_phase(inst, OFL_PHASE_CRASHED);
		}
	}

	if (state == OFL_STATE_EXITED) {
		look_at_exit(inst);
	} else if (idle && state == OFL_STATE_STOPPED &&
		   inst->phase != OFL_PHASE_CRASHED) {
		ofl_instance_set_phase(inst, OFL_PHASE_HELD);
		pr_info("offload%u: image %s was stopped\n", inst->number,
			inst->source.name);
	} else if (idle && inst->phase != OFL_PHASE_CRASHED &&
		   state != OFL_STATE_CRASHED && !inst->crash_told) {
		ofl_arch_say_fault(inst);
		pr_err("offload%u: image %s left CPU %u without a word (its state is %u)\n",
		       inst->number, inst->source.name, inst->cpu, raw);
		scnprintf(inst->crash_text, PAGE_SIZE,
			  "left its core without a word, in state %u\n", raw);
		ofl_dump_crash(inst, NULL);
		ofl_supervise_crashed(inst);
		ofl_instance_set_phase(inst, OFL_PHASE_CRASHED);
	} else if (idle && inst->phase != OFL_PHASE_CRASHED) {
		ofl_instance_set_phase(inst, OFL_PHASE_CRASHED);
	} else if (!idle && state >= OFL_STATE_CRASHED) {
		say_late(inst, state == OFL_STATE_CRASHED ? "crashed" :
							    "stopped");
	}
}

static bool worth_watching(struct ofl_instance *inst)
{
	return inst->phase == OFL_PHASE_RUNNING ||
	       inst->phase == OFL_PHASE_STUCK ||
	       (inst->phase == OFL_PHASE_CRASHED && !ofl_arch_is_idle(inst));
}

static void watch_in(struct ofl_instance *inst, unsigned int ms)
{
	queue_delayed_work(system_unbound_wq, &inst->watch,
			   msecs_to_jiffies(ms));
}

static void watch_work(struct work_struct *work)
{
	struct ofl_instance *inst =
		container_of(to_delayed_work(work), struct ofl_instance, watch);
	bool again;

	/* whoever holds the lock may be waiting for a CPU; do not wait for it */
	if (!mutex_trylock(&inst->lock)) {
		watch_in(inst, WATCH_MS);
		return;
	}
	ofl_watch_look(inst);
	ofl_supervise_look(inst);
	again = worth_watching(inst);
	mutex_unlock(&inst->lock);
	if (again)
		ofl_watch_start(inst);
}

void ofl_watch_init(struct ofl_instance *inst)
{
	INIT_DELAYED_WORK(&inst->watch, watch_work);
	ofl_supervise_init(inst);
}

void ofl_watch_start(struct ofl_instance *inst)
{
	bool slow = inst->bell.irq && READ_ONCE(inst->phase) == OFL_PHASE_RUNNING &&
		    READ_ONCE(inst->image_state) < OFL_STATE_EXITED;

	watch_in(inst, slow ? ofl_supervise_watch_ms(inst, SLOW_MS) : WATCH_MS);
}

void ofl_watch_now(struct ofl_instance *inst)
{
	mod_delayed_work(system_unbound_wq, &inst->watch, 0);
}

void ofl_watch_end(struct ofl_instance *inst)
{
	/* the watcher may have asked for it; it starts nothing that is going */
	cancel_delayed_work_sync(&inst->watch);
	ofl_supervise_end(inst);
	cancel_delayed_work_sync(&inst->watch);
}
