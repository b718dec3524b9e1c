/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFL_TEST_MEMORY_H
#define OFL_TEST_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#define MAY_READ 1u
#define MAY_WRITE 2u
#define MAY_EXEC 4u
#define IS_DEVICE 8u

struct area {
	const char *name;
	uint64_t start, end; /* virtual */
	uint64_t pa;
	unsigned int may;
};

extern const struct area memory_none;

void memory_add(const char *name, uint64_t start, uint64_t end, uint64_t pa, unsigned int may);
/* The area that holds va, or memory_none. */
const struct area *memory_area(uint64_t va);

/* --- walk.c --- */

/* Compare the live page tables with the list. */
void memory_walk(const struct area *areas, unsigned int nr);

/* --- the architecture's --- */

/* What an entry of a table of the level (0: pages) says. */
struct leaf {
	uint64_t pa;
	unsigned int may;
	bool user;
	bool global; /* x86_64: survives a switch of tables; aarch64: not tagged */
	bool normal; /* cacheable, or device: nothing else */
};
bool memory_leaf(uint64_t entry, unsigned int level, struct leaf *leaf);
bool memory_valid(uint64_t entry);
uint64_t memory_next(uint64_t entry);
uint64_t memory_root(void);
unsigned int memory_levels(void);
/* Areas that only this machine has. */
void memory_list_machine(void);
/* Tests that only it has. */
void memory_machine(void);
/* Code was written there. */
void memory_sync_code(const void *p);

#endif
