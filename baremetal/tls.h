/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFFLOAD_TLS_H
#define OFFLOAD_TLS_H

/*
 * Of the platform: make the one thread's thread-local storage (errno may live
 * there) usable.  On a bare core the linker script laid its block out in data
 * and bss, so the thread pointer only has to be loaded.
 */
void ofl_tls_init(void);

#endif
