/* SPDX-License-Identifier: BSD-2-Clause */
/* The stand-in host's getrandom() (<sys/random.h>). */
#ifndef OFFLOAD_BOOT_ENTROPY_H
#define OFFLOAD_BOOT_ENTROPY_H

#include <stdint.h>

#define OFL_SEED_SIZE 32u

/* Of the firmware's random numbers; it is taken, and what was there is cleared. */
void ofl_entropy_seed(uint8_t seed[OFL_SEED_SIZE]);

#endif
