/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions that a test provokes and survives, over ofl_fault_probe of
 * baremetal/core.h.  After a call that says true, ofl_fault_probe holds what
 * came: vector, error, pc, sp, fault_address.
 */
#ifndef OFL_TEST_CAUGHT_H
#define OFL_TEST_CAUGHT_H

#include <stdbool.h>
#include <stdint.h>

typedef void (*caught_fn)(uintptr_t a, uintptr_t b);

/* Call fn(a, b): did it end in an exception with pc in [from, to)? */
bool caught_between(caught_fn fn, uintptr_t a, uintptr_t b, uint64_t from, uint64_t to);
/* The same with pc anywhere in the image's text. */
bool caught(caught_fn fn, uintptr_t a, uintptr_t b);

/* One access each; true: it was caught, at this instruction and address. */
bool caught_read(uintptr_t addr);
bool caught_write(uintptr_t addr, uint8_t value);
/* Call what is at addr; it must return if it can be called. */
bool caught_exec(uintptr_t addr);

/* What the last one caught was, by the architecture's error code. */
enum caught_kind {
	CAUGHT_OTHER,
	CAUGHT_UNMAPPED,
	CAUGHT_READ,	/* mapped, but not readable */
	CAUGHT_WRITE,	/* mapped, but not writable */
	CAUGHT_EXEC,	/* mapped, but not executable */
};
enum caught_kind caught_kind(void);

/* An instruction "return", in the text. */
extern const uint8_t caught_return[];

#endif
