/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two sides of tests/bench/ring share. */
#ifndef OFFLOAD_BENCH_RING_H
#define OFFLOAD_BENCH_RING_H

#include <stdint.h>

#include <offload/abi.h>

#define RING_PA 0x40000000ull /* the window's address, as the rings name it */
#define RING_WINDOW 0x400000u
#define RING_BYTES 64u
#define RING_ROUNDS 20000u

/* What the device's side is told to do. */
enum { RING_ECHO };

/* The device's side: a queue as the driver's line says, in this window. */
void ring_device_setup(uint8_t *window, const struct ofl_vq_driver *line, uint64_t features);
/* Answers `rounds` chains. */
void ring_device_echo(uint32_t rounds);

#endif
