/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real-time side of the runtime: the core's own timer and interrupts.
 * Everything else that an image uses is POSIX and comes from the C library's
 * own headers.
 *
 * Times are nanoseconds of CLOCK_MONOTONIC as uint64_t.  Handlers run on the
 * core with interrupts masked; they may use floating point, start and stop
 * timers, and must not call the C library's stdio or anything that waits.
 * Functions return 0 or -errno unless they say otherwise.
 */
#ifndef OFFLOAD_RT_H
#define OFFLOAD_RT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- time --- */

/* CLOCK_MONOTONIC in ns, counted from the machine's counter. */
uint64_t ofl_now_ns(void);
/* The raw counter (TSC; CNTVCT_EL0) and its frequency in Hz. */
uint64_t ofl_counter(void);
uint64_t ofl_counter_hz(void);

/* --- timers --- */

struct ofl_timer;
typedef void (*ofl_timer_fn)(struct ofl_timer *timer, void *arg);

/*
 * A timer.  Zero-initialise it; all members are the runtime's, `expirations`
 * and `overruns` may be read at any time.
 */
struct ofl_timer {
	uint64_t deadline; /* next expiry, ns */
	uint64_t period;   /* ns; 0: one-shot */
	ofl_timer_fn fn;
	void *arg;
	volatile uint64_t expirations; /* calls of fn */
	volatile uint64_t overruns; /* periods that passed without a call of their own */
	struct ofl_timer *next;
	bool armed;
};

/*
 * Call fn at `first` (absolute, ns; one in the past expires at once), then
 * every `period` ns if period is not 0.  An expiry that comes more than one
 * period late adds the missed periods to `overruns` and keeps the phase.
 * EINVAL: fn is NULL; EBUSY: the timer is armed.
 */
int ofl_timer_start(struct ofl_timer *timer, uint64_t first, uint64_t period,
		    ofl_timer_fn fn, void *arg);
/* After it, fn is not called again.  EINVAL: not armed. */
int ofl_timer_stop(struct ofl_timer *timer);

/* --- interrupts --- */

typedef void (*ofl_irq_fn)(unsigned int irq, void *arg);

/*
 * Install fn for an interrupt of this core and enable it; NULL disables.
 * x86_64: a vector, 0x20 to 0xef.  aarch64: an SGI or PPI, INTID 0 to 31, or
 * the irq of an ofl_mmio (level: silence the device before you return).
 * Native: ENOSYS.  EINVAL: not such a number; EBUSY: it is the runtime's own.
 */
int ofl_irq_handler(unsigned int irq, ofl_irq_fn fn, void *arg);

/* Mask interrupts; returns what to give to ofl_irq_restore. */
unsigned long ofl_irq_save(void);
void ofl_irq_restore(unsigned long flags);

/* Sleep until an interrupt was handled, or return at once if one is pending. */
void ofl_idle(void);

/* --- devices --- */

/* A device that was allotted to this image (the module's device=). */
struct ofl_mmio {
	volatile void *regs; /* device memory: aligned accesses of their own size */
	uint64_t size;	     /* bytes; nothing is mapped behind them */
	unsigned int irq;    /* for ofl_irq_handler; 0: none */
};

/* By its name there.  ENODEV: there is none of this name; native: always. */
int ofl_mmio(const char *name, struct ofl_mmio *mmio);

/* --- waiting for the PMM --- */

/*
 * A read, a write, an open that waits for the PMM looks `spins` times before the
 * core sleeps (hlt, wfi) until the PMM rings; some thousand is the default.  0:
 * sleep at once.  OFL_SPIN_ONLY: never sleep; the shortest latency, and the
 * whole core's power for it.
 */
#define OFL_SPIN_ONLY 0xffffffffu
void ofl_wait_spins(unsigned int spins);

/* --- supervision --- */

/*
 * "I am well."  With a deadline set (the module's heartbeat_ms), an image that does not
 * say so for that long is stopped as crashed.  Nothing says it on the image's behalf:
 * call it where the work goes on, not from a timer, which would beat on in a main
 * that hangs.  The time until a PMM comes does not count; that in a read which waits
 * for input does.  From anywhere, handlers too; some ns.
 */
void ofl_heartbeat(void);

/* --- where am I --- */

struct ofl_where {
	const char *arch; /* "x86_64", "aarch64" */
	const char *mode; /* "ring 0", "EL1", "EL2", "process" */
	const char *irqchip; /* "xAPIC", "x2APIC", "GICv2", "GICv3", "signal" */
	unsigned int cpu; /* Linux's number of the core */
	uint64_t hwid;	  /* APIC id, MPIDR */
	uint64_t timer_hz; /* what drives the timer interrupt */
	uint64_t boot_to_main_ns; /* from the host's start to main */
};

void ofl_where(struct ofl_where *where);

#ifdef __cplusplus
}
#endif
#endif
