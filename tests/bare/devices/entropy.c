// SPDX-License-Identifier: BSD-2-Clause
/* getentropy() and getrandom(). */
#include "devices.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "ktap.h"

#define DRAWS 16 /* in which one byte is always zero: once in 2^128 */
#define MUCH 65536u

static uint8_t bytes[MUCH];

static void test_lengths(void)
{
	static const size_t lengths[] = { 0, 1, 3, 16, 63, 64, 65, 255, 256 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint8_t buf[260], seen[260] = { 0 };
		size_t n = lengths[i], filled = 0, spared = 0;
		int err = 0;

		for (int draw = 0; draw < DRAWS; draw++) {
			memset(buf, 0, sizeof(buf));
			err |= getentropy(buf, n);
			for (size_t j = 0; j < sizeof(buf); j++)
				seen[j] |= buf[j];
		}
		for (size_t j = 0; j < sizeof(seen); j++) {
			filled += j < n && seen[j];
			spared += j >= n && !seen[j];
		}
		is(err, 0, "getentropy of %u bytes", (unsigned int)n);
		is(filled, n, "fills each of them");
		is(spared, sizeof(seen) - n, "and nothing else");
	}
}

static void test_much(void)
{
	unsigned int ones = 0, same = 0;

	is(getrandom(bytes, MUCH, 0), MUCH, "getrandom of 64 KiB");
	for (size_t i = 0; i < MUCH; i++)
		ones += (unsigned int)__builtin_popcount(bytes[i]);
	/* One standard deviation is 362. */
	is_between(ones, MUCH * 4 - 5000, MUCH * 4 + 5000, "half of its bits are ones");
	for (size_t i = 16; i < MUCH; i += 16)
		same += !memcmp(bytes, bytes + i, 16);
	is(same, 0, "its beginning does not come again");
}

void devices_entropy(void)
{
	uint8_t a[256], b[256];

	test_lengths();
	ok(!getentropy(a, sizeof(a)) && !getentropy(b, sizeof(b)) && memcmp(a, b, sizeof(a)),
	   "two calls of getentropy differ");
	errno = 0;
	ok(getentropy(bytes, 257) == -1 && errno == EIO, "getentropy of 257 bytes: EIO");
	test_much();
}
