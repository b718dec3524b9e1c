/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that lie, are cut off, or are anything. */
#include "pmm_share.h"

static void counts_lie(void **state)
{
	assert_int_equal(walk1(state, 0, 1, "input.txt"), 0);
	assert_int_equal(P9(LOPEN, "44", 1, OFL_P9_RDWR), 0);
	assert_int_equal(P9(WRITE, "484b", 1, (uint64_t)0, 6, 5, "hello"), EINVAL);
	assert_int_equal(P9(WRITE, "484b", 1, (uint64_t)0, UINT32_MAX, 5, "hello"),
			 EINVAL);
	assert_int_equal(P9(WRITE, "484b", 1, UINT64_MAX, 5, 5, "hello"), EINVAL);
	assert_int_equal(P9(READ, "484", 1, UINT64_MAX, 5), EINVAL);
	assert_int_equal(P9(READ, "484", 1, (uint64_t)INT64_MAX - 5, 5), 0);
	assert_int_equal(P9(WALK, "442", 0, 2, 17), EINVAL);
	assert_int_equal(P9(WALK, "442", 0, 2, 65535), EINVAL);
	assert_int_equal(P9(WALK, "442s", 0, 2, 2, "dir"), 0); /* one is there */
	assert_int_equal(P9(CLUNK, "4", 2), EBADF);
	assert_int_equal(P9(WALK, "4422b", 0, 2, 1, 65535, 3, "dir"), EINVAL);
}

/* One valid message of each type, to cut and to mutate. */
static void valid_message(unsigned int i)
{
	switch (i % 28) {
	case 0: build(OFL_P9_TVERSION, "4s", 8192, "9P2000.L"); break;
	case 1: build(OFL_P9_TATTACH, "44ss4", 3, NOFID, "u", "a", 0); break;
	case 2: build(OFL_P9_TWALK, "442ss", 0, 4, 2, "dir", "deep"); break;
	case 3: build(OFL_P9_TLOPEN, "44", 1, OFL_P9_RDWR); break;
	case 4: build(OFL_P9_TLCREATE, "4s444", 2, "new", 2, 0644, 0); break;
	case 5: build(OFL_P9_TREAD, "484", 1, (uint64_t)0, 100); break;
	case 6: build(OFL_P9_TWRITE, "484b", 1, (uint64_t)0, 4, 4, "data"); break;
	case 7: build(OFL_P9_TCLUNK, "4", 3); break;
	case 8: build(OFL_P9_TGETATTR, "48", 1, (uint64_t)0x7ff); break;
	case 9:
		build(OFL_P9_TSETATTR, "4444488888", 1, OFL_P9_SET_MODE, 0644, 0,
		      0, (uint64_t)10, (uint64_t)1, (uint64_t)2, (uint64_t)3,
		      (uint64_t)4);
		break;
	case 10: build(OFL_P9_TREADDIR, "484", 5, (uint64_t)0, 500); break;
	case 11: build(OFL_P9_TMKDIR, "4s44", 0, "sub", 0755, 0); break;
	case 12: build(OFL_P9_TUNLINKAT, "4s4", 0, "sub", 0x200); break;
	case 13: build(OFL_P9_TRENAMEAT, "4s4s", 0, "new", 0, "newer"); break;
	case 14: build(OFL_P9_TRENAME, "44s", 4, 0, "deeper"); break;
	case 15: build(OFL_P9_TFSYNC, "44", 1, 0); break;
	case 16: build(OFL_P9_TSTATFS, "4", 0); break;
	case 17: build(OFL_P9_TFLUSH, "2", 1); break;
	case 18: build(OFL_P9_TSYMLINK, "4ss4", 0, "l", "/etc/passwd", 0); break;
	case 19: build(OFL_P9_TREADLINK, "4", 6); break;
	case 20: build(OFL_P9_TREMOVE, "4", 4); break;
	case 21: build(OFL_P9_TMKNOD, "4s4444", 0, "pipe", S_IFIFO | 0644, 0, 0, 0); break;
	case 22: build(OFL_P9_TLINK, "44s", 0, 1, "hard"); break;
	case 23: build(OFL_P9_TXATTRWALK, "44s", 1, 7, "user.x"); break;
	case 24: build(OFL_P9_TXATTRCREATE, "4s84", 2, "user.x", (uint64_t)4, 0); break;
	case 25:
		build(OFL_P9_TLOCK, "41488" "4s", 1, OFL_P9_LOCK_WR, 0,
		      (uint64_t)0, (uint64_t)10, 1, "me");
		break;
	case 26:
		build(OFL_P9_TGETLOCK, "4188" "4s", 1, OFL_P9_LOCK_RD,
		      (uint64_t)0, (uint64_t)10, 1, "me");
		break;
	case 27: build(OFL_P9_TWRITE, "484b", 2, (uint64_t)0, 4, 4, "attr"); break;
	}
}

