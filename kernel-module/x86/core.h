/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OFFLOAD_X86_CORE_H
#define OFFLOAD_X86_CORE_H

#include "../arch.h"
#include "park.h"

/* PML4; three tables each for park area and stub; PDPT and PD of the region */
#define OFL_PARK_TABLES 12

struct ofl_arch_core {
	u32 apic_id;
	u64 lapic_pa;
	void *park; /* OFL_PARK_SIZE */
	u64 park_pa;
	u64 park_entry;
	struct ofl_park_mailbox *mailbox; /* inside it */
	u32 faults; /* mailbox->faults before the start */
	unsigned int nr_tables;
	u64 *tables[OFL_PARK_TABLES]; /* the first one is the PML4 */
};

/*
 * The vector of the host's doorbell at the image: above what images may use
 * (rt.h), and none that Linux sends to all cores.
 */
#define OFL_BELL_VECTOR 0xf1

/* take.c: send an interrupt, APIC_DM_* with its vector. */
void ofl_x86_send(struct ofl_arch_core *core, u32 what);

/* park.c */
int ofl_park_build(struct ofl_instance *inst, struct ofl_arch_core *core);
void ofl_park_free(struct ofl_arch_core *core);

#endif
