// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=long-long */
/*
 * Interrupts that the core sends to itself: handlers, masking, order, what does
 * not nest, and the errors of ofl_irq_handler.
 */
#include <errno.h>
#include <time.h>

#include "core.h"
#include "irq/irq.h"
#include "ktap.h"

#define MS 1000000ull
#define PATIENCE 2000000000ull /* ns */

static volatile unsigned int calls, last_irq, depth, deepest;
static void *volatile last_arg;
static unsigned int order[8];
static volatile unsigned int nr_order;
static volatile bool masked_inside;
static volatile uintptr_t stack_inside;

static void count(unsigned int irq, void *arg)
{
	unsigned long flags = ofl_irq_save();

	masked_inside = !ofl_irq_flags_enabled(flags);
	ofl_irq_restore(flags);
	stack_inside = (uintptr_t)__builtin_frame_address(0);
	last_irq = irq;
	last_arg = arg;
	calls++;
}

static void note_order(unsigned int irq, void *arg)
{
	(void)arg;
	if (nr_order < 8)
		order[nr_order++] = irq;
}

/* Sends another one and waits a little: it must not come before this ends. */
static void sender(unsigned int irq, void *arg)
{
	uint64_t end = ofl_now_ns() + MS / 5;

	(void)irq;
	depth++;
	if (depth > deepest)
		deepest = depth;
	irq_send(*(unsigned int *)arg);
	while (ofl_now_ns() < end)
		;
	depth--;
}

static void receiver(unsigned int irq, void *arg)
{
	(void)irq;
	(void)arg;
	depth++;
	if (depth > deepest)
		deepest = depth;
	calls++;
	depth--;
}

/* Until *counter is at least `want`; false: it never was. */
static bool wait_for(volatile unsigned int *counter, unsigned int want)
{
	uint64_t end = ofl_now_ns() + PATIENCE;

	while (*counter < want)
		if (ofl_now_ns() > end)
			return false;
	return true;
}

static void pause_ns(uint64_t ns)
{
	uint64_t end = ofl_now_ns() + ns;

	while (ofl_now_ns() < end)
		;
}

static void test_errors(void)
{
	is(ofl_irq_handler(IRQ_TOO_HIGH, count, NULL), -EINVAL, "no such number: too high");
	is(ofl_irq_handler(~0u, count, NULL), -EINVAL, "no such number: the highest of all");
	is(ofl_irq_handler(IRQ_TOO_HIGH, NULL, NULL), -EINVAL, "no such number: nor taken away");
	is(ofl_irq_handler(IRQ_HIGHEST, count, NULL), 0, "the highest is to be had");
	is(ofl_irq_handler(IRQ_HIGHEST, NULL, NULL), 0, "and can be given back");
	is(ofl_irq_handler(IRQ_LOWEST, count, NULL), 0, "the lowest is to be had");
	is(ofl_irq_handler(IRQ_LOWEST, NULL, NULL), 0, "and can be given back");
	is(ofl_irq_handler(IRQ_A, NULL, NULL), 0, "what was not taken can be given back, too");
	irq_errors();
}

static void test_one(void)
{
	uint64_t irqs, spurious, beat;
	int arg;

	is(ofl_irq_handler(IRQ_A, count, &arg), 0, "a handler is installed");
	irqs = ofl_boot->image.irqs;
	spurious = ofl_boot->image.spurious;
	beat = ofl_boot->image.heartbeat;
	irq_send(IRQ_A);
	ok(wait_for(&calls, 1), "it is called");
	is(last_irq, IRQ_A, "with its number");
	is((uintptr_t)last_arg, (uintptr_t)&arg, "and its argument");
	ok(masked_inside, "with interrupts masked");
	ok(stack_inside < (uintptr_t)__ofl_stack_bottom ||
	   stack_inside >= (uintptr_t)__ofl_stack_top, "not on the image's stack");
	/* Linux may send some to all cores at any time. */
	irqs = ofl_boot->image.irqs - irqs;
	spurious = ofl_boot->image.spurious - spurious;
	is(irqs - spurious, 1, "it is counted, not as a spurious one");
	is(ofl_boot->image.heartbeat, beat, "and is no heartbeat");
	ofl_heartbeat();
	is(ofl_boot->image.heartbeat, beat + 1, "ofl_heartbeat() is one");
	pause_ns(MS);
	is(calls, 1, "one interrupt, one call");

	for (unsigned int i = 0; i < 100; i++) {
		irq_send(IRQ_A);
		if (!wait_for(&calls, i + 2))
			break;
	}
	is(calls, 101, "a hundred, one after the other");

	is(ofl_irq_handler(IRQ_A, receiver, NULL), 0, "another handler takes its place");
	irq_send(IRQ_A);
	wait_for(&calls, 102);
	is(calls, 102, "and is called");
	is((uintptr_t)last_arg, (uintptr_t)&arg, "instead of the first");
}

