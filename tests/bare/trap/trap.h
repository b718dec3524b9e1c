/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFL_TEST_TRAP_H
#define OFL_TEST_TRAP_H

/* The architecture's exceptions. */
void trap_classes(void);
/* fpu.c */
void trap_fpu(void);

#endif
