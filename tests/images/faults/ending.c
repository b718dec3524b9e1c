// SPDX-License-Identifier: BSD-2-Clause
/* Ends that a program can choose, and memory that runs out. */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"

FAULT fault_abort(void)
{
	abort();
}

FAULT fault_assert(void)
{
	assert(null != NULL);
	return MINDED;
}

FAULT fault_raise(void)
{
	raise(SIGTERM);
	return MINDED;
}

FAULT fault_exit(void)
{
	exit(3);
}

FAULT fault_return(void)
{
	return 5;
}

FAULT fault_heap_exhaustion(void)
{
	void *p;

	do {
		p = malloc(65536);
		if (p)
			memset(p, 1, 65536);
	} while (p);
	return errno == ENOMEM ? 12 : MINDED;
}

const struct fault faults_ending[] = {
	F(abort), F(assert), F(raise), F(exit), F(return), F(heap_exhaustion),
	{ 0 },
};
