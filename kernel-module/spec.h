/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What somebody wants an instance to be, from the module's parameters (which
 * may describe several) or from a line written to /sys/class/offload/add.
 */
#ifndef OFFLOAD_SPEC_H
#define OFFLOAD_SPEC_H

#include "devspec.h"
#include "memspec.h"

/* Instances at a time, so minor numbers. */
#define OFL_INSTANCES_MAX 16

struct ofl_spec {
	unsigned int cpu;
	struct ofl_memspec mem;
	uint64_t window;
	char image[256]; /* "": none */
	char args[OFL_ARGS_MAX];
	bool start;
	unsigned int spi; /* aarch64: INTID of the doorbell; 0: any */
	unsigned int nr_devices;
	struct ofl_devspec devices[OFL_BOOT_DEVICES];
	char text[512]; /* scratch */
};

/* The words as given; NULL: not given. */
struct ofl_spec_words {
	const char *cpu;
	const char *image;
	const char *mem;
	const char *window;
	const char *args;
	const char *start;
	const char *spi;
	const char *device;
};

/*
 * All return 0 or -errno with a sentence in msg (OFL_MSG_MAX bytes).
 *
 * From lists: cpu=, image=, mem=, window= and spi= separate their elements by
 * commas, args= by semicolons outside quotes, device= by semicolons.  As many
 * images as CPUs; of mem=, window= and args= one for all, or one for each; of
 * spi= and device= at most one for each.  Fills in the first *nr of max specs.
 */
int ofl_spec_lists(const struct ofl_spec_words *lists, struct ofl_spec *specs,
		   unsigned int max, unsigned int *nr, char *msg);
/*
 * From a line of KEY=VALUE with blanks between them, the keys as above; a
 * value with blanks is in '...' or in "...", where \ quotes " and itself.  The
 * line is changed.
 */
int ofl_spec_line(char *line, struct ofl_spec *spec, char *msg);

#endif
