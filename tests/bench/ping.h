/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two sides of tests/bench/ping share. */
#ifndef OFFLOAD_BENCH_PING_H
#define OFFLOAD_BENCH_PING_H

#include <stdint.h>

#include <offload/abi.h>

#define PING_PA 0x40000000ull /* the window's address, as the rings name it */
#define PING_WINDOW 0x20000u
#define PING_BYTES 64u

/* Two lines, one writer each: the round trip R of the bare machine. */
struct ping_lines {
	uint64_t ask __attribute__((aligned(OFL_LINE)));
	uint64_t answer __attribute__((aligned(OFL_LINE)));
	uint32_t quit __attribute__((aligned(OFL_LINE)));
	struct ofl_vq_driver queue __attribute__((aligned(OFL_LINE)));
};

/* The device's side: answers lines and chains until told to quit. */
void ping_serve(uint8_t *window, struct ping_lines *lines);

#endif
