// SPDX-License-Identifier: BSD-2-Clause
/* Devices that are the image's: what the boot page says of them. */
#include <errno.h>
#include <string.h>

#include "platform.h"

int ofl_mmio(const char *name, struct ofl_mmio *mmio)
{
	for (unsigned int i = 0; i < OFL_BOOT_DEVICES; i++) {
		const struct ofl_boot_device *d = &ofl_boot->device[i];

		if (!d->name[0])
			break;
		if (strncmp(d->name, name, sizeof(d->name)))
			continue;
		/* mmu.c has mapped it there */
		mmio->regs = (volatile void *)(uintptr_t)d->pa;
		mmio->size = d->size;
		mmio->irq = d->irq;
		return 0;
	}
	return -ENODEV;
}
