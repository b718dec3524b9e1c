/* SPDX-License-Identifier: BSD-2-Clause */
/* What lwIP asks of compiler and platform. */
#ifndef OFFLOAD_LWIP_CC_H
#define OFFLOAD_LWIP_CC_H

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

#ifndef SSIZE_MAX /* else lwIP makes a ssize_t of its own */
#define SSIZE_MAX LONG_MAX
#endif

#define LWIP_NO_CTYPE_H 1
#define LWIP_NO_UNISTD_H 1

_Noreturn void ofl_panic(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
uint32_t ofl_net_random(void);

#define lwip_htons(x) __builtin_bswap16(x)
#define lwip_htonl(x) __builtin_bswap32(x)
/* One place in lwIP says this, as <netinet/in.h> does. */
#define htonl(x) __builtin_bswap32(x)

#define LWIP_PLATFORM_DIAG(x) do { } while (0)
#define LWIP_PLATFORM_ASSERT(x) ofl_panic("lwIP: %s", x)

#endif
