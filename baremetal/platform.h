/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seam inside the runtime.  Above it: virtio, console, 9p, POSIX files,
 * the C library's hooks (baremetal/ *.c).  Below it: one platform out of
 * x86_64/ and aarch64/ (a core of its own) and native/ (a Linux process).
 *
 * The order of a start: the platform's entry code brings up memory, traps,
 * interrupts and timer, then calls ofl_main(), which does not return.
 */
#ifndef OFFLOAD_PLATFORM_H
#define OFFLOAD_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <offload/abi.h>
#include <offload/rt.h>

/* --- provided by the platform --- */

/* The boot page (native: a private copy of its own making). */
extern struct ofl_boot *ofl_boot;
extern struct ofl_log *ofl_log;
extern struct ofl_crash *ofl_crash;
/* The shared window; NULL when there is none. ofl_window_va + x is physical
 * address ofl_boot->info.window_pa + x. */
extern uint8_t *ofl_window_va;

/* Bounds of the heap, valid before ofl_main. */
extern uint8_t *ofl_heap_start;
extern uint8_t *ofl_heap_end;
/* The heap is used up to here now. */
void ofl_platform_used(const uint8_t *end);

/* The number of the attached PMM, 0 if there is none (trusted: from the host). */
uint32_t ofl_platform_pmm_epoch(void);
/*
 * There is no PMM: where nobody tells of a new one (native), look for it, at most
 * now and then.  True: there is one, and ofl_window_va may have changed.  Called
 * when no driver uses the window.
 */
bool ofl_platform_rejoin(void);
/* A pause in a spin loop. */
static inline void ofl_platform_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#else
	__asm__ volatile("yield" ::: "memory");
#endif
}
/* Wake the PMM.  Called only when it said that it sleeps. */
void ofl_platform_ring(void);
/* Store the image's state where the host sees it, and have the host look. */
void ofl_platform_state(enum ofl_image_state state);
/*
 * Wait for the PMM to do something.  `spins` counts the calls in a row that
 * found nothing.  Up to ofl_wait_sleep_at (wait.h) of them each call is a few ns.
 * Then one call says that the image is about to sleep, and returns, so that the
 * caller looks once more; the next one sleeps, until the PMM rings, some
 * interrupt was handled, or `deadline` (ns; 0: 1 ms from now).
 */
void ofl_platform_wait_until(unsigned int spins, uint64_t deadline);
/* The same without a deadline of its own. */
static inline void ofl_platform_wait(unsigned int spins)
{
	ofl_platform_wait_until(spins, 0);
}
/* Store state (EXITED with status, or CRASHED) and give the core back. */
_Noreturn void ofl_platform_leave(enum ofl_image_state state, int status);

/* --- provided by the common part (start.c, log.c, fault.c) --- */

/* Libc set-up, argv, devices, main, exit. */
_Noreturn void ofl_main(void);
/* Append to the bounded log; usable from traps. */
void ofl_log_write(const char *text, size_t len);
/* All that goes to the log goes here too; NULL: nowhere. */
extern void (*ofl_log_mirror)(const char *text, size_t len);
/* printf-like into the log, %s %c %d %u %x %lx %llx %p only; usable from traps. */
void ofl_log_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The crash record is filled in: log it, leave as CRASHED. */
_Noreturn void ofl_crashed(void);
/* A broken invariant of ours: a crash record with this text, then leave. */
_Noreturn void ofl_panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* main of the image */
int main(int argc, char **argv);

#endif
