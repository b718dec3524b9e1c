// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a peer must not guess: ports, transaction numbers, initial sequence
 * numbers (RFC 6528: a clock plus a keyed hash of the connection; the hash is
 * SipHash-2-4).  The bytes are Linux's, through the entropy device.
 */
#include <string.h>

#include "hooks_lwip.h"
#include "platform.h"
#include "rng.h"
#include "stack.h"

static struct {
	uint8_t bytes[128];
	unsigned int left;
	uint64_t weak; /* without an entropy device: the clock, stirred */
} pool;

static void fill(void)
{
	if (ofl_rng_read(pool.bytes, sizeof(pool.bytes)) != sizeof(pool.bytes))
		for (unsigned int i = 0; i < sizeof(pool.bytes); i++) {
			pool.weak += ofl_counter() | 1;
			pool.weak *= 0x9e3779b97f4a7c15u;
			pool.weak ^= pool.weak >> 29;
			pool.bytes[i] = (uint8_t)(pool.weak >> 32);
		}
	pool.left = sizeof(pool.bytes);
}

uint32_t ofl_net_random(void)
{
	uint32_t value;

	if (!pool.left)
		fill();
	pool.left -= (unsigned int)sizeof(value);
	memcpy(&value, pool.bytes + pool.left, sizeof(value));
	memset(pool.bytes + pool.left, 0, sizeof(value));
	return value;
}

static uint64_t rotate(uint64_t x, unsigned int by)
{
	return x << by | x >> (64 - by);
}

static void sip_rounds(uint64_t v[4], unsigned int n)
{
	while (n--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

/* Of whole words. */
static uint64_t siphash(const uint64_t key[2], const uint64_t *word,
			unsigned int n)
{
	uint64_t v[4] = { key[0] ^ 0x736f6d6570736575u,
			  key[1] ^ 0x646f72616e646f6du,
			  key[0] ^ 0x6c7967656e657261u,
			  key[1] ^ 0x7465646279746573u };
	uint64_t last = (uint64_t)n * 8 << 56;

	for (unsigned int i = 0; i <= n; i++) {
		uint64_t m = i < n ? word[i] : last;

		v[3] ^= m;
		sip_rounds(v, 2);
		v[0] ^= m;
	}
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint32_t ofl_net_isn(const ip_addr_t *local, uint16_t local_port,
		     const ip_addr_t *remote, uint16_t remote_port)
{
	static uint64_t key[2];
	static bool keyed;
	uint64_t word[5] = { 0 };

	if (!keyed) {
		for (int i = 0; i < 4; i++)
			key[i / 2] = key[i / 2] << 32 | ofl_net_random();
		keyed = true;
	}
	if (IP_IS_V6(local)) {
		memcpy(&word[0], ip_2_ip6(local)->addr, 16);
		memcpy(&word[2], ip_2_ip6(remote)->addr, 16);
	} else {
		word[0] = ip_2_ip4(local)->addr;
		word[2] = ip_2_ip4(remote)->addr;
	}
	word[4] = (uint64_t)local_port << 16 | remote_port;
	/* The clock of RFC 6528: one in 4 us, about. */
	return (uint32_t)(ofl_now_ns() >> 12) + (uint32_t)siphash(key, word, 5);
}
