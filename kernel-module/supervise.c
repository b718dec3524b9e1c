// SPDX-License-Identifier: GPL-2.0-only
/*
 * Partial supervision: an image that has stopped beating is a crashed one, and one
 * that has crashed may be started again.
 *
 * A heartbeat is any change of boot->image.heartbeat, which ofl_heartbeat() of the
 * image makes.  The watcher compares: an image that has been entered, does not wait
 * for a PMM, and shows the same number for heartbeat_ms is stopped as by a user, by
 * force if need be.  A late look can only be late, not wrong: two looks that are
 * that far apart have seen the same number.
 *
 * After a crash the next start comes after recovery_delay_ms, after twice that the
 * next time, and so on up to DELAY_MAX_MS; after recovery_limit in a row it does not
 * come any more.  A run of GOOD_MS begins a new row, and so does a start by hand.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "arch.h"
#include "report.h"
#include "supervise.h"

#define BEAT_MIN_MS 100
#define BEAT_MAX_MS 3600000
#define DELAY_MIN_MS 10
#define DELAY_MAX_MS 60000
#define GOOD_MS 60000
#define LIMIT_DEFAULT 5
#define DELAY_DEFAULT_MS 1000
/* Somebody has the instance's lock. */
#define BUSY_MS 10

static int parse_beat(const char *text, unsigned int *ms)
{
	unsigned int value;
	int err = kstrtouint(text, 0, &value);

	if (err || (value && (value < BEAT_MIN_MS || value > BEAT_MAX_MS))) {
		pr_err("heartbeat_ms= is 0 (off) or a number of milliseconds from %u to %u\n",
		       BEAT_MIN_MS, BEAT_MAX_MS);
		return -EINVAL;
	}
	*ms = value;
	return 0;
}

static int set_beat(const char *text, const struct kernel_param *kp)
{
	return parse_beat(text, kp->arg);
}

static const struct kernel_param_ops beat_ops = {
	.set = set_beat,
	.get = param_get_uint,
};

static unsigned int heartbeat_ms;
module_param_cb(heartbeat_ms, &beat_ops, &heartbeat_ms, 0444);
MODULE_PARM_DESC(heartbeat_ms, "an image that does not beat for so many ms has crashed (0: it need not); each instance has its own in sysfs");

static bool recovery;
module_param(recovery, bool, 0444);
MODULE_PARM_DESC(recovery, "start an image that has crashed again (0); each instance has its own in sysfs");

void ofl_supervise_started(struct ofl_instance *inst)
{
	struct ofl_supervise *s = &inst->super;

	s->beats = 0; /* as the boot page */
	WRITE_ONCE(s->away, false);
}

unsigned int ofl_supervise_watch_ms(struct ofl_instance *inst, unsigned int ms)
{
	unsigned int beat = READ_ONCE(inst->super.heartbeat_ms);

	return beat && beat / 4 < ms ? beat / 4 : ms;
}

/* --------------------------------------------------------------- recovery */

static void start_later(struct ofl_instance *inst)
{
	struct ofl_supervise *s = &inst->super;
	unsigned int ms = s->recovery_delay_ms, i;

	/* who did not obey was told to stop, by a user or by lost() */
	if (!s->recovery || inst->phase == OFL_PHASE_STUCK)
		return;
	if (s->attempts >= s->recovery_limit) {
		pr_err("offload%u: image %s has crashed after %u recoveries in a row and is not started again; echo start > /sys/class/offload/offload%u/state\n",
		       inst->number, inst->source.name, s->attempts,
		       inst->number);
		return;
	}
	for (i = 0; i < s->attempts && ms < DELAY_MAX_MS; i++)
		ms *= 2;
	ms = min_t(unsigned int, ms, DELAY_MAX_MS);
	s->attempts++;
	pr_info("offload%u: image %s is started again in %u ms (recovery %u of %u)\n",
		inst->number, inst->source.name, ms, s->attempts,
		s->recovery_limit);
	mod_delayed_work(system_unbound_wq, &s->again, msecs_to_jiffies(ms));
}

