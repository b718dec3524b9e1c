/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's tools/virtio/ringtest as a peer: two threads of one process, which trust
 * each other.  A chain is one descriptor whose buffer nobody touches; the host takes one
 * off its length and gives it back.  Without --sleep, as here, both sides poll: no kick, no
 * call, no full fence, no look at an event index, and each chain is published by itself
 * (--batch only thins out kicks).
 */
#ifndef OFFLOAD_BENCH_RINGTEST_H
#define OFFLOAD_BENCH_RINGTEST_H

#include <stdint.h>

/*
 * ns a chain of PROGRAM, guest on our CPU and host on the other.  ring: entries,
 * depth: chains under way at most, count: chains.
 */
double ringtest_ns(const char *program, unsigned int ring, unsigned int depth, uint32_t count);

#endif
