/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the native platform. */
#ifndef OFFLOAD_NATIVE_H
#define OFFLOAD_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "platform.h"

#define OFL_NATIVE_EXIT_CRASHED 125 /* the image crashed or panicked */
#define OFL_NATIVE_EXIT_NO_PMM 127
#define OFL_NATIVE_EXIT_USAGE 2

/* Where the PMM is, once there is a connection. */
struct ofl_native_link {
	int sock, ring_fd, wake_fd; /* -1: none */
	uint64_t window_pa, window_size;
	uint8_t *window;
};

extern struct ofl_native_link ofl_native_link;

/*
 * Connect to the PMM's socket and map its window; waits up to `seconds` for
 * the socket.  Does not return on an error: says what, and exits.
 */
void ofl_native_connect(const char *path, unsigned int seconds);
/*
 * The connection is lost: try once, without waiting, whether a PMM listens where the
 * last one did.  True: ofl_native_link is new, the old window is gone.
 */
bool ofl_native_reconnect(void);
/* printf-like on standard error; as ofl_log_printf(). */
_Noreturn void ofl_native_die(int status, const char *what, const char *detail);
void ofl_native_say(const char *text);

/* Timer signal and faults become interrupts and crashes. */
void ofl_native_signals(void);

#endif