static void test_masked(void)
{
	unsigned long flags;

	ofl_irq_handler(IRQ_A, count, NULL);
	calls = 0;
	flags = ofl_irq_save();
	irq_send(IRQ_A);
	pause_ns(MS);
	is(calls, 0, "masked: nothing comes");
	ofl_irq_restore(flags);
	ok(wait_for(&calls, 1), "unmasked: it comes");

	calls = 0;
	flags = ofl_irq_save();
	irq_send(IRQ_A);
	pause_ns(MS / 5);
	irq_send(IRQ_A);
	pause_ns(MS / 5);
	irq_send(IRQ_A);
	ofl_irq_restore(flags);
	wait_for(&calls, 1);
	pause_ns(MS);
	is(calls, 1, "three while masked are one");

	/* Nested saves: only the outermost restore unmasks. */
	calls = 0;
	flags = ofl_irq_save();
	{
		unsigned long inner = ofl_irq_save();

		irq_send(IRQ_A);
		ofl_irq_restore(inner);
		pause_ns(MS);
		is(calls, 0, "the inner restore does not unmask");
	}
	ofl_irq_restore(flags);
	ok(wait_for(&calls, 1), "the outer one does");
}

static void test_disabled(void)
{
	uint64_t irqs, spurious;

	ofl_irq_handler(IRQ_A, NULL, NULL);
	calls = 0;
	irqs = ofl_boot->image.irqs;
	spurious = ofl_boot->image.spurious;
	irq_send(IRQ_A);
	pause_ns(2 * MS);
	is(calls, 0, "without a handler nothing is called");
	irq_disabled(ofl_boot->image.irqs - irqs, ofl_boot->image.spurious - spurious);
	is(ofl_boot->image.state, OFL_STATE_RUNNING, "and the image runs on");
	ofl_irq_handler(IRQ_A, count, NULL);
	calls = 0;
	irq_send(IRQ_A);
	ok(wait_for(&calls, 1), "installed again, it is called again");
}

static void test_order(void)
{
	unsigned long flags;

	ofl_irq_handler(IRQ_A, note_order, NULL);
	ofl_irq_handler(IRQ_B, note_order, NULL);
	ofl_irq_handler(IRQ_C, note_order, NULL);
	nr_order = 0;
	flags = ofl_irq_save();
	irq_send(IRQ_B);
	irq_send(IRQ_C);
	irq_send(IRQ_A);
	pause_ns(MS / 5);
	is(nr_order, 0, "three are held back");
	ofl_irq_restore(flags);
	ok(wait_for(&nr_order, 3), "all three come");
	is(order[0], IRQ_FIRST, "the one of highest priority first");
	is(order[1], IRQ_B, "then the next");
	is(order[2], IRQ_LAST, "then the last");
}

static void test_nested(void)
{
	static unsigned int b = IRQ_B, a = IRQ_A;

	ofl_irq_handler(IRQ_A, sender, &b);
	ofl_irq_handler(IRQ_B, receiver, NULL);
	calls = 0;
	deepest = 0;
	irq_send(IRQ_A);
	ok(wait_for(&calls, 1), "an interrupt sent in a handler comes");
	is(deepest, 1, "but not inside of it");

	ofl_irq_handler(IRQ_B, sender, &a);
	ofl_irq_handler(IRQ_A, receiver, NULL);
	calls = 0;
	deepest = 0;
	irq_send(IRQ_B);
	ok(wait_for(&calls, 1), "the other way round, too");
	is(deepest, 1, "not inside of it either");
}

static struct ofl_timer timer;
static volatile unsigned int ticks;

static void tick(struct ofl_timer *t, void *arg)
{
	(void)t;
	(void)arg;
	depth++;
	if (depth > deepest)
		deepest = depth;
	ticks++;
	depth--;
}

static void test_with_timer(void)
{
	static unsigned int b = IRQ_B;
	unsigned int sent = 0;

	ofl_irq_handler(IRQ_A, sender, &b);
	ofl_irq_handler(IRQ_B, receiver, NULL);
	calls = 0;
	deepest = 0;
	ofl_timer_start(&timer, ofl_now_ns(), MS / 4, tick, NULL);
	while (ticks < 50 && sent < 10000) {
		irq_send(IRQ_A);
		sent++;
		if (!wait_for(&calls, sent))
			break;
	}
	ofl_timer_stop(&timer);
	ok(ticks >= 50, "the timer runs among them");
	is(calls, sent, "and none is lost");
	is(deepest, 1, "nor nested");
}

static void test_idle(void)
{
	unsigned long flags;

	ofl_irq_handler(IRQ_A, count, NULL);
	calls = 0;
	flags = ofl_irq_save();
	irq_send(IRQ_A);
	is(calls, 0, "pending, masked");
	ofl_idle();
	ok(calls == 1, "ofl_idle takes what is pending");
	ok(!ofl_irq_flags_enabled(ofl_irq_save()), "and leaves interrupts masked");
	ofl_irq_restore(flags);

	ticks = 0;
	timer = (struct ofl_timer){ 0 };
	ofl_timer_start(&timer, ofl_now_ns() + 3 * MS, 0, tick, NULL);
	flags = ofl_irq_save();
	while (!ticks)
		ofl_idle();
	is(ticks, 1, "ofl_idle ends with the timer");
	ofl_irq_restore(flags);
	flags = ofl_irq_save();
	ok(ofl_irq_flags_enabled(flags), "interrupts are on again at the end");
	ofl_irq_restore(flags);
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	ktap_begin();
	test_errors();
	test_one();
	test_masked();
	test_disabled();
	test_order();
	test_nested();
	test_with_timer();
	test_idle();
	irq_machine();
	return ktap_end();
}
