/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The format of 9P messages: little endian integers, strings with a length of
 * two bytes.  A reader and a writer, each with an error that sticks: after a
 * field that does not fit, nothing is read or written any more.
 */
#ifndef OFL_PMM_P9MSG_H
#define OFL_PMM_P9MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "p9fs.h"

#define OFL_P9_HEADER 7u /* size[4] type[1] tag[2] */

enum ofl_p9_type {
	OFL_P9_RLERROR = 7,
	OFL_P9_TSTATFS = 8,
	OFL_P9_TLOPEN = 12,
	OFL_P9_TLCREATE = 14,
	OFL_P9_TSYMLINK = 16,
	OFL_P9_TMKNOD = 18,
	OFL_P9_TRENAME = 20,
	OFL_P9_TREADLINK = 22,
	OFL_P9_TGETATTR = 24,
	OFL_P9_TSETATTR = 26,
	OFL_P9_TXATTRWALK = 30,
	OFL_P9_TXATTRCREATE = 32,
	OFL_P9_TREADDIR = 40,
	OFL_P9_TFSYNC = 50,
	OFL_P9_TLOCK = 52,
	OFL_P9_TGETLOCK = 54,
	OFL_P9_TLINK = 70,
	OFL_P9_TMKDIR = 72,
	OFL_P9_TRENAMEAT = 74,
	OFL_P9_TUNLINKAT = 76,
	OFL_P9_TVERSION = 100,
	OFL_P9_TATTACH = 104,
	OFL_P9_TFLUSH = 108,
	OFL_P9_TWALK = 110,
	OFL_P9_TREAD = 116,
	OFL_P9_TWRITE = 118,
	OFL_P9_TCLUNK = 120,
	OFL_P9_TREMOVE = 122,
};

struct ofl_p9_reader {
	const uint8_t *data;
	uint32_t pos, end;
	bool bad;
};

struct ofl_p9_writer {
	uint8_t *data;
	uint32_t pos, end;
	bool full;
};

uint8_t ofl_p9_get8(struct ofl_p9_reader *r);
uint16_t ofl_p9_get16(struct ofl_p9_reader *r);
uint32_t ofl_p9_get32(struct ofl_p9_reader *r);
uint64_t ofl_p9_get64(struct ofl_p9_reader *r);
/* len bytes in place, or NULL. */
const uint8_t *ofl_p9_get_bytes(struct ofl_p9_reader *r, uint32_t len);
/*
 * A string, copied to buf and terminated.  0; -EINVAL not in the message or with a
 * NUL inside; -ENAMETOOLONG longer than size - 1 (it is skipped).
 */
int ofl_p9_get_string(struct ofl_p9_reader *r, char *buf, size_t size);

void ofl_p9_put8(struct ofl_p9_writer *w, uint8_t value);
void ofl_p9_put16(struct ofl_p9_writer *w, uint16_t value);
void ofl_p9_put32(struct ofl_p9_writer *w, uint32_t value);
void ofl_p9_put64(struct ofl_p9_writer *w, uint64_t value);
void ofl_p9_put_string(struct ofl_p9_writer *w, const char *text, size_t len);
void ofl_p9_put_qid(struct ofl_p9_writer *w, const struct ofl_p9_qid *qid);

/* A reply's header, and its size when the rest is there. */
void ofl_p9_begin(struct ofl_p9_writer *w, uint8_t type, uint16_t tag);
uint32_t ofl_p9_finish(struct ofl_p9_writer *w);

#endif
