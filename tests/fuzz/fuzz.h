/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzzers share: input taken byte by byte, and assertions that stay on.
 * Each fuzz_NAME.c is one libFuzzer program that includes the .c under test.
 */
#ifndef OFFLOAD_TESTS_FUZZ_H
#define OFFLOAD_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x) ((x) ? (void)0 : fuzz_failed(__FILE__, __LINE__, #x))

static inline void fuzz_failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
	abort();
}

struct fuzz_in {
	const uint8_t *data;
	size_t left;
};

/* Zeros behind the end. */
static inline void fuzz_take(struct fuzz_in *in, void *to, size_t n)
{
	size_t have = n < in->left ? n : in->left;

	memset(to, 0, n);
	memcpy(to, in->data, have);
	in->data += have;
	in->left -= have;
}

static inline uint32_t fuzz_number(struct fuzz_in *in, size_t bytes)
{
	uint32_t value = 0;

	fuzz_take(in, &value, bytes);
	return value;
}

#endif
