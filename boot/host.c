// SPDX-License-Identifier: BSD-2-Clause
/*
 * The stand-in host: this core serves the image on another one, as the daemon
 * does under Linux and with its very device code (pmm/): a console on the serial
 * line, the files of \share in memory over 9p, random bytes if the firmware had some;
 * and somebody to talk to by vsock (vsock.h) and, if asked for, by network (net.h).
 *
 * All memory is taken while the firmware still gives some.  Then there is one loop
 * over the devices, until the image has given its core back.  What the image
 * wrote is printed at the end.
 *
 * The image sleeps while it waits, and is rung.  We do not, and have no use for its
 * rings: each is answered with one, so that an image can see both ways work.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <baremetal/serial.h>
#include <pmm/log.h>
#include <pmm/p9.h>
#include <pmm/rng.h>
#include <pmm/window.h>

#include "console.h"
#include "entropy.h"
#include "heap.h"
#include "loader.h"
#include "net.h"
#include "pages.h"
#include "ramfs.h"
#include "say.h"
#include "vsock.h"

#define SHARE_DIR "share"
#define SHARE_TAG "share"
#define HEAP_SIZE (16ull << 20)
#define FILE_SIZE_MAX (HEAP_SIZE / 2)
#define CONSOLE_MEM (24u << 10)
#define P9_MEM (256u << 10)
#define MAX_DEVS 5u
#define TURNS 256u /* between two looks at the other core */
#define TURNS_BELL 16u /* at the bell */
/* Serve what the image left in its queues, but not for ever. */
#define LAST_TURNS 1000u

static struct ofl_ramfs *tree;
static struct ofl_dev *devs[MAX_DEVS];
static unsigned int nr_devs; /* 0: there is no window */
static struct ofl_mem window;

/* What the device code has to say. */
void ofl_log(const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	ofl_say("host: %s", line);
}

static int add_file(void *arg, const char *name)
{
	struct ofl_loader *l = arg;
	struct ofl_blob blob;
	char path[300];
	int err;

	snprintf(path, sizeof(path), "%s/%s", SHARE_DIR, name);
	err = ofl_volume_read(&l->volume, path, FILE_SIZE_MAX, &blob);
	if (!err)
		err = ofl_ramfs_add(tree, name, blob.data, blob.len);
	if (err)
		ofl_say("\\%s\\%s cannot be taken into memory: %s", SHARE_DIR, name,
			err == -EFBIG || err == -ENOMEM ? "it is too large" : "it cannot be read");
	return err;
}

static bool take_seed(struct ofl_loader *l)
{
	EFI_GUID guid = EFI_RNG_PROTOCOL_GUID;
	uint8_t seed[OFL_SEED_SIZE];
	EFI_RNG_PROTOCOL *rng;

	if (EFI_ERROR(l->bs->LocateProtocol(&guid, NULL, (void **)&rng)) ||
	    EFI_ERROR(rng->GetRNG(rng, NULL, sizeof(seed), seed))) {
		ofl_say("core=other: the firmware has no random numbers, so the image has none");
		return false;
	}
	ofl_entropy_seed(seed);
	return true;
}

/* The number of them, or -ENOMEM. */
static int make_devices(struct ofl_loader *l, struct ofl_p9 *p9)
{
	int nr = 0;

	devs[nr++] = ofl_boot_console(CONSOLE_MEM);
	devs[nr++] = ofl_p9_dev(p9);
	devs[nr++] = ofl_boot_vsock();
	if (l->config.net)
		devs[nr++] = ofl_boot_net();
	if (!devs[2] || !devs[nr - 1])
		return -ENOMEM;
	if (take_seed(l))
		devs[nr++] = ofl_rng_dev();
	return nr;
}

int ofl_host_prepare(struct ofl_loader *l)
{
	const struct ofl_boot_info *info = &l->boot->info;
	struct ofl_p9 *p9;
	void *heap;
	int err, nr;

	/* On its own on the other core: the serial line is its console. */
	if (!info->window_size)
		return 0;
	heap = ofl_pages_get(EfiLoaderData, HEAP_SIZE, OFL_PAGES_BELOW_ANY);
	if (!heap) {
		ofl_say("core=other: no memory for the files");
		return -ENOMEM;
	}
	ofl_heap_init(heap, HEAP_SIZE);
	tree = ofl_ramfs_new();
	p9 = tree ? ofl_p9_new(SHARE_TAG, P9_MEM, false, &ofl_ramfs_ops, tree) : NULL;
	if (!p9)
		return -ENOMEM;
	err = ofl_volume_list(&l->volume, SHARE_DIR, add_file, l);
	if (err && err != -ENOENT)
		return err;
	nr = make_devices(l, p9);
	if (nr < 0)
		return nr;
	window = (struct ofl_mem){
		.base = (uint8_t *)(uintptr_t)info->window_pa,
		.pa = info->window_pa,
		.size = info->window_size,
	};
	err = ofl_window_layout(&window, devs, (unsigned int)nr, true);
	if (err) {
		ofl_say("core=other: window=%llu KiB is too small, %llu KiB are needed",
			OFL_ULL(info->window_size >> 10),
			OFL_ULL(ofl_window_need(devs, (unsigned int)nr) >> 10));
		return err;
	}
	nr_devs = (unsigned int)nr;
	return 0;
}

static bool poll_devices(const struct ofl_loader *l)
{
	bool work = false, called = false;

	for (unsigned int i = 0; i < nr_devs; i++) {
		work |= ofl_dev_poll(devs[i]);
		called |= devs[i]->called;
		devs[i]->called = false;
	}
	if (called && ofl_window_image_asleep(&window))
		ofl_machine_ring(l);
	return work;
}

static void answer_bell(const struct ofl_loader *l)
{
	if (ofl_machine_rung() &&
	    __atomic_load_n(&l->boot->image.state, __ATOMIC_RELAXED) == OFL_STATE_RUNNING)
		ofl_machine_ring(l);
}

static void print_file(void *arg, const char *path, const void *data, size_t len)
{
	(void)arg;
	ofl_say("file %s, %llu bytes:", path, OFL_ULL(len));
	ofl_serial_write(data, len);
	if (len && ((const char *)data)[len - 1] != '\n')
		ofl_serial_write("\n", 1);
	ofl_say("end of %s", path);
}

static void run_image(struct ofl_loader *l)
{
	int err;

	l->boot->host.bell = ofl_machine_bell();
	if (nr_devs) {
		ofl_window_layout(&window, devs, nr_devs, true);
		ofl_window_rings(&window, true);
		/* There is a PMM from the start: the image need not wait. */
		l->boot->host.pmm_epoch = 1;
	}
	err = ofl_machine_start_other(l);
	if (err) {
		ofl_say("the other core (%#llx) does not start: error %d",
			OFL_ULL(l->boot->info.hwid), -err);
		ofl_machine_end(l);
	}
	/* To ask costs more than to serve, on a machine that asks its firmware. */
	for (unsigned int turn = 1; turn % TURNS || !ofl_machine_other_is_back(l); turn++) {
		poll_devices(l);
		if (turn % TURNS_BELL == 0)
			answer_bell(l);
	}
	for (unsigned int i = 0; i < LAST_TURNS && poll_devices(l); i++)
		;
	ofl_loader_last_word(l);
	if (tree)
		ofl_ramfs_changed(tree, print_file, NULL);
}

void ofl_host_run(struct ofl_loader *l)
{
	for (unsigned int i = 0; i < l->config.nr_images; i++) {
		if (i)
			ofl_loader_place(l, i);
		run_image(l);
	}
	ofl_machine_end(l);
}
