/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The daemon's half that talks to the module, against one that refuses, is older, lies
 * about its window or goes away.
 */
#include "pmm_device.h"
#include "pmm_mocks.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <offload/uapi.h>

#define open(path, flags) module_node(path, flags)
#undef ioctl
#define ioctl(...) module_asked(__VA_ARGS__, NULL)

static int module_node(const char *path, int flags);
static int module_asked(int fd, unsigned long request, const void *arg, ...);

#include "pmm/pmm.h"
#include "pmm/host_module.c"
#include "pmm/pmm.c"

#undef open
#undef ioctl

#define SIZE 0x40000ull

/* The module, as a test wants it. */
static struct {
	int open_errno, info_errno, attach_errno, ready_errno, bell_errno, close_errno;
	int ring_errno, cid_errno;
	struct ofl_ioc_info info;
	unsigned int attached, ready, rung, closing;
	uint32_t abi, cid;
	int bell;
} module;

static int answer(int err)
{
	errno = err;
	return err ? -1 : 0;
}

static int module_node(const char *path, int flags)
{
	int fd;

	assert_string_equal(path, "/dev/offload7");
	assert_int_equal(flags & O_ACCMODE, O_RDWR);
	if (answer(module.open_errno))
		return -1;
	fd = memfd_create("module", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, SIZE), 0);
	return fd;
}

static int module_asked(int fd, unsigned long request, const void *arg, ...)
{
	assert_true(fd >= 0);
	switch (request) {
	case OFL_IOC_INFO:
		assert_int_equal(((const struct ofl_ioc_info *)arg)->size, sizeof(module.info));
		if (!module.info_errno)
			memcpy((void *)(uintptr_t)arg, &module.info, sizeof(module.info));
		return answer(module.info_errno);
	case OFL_IOC_ATTACH:
		module.abi = ((const struct ofl_ioc_attach *)arg)->abi;
		module.attached += !module.attach_errno;
		return answer(module.attach_errno);
	case OFL_IOC_READY:
		module.ready++;
		return answer(module.ready_errno);
	case OFL_IOC_BELL:
		module.bell = ((const struct ofl_ioc_bell *)arg)->fd;
		return answer(module.bell_errno);
	case OFL_IOC_RING:
		module.rung++;
		return answer(module.ring_errno);
	case OFL_IOC_CID:
		module.cid = ((const struct ofl_ioc_cid *)arg)->cid;
		return answer(module.cid_errno);
	case OFL_IOC_ON_CLOSE:
		module.closing = ((const struct ofl_ioc_on_close *)arg)->flags;
		return answer(module.close_errno);
	default:
		fail_msg("request %lx", request);
		return -1;
	}
}

uint32_t ofl_vsock_cid(const struct ofl_vsock *vs)
{
	(void)vs;
	return 42;
}

static unsigned int drained;

void ofl_console_drain(struct ofl_console *con, int ms)
{
	(void)con;
	assert_true(ms <= 10000);
	drained++;
}

static void no_reset(struct ofl_dev *dev)
{
	(void)dev;
}

static bool no_serve(struct ofl_dev *dev)
{
	(void)dev;
	return false;
}

static const struct ofl_dev_ops ops = { .reset = no_reset, .serve = no_serve };
static struct ofl_dev dev;
static struct ofl_options options;
static struct ofl_pmm pmm;
static const struct ofl_host_ops *host = &ofl_host_module;

static struct host_module *hm_of(void)
{
	return pmm.host_priv;
}

static int setup(void **state)
{
	(void)state;
	memset(&module, 0, sizeof(module));
	module.info = (struct ofl_ioc_info){ .size = sizeof(module.info), .abi = OFL_ABI_VERSION,
					     .window_pa = WINDOW_PA, .window_size = SIZE,
					     .cpu = 3 };
	options = (struct ofl_options){ .device = (char *)"/dev/offload7", .abi = OFL_ABI_VERSION };
	dev = (struct ofl_dev){ .ops = &ops, .device_id = OFL_ID_CONSOLE, .nr_queues = 1,
				.mem_size = 24 * 1024 };
	pmm = (struct ofl_pmm){ .opt = &options, .host = host, .nr_devs = 1, .devs = { &dev } };
	logs = drained = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host->close(&pmm);
	host->close(&pmm); /* twice does no harm */
	assert_null(pmm.host_priv);
	assert_int_equal(pmm.mem.size, 0);
	return 0;
}

