/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFL_TEST_TIMER_H
#define OFL_TEST_TIMER_H

#include <stdbool.h>

/* The clock against a second one of the machine. */
void timer_machine(bool exact);

#endif
