/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loader has to say: to the firmware's console, later to the serial line. */
#ifndef OFFLOAD_BOOT_SAY_H
#define OFFLOAD_BOOT_SAY_H

#include <efi.h>

/* Until ofl_say_serial(): text goes to this console. */
void ofl_say_console(SIMPLE_TEXT_OUTPUT_INTERFACE *console);
/* The firmware is gone: text goes to the line of ofl_serial_init(). */
void ofl_say_serial(void);
/* One line; "offload: " is put before and a newline behind it. */
void ofl_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
