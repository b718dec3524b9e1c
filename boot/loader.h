/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the loader: what main.c, the two machines and the stand-in host share. */
#ifndef OFFLOAD_BOOT_LOADER_H
#define OFFLOAD_BOOT_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <efi.h>

#include <offload/abi.h>

#include "config.h"
#include "volume.h"

#include <kernel-module/image.h>

struct ofl_loader {
	EFI_SYSTEM_TABLE *st;
	EFI_BOOT_SERVICES *bs;
	EFI_HANDLE handle;
	struct ofl_volume volume;
	struct ofl_config config;
	struct {
		struct ofl_blob blob; /* the file */
		struct ofl_image image;
	} image[OFL_CONFIG_IMAGES];
	enum ofl_serial serial;
	uint64_t serial_pa;
	/* Of config.mem bytes, at its physical address; begins with the boot page. */
	struct ofl_boot *boot;
};

/*
 * Put image n and its part of the boot page into the region, which is zero
 * otherwise, and say so.
 */
void ofl_loader_place(struct ofl_loader *l, unsigned int n);

/*
 * The image has given its core back.  It has said itself how it went, unless it never
 * came so far.
 */
void ofl_loader_last_word(const struct ofl_loader *l);

/* --- machine.c of the architecture --- */

/* OFL_MACHINE_* */
extern const uint32_t ofl_machine_id;

/*
 * Find what the boot page needs and allocate what the start does; fill in
 * hwid, counter_hz and arch of the boot page.  The firmware still works.  0, or
 * -errno after saying what is missing.
 */
int ofl_machine_prepare(struct ofl_loader *l);
/* The serial line to use when no table names one. */
enum ofl_serial ofl_machine_serial(struct ofl_loader *l, uint64_t *where);
uint64_t ofl_machine_counter(void);
/* The firmware is gone: interrupts off, interrupt controller as Linux leaves it. */
void ofl_machine_alone(struct ofl_loader *l);
/* Enter the image on this core. */
_Noreturn void ofl_machine_enter(struct ofl_loader *l);
/* Start it on the core that ofl_machine_prepare() chose.  0 or -errno. */
int ofl_machine_start_other(struct ofl_loader *l);
/* That core has been given back. */
bool ofl_machine_other_is_back(struct ofl_loader *l);
/*
 * Doorbells, as the module has them (docs/doorbells.md); the image's own is in the
 * boot page from ofl_machine_prepare() on.
 */
/* boot->host.bell: where the image rings us. */
uint64_t ofl_machine_bell(void);
/* Has it, since the last call? */
bool ofl_machine_rung(void);
/* Ring the image. */
void ofl_machine_ring(const struct ofl_loader *l);
/* Power off or whatever comes closest; the boot page says how it went. */
_Noreturn void ofl_machine_end(struct ofl_loader *l);

/* --- host.c --- */

/* Read the files of \share, before the firmware goes.  0 or -errno, said. */
int ofl_host_prepare(struct ofl_loader *l);
/* Start the image on the other core, serve it, and end the machine after it. */
_Noreturn void ofl_host_run(struct ofl_loader *l);

#endif
