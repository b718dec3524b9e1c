/* SPDX-License-Identifier: BSD-2-Clause */
/* One line per event, on standard error. */
#ifndef OFL_PMM_LOG_H
#define OFL_PMM_LOG_H

/* printf-like; "offload-pmm: " is put before and a newline behind it. */
void ofl_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
