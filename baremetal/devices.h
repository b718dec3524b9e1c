/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The devices of the attached PMM, and their drivers.
 *
 * A driver is in a list that the linker makes, and in an image only if its file is:
 * those of the library that something calls.  So what no call leads to must not be
 * named by a file that each image has (host/test_size.sh).
 */
#ifndef OFFLOAD_DEVICES_H
#define OFFLOAD_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

struct ofl_virtio;

struct ofl_driver {
	uint32_t device_id; /* VIRTIO 1.2, 5 */
	/* Use the device.  -ENOTSUP: it has one of these already. */
	int (*start)(struct ofl_virtio *dev);
	/*
	 * Their PMM is gone, perhaps for the second time.  What a program holds stays as
	 * it is, with an error from each use: names, open files and random bytes EIO,
	 * sockets ECONNRESET, the console its log.  May be NULL, as what follows.
	 */
	void (*lost)(void);
	/* Another PMM's devices are about to be started. */
	void (*forget)(void);
	/* The program ends: let the PMM take what is under way, for a bounded time. */
	void (*drain)(void);
	/* Take what has come: called again and again by who waits for anything. */
	void (*progress)(void);
	/* Around a sleep: what comes shall wake us, or no more. */
	void (*arm)(bool on);
};

/* OFL_DRIVER(name) = { ... }; */
#define OFL_DRIVER(name)                                                              \
	static const struct ofl_driver name;                                          \
	static const struct ofl_driver *const name##_entry                            \
		__attribute__((used, section("ofl_drivers"))) = &name;                \
	static const struct ofl_driver name

/*
 * Find the devices of PMM number `epoch` and start them: the first console takes
 * descriptors 0 to 2, the first 9p share is mounted on /, others on /TAG.  What
 * cannot be used is named in the log.  -errno if the window itself is unusable.
 */
int ofl_devices_attach(uint32_t epoch);
/*
 * Where a program's call begins, or waits: has the PMM gone, is there another one?
 * Then use its devices; may take as long as an attach does.  Costs a load otherwise.
 * No driver may be in the middle of something.
 */
void ofl_devices_check(void);
/* What their drivers do, of all that are in this image. */
void ofl_devices_progress(void);
void ofl_devices_arm(bool on);
/* Before the core is given back. */
void ofl_devices_drain(void);

#endif
