/* SPDX-License-Identifier: BSD-2-Clause */
/* 9P2000.L requests by hand, for tests of the PMM; and a folder to share. */
#ifndef PMM_9P_H
#define PMM_9P_H

#include "pmm_device.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "pmm/work.c"
#include "pmm/p9.c"
#include "pmm/p9_fid.c"
#include "pmm/p9_bulk.c"
#include "pmm/p9_flight.c"
#include "pmm/p9_io.c"
#include "pmm/p9_names.c"
#include "pmm/p9_xattr.c"
#include "pmm/p9dev.c"
#include "pmm/p9fs.c"
#include "pmm/p9fs_meta.c"
#include "pmm/p9fs_xattr.c"
#include "pmm/p9msg.c"

#define MEM_9P (24u * 1024)
#define NOFID UINT32_MAX

static uint8_t req[MEM_9P + 64], rep[MEM_9P + 64];
static uint32_t req_len, rep_len;

/*
 * Build a request: 1 2 4 8 an integer of this many bytes (8 as uint64_t, the others
 * as unsigned), s a string, b bytes (uint32_t length, pointer).
 */
static inline void build(uint8_t type, const char *fmt, ...)
{
	struct ofl_p9_writer w = { .data = req, .end = sizeof(req) };
	const char *text;
	uint32_t n;
	va_list ap;

	va_start(ap, fmt);
	ofl_p9_begin(&w, type, 7);
	for (; *fmt; fmt++) {
		switch (*fmt) {
		case '1':
			ofl_p9_put8(&w, (uint8_t)va_arg(ap, unsigned int));
			break;
		case '2':
			ofl_p9_put16(&w, (uint16_t)va_arg(ap, unsigned int));
			break;
		case '4':
			ofl_p9_put32(&w, va_arg(ap, unsigned int));
			break;
		case '8':
			ofl_p9_put64(&w, va_arg(ap, uint64_t));
			break;
		case 's':
			text = va_arg(ap, const char *);
			ofl_p9_put_string(&w, text, strlen(text));
			break;
		case 'b':
			n = va_arg(ap, uint32_t);
			text = va_arg(ap, const char *);
			while (n--)
				ofl_p9_put8(&w, (uint8_t)*text++);
			break;
		}
	}
	va_end(ap);
	req_len = ofl_p9_finish(&w);
	assert_false(w.full);
}

static inline uint32_t le32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* 0, or the error of an Rlerror. */
static inline int send_req(struct ofl_p9 *p9)
{
	rep_len = ofl_p9_message(p9, req, req_len, rep, MEM_9P);
	assert_true(rep_len >= 7);
	assert_int_equal(le32(rep), rep_len);
	assert_int_equal(rep[5] | rep[6] << 8, req[5] | req[6] << 8);
	if (rep[4] == OFL_P9_RLERROR) {
		assert_int_equal(rep_len, 11);
		assert_true(le32(rep + 7) > 0 && le32(rep + 7) < 200);
		return (int)le32(rep + 7);
	}
	assert_int_equal(rep[4], req[4] + 1);
	return 0;
}

#define CALL(p9, type, ...) (build(type, __VA_ARGS__), send_req(p9))

static inline void hello_9p(struct ofl_p9 *p9)
{
	assert_int_equal(CALL(p9, OFL_P9_TVERSION, "4s", MEM_9P, "9P2000.L"), 0);
	assert_int_equal(CALL(p9, OFL_P9_TATTACH, "44ss4", 0, NOFID, "me", "",
			      0),
			 0);
}

/* --- a folder with something to steal beside it --- */

static char base_dir[64], share_dir[96];

static inline void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static inline void make_share(void)
{
	char path[160];

	strcpy(base_dir, "/tmp/test-pmm-XXXXXX");
	assert_non_null(mkdtemp(base_dir));
	snprintf(path, sizeof(path), "%s/secret", base_dir);
	put_file(path, "secret");
	snprintf(share_dir, sizeof(share_dir), "%s/share", base_dir);
	mkdir(share_dir, 0755);
#define IN_SHARE(name) (snprintf(path, sizeof(path), "%s/%s", share_dir, name), path)
	put_file(IN_SHARE("input.txt"), "hello world\n");
	mkdir(IN_SHARE("dir"), 0755);
	put_file(IN_SHARE("dir/deep"), "deep");
	assert_int_equal(symlink("/etc/passwd", IN_SHARE("passwd")), 0);
	assert_int_equal(symlink("..", IN_SHARE("up")), 0);
	assert_int_equal(symlink("dir", IN_SHARE("inside")), 0);
	assert_int_equal(mkfifo(IN_SHARE("fifo"), 0644), 0);
#undef IN_SHARE
}

static inline int remove_one(const char *path, const struct stat *st, int flag,
			     struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void remove_share(void)
{
	nftw(base_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline unsigned int open_fds(void)
{
	unsigned int n = 0;
	int fd;

	for (fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

#endif
