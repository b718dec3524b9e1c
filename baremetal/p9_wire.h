/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of 9P2000.L, byte by byte: little endian numbers, strings with a
 * 16-bit length in front.  A writer or reader that would pass the end of its
 * buffer sets `bad` and does nothing from then on, so that a whole message
 * is composed or taken apart first and checked once.
 */
#ifndef OFFLOAD_P9_WIRE_H
#define OFFLOAD_P9_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A reply has the number of its request + 1. */
enum p9_type {
	P9_RLERROR = 7,
	P9_TSTATFS = 8,
	P9_TLOPEN = 12,
	P9_TLCREATE = 14,
	P9_TSYMLINK = 16,
	P9_TRENAME = 20,
	P9_TREADLINK = 22,
	P9_TGETATTR = 24,
	P9_TSETATTR = 26,
	P9_TREADDIR = 40,
	P9_TFSYNC = 50,
	P9_TLINK = 70,
	P9_TMKDIR = 72,
	P9_TRENAMEAT = 74,
	P9_TUNLINKAT = 76,
	P9_TVERSION = 100,
	P9_TATTACH = 104,
	P9_TFLUSH = 108,
	P9_TWALK = 110,
	P9_TREAD = 116,
	P9_TWRITE = 118,
	P9_TCLUNK = 120,
	P9_TREMOVE = 122,
};

#define P9_HEADER 7u  /* size[4] type[1] tag[2] */
#define P9_QID 13u    /* type[1] version[4] path[8] */
#define P9_NOTAG 0xffffu
#define P9_NOFID 0xffffffffu
#define P9_NONUNAME 0xffffffffu
#define P9_WALK_MAX 16u /* names in one Twalk */

struct p9_out {
	uint8_t *buf;
	size_t size;
	size_t len;
	bool bad;
	bool stale; /* it names a fid of a session that is over */
};

static inline void p9_put(struct p9_out *out, uint64_t value, size_t bytes)
{
	if (out->bad || bytes > out->size - out->len) {
		out->bad = true;
		return;
	}
	for (size_t i = 0; i < bytes; i++)
		out->buf[out->len++] = (uint8_t)(value >> (8 * i));
}

static inline void p9_put_bytes(struct p9_out *out, const void *from, size_t len)
{
	if (out->bad || len > out->size - out->len) {
		out->bad = true;
		return;
	}
	memcpy(out->buf + out->len, from, len);
	out->len += len;
}

static inline void p9_put_name(struct p9_out *out, const char *name, size_t len)
{
	if (len > 0xffff)
		out->bad = true;
	p9_put(out, len, 2);
	p9_put_bytes(out, name, len);
}

static inline void p9_put_string(struct p9_out *out, const char *s)
{
	p9_put_name(out, s, strlen(s));
}

/* Always over a private copy of what the other side sent. */
struct p9_in {
	const uint8_t *buf;
	size_t size;
	size_t at;
	bool bad;
};

static inline uint64_t p9_get(struct p9_in *in, size_t bytes)
{
	uint64_t value = 0;

	if (in->bad || bytes > in->size - in->at) {
		in->bad = true;
		return 0;
	}
	for (size_t i = 0; i < bytes; i++)
		value |= (uint64_t)in->buf[in->at++] << (8 * i);
	return value;
}

/* A string inside the buffer, not terminated; NULL if it runs over the end. */
static inline const char *p9_get_string(struct p9_in *in, size_t *len)
{
	const char *s;

	*len = (size_t)p9_get(in, 2);
	if (in->bad || *len > in->size - in->at) {
		in->bad = true;
		*len = 0;
		return NULL;
	}
	s = (const char *)in->buf + in->at;
	in->at += *len;
	return s;
}

#endif
