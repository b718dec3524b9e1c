/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OFFLOAD_ARGS_H
#define OFFLOAD_ARGS_H

#include "portable.h"

/*
 * Can the runtime split this into argv[1] and up (ofl_boot.args)?  0, -E2BIG
 * (too long, too many words) or -EINVAL (open quote, control character), with
 * a sentence in msg (OFL_MSG_MAX bytes).
 */
int ofl_args_check(const char *args, char *msg);

#endif
