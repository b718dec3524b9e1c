// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=long-long */
/* core: other */
/* config: window=0 */
/*
 * Interrupts between two cores.  We ring the host by the doorbell of the boot page, and
 * the stand-in host answers each ring with one: both went, or nothing comes.
 */
#include "bell/bell.h"

#include "core.h"
#include "ktap.h"

#define MS 1000000ull
#define PATIENCE 10000000000ull /* ns */
#define SILENCE (20 * MS)

static volatile struct ofl_boot_image *image;

static void pause_ns(uint64_t ns)
{
	uint64_t end = ofl_now_ns() + ns;

	while (ofl_now_ns() < end)
		;
}

/* Until so many answers have been taken; false: they never were. */
static bool wait_for(uint32_t bells)
{
	uint64_t end = ofl_now_ns() + PATIENCE;

	while (image->bells != bells)
		if (ofl_now_ns() > end)
			return false;
	return true;
}

static bool wait_pending(void)
{
	uint64_t end = ofl_now_ns() + PATIENCE;

	while (!bell_pending())
		if (ofl_now_ns() > end)
			return false;
	return true;
}

static void no_handler(unsigned int irq, void *arg)
{
	(void)irq;
	(void)arg;
}

static void test_one(void)
{
	uint64_t irqs = image->irqs, spurious = image->spurious;
	uint32_t bells = image->bells;

	pause_ns(SILENCE);
	is(image->bells, bells, "nobody rings unasked");
	ofl_platform_ring();
	ok(wait_for(bells + 1), "a ring is answered by the other core");
	pause_ns(SILENCE);
	is(image->bells, bells + 1, "once");
	is(image->irqs - irqs - (image->spurious - spurious), 1, "by an interrupt");
	ok(!bell_pending(), "of which nothing is left");
}

static void test_elsewhere(void)
{
	uint32_t bells = image->bells;

	ofl_bell_hw_ring(bell_elsewhere(ofl_boot->host.bell));
	pause_ns(SILENCE);
	is(image->bells, bells, "an interrupt that is not the host's bell is not answered");
}

static void test_masked(void)
{
	unsigned long flags = ofl_irq_save();
	uint32_t bells = image->bells;

	ok(!bell_pending(), "masked: nothing is pending before");
	ofl_platform_ring();
	ok(wait_pending(), "masked: the answer is pending");
	pause_ns(SILENCE);
	is(image->bells, bells, "masked: and is not taken");
	ofl_irq_restore(flags);
	ok(wait_for(bells + 1), "unmasked: it is taken");
	ok(!bell_pending(), "unmasked: and not pending any more");

	flags = ofl_irq_save();
	pause_ns(SILENCE);
	ok(!bell_pending(), "masked: without a ring nothing becomes pending");
	ofl_irq_restore(flags);
	is(image->bells, bells + 1, "unmasked: nor is anything taken");
}

static void give_up(struct ofl_timer *timer, void *arg)
{
	(void)timer;
	*(volatile bool *)arg = true;
}

static void test_asleep(void)
{
	struct ofl_timer timer = { 0 };
	volatile bool late = false;
	uint32_t bells = image->bells;
	unsigned long flags;

	ofl_timer_start(&timer, ofl_now_ns() + PATIENCE, 0, give_up, (void *)&late);
	flags = ofl_irq_save();
	ofl_platform_ring();
	while (image->bells == bells && !late)
		ofl_idle();
	is(image->bells, bells + 1, "a core that sleeps is woken by it");
	ofl_irq_restore(flags);
	ofl_timer_stop(&timer);
}

static volatile unsigned int ticks;

static void tick(struct ofl_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	ticks++;
}

static void test_many(void)
{
	struct ofl_timer timer = { 0 };
	uint32_t bells = image->bells, sent = 0;

	ofl_timer_start(&timer, ofl_now_ns(), MS / 2, tick, NULL);
	do {
		sent++;
		ofl_platform_ring();
	} while (wait_for(bells + sent) && (sent < 500 || ticks < 20) && sent < 100000);
	ofl_timer_stop(&timer);
	ok(sent >= 500 && ticks >= 20, "they go on among timer interrupts");
	is(image->bells, bells + sent, "and none is lost or comes twice");
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	image = &ofl_boot->image;
	ktap_begin();
	ok(ofl_bell_irq() && ofl_boot->host.bell, "the boot page names a doorbell each way");
	ok(ofl_irq_handler(ofl_bell_irq(), no_handler, NULL) < 0, "ours is the runtime's");
	/* Our state, too, has rung when it became "running". */
	ok(wait_for(1), "the host has heard that we run");
	test_one();
	test_elsewhere();
	test_masked();
	test_asleep();
	test_many();
	return ktap_end();
}
