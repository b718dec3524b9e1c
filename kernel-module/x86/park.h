/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The park area: OFL_PARK_SIZE bytes, one page each for
 *
 *   0  text (park_asm.S, copied)		4  stack of double faults	(IST 2)
 *   1  mailbox, GDT, TSS		5  stack of machine checks	(IST 3)
 *   2  IDT				6  stack of other exceptions (IST 4 to 7)
 *   3  stack of NMIs (IST 1)		7  stack of the loop
 *
 * It lies at its physical address, on the park tables and on the image's.
 * Included by C and assembly.
 */
#ifndef OFFLOAD_X86_PARK_H
#define OFFLOAD_X86_PARK_H

#define OFL_PARK_DATA 0x1000
#define OFL_PARK_IDT 0x2000
#define OFL_PARK_STACK_NMI 0x4000 /* tops */
#define OFL_PARK_STACK_DF 0x5000
#define OFL_PARK_STACK_MC 0x6000
#define OFL_PARK_STACK_OTHER 0x7000
#define OFL_PARK_STACK_LOOP 0x8000

/* In the data page: struct ofl_park_mailbox, then the CPU's tables. */
#define OFL_MBOX_CR3 0x00
#define OFL_MBOX_ENTRY 0x08
#define OFL_MBOX_START_SEQ 0x10
#define OFL_MBOX_DONE_SEQ 0x40
#define OFL_MBOX_PARKED 0x44
#define OFL_MBOX_FAULTS 0x48
#define OFL_MBOX_VECTOR 0x50
#define OFL_MBOX_ERROR 0x58
#define OFL_MBOX_RIP 0x60
#define OFL_MBOX_CR2 0x68
#define OFL_PARK_GDTR 0x100
#define OFL_PARK_IDTR 0x110
#define OFL_PARK_GDT 0x140
#define OFL_PARK_TSS 0x180

/* Selectors; an image must use the same two for code and data. */
#define OFL_PARK_CS 0x08
#define OFL_PARK_DS 0x10
#define OFL_PARK_TR 0x18

/* The exception entries, from ofl_park_vectors on, and their distance. */
#define OFL_PARK_NR_VECTORS 32
#define OFL_PARK_VECTOR_SIZE 16

/* CR4 as it is in the park, of what was set: all that a kernel may not drop
 * (MCE, LA57, VMXE) and all that does no harm; CET, PGE, PCIDE, SMEP, SMAP and
 * PKE are not among it.
 */
#define OFL_PARK_CR4_KEEP 0x53778
#define OFL_PARK_CR4_SET 0x40	    /* MCE */
#define OFL_PARK_CR0 0x80010033	    /* PG WP NE ET MP PE */

#ifndef __ASSEMBLY__
#include <linux/types.h>
#include <linux/build_bug.h>
#include <linux/stddef.h>

struct ofl_park_mailbox {
	/* host */
	u64 cr3;
	u64 entry;
	u32 start_seq; /* another number than done_seq: go to entry */
	u32 reserved0[11];
	/* park */
	u32 done_seq;
	u32 parked; /* 1: in the loop */
	u32 faults; /* exceptions taken; the last one: */
	u32 reserved1;
	u64 vector;
	u64 error;
	u64 rip;
	u64 cr2;
};
static_assert(offsetof(struct ofl_park_mailbox, cr3) == OFL_MBOX_CR3);
static_assert(offsetof(struct ofl_park_mailbox, entry) == OFL_MBOX_ENTRY);
static_assert(offsetof(struct ofl_park_mailbox, start_seq) ==
	      OFL_MBOX_START_SEQ);
static_assert(offsetof(struct ofl_park_mailbox, done_seq) == OFL_MBOX_DONE_SEQ);
static_assert(offsetof(struct ofl_park_mailbox, parked) == OFL_MBOX_PARKED);
static_assert(offsetof(struct ofl_park_mailbox, faults) == OFL_MBOX_FAULTS);
static_assert(offsetof(struct ofl_park_mailbox, vector) == OFL_MBOX_VECTOR);
static_assert(offsetof(struct ofl_park_mailbox, cr2) == OFL_MBOX_CR2);

/* park_asm.S; addresses inside the original, of which a copy is used */
extern const char ofl_park_text[], ofl_park_text_end[];
extern const char ofl_park_entry[], ofl_park_nmi[], ofl_park_other[];
extern const char ofl_park_vectors[];
/* Leave Linux: run on the kernel's tables, go on at `entry` on `cr3`. */
void ofl_park_leave(unsigned long cr3, unsigned long entry);
extern const char ofl_park_leave_end[];
#endif

#endif
