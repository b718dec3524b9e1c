// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm printf=integer */
/* The image that borrow.c starts and stops: it does nothing, for ever. */
#include <offload/rt.h>

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (;;)
		ofl_idle();
}
