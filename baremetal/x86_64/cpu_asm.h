/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses and numbers for assembly; start.c asserts that they are right. */
#ifndef OFFLOAD_CPU_ASM_H
#define OFFLOAD_CPU_ASM_H

#define BOOT_HOST_REQUEST 0x7000000000c0
#define BOOT_IMAGE_STATE 0x700000000100
#define BOOT_HOST_SAMPLE 0x7000000000d0
#define SAMPLE 0x700000001800 /* struct ofl_crash, and offsets in it */
#define SAMPLE_NR_REGS 4
#define SAMPLE_PC 16
#define SAMPLE_SP 24
#define SAMPLE_SEQ 44
#define SAMPLE_REGS 48
#define REQUEST_STOP 1
#define STATE_EXITED 4
#define STATE_CRASHED 5
#define STATE_STOPPED 6

#endif
