/* SPDX-License-Identifier: GPL-2.0-only */
/* What is done about an image that has crashed. */
#ifndef OFFLOAD_SUPERVISE_H
#define OFFLOAD_SUPERVISE_H

#include "offload.h"

/* --- dump.c; with inst->lock held --- */
int ofl_dump_make(struct ofl_instance *inst, const struct ofl_crash *crash,
		  const char *why);
struct ofl_crash *ofl_dump_sample(struct ofl_instance *inst);
void ofl_dump_crash(struct ofl_instance *inst, const struct ofl_crash *sample);

/* --- supervise.c; with inst->lock held, but init and end --- */
void ofl_supervise_init(struct ofl_instance *inst);
void ofl_supervise_end(struct ofl_instance *inst);
/* A start has begun. */
void ofl_supervise_started(struct ofl_instance *inst);
/* How often the watcher has to look, if it would look every ms. */
unsigned int ofl_supervise_watch_ms(struct ofl_instance *inst, unsigned int ms);
void ofl_supervise_look(struct ofl_instance *inst);
void ofl_supervise_crashed(struct ofl_instance *inst);

/* More of sysfs. */
extern const struct attribute_group ofl_supervise_group;
extern const struct attribute_group ofl_dump_group;

#endif
