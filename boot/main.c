// SPDX-License-Identifier: BSD-2-Clause
/*
 * The loader: an image on a UEFI machine without Linux.
 *
 * While the firmware works: read the configuration and the image, check both,
 * find a place for the region and everything that the boot page has to name.
 * Whatever is wrong by then is said on the firmware's console, and the firmware
 * goes on with its next boot option.  Then the firmware's boot services are
 * left, and the image is entered as include/offload/abi.h promises: on this
 * core, or on another one with this core as its stand-in host (host.c).
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <efi.h>

#include <kernel-module/args.h>
#include <baremetal/serial.h>

#include "acpi.h"
#include "loader.h"
#include "pages.h"
#include "say.h"

#define CONFIG_NAME "offload.cfg"
#define CONFIG_SIZE_MAX 65536u
/* ExitBootServices wants a current memory map; the map may change under us. */
#define EXIT_TRIES 8

static struct ofl_loader loader;

static const char *why(int err)
{
	switch (err) {
	case -ENOENT:
		return "is not on the volume";
	case -EISDIR:
		return "is a folder";
	case -EFBIG:
		return "is too large";
	case -ENOMEM:
		return "does not fit into memory";
	default:
		return "cannot be read";
	}
}

static int read_config(struct ofl_loader *l)
{
	struct ofl_blob text;
	char msg[OFL_MSG_MAX];
	int err;

	err = ofl_volume_read(&l->volume, CONFIG_NAME, CONFIG_SIZE_MAX, &text);
	if (err) {
		ofl_say("\\%s %s", CONFIG_NAME, why(err));
		return err;
	}
	err = ofl_config_read((const char *)text.data, text.len, &l->config, msg, sizeof(msg));
	if (err) {
		ofl_say("\\%s: %s", CONFIG_NAME, msg);
		return err;
	}
	for (unsigned int i = 0; !err && i < l->config.nr_images; i++)
		err = ofl_args_check(l->config.image[i].args, msg);
	if (err)
		ofl_say("\\%s: %s", CONFIG_NAME, msg);
	return err;
}

/* The same reader, so the same words, as in the kernel module. */
static int read_image(struct ofl_loader *l, unsigned int n)
{
	const struct ofl_image_host host = {
		.machine = ofl_machine_id,
		.private_size = l->config.mem - l->config.window,
	};
	const char *name = l->config.image[n].name;
	struct ofl_blob *blob = &l->image[n].blob;
	char msg[OFL_MSG_MAX];
	int err;

	err = ofl_volume_read(&l->volume, name, OFL_IMAGE_FILE_MAX, blob);
	if (err) {
		ofl_say("image %s %s", name, why(err));
		return err;
	}
	err = ofl_image_read(blob->data, blob->len, &host, &l->image[n].image, msg);
	if (err)
		ofl_say("image %s: %s", name, msg);
	return err;
}

/* All of them, so that all that is wrong is said at once. */
static int read_images(struct ofl_loader *l)
{
	int err = 0;

	for (unsigned int i = 0; i < l->config.nr_images; i++) {
		int ret = read_image(l, i);

		if (!err)
			err = ret;
	}
	return err;
}

static int get_region(struct ofl_loader *l)
{
	uint8_t *pages = ofl_pages_get(EfiLoaderData, l->config.mem + OFL_REGION_ALIGN,
				       OFL_PAGES_BELOW_ANY);

	if (!pages) {
		ofl_say("there are no %llu KiB of memory in one piece; give less with mem=",
			OFL_ULL(l->config.mem >> 10));
		return -ENOMEM;
	}
	/* what is before and behind it goes to waste: nobody else is here */
	l->boot = (struct ofl_boot *)(((uintptr_t)pages + OFL_REGION_ALIGN - 1) &
				      ~(uintptr_t)(OFL_REGION_ALIGN - 1));
	return 0;
}

static int find_serial(struct ofl_loader *l)
{
	l->serial = l->config.serial;
	l->serial_pa = l->config.serial_pa;
	if (l->config.serial_auto) {
		l->serial = ofl_acpi_serial(l->st, &l->serial_pa);
		if (l->serial == OFL_SERIAL_NONE)
			l->serial = ofl_machine_serial(l, &l->serial_pa);
	}
	/* Its first use is later, when the firmware no longer writes to it. */
	if (l->serial == OFL_SERIAL_NONE)
		ofl_say("no serial line is known: the image will be silent");
	return 0;
}

