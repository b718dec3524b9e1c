/* SPDX-License-Identifier: BSD-2-Clause */
/* The format of 9P messages; see p9msg.h. */
#include "p9msg.h"

#include <errno.h>
#include <string.h>

const uint8_t *ofl_p9_get_bytes(struct ofl_p9_reader *r, uint32_t len)
{
	const uint8_t *p = r->data + r->pos;

	if (r->bad || len > r->end - r->pos) {
		r->bad = true;
		return NULL;
	}
	r->pos += len;
	return p;
}

static uint64_t p9_get(struct ofl_p9_reader *r, uint32_t len)
{
	const uint8_t *p = ofl_p9_get_bytes(r, len);
	uint64_t value = 0;

	while (p && len--)
		value = value << 8 | p[len];
	return value;
}

uint8_t ofl_p9_get8(struct ofl_p9_reader *r)
{
	return (uint8_t)p9_get(r, 1);
}

uint16_t ofl_p9_get16(struct ofl_p9_reader *r)
{
	return (uint16_t)p9_get(r, 2);
}

uint32_t ofl_p9_get32(struct ofl_p9_reader *r)
{
	return (uint32_t)p9_get(r, 4);
}

uint64_t ofl_p9_get64(struct ofl_p9_reader *r)
{
	return p9_get(r, 8);
}

int ofl_p9_get_string(struct ofl_p9_reader *r, char *buf, size_t size)
{
	uint16_t len = ofl_p9_get16(r);
	const uint8_t *p = ofl_p9_get_bytes(r, len);

	buf[0] = 0;
	if (!p || memchr(p, 0, len))
		return -EINVAL;
	if (len >= size)
		return -ENAMETOOLONG;
	memcpy(buf, p, len);
	buf[len] = 0;
	return 0;
}

static uint8_t *p9_room(struct ofl_p9_writer *w, size_t len)
{
	uint8_t *p = w->data + w->pos;

	if (w->full || len > w->end - w->pos) {
		w->full = true;
		return NULL;
	}
	w->pos += (uint32_t)len;
	return p;
}

static void p9_put(struct ofl_p9_writer *w, uint64_t value, uint32_t len)
{
	uint8_t *p = p9_room(w, len);
	uint32_t i;

	for (i = 0; p && i < len; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

void ofl_p9_put8(struct ofl_p9_writer *w, uint8_t value)
{
	p9_put(w, value, 1);
}

void ofl_p9_put16(struct ofl_p9_writer *w, uint16_t value)
{
	p9_put(w, value, 2);
}

void ofl_p9_put32(struct ofl_p9_writer *w, uint32_t value)
{
	p9_put(w, value, 4);
}

void ofl_p9_put64(struct ofl_p9_writer *w, uint64_t value)
{
	p9_put(w, value, 8);
}

void ofl_p9_put_string(struct ofl_p9_writer *w, const char *text, size_t len)
{
	uint8_t *p;

	if (len > UINT16_MAX) {
		w->full = true;
		return;
	}
	ofl_p9_put16(w, (uint16_t)len);
	p = p9_room(w, len);
	if (p)
		memcpy(p, text, len);
}

void ofl_p9_put_qid(struct ofl_p9_writer *w, const struct ofl_p9_qid *qid)
{
	ofl_p9_put8(w, qid->type);
	ofl_p9_put32(w, qid->version);
	ofl_p9_put64(w, qid->path);
}

void ofl_p9_begin(struct ofl_p9_writer *w, uint8_t type, uint16_t tag)
{
	w->pos = 0;
	w->full = false;
	ofl_p9_put32(w, 0);
	ofl_p9_put8(w, type);
	ofl_p9_put16(w, tag);
}

uint32_t ofl_p9_finish(struct ofl_p9_writer *w)
{
	uint32_t size = w->pos;

	w->pos = 0;
	ofl_p9_put32(w, size);
	w->pos = size;
	return size;
}
