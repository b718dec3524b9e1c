// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random bytes without Linux: 32 of the firmware's, made longer by ChaCha20 (RFC 8439).
 *
 * Each call makes one block for itself, whose first half is the next key, and as many
 * as it needs after that.  The old key is gone when the call returns, so that who
 * reads our memory learns nothing of what was given out before.
 */
#include "entropy.h"

#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

#define BLOCK 64u

static uint32_t key[OFL_SEED_SIZE / 4];
static bool seeded;

void ofl_entropy_seed(uint8_t seed[OFL_SEED_SIZE])
{
	memcpy(key, seed, sizeof(key));
	explicit_bzero(seed, OFL_SEED_SIZE);
	seeded = true;
}

static uint32_t turn_left(uint32_t x, unsigned int bits)
{
	return x << bits | x >> (32 - bits);
}

static void quarter(uint32_t *x, unsigned int a, unsigned int b, unsigned int c,
		    unsigned int d)
{
	x[a] += x[b];
	x[d] = turn_left(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = turn_left(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = turn_left(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = turn_left(x[b] ^ x[c], 7);
}

/* Block number n of the key's stream; the nonce is zero, for no key is used twice. */
static void block(uint32_t n, uint32_t out[BLOCK / 4])
{
	uint32_t in[BLOCK / 4] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memcpy(in + 4, key, sizeof(key));
	in[12] = n;
	memcpy(out, in, BLOCK);
	for (unsigned int i = 0; i < 10; i++) {
		for (unsigned int j = 0; j < 4; j++)
			quarter(out, j, 4 + j, 8 + j, 12 + j);
		for (unsigned int j = 0; j < 4; j++)
			quarter(out, j, 4 + (j + 1) % 4, 8 + (j + 2) % 4, 12 + (j + 3) % 4);
	}
	for (unsigned int i = 0; i < BLOCK / 4; i++)
		out[i] += in[i];
	explicit_bzero(in, sizeof(in));
}

ssize_t getrandom(void *buf, size_t len, unsigned int flags)
{
	uint32_t bytes[BLOCK / 4], next[BLOCK / 4];
	uint8_t *to = buf;
	size_t n;

	(void)flags;
	if (!seeded)
		return -1;
	block(0, next);
	for (uint32_t i = 1; len; i++, to += n, len -= n) {
		block(i, bytes);
		n = len < BLOCK ? len : BLOCK;
		memcpy(to, bytes, n);
	}
	memcpy(key, next, sizeof(key));
	explicit_bzero(next, sizeof(next));
	explicit_bzero(bytes, sizeof(bytes));
	return to - (uint8_t *)buf;
}
