// SPDX-License-Identifier: BSD-2-Clause
#define TEST_AARCH64
#include "test_mmu.c"
