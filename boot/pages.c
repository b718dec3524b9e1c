// SPDX-License-Identifier: BSD-2-Clause
/*
 * Memory of the firmware's, in pages.  All that was taken is remembered, so that
 * a loader that gives up leaves nothing behind.
 */
#include "pages.h"

#include <string.h>

#define TAKEN_MAX 256

static EFI_BOOT_SERVICES *bs;
static struct {
	EFI_PHYSICAL_ADDRESS pa;
	UINTN pages;
} taken[TAKEN_MAX];
static unsigned int nr_taken;

void ofl_pages_init(EFI_BOOT_SERVICES *services)
{
	bs = services;
}

void *ofl_pages_get(EFI_MEMORY_TYPE type, uint64_t size, uint64_t max)
{
	EFI_PHYSICAL_ADDRESS pa = max;
	UINTN pages = (size + EFI_PAGE_SIZE - 1) / EFI_PAGE_SIZE;

	if (nr_taken == TAKEN_MAX ||
	    EFI_ERROR(bs->AllocatePages(AllocateMaxAddress, type, pages, &pa)))
		return NULL;
	taken[nr_taken].pa = pa;
	taken[nr_taken++].pages = pages;
	memset((void *)(uintptr_t)pa, 0, pages * EFI_PAGE_SIZE);
	return (void *)(uintptr_t)pa;
}

void ofl_pages_put_all(void)
{
	while (nr_taken) {
		nr_taken--;
		bs->FreePages(taken[nr_taken].pa, taken[nr_taken].pages);
	}
}
