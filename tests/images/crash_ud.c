// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/* Runs an undefined instruction. */

int main(void)
{
#if defined(__x86_64__)
	__asm__ volatile("ud2");
#else
	__asm__ volatile("udf #0");
#endif
	return 0;
}
