/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader's park area: OFL_PARK_SIZE bytes, one page each for
 *
 *   0  text (park.S, copied)		4  stack of double faults	(IST 2)
 *   1  struct ofl_park, GDT, TSS	5  stack of machine checks	(IST 3)
 *   2  IDT				6  stack of other exceptions (IST 4 to 7)
 *   3  stack of NMIs (IST 1)		7  stack at the image's start and end
 *
 * Included by C and assembly.
 */
#ifndef OFFLOAD_BOOT_X86_PARK_H
#define OFFLOAD_BOOT_X86_PARK_H

#define PARK_DATA 0x1000
#define PARK_IDT 0x2000
#define PARK_STACK_NMI 0x4000 /* tops */
#define PARK_STACK_DF 0x5000
#define PARK_STACK_MC 0x6000
#define PARK_STACK_OTHER 0x7000
#define PARK_STACK 0x8000

/* struct ofl_park, in the data page */
#define PARK_CR3 0x00
#define PARK_ENTRY 0x08
#define PARK_HOME_CR3 0x10
#define PARK_HOME 0x18
#define PARK_HOME_ARG 0x20
#define PARK_FAULTS 0x28
#define PARK_VECTOR 0x30
#define PARK_ERROR 0x38
#define PARK_RIP 0x40
#define PARK_CR2 0x48
#define PARK_GDTR 0x50
#define PARK_IDTR 0x60
#define PARK_GDT 0x80
#define PARK_TSS 0x100

#define PARK_CS 0x08
#define PARK_DS 0x10
#define PARK_TR 0x18

#define PARK_NR_VECTORS 32
#define PARK_VECTOR_SIZE 16

/* CR4: PAE MCE OSFXSR OSXMMEXCPT; CR0: PG WP NE ET MP PE */
#define PARK_CR4 0x660
#define PARK_CR0 0x80010033

/* The page for a second core's first instructions. */
#define LOW_CR3 0x00
#define LOW_EFER 0x08
#define LOW_ENTRY 0x10
#define LOW_FAR32 0x18
#define LOW_FAR64 0x20
#define LOW_GDTR 0x28
#define LOW_GDT 0x30
#define LOW_APIC 0x50
#define LOW_SEEN 0x54 /* the core: it is here */
#define LOW_GO 0x58   /* the host: it has seen that */
#define LOW_END 0x5c
#define LOW_DATA 0x800

#ifndef __ASSEMBLY__
#include <stddef.h>
#include <stdint.h>

struct ofl_park {
	/* loader */
	uint64_t cr3;   /* the park tables */
	uint64_t entry; /* the image's */
	uint64_t home_cr3; /* the firmware's tables */
	uint64_t home;	   /* void (*)(void *): called on them in the end */
	uint64_t home_arg;
	/* park */
	uint64_t faults; /* exceptions before the image had an IDT; the last: */
	uint64_t vector;
	uint64_t error;
	uint64_t rip;
	uint64_t cr2;
};
_Static_assert(offsetof(struct ofl_park, cr3) == PARK_CR3, "park.h");
_Static_assert(offsetof(struct ofl_park, entry) == PARK_ENTRY, "park.h");
_Static_assert(offsetof(struct ofl_park, home_cr3) == PARK_HOME_CR3, "park.h");
_Static_assert(offsetof(struct ofl_park, home) == PARK_HOME, "park.h");
_Static_assert(offsetof(struct ofl_park, home_arg) == PARK_HOME_ARG, "park.h");
_Static_assert(offsetof(struct ofl_park, faults) == PARK_FAULTS, "park.h");
_Static_assert(offsetof(struct ofl_park, vector) == PARK_VECTOR, "park.h");
_Static_assert(offsetof(struct ofl_park, cr2) == PARK_CR2, "park.h");

/* park.S; addresses inside the original, of which a copy is used */
extern const uint8_t ofl_park_text[], ofl_park_text_end[], ofl_park_start[];
extern const uint8_t ofl_park_entry[], ofl_park_nmi[], ofl_park_other[];
extern const uint8_t ofl_park_vectors[];
extern const uint8_t ofl_low_text[], ofl_low_text_end[], ofl_low_32[], ofl_low_64[];

/* Where a label of park.S lies behind another one. */
static inline uint64_t ofl_park_offset(const uint8_t *label, const uint8_t *start)
{
	return (uintptr_t)label - (uintptr_t)start;
}
#endif

#endif
