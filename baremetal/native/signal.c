// SPDX-License-Identifier: BSD-2-Clause
/*
 * Signals in the place of interrupts: a POSIX timer's signal is the timer
 * interrupt, SIGSEGV and its like are traps.
 *
 * Masking does not call the kernel: a signal that comes while `masked` is set
 * only leaves a mark, and the unmasking side does the work.
 */
#include "native.h"

#include <errno.h>
#include <string.h>

#include "core.h"
#include "linux.h"

extern void ofl_native_sigreturn(void);

static volatile bool masked, pending;
static volatile uint64_t taken; /* interrupts handled so far */
static uint64_t idle_seen;	/* of them, when ofl_idle() last returned */
static int32_t timer_id;
static bool timer_ready;

static void barrier(void)
{
	__asm__ volatile("" ::: "memory");
}

static void interrupt(void)
{
	masked = true;
	barrier();
	ofl_boot->image.irqs++;
	ofl_timer_interrupt();
	taken++;
	barrier();
	masked = false;
}

static void on_timer(int sig, void *info, void *context)
{
	int saved = errno;

	(void)sig;
	(void)info;
	(void)context;
	if (masked)
		pending = true;
	else
		interrupt();
	errno = saved;
}

unsigned long ofl_irq_save(void)
{
	unsigned long flags = masked;

	masked = true;
	barrier();
	return flags;
}

void ofl_irq_restore(unsigned long flags)
{
	barrier();
	if (flags)
		return;
	masked = false;
	barrier();
	while (pending) {
		masked = true;
		barrier();
		pending = false;
		interrupt();
	}
}

bool ofl_irq_flags_enabled(unsigned long flags)
{
	return !flags;
}

int ofl_irq_handler(unsigned int irq, ofl_irq_fn fn, void *arg)
{
	(void)irq;
	(void)fn;
	(void)arg;
	return -ENOSYS;
}

/*
 * As on a bare core: masked or not, what comes is handled before it returns,
 * so that a caller may look at its condition with interrupts masked and then
 * sleep.  Unmasked, an interrupt between the look and the sleep ends the sleep
 * too, because it was counted.
 */
void ofl_idle(void)
{
	uint64_t mask = 1ull << (LINUX_SIGALRM - 1), none = 0;
	bool flags;

	ofl_syscall(NR_RT_SIGPROCMASK, LINUX_SIG_BLOCK, (long)&mask, 0,
		    sizeof(mask), 0, 0);
	flags = masked;
	masked = false;
	if (pending) {
		pending = false;
		interrupt();
	} else if (taken == idle_seen) {
		ofl_syscall(NR_RT_SIGSUSPEND, (long)&none, sizeof(none), 0, 0, 0,
			    0);
	}
	idle_seen = taken;
	masked = flags;
	ofl_syscall(NR_RT_SIGPROCMASK, LINUX_SIG_UNBLOCK, (long)&mask, 0,
		    sizeof(mask), 0, 0);
}

/* --- the timer --- */

static void timer_set(uint64_t ns)
{
	struct linux_itimerspec spec = { 0 };

	if (!timer_ready) {
		struct linux_sigevent event = { .signo = LINUX_SIGALRM };

		if (ofl_syscall(NR_TIMER_CREATE, LINUX_CLOCK_MONOTONIC,
				(long)&event, (long)&timer_id, 0, 0, 0))
			ofl_panic("timer_create failed");
		timer_ready = true;
	}
	spec.value.sec = (int64_t)(ns / 1000000000u);
	spec.value.nsec = (int64_t)(ns % 1000000000u);
	ofl_syscall(NR_TIMER_SETTIME, timer_id, LINUX_TIMER_ABSTIME,
		    (long)&spec, 0, 0, 0);
}

void ofl_timer_hw_set(uint64_t deadline_ns)
{
	timer_set(deadline_ns ? deadline_ns : 1); /* 0 would switch it off */
}

void ofl_timer_hw_off(void)
{
	if (timer_ready)
		timer_set(0);
}

/* --- faults --- */

static void on_fault(int sig, void *info, void *context)
{
	static const struct {
		int sig;
		const char *text;
	} names[] = {
		{ LINUX_SIGILL, "illegal instruction" },
		{ LINUX_SIGBUS, "bus error" },
		{ LINUX_SIGFPE, "arithmetic exception" },
		{ LINUX_SIGSEGV, "invalid memory access" },
	};
	const struct linux_siginfo *si = info;
	struct ofl_crash *crash = ofl_crash;
	/* flags, link, stack_t; then the machine's registers */
	const uint64_t *regs = (const uint64_t *)context + 5;
	const char *text = "signal";

	memset(crash, 0, sizeof(*crash));
	crash->vector = (uint32_t)sig;
	crash->fault_address = si->addr;
#if defined(__x86_64__)
	crash->pc = regs[16];
	crash->sp = regs[15];
#else
	/* 128 bytes of signal mask, alignment to 16, fault address */
	regs += 16 + 1;
	regs += 1;
	crash->pc = regs[32];
	crash->sp = regs[31];
#endif
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].sig == sig)
			text = names[i].text;
	strcpy(crash->text, text);
	ofl_crashed();
}

static void install(int sig, void (*fn)(int, void *, void *),
		    unsigned long flags)
{
	struct linux_sigaction action = {
		.handler = fn,
		.flags = flags | LINUX_SA_SIGINFO,
	};

#if defined(__x86_64__)
	action.flags |= LINUX_SA_RESTORER;
	action.restorer = ofl_native_sigreturn;
#endif
	ofl_syscall(NR_RT_SIGACTION, sig, (long)&action, 0, sizeof(action.mask),
		    0, 0);
}

void ofl_native_signals(void)
{
	install(LINUX_SIGALRM, on_timer, LINUX_SA_RESTART);
	install(LINUX_SIGILL, on_fault, 0);
	install(LINUX_SIGBUS, on_fault, 0);
	install(LINUX_SIGFPE, on_fault, 0);
	install(LINUX_SIGSEGV, on_fault, 0);
}
