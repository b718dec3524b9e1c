/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two sides of tests/bench/ring share. */
#ifndef OFFLOAD_BENCH_RING_H
#define OFFLOAD_BENCH_RING_H

#include <stdbool.h>
#include <stdint.h>

#include <offload/abi.h>

#define RING_PA 0x40000000ull /* the window's address, as the rings name it */
#define RING_WINDOW 0x800000u
#define RING_MEMORY 0x200000u /* of one ring and its buffers */
#define RING_MAX 65536u	      /* bytes of the largest message */

enum ring_layout { RING_SPLIT, RING_PACKED, RING_LAYOUTS };

/* What the device's side is told to do. */
struct ring_job {
	enum ring_layout layout;
	uint32_t count; /* chains */
	uint32_t size;	/* bytes of each that are read, and written where it may; 0: none */
	bool one;	/* echo: one buffer, which the device may write, not one each way */
	bool ns;	/* one way: ns a message, not GB/s */
};

/* The device's side: a queue as the driver's line says, in this window. */
void ring_device_setup(uint8_t *window, const struct ofl_vq_driver *line, enum ring_layout layout);
void ring_device_serve(const struct ring_job *job);

#endif
