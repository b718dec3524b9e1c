/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What both ends of the socket benchmarks agree on, whatever carries the bytes.
 *
 * ECHO sends everything back.  SINK is told in eight bytes how many bytes a round has,
 * reads each of them and answers each round with their sum.  SOURCE is told the same and
 * sends a round for each such eight bytes.  LINES is told where in the window two cache
 * lines are, and answers on them LINES_ROUNDS times: that is R.
 */
#ifndef OFFLOAD_BENCH_SOCKETS_H
#define OFFLOAD_BENCH_SOCKETS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define ECHO_PORT 7
#define SINK_PORT 9
#define SOURCE_PORT 19
#define LINES_PORT 100

#define LINES_ROUNDS 20000u
#define CHUNK 65536u /* of a bulk transfer */
#define LINE_BYTES 64u

/* The consumer reads every byte; their sum does not depend on how they were cut. */
static inline uint64_t add_up(const void *buf, size_t len)
{
	const unsigned char *p = buf;
	uint64_t sum = 0;
#ifdef __SSE2__
	const __m128i zero = _mm_setzero_si128();
	__m128i a = zero, b = zero, c = zero, d = zero;
	uint64_t parts[2];

	for (; len >= 64; len -= 64, p += 64) {
		const __m128i *v = (const __m128i *)(const void *)p;

		a = _mm_add_epi64(a, _mm_sad_epu8(_mm_loadu_si128(v), zero));
		b = _mm_add_epi64(b, _mm_sad_epu8(_mm_loadu_si128(v + 1), zero));
		c = _mm_add_epi64(c, _mm_sad_epu8(_mm_loadu_si128(v + 2), zero));
		d = _mm_add_epi64(d, _mm_sad_epu8(_mm_loadu_si128(v + 3), zero));
	}
	a = _mm_add_epi64(_mm_add_epi64(a, b), _mm_add_epi64(c, d));
	memcpy(parts, &a, sizeof(parts));
	sum = parts[0] + parts[1];
#endif
	while (len--)
		sum += *p++;
	return sum;
}

#endif
