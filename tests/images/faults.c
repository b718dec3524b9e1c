// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal stack=16K */
/* native: no */
/*
 *	faults NAME [NUMBER]
 *
 * Goes wrong in the way that is asked for; docs/faults.md tells what comes of
 * each.  Exits with 0 after one that the machine does not mind, with 99 if it
 * should have.
 */
#include <stdlib.h>
#include <string.h>

#include "faults/faults.h"

volatile uint32_t sink;
uint32_t *volatile null;
uint32_t code[16];
uint64_t argument;

void stay(void)
{
	for (;;)
		sink++;
}

__attribute__((noinline)) unsigned int deeper(unsigned int n)
{
	volatile char block[256];

	memset((char *)block, (int)n, sizeof(block));
	return n ? deeper(n - 1) + (unsigned int)block[n % sizeof(block)] : 0;
}

static const struct fault *const tables[] = {
	faults_address, faults_code, faults_stack, faults_instruction, faults_ending,
	faults_runtime, faults_interrupt, faults_loop, faults_sabotage,
};

static const struct fault *find(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct fault *fault = tables[i]; fault->name; fault++)
			if (!strcmp(name, fault->name))
				return fault;
	return NULL;
}

int main(int argc, char **argv)
{
	const struct fault *fault = argc == 2 || argc == 3 ? find(argv[1]) : NULL;
	int status;

	if (!fault)
		return 127;
	if (argc == 3)
		argument = strtoull(argv[2], NULL, 16);
	status = fault->fn();
	sink++; /* not a tail call: main is in the backtrace */
	return status;
}