static void again_work(struct work_struct *work)
{
	struct ofl_instance *inst = container_of(to_delayed_work(work),
						 struct ofl_instance, super.again);
	struct ofl_supervise *s = &inst->super;
	int err;

	/* whoever holds the lock may be waiting for a CPU; do not wait for it */
	if (!mutex_trylock(&inst->lock)) {
		mod_delayed_work(system_unbound_wq, &s->again,
				 msecs_to_jiffies(BUSY_MS));
		return;
	}
	/* somebody may have stopped or started it, or changed his mind */
	if (s->recovery && !inst->going &&
	    (inst->phase == OFL_PHASE_CRASHED || s->away)) {
		err = ofl_instance_start(inst);
		if (!err) {
			s->recoveries++;
		} else if (inst->phase == OFL_PHASE_LINUX) {
			WRITE_ONCE(s->away, true);
			start_later(inst);
		}
	}
	mutex_unlock(&inst->lock);
}

/**
 * ofl_supervise_crashed() - an image has crashed, its crash_text says how
 *
 * With inst->lock held.
 */
void ofl_supervise_crashed(struct ofl_instance *inst)
{
	struct ofl_supervise *s = &inst->super;

	s->crashes++;
	if (ktime_ms_delta(ktime_get(), inst->started) >= GOOD_MS)
		s->attempts = 0;
	start_later(inst);
}

/* -------------------------------------------------------------- heartbeat */

static void lost(struct ofl_instance *inst)
{
	struct ofl_supervise *s = &inst->super;
	struct ofl_crash *sample = ofl_dump_sample(inst);
	char *line = kmalloc(OFL_REPORT_SUMMARY_MAX, GFP_KERNEL);

	if (sample && line) {
		scnprintf(sample->text, sizeof(sample->text),
			  "no heartbeat for %u ms, after %llu%s", s->heartbeat_ms,
			  s->beats, sample->nr_regs ? "" : "; no answer");
		ofl_report_summary(line, sample, ofl_arch_machine);
		pr_err("offload%u: image %s crashed: %s\n", inst->number,
		       inst->source.name, line);
		ofl_report_crash(inst->crash_text, PAGE_SIZE, sample,
				 ofl_arch_machine);
		ofl_dump_crash(inst, sample);
	} else {
		pr_err("offload%u: image %s crashed: no heartbeat for %u ms; no memory to say more\n",
		       inst->number, inst->source.name, s->heartbeat_ms);
		scnprintf(inst->crash_text, PAGE_SIZE, "no heartbeat for %u ms\n",
			  s->heartbeat_ms);
	}
	kfree(line);
	kfree(sample);
	s->heartbeats_lost++;
	inst->crash_told = true; /* whatever it says now */
	if (!ofl_instance_stop(inst)) {
		if (inst->phase == OFL_PHASE_LINUX) {
			WRITE_ONCE(s->away, true);
			ofl_chardev_changed(inst);
		} else {
			WRITE_ONCE(inst->has_exited, false);
			ofl_instance_set_phase(inst, OFL_PHASE_CRASHED);
		}
	}
	ofl_supervise_crashed(inst);
}

/**
 * ofl_supervise_look() - is there still a heartbeat?
 *
 * From the watcher, with inst->lock held.
 */
void ofl_supervise_look(struct ofl_instance *inst)
{
	struct ofl_supervise *s = &inst->super;
	u64 beats = READ_ONCE(ofl_instance_boot(inst)->image.heartbeat);

	if (inst->phase != OFL_PHASE_RUNNING)
		return;
	if (beats != s->beats || inst->image_state == OFL_STATE_WAITING ||
	    inst->image_state > OFL_STATE_RUNNING) {
		s->beats = beats;
		s->beat_at = ktime_get();
	} else if (s->heartbeat_ms &&
		   ktime_ms_delta(ktime_get(), s->beat_at) >= s->heartbeat_ms) {
		lost(inst);
	}
}

void ofl_supervise_init(struct ofl_instance *inst)
{
	struct ofl_supervise *s = &inst->super;

	s->heartbeat_ms = heartbeat_ms;
	s->recovery = recovery;
	s->recovery_limit = LIMIT_DEFAULT;
	s->recovery_delay_ms = DELAY_DEFAULT_MS;
	INIT_DELAYED_WORK(&s->again, again_work);
}

void ofl_supervise_end(struct ofl_instance *inst)
{
	cancel_delayed_work_sync(&inst->super.again);
}

/* ------------------------------------------------------------------ sysfs */