#define assert_said(text) assert_non_null(strstr(last_log, text))

static void refused(int err, const char *why)
{
	logs = 0;
	assert_int_equal(host->open(&pmm), -err);
	assert_int_equal(logs, 1);
	assert_said("/dev/offload7: ");
	assert_said(why);
	assert_int_equal(pmm.mem.size, 0);
	teardown(NULL);
}

static void what_is_refused_is_said(void **state)
{
	static const struct {
		int *at, err;
		const char *why;
	} refusals[] = {
		{ &module.open_errno, ENOENT, "load the module first" },
		{ &module.open_errno, ENXIO, "load the module first" },
		{ &module.open_errno, EACCES, "start as root" },
		{ &module.open_errno, EMFILE, "Too many open files" },
		{ &module.info_errno, ENOTTY, "not a device of the offload module" },
		{ &module.attach_errno, EBUSY, "another offload-pmm is attached" },
		{ &module.attach_errno, EPROTONOSUPPORT, "use both from one build" },
		{ &module.attach_errno, ENODEV, "cannot attach: No such device" },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		*refusals[i].at = refusals[i].err;
		refused(refusals[i].err, refusals[i].why);
		*refusals[i].at = 0;
	}
	assert_int_equal(module.attached, 0);
	options.stop_on_close = true;
	module.close_errno = ENOTTY;
	refused(ENOTTY, "--stop-on-close: this module is older");
	module.close_errno = EINVAL;
	refused(EINVAL, "--stop-on-close: Invalid argument");
	assert_int_equal(module.closing, OFL_ON_CLOSE_STOP);
}

/* It took us, and yet is another version; or what it says of its window cannot be. */
static void a_module_that_lies(void **state)
{
	(void)state;
	module.info.abi = OFL_ABI_VERSION + 1;
	refused(EPROTONOSUPPORT, "use both from one build");
	module.info.abi = OFL_ABI_VERSION;
	module.info.window_size = OFL_WIN_SIZE_MIN - 1;
	refused(ENOSPC, "load the module with window=1M or more");
	module.info.window_size = 0;
	refused(ENOSPC, "0 bytes");
	module.info.window_size = 1ull << 62;
	refused(ENOMEM, "cannot map the shared window");
}

static void opened(void)
{
	assert_int_equal(host->open(&pmm), 0);
	assert_int_equal(module.attached, 1);
	assert_int_equal(module.abi, OFL_ABI_VERSION);
	assert_true(pmm.mem.pa == WINDOW_PA && pmm.mem.size == SIZE);
}

static void started(void)
{
	opened();
	assert_int_equal(host->start(&pmm), 0);
	assert_int_equal(module.ready, 1);
	assert_said("no image is running yet");
}

static void a_window_that_is_too_small(void **state)
{
	(void)state;
	dev.mem_size = SIZE;
	opened();
	assert_int_equal(host->start(&pmm), -ENOSPC);
	assert_said("give the module a larger window=");
	assert_int_equal(module.ready, 0);
}

static void it_goes_while_we_begin(void **state)
{
	(void)state;
	opened();
	module.info_errno = ENODEV;
	assert_int_equal(host->start(&pmm), -ENODEV);
	assert_said("/dev/offload7: No such device");
	teardown(NULL);
	setup(NULL);
	opened();
	module.ready_errno = ENOTCONN;
	assert_int_equal(host->start(&pmm), -ENOTCONN);
	assert_said("READY");
}

