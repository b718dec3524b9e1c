// SPDX-License-Identifier: BSD-2-Clause
/* native: no */
/*
 *	beats HOW [NUMBER]
 *
 * Says so on the console, beats NUMBER times (10), 20 ms apart, then: for ever (on), hangs
 * (hang), hangs with interrupts masked (mask), and is deaf to NMIs from the first beat on
 * (deaf; aarch64: mask), has a null pointer (crash).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <offload/rt.h>

static volatile int *volatile null;

static __attribute__((noinline)) void hang(void)
{
	for (;;)
		__asm__ volatile("" : : : "memory");
}

/* The first NMI does not return, so that there is no second one. */
static void deafen(void)
{
#ifdef __x86_64__
	static uint16_t table[256][8] __attribute__((aligned(16)));
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idt;
	uintptr_t to = (uintptr_t)hang;

	__asm__ volatile("sidt %0" : "=m"(idt));
	memcpy(table, (const void *)(uintptr_t)idt.base, idt.limit + 1u);
	table[2][0] = (uint16_t)to;
	table[2][3] = (uint16_t)(to >> 16);
	table[2][4] = (uint16_t)(to >> 32);
	table[2][5] = (uint16_t)(to >> 48);
	idt.base = (uintptr_t)table;
	__asm__ volatile("lidt %0" : : "m"(idt));
#endif
}

int main(int argc, char **argv)
{
	struct timespec pause = { 0, 20000000 };
	const char *how = argc > 1 ? argv[1] : "on";
	long n = argc > 2 ? atol(argv[2]) : 10;

	printf("beats: %s\n", how);
	fflush(stdout);
	if (!strcmp(how, "deaf"))
		deafen();
	while (!strcmp(how, "on") || n-- > 0) {
		ofl_heartbeat();
		nanosleep(&pause, NULL);
	}
	if (!strcmp(how, "crash"))
		*null = 1;
	if (!strcmp(how, "mask") || !strcmp(how, "deaf"))
		ofl_irq_save();
	hang();
	return 0;
}