static uint64_t days_to(unsigned int year, unsigned int month, unsigned int day)
{
	static const uint16_t before[] = { 0,	31,  59,  90,  120, 151,
					   181, 212, 243, 273, 304, 334 };
	uint64_t y = year - 1970u;
	unsigned int leaps = (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 - 477;
	bool leap = !(year % 4) && (year % 100 || !(year % 400));

	return y * 365 + leaps + before[month - 1] + (leap && month > 2) + day - 1;
}

/* 0 if the firmware does not know. */
static uint64_t wall_clock_ns(struct ofl_loader *l)
{
	EFI_TIME t;
	int64_t s;

	if (EFI_ERROR(l->st->RuntimeServices->GetTime(&t, NULL)) || t.Year < 1970 ||
	    !t.Month || t.Month > 12 || !t.Day)
		return 0;
	s = (int64_t)(days_to(t.Year, t.Month, t.Day) * 86400 + t.Hour * 3600u +
		      t.Minute * 60u + t.Second);
	if (t.TimeZone >= -1440 && t.TimeZone <= 1440)
		s += t.TimeZone * 60;
	return s < 0 ? 0 : (uint64_t)s * 1000000000u + t.Nanosecond;
}

static int64_t counter_ns(uint64_t counter, uint64_t hz)
{
	return (int64_t)(counter / hz * 1000000000u + counter % hz * 1000000000u / hz);
}

void ofl_loader_place(struct ofl_loader *l, unsigned int n)
{
	const struct ofl_image *image = &l->image[n].image;
	const char *name = l->config.image[n].name, *slash;
	struct ofl_boot_info *info = &l->boot->info;
	uint8_t keep[offsetof(struct ofl_boot, host)];

	if (n) {
		memcpy(keep, l->boot, sizeof(keep));
		memset(l->boot, 0, l->config.mem);
		memcpy(l->boot, keep, sizeof(keep));
	}
	ofl_image_copy(image, l->image[n].blob.data, l->boot);
	info->entry = image->entry;
	info->image_size = image->size;
	info->flags = image->flags;
	snprintf(l->boot->args, sizeof(l->boot->args), "%s", l->config.image[n].args);
	info->args_len = (uint32_t)strlen(l->boot->args);
	while ((slash = strchr(name, '\\')) || (slash = strchr(name, '/')))
		name = slash + 1;
	snprintf(l->boot->image_name, sizeof(l->boot->image_name), "%s", name);
	info->start_counter = ofl_machine_counter();
	ofl_say("image %s (%s, %llu KiB) at %#llx, %s core", name, image->format,
		OFL_ULL(image->size >> 10), OFL_ULL(info->region_pa),
		l->config.other_core ? "another" : "this");
}

void ofl_loader_last_word(const struct ofl_loader *l)
{
	const struct ofl_log *log =
		(const struct ofl_log *)((const uint8_t *)l->boot + OFL_LOG_OFF);
	const struct ofl_boot_image *image = &l->boot->image;

	if (image->state == OFL_STATE_EXITED || image->state == OFL_STATE_STOPPED ||
	    (image->state == OFL_STATE_CRASHED && log->head))
		return;
	if (image->exit_status)
		ofl_say("the image ended before its traps were up: error %d",
			-image->exit_status);
	else
		ofl_say("the image ended before its traps were up (state %u)", image->state);
	ofl_say("crashed");
}

/* What is the same for all images. */
static int fill_region(struct ofl_loader *l)
{
	struct ofl_boot_info *info = &l->boot->info;
	int err;

	info->magic = OFL_BOOT_MAGIC;
	info->abi = OFL_ABI_VERSION;
	info->machine = ofl_machine_id;
	info->size = sizeof(*l->boot);
	info->region_pa = (uintptr_t)l->boot;
	info->private_size = l->config.mem - l->config.window;
	info->window_size = l->config.window;
	info->window_pa = info->region_pa + info->private_size;
	info->serial = l->serial;
	info->serial_pa = l->serial_pa;
	info->boot_flags = l->config.other_core ? 0 : OFL_BOOT_POWER_OFF;
	err = ofl_machine_prepare(l);
	if (err)
		return err;
	info->wall_offset_ns = (int64_t)wall_clock_ns(l) -
			       counter_ns(ofl_machine_counter(), info->counter_hz);
	return 0;
}

static int leave_firmware(struct ofl_loader *l)
{
	UINTN room = 0, size, key, entry_size;
	EFI_MEMORY_DESCRIPTOR *map;
	UINT32 version;

	l->bs->GetMemoryMap(&room, NULL, &key, &entry_size, &version);
	/* the allocation itself, and what events do, may add entries */
	room += 32 * entry_size;
	map = ofl_pages_get(EfiLoaderData, room, OFL_PAGES_BELOW_ANY);
	if (!map) {
		ofl_say("no memory for the memory map");
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < EXIT_TRIES; i++) {
		size = room;
		if (EFI_ERROR(l->bs->GetMemoryMap(&size, map, &key, &entry_size, &version)))
			continue;
		if (!EFI_ERROR(l->bs->ExitBootServices(l->handle, key)))
			return 0;
	}
	ofl_say("the firmware does not let go of the machine");
	return -EBUSY;
}

static int load(struct ofl_loader *l)
{
	int err;

	if (ofl_volume_open(&l->volume, l->st, l->handle)) {
		ofl_say("not started from a volume with files");
		return -ENODEV;
	}
	err = read_config(l);
	if (!err)
		err = read_images(l);
	if (!err)
		err = get_region(l);
	if (!err)
		err = find_serial(l);
	if (!err)
		err = fill_region(l);
	if (!err && l->config.other_core)
		err = ofl_host_prepare(l);
	return err;
}

EFI_STATUS efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *st);
EFI_STATUS efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *st)
{
	struct ofl_loader *l = &loader;
	int err;

	l->handle = handle;
	l->st = st;
	l->bs = st->BootServices;
	ofl_say_console(st->ConOut);
	ofl_pages_init(l->bs);
	err = load(l);
	if (!err)
		ofl_loader_place(l, 0);
	if (!err)
		err = leave_firmware(l);
	if (err) {
		ofl_pages_put_all();
		ofl_say("nothing was started");
		return EFI_LOAD_ERROR;
	}
	ofl_say_serial();
	ofl_machine_alone(l);
	ofl_serial_init(l->serial, l->serial_pa);
	if (l->config.other_core)
		ofl_host_run(l);
	ofl_machine_enter(l);
}