static struct ofl_instance *to_inst(struct device *dev)
{
	return dev_get_drvdata(dev);
}

#define SHOW_U32(name)								\
static ssize_t name##_show(struct device *dev, struct device_attribute *attr,	\
			   char *buf)						\
{										\
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_inst(dev)->super.name));	\
}

SHOW_U32(heartbeat_ms)
SHOW_U32(recovery_limit)
SHOW_U32(recovery_delay_ms)
SHOW_U32(crashes)
SHOW_U32(heartbeats_lost)
SHOW_U32(recoveries)
static DEVICE_ATTR_RO(crashes);
static DEVICE_ATTR_RO(heartbeats_lost);
static DEVICE_ATTR_RO(recoveries);

static ssize_t starts_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_inst(dev)->starts));
}
static DEVICE_ATTR_RO(starts);

static ssize_t heartbeat_ms_store(struct device *dev,
				  struct device_attribute *attr, const char *buf,
				  size_t count)
{
	struct ofl_instance *inst = to_inst(dev);
	unsigned int ms;
	int err = parse_beat(buf, &ms);

	if (err)
		return err;
	if (mutex_lock_interruptible(&inst->lock))
		return -EINTR;
	WRITE_ONCE(inst->super.heartbeat_ms, ms);
	inst->super.beat_at = ktime_get(); /* the whole time from now on */
	if (inst->phase == OFL_PHASE_RUNNING)
		ofl_watch_now(inst);
	mutex_unlock(&inst->lock);
	return count;
}
static DEVICE_ATTR_RW(heartbeat_ms);

static ssize_t recovery_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%s\n", READ_ONCE(to_inst(dev)->super.recovery) ?
					       "enabled" : "disabled");
}

static ssize_t recovery_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct ofl_instance *inst = to_inst(dev);
	bool on = sysfs_streq(buf, "enabled"), was_on;

	if (!on && !sysfs_streq(buf, "disabled")) {
		pr_err("offload%u: write enabled or disabled to recovery\n",
		       inst->number);
		return -EINVAL;
	}
	if (mutex_lock_interruptible(&inst->lock))
		return -EINTR;
	was_on = inst->super.recovery;
	WRITE_ONCE(inst->super.recovery, on);
	/* as remoteproc's: one that has crashed before is started, too */
	if (on && !was_on &&
	    (inst->phase == OFL_PHASE_CRASHED || inst->super.away)) {
		inst->super.attempts = 0;
		start_later(inst);
	}
	mutex_unlock(&inst->lock);
	return count;
}
static DEVICE_ATTR_RW(recovery);

static ssize_t store_u32(struct device *dev, const char *name, const char *buf,
			 u32 *value, u32 min, u32 max, size_t count)
{
	u32 new;

	if (kstrtou32(buf, 0, &new) || new < min || new > max) {
		pr_err("offload%u: %s is a number from %u to %u\n",
		       to_inst(dev)->number, name, min, max);
		return -EINVAL;
	}
	WRITE_ONCE(*value, new);
	return count;
}

static ssize_t recovery_limit_store(struct device *dev,
				    struct device_attribute *attr,
				    const char *buf, size_t count)
{
	return store_u32(dev, attr->attr.name, buf,
			 &to_inst(dev)->super.recovery_limit, 0, U32_MAX, count);
}
static DEVICE_ATTR_RW(recovery_limit);

static ssize_t recovery_delay_ms_store(struct device *dev,
				       struct device_attribute *attr,
				       const char *buf, size_t count)
{
	return store_u32(dev, attr->attr.name, buf,
			 &to_inst(dev)->super.recovery_delay_ms, DELAY_MIN_MS,
			 DELAY_MAX_MS, count);
}
static DEVICE_ATTR_RW(recovery_delay_ms);

static struct attribute *attrs[] = {
	&dev_attr_heartbeat_ms.attr,
	&dev_attr_recovery.attr,
	&dev_attr_recovery_limit.attr,
	&dev_attr_recovery_delay_ms.attr,
	&dev_attr_starts.attr,
	&dev_attr_crashes.attr,
	&dev_attr_heartbeats_lost.attr,
	&dev_attr_recoveries.attr,
	NULL,
};

const struct attribute_group ofl_supervise_group = {
	.attrs = attrs,
};
