// SPDX-License-Identifier: BSD-2-Clause
/*
 * endpoint SOCKET [MTU]: the daemon, its device code, its loop and its native host, with
 * other ends in its own memory in place of Linux's sockets.  So what is measured against it
 * is the transport alone.  MTU: a network device as well, with lwIP behind it.
 */
#include "endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "pmm/rng.h"

static uint8_t stuff[ENDPOINT_BUF]; /* what SOURCE sends */

bool service_known(uint32_t port)
{
	return port == ECHO_PORT || port == SINK_PORT || port == SOURCE_PORT ||
	       port == LINES_PORT;
}

int service_open(struct service *s, uint32_t port)
{
	memset(s, 0, sizeof(*s));
	s->port = port;
	s->buf = malloc(ENDPOINT_BUF);
	return s->buf ? 0 : -ENOMEM;
}

void service_close(struct service *s)
{
	free(s->buf);
	memset(s, 0, sizeof(*s));
}

static uint32_t keep(struct service *s, const void *data, uint32_t len)
{
	uint32_t end = (s->at + s->len) % ENDPOINT_BUF, first;

	if (len > ENDPOINT_BUF - s->len)
		len = ENDPOINT_BUF - s->len;
	first = len < ENDPOINT_BUF - end ? len : ENDPOINT_BUF - end;
	memcpy(s->buf + end, data, first);
	memcpy(s->buf, (const uint8_t *)data + first, len - first);
	s->len += len;
	return len;
}

/* The eight bytes that begin a connection, or ask for a round; how many were taken. */
static uint32_t take_word(struct service *s, const uint8_t *data, uint32_t len)
{
	uint32_t n = 8 - s->nr_word;

	if (n > len)
		n = len;
	memcpy(s->word + s->nr_word, data, n);
	s->nr_word += n;
	if (s->nr_word == 8)
		memcpy(&s->round, s->word, 8);
	return n;
}

static uint32_t sink_put(struct service *s, const uint8_t *data, uint32_t len)
{
	uint32_t done = 0, n;

	if (s->nr_word < 8) {
		done = take_word(s, data, len);
		s->left = s->round;
	}
	while (done < len) {
		n = len - done < s->left ? len - done : (uint32_t)s->left;
		s->sum += add_up(data + done, n);
		s->left -= n;
		done += n;
		if (s->left)
			continue;
		keep(s, &s->sum, sizeof(s->sum));
		s->left = s->round;
		s->sum = 0;
	}
	return len;
}

uint32_t service_put(struct service *s, const uint8_t *data, uint32_t len)
{
	uint32_t done = 0;

	if (s->port == ECHO_PORT)
		return keep(s, data, len);
	if (s->port == SINK_PORT)
		return sink_put(s, data, len);
	while (done < len) {
		done += take_word(s, data + done, len - done);
		if (s->nr_word < 8 || s->port == LINES_PORT)
			continue;
		s->nr_word = 0;
		s->left += s->round;
	}
	return len;
}

bool service_has(const struct service *s)
{
	return s->port == SOURCE_PORT ? s->left : s->len;
}

const uint8_t *service_borrow(struct service *s, uint32_t *len)
{
	if (*len > s->left)
		*len = (uint32_t)s->left;
	s->left -= *len;
	return stuff;
}

uint32_t service_get(struct service *s, uint8_t *to, uint32_t len)
{
	uint32_t first;

	if (s->port == SOURCE_PORT) {
		if (len > s->left)
			len = (uint32_t)s->left;
		if (len > sizeof(stuff))
			len = sizeof(stuff);
		memcpy(to, stuff, len);
		s->left -= len;
		return len;
	}
	if (len > s->len)
		len = s->len;
	first = len < ENDPOINT_BUF - s->at ? len : ENDPOINT_BUF - s->at;
	memcpy(to, s->buf + s->at, first);
	memcpy(to + first, s->buf, len - first);
	s->at = (s->at + len) % ENDPOINT_BUF;
	s->len -= len;
	return len;
}

bool service_lines(struct service *s, const struct ofl_mem *mem)
{
	uint64_t off = s->round, n, polls;
	uint64_t *ask, *answer;

	if (s->port != LINES_PORT || s->nr_word < 8)
		return false;
	s->nr_word = 0;
	if (off % LINE_BYTES || off > mem->size || mem->size - off < 2 * LINE_BYTES)
		return false;
	ask = (uint64_t *)(void *)(mem->base + off);
	answer = (uint64_t *)(void *)(mem->base + off + LINE_BYTES);
	for (n = 1; n <= LINES_ROUNDS; n++) {
		for (polls = 0; __atomic_load_n(ask, __ATOMIC_ACQUIRE) != n; polls++)
			if (polls > 1000000000)
				return false;
		__atomic_store_n(answer, n, __ATOMIC_RELEASE);
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct ofl_options opt = {
		.abi = OFL_ABI_VERSION,
		.window_size = 32u * 1024 * 1024,
		.spin_us = 2000,
		.cpu = -1,
	};
	static struct ofl_pmm pmm = { .opt = &opt, .host = &ofl_host_native };
	int err;

	if (argc < 2) {
		fprintf(stderr, "usage: endpoint SOCKET [MTU]\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(stuff); i++)
		stuff[i] = (uint8_t)(i ^ i >> 8);
	opt.socket = argv[1];
	err = ofl_loop_open(&pmm.loop);
	pmm.devs[pmm.nr_devs++] = ofl_rng_dev();
	pmm.devs[pmm.nr_devs++] = endpoint_vsock();
	if (argc > 2)
		pmm.devs[pmm.nr_devs++] = endpoint_net((uint32_t)atoi(argv[2]));
	if (!err)
		err = pmm.host->open(&pmm);
	if (!err)
		err = pmm.host->start(&pmm);
	if (!err)
		ofl_loop_run(&pmm);
	pmm.host->close(&pmm);
	return err ? 1 : 0;
}
