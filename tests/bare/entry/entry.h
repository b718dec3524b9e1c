/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFL_TEST_ENTRY_H
#define OFL_TEST_ENTRY_H

#include <offload/rt.h>

#if defined(__x86_64__)
#define ENTRY_ARCH "x86_64"
#define ENTRY_MACHINE OFL_MACHINE_X86_64
#else
#define ENTRY_ARCH "aarch64"
#define ENTRY_MACHINE OFL_MACHINE_AARCH64
#endif

/* The architecture's: registers, and what ofl_where says. */
void entry_registers(void);
void entry_where(const struct ofl_where *where);

#endif
