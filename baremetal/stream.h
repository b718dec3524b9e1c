/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memcpy to the window, of what the other side is to read: around the caches, where the
 * processor can.  The lines are the other core's, which has read them before; to fetch
 * each one first takes longer than all the rest.
 */
#ifndef OFFLOAD_STREAM_H
#define OFFLOAD_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define OFL_STREAM_FROM 1024u /* bytes: below, a plain one is as good */

/* `to` on a multiple of 8.  Ordered before what is stored next. */
static inline void ofl_stream(void *to, const void *from, size_t len)
{
#if defined(__x86_64__)
	if (len >= OFL_STREAM_FROM) {
		uint64_t *d = to;
		const uint8_t *s = from;

		for (; len >= 64; len -= 64, s += 64, d += 8)
			for (int i = 0; i < 8; i++) {
				uint64_t word;

				__builtin_memcpy(&word, s + 8 * i, 8);
				__asm__ volatile("movnti %1, %0" : "=m"(d[i]) : "r"(word));
			}
		__asm__ volatile("sfence" ::: "memory");
		to = d;
		from = s;
	}
#endif
	memcpy(to, from, len);
}

#endif
