/* SPDX-License-Identifier: BSD-2-Clause */
/* The local APIC; all access to it is in lapic.c. */
#ifndef OFFLOAD_LAPIC_H
#define OFFLOAD_LAPIC_H

#include <stdbool.h>
#include <stdint.h>

/* Above what rt.h lets an image use, and none that Linux sends to all cores. */
#define LAPIC_VECTOR_TIMER 0xf0
#define LAPIC_VECTOR_SPURIOUS 0xff

/* Must its registers be mapped (xAPIC)? */
bool lapic_is_mmio(void);
/* Software-enable it, mask its local sources, measure its timer. */
void lapic_init(void);
/* Interrupt `vector` has come: acknowledge it if the APIC has it in service. */
void lapic_ack(unsigned int vector);
/* Stop the timer; for leaving.  Harmless before lapic_init. */
void lapic_quiet(void);
/* Send a fixed interrupt to the local APIC with this id.  As ofl_bell_hw_ring(). */
void lapic_send(uint32_t id, uint8_t vector);
uint64_t lapic_timer_hz(void);
const char *lapic_mode(void);

#endif
