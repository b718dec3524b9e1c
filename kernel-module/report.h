/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OFFLOAD_REPORT_H
#define OFFLOAD_REPORT_H

#include "portable.h"

/*
 * What an image says of itself is never trusted.  The caller copies the bytes
 * once out of memory that the image can still change, and gives the copy.
 */

/* state, or -1 if it is none of enum ofl_image_state */
int ofl_report_state(uint32_t state);

/*
 * Copy at most `max` bytes of text up to its NUL into out (max + 1 bytes), on
 * one line, printable ASCII only; all else becomes '?', blanks at the end go.
 * Returns the length.
 */
size_t ofl_report_line(char *out, const char *text, size_t max);

/*
 * One line for the kernel log about a crash, into out (OFL_MSG_MAX * 2 bytes).
 */
#define OFL_REPORT_SUMMARY_MAX (2 * OFL_MSG_MAX)
void ofl_report_summary(char *out, const struct ofl_crash *crash,
			uint32_t machine);

/*
 * The crash record as text into out (size bytes, size > 0): summary, registers
 * by name, return addresses.  Returns the length without the NUL.
 */
size_t ofl_report_crash(char *out, size_t size, const struct ofl_crash *crash,
			uint32_t machine);

/*
 * The log in the order it was written, into out (sizeof(log->text) bytes), not
 * NUL terminated.  Text only: newline, tab, printable ASCII and well-formed
 * UTF-8 stay, other bytes become '?'.  Returns the length.
 */
size_t ofl_report_log(char *out, const struct ofl_log *log);

#endif
