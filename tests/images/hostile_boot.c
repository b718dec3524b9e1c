/* SPDX-License-Identifier: BSD-2-Clause */
/* offload: no-pmm */
/* native: no */
/*
 * Everything the image may write for the module to read, filled with what no
 * runtime would: a state nobody knows, a log whose head lies, text without an
 * end, a crash record of counts and characters out of range.  With an argument:
 * a crash that is taken back and reported again, for ever.
 */
#include <string.h>

#include "baremetal/platform.h"

int main(int argc, char **argv)
{
	(void)argv;
	memset(ofl_log->text, 0x9b, sizeof(ofl_log->text));
	ofl_log->head = ~0ull - 5;

	memset(ofl_crash, 0xff, sizeof(*ofl_crash));
	memset(ofl_crash->text, 'A', sizeof(ofl_crash->text));
	ofl_crash->text[3] = '\n';
	ofl_crash->text[4] = '\x1b';

	ofl_boot->image.exit_status = -1;
	ofl_boot->image.abi = 0xdeadbeef;
	ofl_boot->image.entry_counter = ~0ull;
	ofl_boot->image.main_counter = 1;
	ofl_boot->image.irqs = ~0ull;
	while (argc > 1) {
		uint64_t end = ofl_now_ns() + 20000000;

		ofl_boot->image.state ^= OFL_STATE_CRASHED ^ OFL_STATE_RUNNING;
		while (ofl_now_ns() < end)
			ofl_platform_relax();
	}
	__atomic_store_n(&ofl_boot->image.state, 0x5a5a5a5a, __ATOMIC_RELEASE);
	for (;;)
		ofl_platform_relax();
}
