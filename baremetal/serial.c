// SPDX-License-Identifier: BSD-2-Clause
/*
 * 16550 (National Semiconductor PC16550D) and PL011 (Arm DDI 0183), polled.
 *
 * Interrupts of the device stay off: nobody would take them.
 */
#include "serial.h"

#include <offload/abi.h>

/* 16550 registers, by number */
#define UART_DATA 0u
#define UART_IER 1u
#define UART_LSR 5u
#define LSR_DATA_READY 0x01u
#define LSR_THR_EMPTY 0x20u
/* What a port without a device behind it reads as. */
#define LSR_NOTHING 0xffu

/* PL011 registers, by offset */
#define PL011_DR 0x00u
#define PL011_FR 0x18u
#define PL011_IMSC 0x38u
#define FR_RX_EMPTY 0x10u
#define FR_TX_FULL 0x20u

/* Reads of the status until the line counts as dead: far above 1 s at 1 us each. */
#define PATIENCE 4000000u

static uint32_t kind;
static uint64_t base;

static uint32_t reg_read(uint32_t reg)
{
#if defined(__x86_64__)
	if (kind == OFL_SERIAL_16550_IO) {
		uint8_t value;

		__asm__ volatile("inb %w1, %0" : "=a"(value)
				 : "Nd"((uint16_t)(base + reg)));
		return value;
	}
#endif
	if (kind == OFL_SERIAL_16550_MMIO)
		reg *= 4;
	return *(volatile uint32_t *)(uintptr_t)(base + reg);
}

static void reg_write(uint32_t reg, uint32_t value)
{
#if defined(__x86_64__)
	if (kind == OFL_SERIAL_16550_IO) {
		__asm__ volatile("outb %0, %w1" : : "a"((uint8_t)value),
				 "Nd"((uint16_t)(base + reg)));
		return;
	}
#endif
	if (kind == OFL_SERIAL_16550_MMIO)
		reg *= 4;
	*(volatile uint32_t *)(uintptr_t)(base + reg) = value;
}

bool ofl_serial_init(uint32_t new_kind, uint64_t where)
{
	kind = OFL_SERIAL_NONE;
	base = where;
	switch (new_kind) {
	case OFL_SERIAL_16550_IO:
#if !defined(__x86_64__)
		return false;
#endif
	case OFL_SERIAL_16550_MMIO:
		kind = new_kind;
		if ((reg_read(UART_LSR) & LSR_NOTHING) == LSR_NOTHING) {
			kind = OFL_SERIAL_NONE;
			return false;
		}
		reg_write(UART_IER, 0);
		return true;
	case OFL_SERIAL_PL011:
		kind = new_kind;
		reg_write(PL011_IMSC, 0);
		return true;
	default:
		return false;
	}
}

static bool can_send(void)
{
	if (kind == OFL_SERIAL_PL011)
		return !(reg_read(PL011_FR) & FR_TX_FULL);
	return reg_read(UART_LSR) & LSR_THR_EMPTY;
}

static void send(char c)
{
	for (unsigned int i = 0; !can_send(); i++) {
		if (i == PATIENCE) {
			kind = OFL_SERIAL_NONE;
			return;
		}
	}
	reg_write(kind == OFL_SERIAL_PL011 ? PL011_DR : UART_DATA, (uint8_t)c);
}

void ofl_serial_write(const char *text, size_t len)
{
	for (size_t i = 0; i < len && kind != OFL_SERIAL_NONE; i++) {
		if (text[i] == '\n')
			send('\r');
		if (kind != OFL_SERIAL_NONE)
			send(text[i]);
	}
}

int ofl_serial_read(void)
{
	switch (kind) {
	case OFL_SERIAL_16550_IO:
	case OFL_SERIAL_16550_MMIO:
		if (reg_read(UART_LSR) & LSR_DATA_READY)
			return (int)(reg_read(UART_DATA) & 0xff);
		return -1;
	case OFL_SERIAL_PL011:
		if (!(reg_read(PL011_FR) & FR_RX_EMPTY))
			return (int)(reg_read(PL011_DR) & 0xff);
		return -1;
	default:
		return -1;
	}
}
