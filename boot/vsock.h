/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stand-in host's virtio-vsock device.  What answers, on CID 2:
 *
 *   port 7   echo
 *   port 9   takes all; at the end of it, says "BYTES SUM\n" (FNV-1a, 32 bits, hex)
 *   port 19  sends without an end: byte n is n ^ n >> 8
 *   port 1   is told "CONNECT port\n", and connects to that port of the image: "OK port\n"
 *            and both connections are one; or the end
 *
 * The image is CID 3.
 */
#ifndef OFFLOAD_BOOT_VSOCK_H
#define OFFLOAD_BOOT_VSOCK_H

#include <pmm/vdev.h>

/* There is one; NULL: no memory for it. */
struct ofl_dev *ofl_boot_vsock(void);

#endif
