// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/* Jumps into data. */
#include <stdint.h>

static uint32_t code[16];

int main(void)
{
	void (*volatile fn)(void) = (void (*)(void))(uintptr_t)code;

#if defined(__x86_64__)
	code[0] = 0xc3c3c3c3; /* ret */
#else
	code[0] = 0xd65f03c0; /* ret */
#endif
	fn();
	return 0;
}
