/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host is the kernel module: /dev/offloadN (uapi.h).
 *
 * The module tells by poll that the state differs from what INFO said last.  An
 * image may start and end between two looks, so `starts` counts as well.
 *
 * Doorbells: the module counts an eventfd up when the image rings, and rings the
 * image by ioctl.  One that cannot (an old one, or a machine without a spare
 * interrupt) says so when asked; then we look every SLEEP_RUNNING_MS, and the image
 * is told not to rely on being rung.
 *
 * A restarted image needs nothing from us: its drivers begin with a reset.  To
 * reset a device when `starts` has changed could hit the new image after
 * its own reset, so that is done only when the image is seen to have ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <offload/abi.h>
#include <offload/uapi.h>

#include "log.h"
#include "pmm.h"
#include "vsock.h"
#include "window.h"

#define SLEEP_RUNNING_MS 1 /* without a doorbell */
#define SLEEP_IDLE_MS 100  /* a change wakes us; this is for one that was missed */
#define CHECK_MS 100

struct host_module {
	const char *path;
	int fd;
	struct ofl_source source;
	struct ofl_source bell; /* an eventfd; -1: there is no doorbell */
	struct ofl_ioc_info info; /* as last read */
	bool active;		  /* an image has run and its end was not handled */
	bool changed;		  /* poll says so */
	int64_t checked_ms;
};

static int64_t module_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int module_info(struct host_module *hm)
{
	struct ofl_ioc_info info = { .size = sizeof(info) };

	if (ioctl(hm->fd, OFL_IOC_INFO, &info))
		return -errno;
	hm->info = info;
	return 0;
}

static void module_ready(void *arg, uint32_t events)
{
	struct ofl_pmm *pmm = arg;
	struct host_module *hm = pmm->host_priv;

	hm->changed = true;
	if (!(events & (EPOLLHUP | EPOLLERR)))
		return;
	ofl_log("%s: the instance is going away", hm->path);
	pmm->exit_status = pmm->opt->once ? OFL_EXIT_FAILURE : 0;
	pmm->stop = true;
}

