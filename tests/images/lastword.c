// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=minimal */
/* native: no */
/* Says that it has exited, with status 7, and does not leave. */
#include <offload/abi.h>
#include <stdio.h>

int main(void)
{
	struct ofl_boot *boot = (struct ofl_boot *)OFL_REGION_VA;

	boot->image.exit_status = 7;
	__atomic_store_n(&boot->image.state, OFL_STATE_EXITED, __ATOMIC_RELEASE);
	printf("that was the last word\n");
	for (;;)
		;
}
