/* SPDX-License-Identifier: BSD-2-Clause */
/* The stand-in host's console device: a virtio console on the serial line. */
#ifndef OFFLOAD_BOOT_CONSOLE_H
#define OFFLOAD_BOOT_CONSOLE_H

#include <pmm/vdev.h>

/* There is one. */
struct ofl_dev *ofl_boot_console(uint64_t mem_size);

#endif
