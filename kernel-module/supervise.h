/* SPDX-License-Identifier: GPL-2.0-only */
/* What is done about an image that has crashed. */
#ifndef OFFLOAD_SUPERVISE_H
#define OFFLOAD_SUPERVISE_H

#include "offload.h"

/* --- dump.c; with inst->lock held --- */
int ofl_dump_make(struct ofl_instance *inst, const struct ofl_crash *crash,
		  const char *why);
struct ofl_crash *ofl_dump_record(struct ofl_instance *inst);
void ofl_dump_crash(struct ofl_instance *inst);

/* More of sysfs. */
extern const struct attribute_group ofl_dump_group;

#endif
