/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OFFLOAD_ELFCORE_H
#define OFFLOAD_ELFCORE_H

#include "portable.h"

/* Where the memory begins in a core file: a page for everything before it. */
#define OFL_ELFCORE_HEADER OFL_PAGE
/* Of the text note, NUL included. */
#define OFL_ELFCORE_TEXT 1024

/* The notes of ours, beside CORE's; their types are none of anybody else's, since
 * not every reader looks at the name.
 */
#define OFL_ELFCORE_NOTE "OFFLOAD"
#define OFL_ELFCORE_NOTE_TEXT 0x4f464c01u  /* what happened to which image, NUL terminated */
#define OFL_ELFCORE_NOTE_CRASH 0x4f464c02u /* struct ofl_crash */

struct ofl_elfcore {
	uint32_t machine; /* OFL_MACHINE_* */
	/* A copy that nobody changes any more; NULL: no registers are known. */
	const struct ofl_crash *crash;
	const char *image; /* name of its file */
	const char *args;
	const char *text;
	uint64_t va;	   /* of the memory */
	uint64_t mem_size;
	uint64_t file_size; /* behind it there are zeros up to mem_size */
};

/**
 * ofl_elfcore_header() - all of an ELF core file but its memory
 * @out: OFL_ELFCORE_HEADER bytes; the caller puts file_size bytes of memory
 *	behind them
 * @core: what to say; crash may hold anything
 *
 * One thread (process 1), with the registers of the record as NT_PRSTATUS: those
 * that the record lacks are zero.  Texts that are too long are cut.
 */
void ofl_elfcore_header(void *out, const struct ofl_elfcore *core);

#endif