static void with_and_without_a_doorbell(void **state)
{
	static const int why[] = { ENOTTY, EOPNOTSUPP, EBADF };
	static const char *const words[] = { "older", "no interrupt to spare", "Bad file" };
	uint64_t one = 1;
	unsigned int i;

	(void)state;
	started();
	assert_true(module.bell >= 0);
	assert_int_equal(host->sleep_ms(&pmm), -1);
	assert_true(((struct ofl_window *)at(&pmm.mem, WINDOW_PA + OFL_WIN_CTRL_OFF))
			    ->pmm_bell.rings);
	host->ring(&pmm);
	assert_int_equal(module.rung, 1);
	/* The image has rung; then for nothing. */
	assert_int_equal(write(module.bell, &one, sizeof(one)), sizeof(one));
	logs = 0;
	hm_of()->bell.fn(&pmm, 1);
	hm_of()->bell.fn(&pmm, 1);
	assert_int_equal(logs, 0);
	module.ring_errno = EIO;
	host->ring(&pmm);
	assert_said("cannot ring");
	teardown(NULL);

	for (i = 0; i < 3; i++) {
		setup(NULL);
		opened();
		module.bell_errno = why[i];
		module_open_bell(&pmm);
		assert_said(words[i]);
		assert_said("looking every 1 ms");
		host->ring(&pmm);
		assert_int_equal(module.rung, 0);
		assert_int_equal(host->sleep_ms(&pmm), SLEEP_IDLE_MS);
		hm_of()->active = true;
		assert_int_equal(host->sleep_ms(&pmm), SLEEP_RUNNING_MS);
		teardown(NULL);
	}
}

static void the_cid_is_told(void **state)
{
	(void)state;
	pmm.vsock = (struct ofl_vsock *)&module;
	module.cid_errno = ENOTTY; /* an older one: not a word */
	started();
	assert_int_equal(module.cid, 42);
	teardown(NULL);
	module.ready = module.attached = 0;
	module.cid_errno = EINVAL;
	opened();
	logs = 0;
	module_tell_cid(&pmm);
	assert_int_equal(logs, 1);
	assert_said("CID: Invalid argument");
}

/* The next look, without waiting for its time. */
static void look(void)
{
	logs = 0;
	hm_of()->source.fn(&pmm, EPOLLIN);
	host->check(&pmm);
}

static void lives_of_images(void **state)
{
	(void)state;
	started();
	look();
	assert_int_equal(logs, 0);
	host->check(&pmm); /* too early for another look */
	module.info.state = OFL_INSTANCE_RUNNING;
	look();
	assert_string_equal(last_log, "image started");
	look();
	assert_int_equal(logs, 0);

	module.info.starts = 7;
	look();
	assert_string_equal(last_log, "image started (start 7)");
	module.info.state = OFL_INSTANCE_CRASHED;
	look();
	assert_said("image crashed");
	assert_false(pmm.stop);

	/* It came and went between two looks. */
	module.info.starts = 8;
	module.info.state = OFL_INSTANCE_OFFLINE;
	look();
	assert_int_equal(logs, 2);
	assert_string_equal(last_log, "image was stopped");
	look();
	assert_int_equal(logs, 0);

	options.once = true;
	module.info.starts = 9;
	module.info.flags = OFL_INFO_EXITED;
	module.info.exit_status = -1;
	look();
	assert_string_equal(last_log, "image ended with status -1");
	assert_true(pmm.stop);
	assert_int_equal(pmm.exit_status, 255);

	pmm.stop = false;
	pmm.console = (struct ofl_console *)&module;
	module.info.starts = 10;
	module.info.state = OFL_INSTANCE_STUCK;
	look();
	assert_said("image is stuck");
	assert_int_equal(pmm.exit_status, OFL_EXIT_CRASHED);
	assert_int_equal(drained, 1);
}

static void one_that_was_there_before(void **state)
{
	(void)state;
	module.info.state = OFL_INSTANCE_RUNNING;
	opened();
	assert_int_equal(host->start(&pmm), 0);
	assert_string_equal(last_log, "image is running");
	module.info.state = OFL_INSTANCE_OFFLINE;
	look();
	assert_string_equal(last_log, "image was stopped");
}

static void the_instance_goes(void **state)
{
	(void)state;
	started();
	hm_of()->source.fn(&pmm, EPOLLHUP);
	assert_said("is going away");
	assert_true(pmm.stop);
	assert_int_equal(pmm.exit_status, 0);
	options.once = true;
	hm_of()->source.fn(&pmm, EPOLLERR);
	assert_int_equal(pmm.exit_status, OFL_EXIT_FAILURE);

	pmm.stop = false;
	module.info_errno = ENODEV;
	host->check(&pmm);
	assert_said("the instance is gone");
	assert_true(pmm.stop);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_refused_is_said),
		T(a_module_that_lies),
		T(a_window_that_is_too_small),
		T(it_goes_while_we_begin),
		T(with_and_without_a_doorbell),
		T(the_cid_is_told),
		T(lives_of_images),
		T(one_that_was_there_before),
		T(the_instance_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
