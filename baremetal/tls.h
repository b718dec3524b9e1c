/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFFLOAD_TLS_H
#define OFFLOAD_TLS_H

/* Make the one thread's thread-local storage (errno lives there) usable. */
void ofl_tls_init(void);

#endif
