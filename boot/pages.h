/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFFLOAD_BOOT_PAGES_H
#define OFFLOAD_BOOT_PAGES_H

#include <stdint.h>

#include <efi.h>

#define OFL_PAGES_BELOW_ANY UINT64_MAX
#define OFL_PAGES_BELOW_4G 0xffffffffull
#define OFL_PAGES_BELOW_1M 0x9ffffull

void ofl_pages_init(EFI_BOOT_SERVICES *services);
/* size bytes, rounded up to pages, zeroed, up to address max; NULL: none left. */
void *ofl_pages_get(EFI_MEMORY_TYPE type, uint64_t size, uint64_t max);
/* Give all of it back to the firmware. */
void ofl_pages_put_all(void);

#endif