static void module_rung(void *arg, uint32_t events)
{
	struct ofl_pmm *pmm = arg;
	struct host_module *hm = pmm->host_priv;
	uint64_t count;

	(void)events;
	/* Being awake is all it asks for. */
	if (read(hm->bell.fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		ofl_log("doorbell: %s", strerror(errno));
}

static void module_no_bell(struct host_module *hm, int err)
{
	ofl_log("%s: no doorbell (%s); looking every %d ms instead", hm->path,
		err == ENOTTY ? "this module is older" :
		err == EOPNOTSUPP ? "no interrupt to spare, see the kernel log" :
				    strerror(err),
		SLEEP_RUNNING_MS);
	if (hm->bell.fd >= 0)
		close(hm->bell.fd);
	hm->bell.fd = -1;
}

static void module_open_bell(struct ofl_pmm *pmm)
{
	struct host_module *hm = pmm->host_priv;
	struct ofl_ioc_bell bell = { .size = sizeof(bell) };
	int err;

	hm->bell = (struct ofl_source){ .fn = module_rung, .arg = pmm };
	hm->bell.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	bell.fd = hm->bell.fd;
	if (bell.fd < 0 || ioctl(hm->fd, OFL_IOC_BELL, &bell)) {
		module_no_bell(hm, errno);
		return;
	}
	err = ofl_loop_watch(&pmm->loop, &hm->bell, EPOLLIN);
	if (err)
		module_no_bell(hm, -err);
	else
		ofl_window_rings(&pmm->mem, true);
}

/* For those who look into sysfs; an older module has no place for it. */
static void module_tell_cid(const struct ofl_pmm *pmm)
{
	const struct host_module *hm = pmm->host_priv;
	struct ofl_ioc_cid cid = { .size = sizeof(cid) };

	if (!pmm->vsock)
		return;
	cid.cid = ofl_vsock_cid(pmm->vsock);
	if (ioctl(hm->fd, OFL_IOC_CID, &cid) && errno != ENOTTY)
		ofl_log("%s: CID: %s", hm->path, strerror(errno));
}

static int module_attach_failed(const struct host_module *hm,
				const struct ofl_options *opt, int err)
{
	if (err == EPROTONOSUPPORT)
		ofl_log("%s: this offload-pmm speaks ABI version %u, the module version %u; "
			"use both from one build",
			hm->path, opt->abi, hm->info.abi);
	else if (err == EBUSY)
		ofl_log("%s: another offload-pmm is attached; stop it first",
			hm->path);
	else
		ofl_log("%s: cannot attach: %s", hm->path, strerror(err));
	return -err;
}

static int module_open_device(struct host_module *hm)
{
	int err;

	hm->fd = open(hm->path, O_RDWR | O_CLOEXEC);
	if (hm->fd < 0) {
		err = -errno;
		if (err == -ENOENT || err == -ENODEV || err == -ENXIO)
			ofl_log("%s: no such device; load the module first: insmod offload.ko cpu=N image=FILE",
				hm->path);
		else
			ofl_log("%s: %s%s", hm->path, strerror(-err),
				err == -EACCES ? "; start as root (see --user)" :
						 "");
		return err;
	}
	err = module_info(hm);
	if (err)
		ofl_log("%s: not a device of the offload module (%s)", hm->path,
			strerror(-err));
	return err;
}

static int module_stop_on_close(const struct host_module *hm)
{
	struct ofl_ioc_on_close on_close = { .size = sizeof(on_close),
					     .flags = OFL_ON_CLOSE_STOP };
	int err;

	if (!ioctl(hm->fd, OFL_IOC_ON_CLOSE, &on_close))
		return 0;
	err = -errno;
	ofl_log("%s: --stop-on-close: %s", hm->path,
		err == -ENOTTY ? "this module is older and cannot" : strerror(-err));
	return err;
}

static int module_open(struct ofl_pmm *pmm)
{
	struct ofl_ioc_attach attach = { .size = sizeof(attach),
					 .abi = pmm->opt->abi };
	struct host_module *hm = calloc(1, sizeof(*hm));
	void *base;
	int err;

	if (!hm)
		return -ENOMEM;
	pmm->host_priv = hm;
	hm->fd = -1;
	hm->bell.fd = -1;
	hm->path = pmm->opt->device;
	err = module_open_device(hm);
	if (err)
		return err;
	if (ioctl(hm->fd, OFL_IOC_ATTACH, &attach))
		return module_attach_failed(hm, pmm->opt, errno);
	if (hm->info.abi != OFL_ABI_VERSION)
		return module_attach_failed(hm, pmm->opt, EPROTONOSUPPORT);
	if (pmm->opt->stop_on_close) {
		err = module_stop_on_close(hm);
		if (err)
			return err;
	}
	if (hm->info.window_size < OFL_WIN_SIZE_MIN) {
		ofl_log("%s: the shared window has %llu bytes, %u are needed; load the module with window=1M or more",
			hm->path, (unsigned long long)hm->info.window_size,
			OFL_WIN_SIZE_MIN);
		return -ENOSPC;
	}
	base = mmap(NULL, hm->info.window_size, PROT_READ | PROT_WRITE,
		    MAP_SHARED, hm->fd, 0);
	if (base == MAP_FAILED) {
		err = -errno;
		ofl_log("%s: cannot map the shared window: %s", hm->path,
			strerror(-err));
		return err;
	}
	pmm->mem.base = base;
	pmm->mem.pa = hm->info.window_pa;
	pmm->mem.size = hm->info.window_size;
	return 0;
}

static int module_start(struct ofl_pmm *pmm)
{
	struct host_module *hm = pmm->host_priv;
	int err;

	err = module_info(hm);
	if (err) {
		ofl_log("%s: %s", hm->path, strerror(-err));
		return err;
	}
	/* An image that runs may have known a PMM before us. */
	hm->active = hm->info.state == OFL_INSTANCE_RUNNING;
	err = ofl_pmm_layout(pmm, hm->info.state != OFL_INSTANCE_RUNNING);
	if (err)
		return err;
	module_open_bell(pmm);
	module_tell_cid(pmm);
	hm->source = (struct ofl_source){ .fd = hm->fd, .fn = module_ready,
					  .arg = pmm };
	err = ofl_loop_watch(&pmm->loop, &hm->source, EPOLLIN);
	if (err) {
		ofl_log("%s: poll: %s", hm->path, strerror(-err));
		return err;
	}
	ofl_log("attached to %s: window of %llu KiB at 0x%llx, ABI %u, core %u",
		hm->path, (unsigned long long)pmm->mem.size / 1024,
		(unsigned long long)pmm->mem.pa, hm->info.abi, hm->info.cpu);
	ofl_log(hm->active ? "image is running" : "no image is running yet");
	if (ioctl(hm->fd, OFL_IOC_READY)) {
		err = -errno;
		ofl_log("%s: READY: %s", hm->path, strerror(-err));
		return err;
	}
	return 0;
}

static void module_ended(struct ofl_pmm *pmm, const struct ofl_ioc_info *info)
{
	int status = OFL_EXIT_CRASHED;

	switch (info->state) {
	case OFL_INSTANCE_OFFLINE:
		if (!(info->flags & OFL_INFO_EXITED)) {
			/* as for a signal: there is no status to promise */
			ofl_log("image was stopped");
			status = OFL_EXIT_FAILURE;
			break;
		}
		ofl_log("image ended with status %d", info->exit_status);
		status = info->exit_status & 0xff;
		break;
	case OFL_INSTANCE_CRASHED:
		ofl_log("image crashed; its last words are in the log of the instance, in sysfs");
		break;
	default:
		ofl_log("image is stuck: the core cannot be taken back");
		break;
	}
	ofl_pmm_image_ended(pmm, status);
}

static void module_check(struct ofl_pmm *pmm)
{
	struct host_module *hm = pmm->host_priv;
	uint32_t starts = hm->info.starts;
	int64_t now = module_now_ms();

	if (!hm->changed && now - hm->checked_ms < CHECK_MS)
		return;
	hm->changed = false;
	hm->checked_ms = now;
	if (module_info(hm)) {
		ofl_log("%s: the instance is gone", hm->path);
		pmm->exit_status = OFL_EXIT_FAILURE;
		pmm->stop = true;
		return;
	}
	if (hm->info.starts != starts) {
		ofl_log("image started (start %u)", hm->info.starts);
		hm->active = true;
	} else if (!hm->active && hm->info.state == OFL_INSTANCE_RUNNING) {
		ofl_log("image started");
		hm->active = true;
	}
	if (hm->active && hm->info.state != OFL_INSTANCE_RUNNING) {
		hm->active = false;
		module_ended(pmm, &hm->info);
	}
}

static int module_sleep_ms(struct ofl_pmm *pmm)
{
	struct host_module *hm = pmm->host_priv;

	if (hm->bell.fd >= 0)
		return -1;
	return hm->active ? SLEEP_RUNNING_MS : SLEEP_IDLE_MS;
}

static void module_ring(struct ofl_pmm *pmm)
{
	struct host_module *hm = pmm->host_priv;

	if (hm->bell.fd >= 0 && ioctl(hm->fd, OFL_IOC_RING))
		ofl_log("%s: cannot ring: %s", hm->path, strerror(errno));
}

static void module_close(struct ofl_pmm *pmm)
{
	struct host_module *hm = pmm->host_priv;

	if (!hm)
		return;
	if (pmm->mem.size)
		munmap(pmm->mem.base, pmm->mem.size);
	pmm->mem.size = 0;
	if (hm->bell.fd >= 0)
		close(hm->bell.fd);
	if (hm->fd >= 0)
		close(hm->fd);
	free(hm);
	pmm->host_priv = NULL;
}

const struct ofl_host_ops ofl_host_module = {
	.open = module_open,
	.start = module_start,
	.check = module_check,
	.ring = module_ring,
	.sleep_ms = module_sleep_ms,
	.close = module_close,
};
