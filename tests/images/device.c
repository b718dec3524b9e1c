// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/*
 * device [beyond|leave]: a device that was allotted to this image, by name.
 *
 *   edu   QEMU's edu (PCI): polled; an identity, a register that inverts, a
 *	   factorial
 *   rtc   Arm's PL031: an alarm two times, by interrupt
 *
 * 0: works.  3: none was allotted.  beyond: touch what lies behind its registers,
 * which is a fault.  leave: end with the alarm's interrupt pending and enabled.
 */
#include <offload/rt.h>
#include <stdio.h>
#include <string.h>

static struct ofl_mmio mmio;

static uint32_t get(uint32_t reg)
{
	return ((volatile uint32_t *)mmio.regs)[reg / 4];
}

static void set(uint32_t reg, uint32_t value)
{
	((volatile uint32_t *)mmio.regs)[reg / 4] = value;
}

/* --- edu --- */

#define EDU_ID 0x00
#define EDU_LIVE 0x04
#define EDU_FACT 0x08
#define EDU_STATUS 0x20
#define EDU_BUSY 1u

static int edu(void)
{
	uint64_t end = ofl_now_ns() + 60000000000ull;

	printf("edu: %lx bytes, identity %lx\n", (unsigned long)mmio.size,
	       (unsigned long)get(EDU_ID));
	if ((get(EDU_ID) & 0xffff) != 0x00ed)
		return 1;
	set(EDU_LIVE, 0x12345678);
	if (get(EDU_LIVE) != ~0x12345678u)
		return 1;
	set(EDU_FACT, 10);
	while (get(EDU_STATUS) & EDU_BUSY)
		if (ofl_now_ns() > end)
			return 1;
	printf("edu: 10! = %lu\n", (unsigned long)get(EDU_FACT));
	return get(EDU_FACT) != 3628800;
}

/* --- PL031, Arm DDI 0224 --- */

#define RTC_DR 0x00
#define RTC_MR 0x04
#define RTC_IMSC 0x10
#define RTC_MIS 0x18
#define RTC_ICR 0x1c
#define RTC_PERIPH0 0xfe0

static volatile unsigned int alarms;

static void alarm_came(unsigned int irq, void *arg)
{
	(void)irq;
	(void)arg;
	if (!get(RTC_MIS))
		return;
	set(RTC_ICR, 1);
	alarms++;
	/* one second on, once more */
	if (alarms < 2)
		set(RTC_MR, get(RTC_DR) + 1);
}

static int rtc(int leave)
{
	uint64_t end = ofl_now_ns() + 60000000000ull;
	int err;

	printf("rtc: %lx bytes, interrupt %u, part %lx\n", (unsigned long)mmio.size,
	       mmio.irq, (unsigned long)get(RTC_PERIPH0));
	if (get(RTC_PERIPH0) != 0x31)
		return 1;
	set(RTC_ICR, 1);
	set(RTC_MR, get(RTC_DR) + 1);
	set(RTC_IMSC, 1);
	if (leave) {
		ofl_irq_save(); /* for good */
		err = ofl_irq_handler(mmio.irq, alarm_came, NULL);
		while (!get(RTC_MIS))
			if (ofl_now_ns() > end)
				return 1;
		printf("rtc: left pending (%d)\n", err);
		return err ? 1 : 0;
	}
	/* of another one, nobody may say */
	if (ofl_irq_handler(mmio.irq + 1, alarm_came, NULL) != -22)
		return 1;
	err = ofl_irq_handler(mmio.irq, alarm_came, NULL);
	if (err) {
		printf("rtc: no handler: %d\n", err);
		return 1;
	}
	while (alarms < 2)
		if (ofl_now_ns() > end)
			return 1;
	set(RTC_IMSC, 0);
	ofl_irq_handler(mmio.irq, NULL, NULL);
	printf("rtc: %u alarms\n", alarms);
	return 0;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	int is_rtc = ofl_mmio("edu", &mmio);

	if (is_rtc && ofl_mmio("rtc", &mmio)) {
		printf("device: none\n");
		return 3;
	}
	if (!strcmp(word, "beyond"))
		return (int)get((uint32_t)mmio.size);
	return is_rtc ? rtc(!strcmp(word, "leave")) : edu();
}
