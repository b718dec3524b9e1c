/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the endpoint: a service of bench.h, for one connection of any kind. */
#ifndef OFFLOAD_BENCH_ENDPOINT_H
#define OFFLOAD_BENCH_ENDPOINT_H

#include <stdbool.h>

#include "pmm/pmm.h"

#include "bench.h"

#define ENDPOINT_BUF (256u * 1024)

struct service {
	uint32_t port;
	uint64_t round, left; /* bytes of a round, and of this one */
	uint64_t sum;
	uint8_t word[8];
	uint32_t nr_word;
	uint8_t *buf; /* ECHO: what goes back; SINK: sums */
	uint32_t at, len;
};

bool service_known(uint32_t port);
/* 0 or -ENOMEM. */
int service_open(struct service *s, uint32_t port);
void service_close(struct service *s);
/* Take bytes; how many were taken. */
uint32_t service_put(struct service *s, const uint8_t *data, uint32_t len);
/* What it has to send, at most len: how many bytes. */
uint32_t service_get(struct service *s, uint8_t *to, uint32_t len);
/* SOURCE: where they are, at most *len. */
const uint8_t *service_borrow(struct service *s, uint32_t *len);
bool service_has(const struct service *s);
/* Serve LINES, once it has been told where. */
bool service_lines(struct service *s, const struct ofl_mem *mem);

/* --- endpoint_vsock.c, endpoint_net.c --- */

struct ofl_dev *endpoint_vsock(void);
struct ofl_dev *endpoint_net(uint32_t mtu);

#endif
