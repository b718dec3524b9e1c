// SPDX-License-Identifier: GPL-2.0-only
/* What an image finds in its private part when it is started. */
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/ktime.h>

#include "arch.h"

/*
 * How much of the private part the last image may have left something in.  Its own word
 * counts if it has ended well; one that lies has had all of the machine's memory, this
 * only is cheaper.  The next image's own part is cleared whatever it says.
 */
static u64 left_behind(struct ofl_instance *inst)
{
	struct ofl_boot_extent *extent = &ofl_instance_boot(inst)->extent;
	u32 state = inst->image_state;
	u64 used;

	if (!inst->region.dirty ||
	    (state != OFL_STATE_EXITED && state != OFL_STATE_STOPPED))
		return inst->region.dirty;
	ofl_arch_sync(extent, sizeof(*extent));
	used = READ_ONCE(extent->used);
	if (used < OFL_IMAGE_OFF || used > inst->region.dirty)
		return inst->region.dirty;
	return round_up(used, OFL_PAGE);
}

/* Segments one behind the other?  A file may have them in any order. */
static bool in_order(const struct ofl_image *image)
{
	unsigned int i;

	for (i = 1; i < image->nr_segments; i++)
		if (image->segments[i].va < image->segments[i - 1].va)
			return false;
	return true;
}

/*
 * The image's file to its place, and zero between and behind, up to `size`.  What is as in
 * the file already, the text after a restart, is not written: that is cheaper.
 */
static void lay_out(struct ofl_instance *inst, u64 size)
{
	const struct ofl_image *image = &inst->source.image;
	void *va = inst->region.va;
	u64 done = 0;
	unsigned int i;

	if (!in_order(image)) {
		memset(va, 0, size);
		ofl_image_copy(image, inst->source.blob, va);
		return;
	}
	for (i = 0; i < image->nr_segments; i++) {
		const struct ofl_image_segment *s = &image->segments[i];
		const void *file = inst->source.blob + s->file_off;
		u64 at = s->va - OFL_REGION_VA;

		memset(va + done, 0, at - done);
		if (memcmp(va + at, file, s->file_size))
			memcpy(va + at, file, s->file_size);
		done = at + s->file_size;
	}
	memset(va + done, 0, size - done);
}

/*
 * The image, into a private part that is zero first.  All that is long is done here; the
 * core may still be Linux's.
 */
void ofl_fill_private(struct ofl_instance *inst)
{
	const struct ofl_image *image = &inst->source.image;
	u64 since = ktime_get_ns();
	u64 size = max(left_behind(inst), OFL_IMAGE_OFF + image->size);

	lay_out(inst, size);
	/* until it has ended, it may write anywhere */
	inst->region.dirty = inst->region.private_size;
	ofl_timing_end(inst, OFL_TIMING_FILL, since);
	since = ktime_get_ns();
	ofl_arch_sync(inst->region.va, size);
	ofl_timing_end(inst, OFL_TIMING_CLEAN, since);
}

/* The last thing before a start. */
void ofl_fill_boot(struct ofl_instance *inst)
{
	const struct ofl_image *image = &inst->source.image;
	struct ofl_boot *boot = ofl_instance_boot(inst);
	struct ofl_boot_info *info = &boot->info;
	u64 since = ktime_get_ns();

	info->magic = OFL_BOOT_MAGIC;
	info->abi = OFL_ABI_VERSION;
	info->machine = ofl_arch_machine;
	info->size = sizeof(*boot);
	info->cpu = inst->cpu;
	info->region_pa = inst->region.pa;
	info->private_size = inst->region.private_size;
	info->window_pa = inst->region.pa + inst->region.private_size;
	info->window_size = inst->region.window_size;
	info->entry = image->entry;
	info->image_size = image->size;
	info->flags = image->flags;
	info->counter_hz = ofl_arch_counter_hz();
	strscpy(boot->args, inst->args, sizeof(boot->args));
	info->args_len = strlen(boot->args);
	strscpy(boot->image_name, inst->source.name, sizeof(boot->image_name));
	ofl_devices_fill(inst, boot);
	ofl_arch_fill_boot(inst, boot);
	ofl_chardev_publish_epoch(inst);
	ofl_bell_publish(inst);

	info->start_counter = ofl_arch_counter();
	info->wall_offset_ns = ktime_get_real_ns() -
			       ofl_counter_ns(info->start_counter, info->counter_hz);
	ofl_arch_sync(boot, sizeof(*boot));
	ofl_timing_end(inst, OFL_TIMING_BOOT, since);
}
