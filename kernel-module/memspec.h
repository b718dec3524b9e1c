/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OFFLOAD_MEMSPEC_H
#define OFFLOAD_MEMSPEC_H

#include "portable.h"

#define OFL_MEM_AUTO_SIZE (16ull << 20)
#define OFL_WINDOW_SIZE (4ull << 20)
/* The private part is mapped by one page directory on x86_64. */
#define OFL_MEM_MAX (1ull << 30)
/* Window sizes are multiples of this: a page on every kernel. */
#define OFL_WINDOW_ALIGN 0x10000u

enum ofl_mem_kind {
	OFL_MEM_AUTO,	 /* taken from Linux at run time */
	OFL_MEM_RANGE,	 /* SIZE@ADDR, kept from Linux by its boot line */
	OFL_MEM_DT,	 /* a reserved-memory node */
};

struct ofl_memspec {
	enum ofl_mem_kind kind;
	uint64_t size; /* 0 with OFL_MEM_DT: the node says it */
	uint64_t pa;   /* OFL_MEM_RANGE */
};

/*
 * All return 0 or -EINVAL, and on failure leave a sentence in msg (OFL_MSG_MAX
 * bytes).
 */
/* mem=auto | auto:SIZE | SIZE@ADDR | dt */
int ofl_memspec_parse(const char *text, struct ofl_memspec *spec, char *msg);
/* window=SIZE; 0: no window */
int ofl_memspec_window(const char *text, uint64_t *size, char *msg);
/* Do a region (address, size) and a window go together?  `what` names it. */
int ofl_memspec_check(const char *what, uint64_t pa, uint64_t size,
		      uint64_t window, char *msg);
/* A number with an optional K, M or G at *p, which is moved behind it. */
bool ofl_memspec_size(const char **p, uint64_t *out);
/* Do two ranges have a byte in common?  Neither wraps around. */
bool ofl_memspec_overlap(uint64_t pa, uint64_t size, uint64_t pa2,
			 uint64_t size2);
/* cpu=N */
int ofl_memspec_cpu(const char *text, unsigned int *cpu, char *msg);

#endif
