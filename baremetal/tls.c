// SPDX-License-Identifier: BSD-2-Clause
/*
 * Thread-local storage on a bare core: there is one thread, and the linker
 * script laid its block out in data and bss, so it only has to be pointed to.
 */
#include "tls.h"

#include <picotls.h>

extern char __tls_base[];

void ofl_tls_init(void)
{
	_set_tls(__tls_base);
}
