// SPDX-License-Identifier: BSD-2-Clause
/* Thread-local storage of the one thread, from the program's own headers. */
#include "tls.h"

#include <stdint.h>
#include <string.h>

#include "linux.h"
#include "native.h"

#define PT_TLS 7u
#define TLS_MAX 4096u

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

extern const uint8_t __ehdr_start[]; /* from the linker: the file's beginning */

static uint8_t block[TLS_MAX] __attribute__((aligned(64)));

void ofl_tls_init(void)
{
	const struct elf_header *elf = (const void *)__ehdr_start;
	const struct elf_segment *seg = (const void *)(__ehdr_start + elf->phoff);
	const struct elf_segment *tls = NULL;
	uint64_t align = 16, size = 0;
	uint8_t *data, *tp;

	for (unsigned int i = 0; i < elf->phnum; i++)
		if (seg[i].type == PT_TLS)
			tls = &seg[i];
	if (tls) {
		size = tls->memsz;
		align = tls->align > 16 ? tls->align : 16;
	}
	if (align > 64 || size + 2 * align + 64 > TLS_MAX)
		ofl_native_die(OFL_NATIVE_EXIT_CRASHED,
			       "thread-local data is larger than expected", NULL);
#if defined(__x86_64__)
	/* The block ends at the thread pointer, which points to itself. */
	tp = block + ((size + align - 1) & ~(align - 1));
	data = tp - ((size + align - 1) & ~(align - 1));
	*(void **)(void *)tp = tp;
#else
	/* Two words, then the block. */
	tp = block;
	data = tp + ((16 + align - 1) & ~(align - 1));
#endif
	if (tls)
		memcpy(data, (const void *)(uintptr_t)tls->vaddr, tls->filesz);
#if defined(__x86_64__)
	ofl_syscall(NR_ARCH_PRCTL, 0x1002 /* ARCH_SET_FS */, (long)tp, 0, 0, 0,
		    0);
#else
	__asm__ volatile("msr tpidr_el0, %0" ::"r"(tp));
#endif
}
