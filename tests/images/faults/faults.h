/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of tests/images/faults share; each has a table of its faults. */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdint.h>

#include "baremetal/core.h"

#define FAULT static __attribute__((noinline, noclone, used)) int
#define F(name) { #name, fault_##name }

#define NOWHERE 0x123456789000ull
#define MINDED 99

/* The last of a table has no name. */
struct fault {
	const char *name;
	int (*fn)(void);
};

extern const struct fault faults_address[], faults_code[], faults_stack[], faults_instruction[],
	faults_ending[], faults_runtime[], faults_interrupt[], faults_loop[], faults_sabotage[];

/* faults.c */
extern volatile uint32_t sink;
extern uint32_t *volatile null;
extern uint32_t code[16];
extern uint64_t argument; /* behind the fault's name, in hexadecimal */
void stay(void); /* for ever */
unsigned int deeper(unsigned int n);

#endif