/* Messages live in exact allocations here, so that ASan sees a byte too far. */
static uint32_t send_exact(struct ofl_p9 *p9, uint32_t len, uint32_t max)
{
	uint8_t *in = malloc(len ? len : 1), *out = malloc(max);
	uint32_t n;

	memcpy(in, req, len);
	n = ofl_p9_message(p9, in, len, out, max);
	assert_true(n <= max);
	assert_true(n == 0 || n >= 7);
	if (n)
		assert_int_equal(le32(out), n);
	else
		assert_true(len < 7);
	free(in);
	free(out);
	return n;
}

static void truncated_messages(void **state)
{
	struct ofl_p9 *p9 = ((struct fixture *)*state)->p9;
	unsigned int i, err;
	uint32_t len, whole;

	for (i = 0; i < 28; i++) {
		valid_message(i);
		whole = req_len;
		for (len = 0; len < whole; len++) {
			/* Cut off, saying so or not. */
			send_exact(p9, len, 300);
			if (len < 7 || i == 15)
				continue;
			valid_message(i);
			req[0] = (uint8_t)len;
			req_len = len;
			err = (unsigned int)send_req(p9);
			assert_true(err != 0 || i == 2 || i == 15);
			if (!i)
				hello_9p(p9);
			valid_message(i);
		}
	}
}

static void mutated_messages(void **state)
{
	struct ofl_p9 *p9 = ((struct fixture *)*state)->p9;
	char path[160], text[16] = "";
	unsigned int i, j, seed = 1;
	uint32_t len;
	FILE *file;

	for (i = 0; i < 30000; i++) {
		if (i % 64 == 0) {
			hello_9p(p9);
			walk1(state, 0, 1, "input.txt");
			P9(LOPEN, "44", 1, OFL_P9_RDWR);
			P9(WALK, "442", 0, 2, 0);
			P9(WALK, "442", 0, 5, 0);
			P9(LOPEN, "44", 5, 0);
			walk1(state, 0, 6, "passwd");
		}
		valid_message((unsigned int)rand_r(&seed));
		len = req_len;
		for (j = (unsigned int)rand_r(&seed) % 4; j; j--)
			req[(unsigned int)rand_r(&seed) % len] =
				(uint8_t)rand_r(&seed);
		if (rand_r(&seed) % 2) { /* a size that is right gets further */
			req[0] = (uint8_t)len;
			req[1] = req[2] = req[3] = 0;
		}
		if (rand_r(&seed) % 8 == 0)
			len = (unsigned int)rand_r(&seed) % len;
		send_exact(p9, len, 11 + (unsigned int)rand_r(&seed) % 600);
	}
	/* What is beside the share is as it was. */
	snprintf(path, sizeof(path), "%s/secret", base_dir);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof(text), file), 6);
	assert_string_equal(text, "secret");
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(counts_lie),
		T(truncated_messages),
		T(mutated_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
