/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFL_TEST_IRQ_H
#define OFL_TEST_IRQ_H

#include <stdint.h>

/* A, B and C are sent to ourselves; the order in which they are taken. */
#if defined(__x86_64__)
#define IRQ_LOWEST 0x20u
#define IRQ_HIGHEST 0xefu
#define IRQ_TOO_HIGH 0xf1u
#define IRQ_A 0x41u
#define IRQ_B 0x61u
#define IRQ_C 0x81u
#define IRQ_FIRST IRQ_C
#define IRQ_LAST IRQ_A
#else
#define IRQ_LOWEST 1u
#define IRQ_HIGHEST 31u
#define IRQ_TOO_HIGH 32u
#define IRQ_A 1u
#define IRQ_B 2u
#define IRQ_C 3u
/* Equal priorities: the lowest number. */
#define IRQ_FIRST IRQ_A
#define IRQ_LAST IRQ_C
#endif

void irq_send(unsigned int irq);
/* Errors of numbers that only this architecture has. */
void irq_errors(void);
/* What an interrupt without a handler did to the counters. */
void irq_disabled(uint64_t irqs, uint64_t spurious);
void irq_machine(void);

#endif
