/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OFFLOAD_REFUSE_H
#define OFFLOAD_REFUSE_H

#include "portable.h"

/* All that decides whether a core can be taken; collected by the caller. */
struct ofl_refuse_facts {
	unsigned int cpu;
	unsigned int nr_cpu_ids;
	unsigned int nr_online;
	int borrowed_by; /* number of the instance, -1: none */
	bool possible;
	bool present;
	bool online;
	bool no_hotplug; /* this kernel or CPU has no hotplug */
	bool no_counter_hz; /* nobody knows how fast the counter runs */
	/* x86_64 */
	bool xen_pv;
	bool encrypted_state;  /* SEV-ES, SEV-SNP, TDX: no NMI or INIT of ours */
	bool encrypted_memory; /* SME, SEV: page tables need a bit of their own */
	bool five_levels;
	bool no_lapic;
	/* aarch64 */
	bool spin_table;
	bool no_psci;
	bool old_psci; /* 0.1: no standard function numbers */
	bool no_gic;
};

/*
 * 0, or why the core cannot be taken: -errno and a sentence in msg
 * (OFL_MSG_MAX bytes) that says what, where, and what to do.
 */
int ofl_refuse(const struct ofl_refuse_facts *f, char *msg);

#endif
