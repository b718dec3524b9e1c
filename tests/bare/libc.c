// SPDX-License-Identifier: BSD-2-Clause
/* offload: no-pmm stack=128K */
/* machines: hlt gicv3 el2 */
/* The C library on a bare core: what it computes, and what the runtime gives it. */
#include "libc/libc.h"

#include "ktap.h"

int main(void)
{
	ktap_begin();
	libc_printf();
	libc_scanf();
	libc_string();
	libc_stdlib();
	libc_heap();
	libc_time();
	libc_jump();
	libc_math();
	return ktap_end();
}
