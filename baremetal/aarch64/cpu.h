/* SPDX-License-Identifier: BSD-2-Clause */
/* System registers, and what early.c hands to start.S. */
#ifndef OFFLOAD_CPU_H
#define OFFLOAD_CPU_H

#ifndef __ASSEMBLER__
#include <stdint.h>

#define read_sysreg(name) ({ \
	uint64_t value_; \
	__asm__ volatile("mrs %0, " name : "=r"(value_) : : "memory"); \
	value_; \
})
#define write_sysreg(name, value) \
	__asm__ volatile("msr " name ", %0" : : "r"((uint64_t)(value)) : "memory")
#define isb() __asm__ volatile("isb" : : : "memory")
#define dsb_sy() __asm__ volatile("dsb sy" : : : "memory")

/* The level that this code runs at, 1 or 2. */
static inline unsigned int current_el(void)
{
	return read_sysreg("CurrentEL") >> 2 & 3;
}

/* psci.S */
int64_t ofl_psci_hvc(uint64_t function);
int64_t ofl_psci_smc(uint64_t function);
/* vectors.S */
extern uint8_t ofl_arm_vectors[];

/* Offsets in start.S and vectors.S. */
struct early {
	uint64_t ttbr_switch; /* tables that also map start.S at its physical address */
	uint64_t ttbr;
	uint64_t tcr;
	uint64_t mair;
};
#endif

#define EARLY_SIZE 32

#endif
