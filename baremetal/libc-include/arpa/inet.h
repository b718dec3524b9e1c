/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFFLOAD_ARPA_INET_H
#define OFFLOAD_ARPA_INET_H

#include <netinet/in.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 1; 0: not an address; -1 and EAFNOSUPPORT. */
int inet_pton(int family, const char *text, void *addr);
/* text, or NULL and EAFNOSUPPORT or ENOSPC. */
const char *inet_ntop(int family, const void *addr, char *text, socklen_t len);
/* Four decimal numbers only; what is none is INADDR_NONE, or 0. */
in_addr_t inet_addr(const char *text);
int inet_aton(const char *text, struct in_addr *addr);
/* In a buffer that the next call uses again. */
char *inet_ntoa(struct in_addr addr);

#ifdef __cplusplus
}
#endif
#endif
