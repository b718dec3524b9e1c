// SPDX-License-Identifier: BSD-2-Clause
/*
 * The image reader: every refusal with its errno and its numbers, a good file
 * of each format, and a few ten thousand damaged ones under the sanitizers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "kernel-module/image.c"

#define PRIVATE (2u << 20)
#define ROOM (PRIVATE - OFL_IMAGE_OFF)

static const struct ofl_image_host host = {
	.machine = OFL_MACHINE_X86_64,
	.private_size = PRIVATE,
};

static char msg[OFL_MSG_MAX];
static struct ofl_image image;

/* ---------------------------------------------------------------- flat */

#define TEXT 0x2000u
#define RODATA 0x1000u
#define DATA 0x1000u
#define BSS 0x3000u

struct flat {
	struct ofl_image_header h;
	uint8_t body[TEXT + RODATA + DATA];
};

static void flat_sum(struct flat *f)
{
	f->h.checksum = 0;
	f->h.checksum = ofl_image_crc32(0, f, sizeof(*f));
}

static struct flat *flat_new(void)
{
	struct flat *f = calloc(1, sizeof(*f));

	memcpy(f->h.magic, OFL_IMAGE_MAGIC, OFL_IMAGE_MAGIC_LEN);
	f->h.header_size = sizeof(f->h);
	f->h.abi = OFL_ABI_VERSION;
	f->h.machine = OFL_MACHINE_X86_64;
	f->h.flags = OFL_IMAGE_NO_PMM;
	f->h.entry = OFL_IMAGE_VA + 0x10;
	f->h.text_size = TEXT;
	f->h.rodata_size = RODATA;
	f->h.data_size = DATA;
	f->h.bss_size = BSS;
	f->h.heap_min = 0x10000;
	memset(f->body, 0x90, TEXT);
	memset(f->body + TEXT, 0x22, RODATA);
	memset(f->body + TEXT + RODATA, 0x33, DATA);
	flat_sum(f);
	return f;
}

static void expect(const void *blob, size_t size, int err, const char *part)
{
	memset(msg, 0, sizeof(msg));
	assert_int_equal(ofl_image_read(blob, size, &host, &image, msg), err);
	if (part && !strstr(msg, part))
		fail_msg("wanted \"%s\" in \"%s\"", part, msg);
}

/* A good file with one change, its checksum right unless that is the change */
#define FLAT_BAD(change, err, part)                                            \
	do {                                                                   \
		struct flat *f = flat_new();                                   \
		change;                                                        \
		flat_sum(f);                                                   \
		expect(f, sizeof(*f), err, part);                              \
		free(f);                                                       \
	} while (0)

static void flat_good(void **state)
{
	struct flat *f = flat_new();
	uint8_t *memory = calloc(1, PRIVATE);

	(void)state;
	expect(f, sizeof(*f), 0, NULL);
	assert_string_equal(image.format, "flat");
	assert_int_equal(image.entry, OFL_IMAGE_VA + 0x10);
	assert_int_equal(image.flags, OFL_IMAGE_NO_PMM);
	assert_int_equal(image.heap_min, 0x10000);
	assert_int_equal(image.size, TEXT + RODATA + DATA + BSS);
	assert_int_equal(image.nr_segments, 3);
	assert_int_equal(image.segments[0].flags, OFL_SEG_R | OFL_SEG_X);
	assert_int_equal(image.segments[1].flags, OFL_SEG_R);
	assert_int_equal(image.segments[2].flags, OFL_SEG_R | OFL_SEG_W);
	ofl_image_copy(&image, f, memory);
	assert_int_equal(memory[OFL_IMAGE_OFF - 1], 0);
	assert_int_equal(memory[OFL_IMAGE_OFF], 0x90);
	assert_int_equal(memory[OFL_IMAGE_OFF + TEXT], 0x22);
	assert_int_equal(memory[OFL_IMAGE_OFF + TEXT + RODATA + DATA - 1], 0x33);
	assert_int_equal(memory[OFL_IMAGE_OFF + TEXT + RODATA + DATA], 0);
	free(memory);
	free(f);
}

static void flat_refused(void **state)
{
	(void)state;
	FLAT_BAD(f->h.machine = OFL_MACHINE_AARCH64, -EXDEV, "aarch64");
	FLAT_BAD(f->h.machine = 8, -EXDEV, "8");
	FLAT_BAD(f->h.abi = 77, -EPROTONOSUPPORT, "77");
	FLAT_BAD(f->h.header_size = 64, -EINVAL, "64 bytes");
	FLAT_BAD(f->h.flags = 0x80, -EINVAL, "0x80");
	FLAT_BAD(f->h.reserved0 = 1, -EINVAL, "reserved");
	FLAT_BAD(f->h.reserved1[47] = 1, -EINVAL, "reserved");
	FLAT_BAD(f->h.text_size = 0x2001, -EINVAL, "text_size 8193");
	FLAT_BAD(f->h.bss_size = 5, -EINVAL, "bss_size 5");
	FLAT_BAD(f->h.text_size += OFL_PAGE, -ENODATA, "truncated");
	FLAT_BAD(f->h.text_size -= OFL_PAGE, -EINVAL, "4096 bytes behind");
	FLAT_BAD(f->h.bss_size = ROOM, -EFBIG, "too large");
	FLAT_BAD(f->h.bss_size = -(uint64_t)OFL_PAGE, -EFBIG, "too large");
	FLAT_BAD(f->h.rodata_size = -(uint64_t)OFL_PAGE, -EFBIG, "rodata");
	FLAT_BAD(f->h.heap_min = ROOM, -EFBIG, "heap");
	FLAT_BAD(f->h.heap_min = UINT64_MAX, -EFBIG, "heap");
	FLAT_BAD(f->h.entry = OFL_IMAGE_VA - 1, -EINVAL, "entry");
	FLAT_BAD(f->h.entry = OFL_IMAGE_VA + TEXT, -EINVAL, "entry 0x7000000");
	FLAT_BAD(f->h.entry = 0, -EINVAL, "entry 0 ");
}

static void flat_damaged(void **state)
{
	struct flat *f = flat_new();

	(void)state;
	f->body[100] ^= 1;
	expect(f, sizeof(*f), -EBADMSG, "checksum");
	free(f);

	/* room without a page for an image */
	f = flat_new();
	assert_int_equal(ofl_image_read(f, sizeof(*f),
					&(struct ofl_image_host){
						.machine = OFL_MACHINE_X86_64,
						.private_size = OFL_IMAGE_OFF,
					},
					&image, msg),
			 -EFBIG);
	free(f);
}

/* Every length short of the whole, in a block of exactly that length */
static void flat_truncated(void **state)
{
	struct flat *f = flat_new();
	size_t size;

	(void)state;
	for (size = 0; size < sizeof(*f); size += size < 200 ? 1 : 97) {
		uint8_t *cut = malloc(size ? size : 1);

		memcpy(cut, f, size);
		expect(cut, size,
		       size && size < OFL_IMAGE_MAGIC_LEN ? -ENOEXEC : -ENODATA,
		       NULL);
		free(cut);
	}
	free(f);
}

static void neither(void **state)
{
	static const char text[] = "#!/bin/sh\necho this is not an image at all\n";

	(void)state;
	expect(text, sizeof(text), -ENOEXEC, "neither");
	expect("x", 1, -ENOEXEC, "neither");
	expect("", 0, -ENODATA, "empty");
}

static void checksum_is_zlibs(void **state)
{
	(void)state;
	assert_int_equal(ofl_image_crc32(0, "123456789", 9), 0xcbf43926);
}

/* ----------------------------------------------------------------- ELF */

#define NR_PH 4

struct elf {
	struct elf_header h;
	struct elf_segment ph[NR_PH]; /* text, rodata, data, note */
	uint32_t pad; /* so that desc, 20 bytes on, is aligned */
	struct elf_note note;
	char name[8];
	struct ofl_image_note desc;
	uint8_t text[0x1000], rodata[0x800], data[0x400];
};

static struct elf *elf_new(void)
{
	static const uint8_t ident[16] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	struct elf *e = calloc(1, sizeof(*e));

	memcpy(e->h.ident, ident, sizeof(ident));
	e->h.type = 2;
	e->h.machine = OFL_MACHINE_X86_64;
	e->h.version = 1;
	e->h.entry = OFL_IMAGE_VA + 0x20;
	e->h.phoff = offsetof(struct elf, ph);
	e->h.phentsize = sizeof(e->ph[0]);
	e->h.phnum = NR_PH;
	e->ph[0] = (struct elf_segment){ 1, 5, offsetof(struct elf, text),
					 OFL_IMAGE_VA, 0, sizeof(e->text),
					 sizeof(e->text), OFL_PAGE };
	e->ph[1] = (struct elf_segment){ 1, 4, offsetof(struct elf, rodata),
					 OFL_IMAGE_VA + 0x1000, 0,
					 sizeof(e->rodata), sizeof(e->rodata),
					 OFL_PAGE };
	e->ph[2] = (struct elf_segment){ 1, 6, offsetof(struct elf, data),
					 OFL_IMAGE_VA + 0x2000, 0,
					 sizeof(e->data), 0x5001, OFL_PAGE };
	e->ph[3] = (struct elf_segment){ 4, 4, offsetof(struct elf, note), 0, 0,
					 sizeof(e->note) + 8 + sizeof(e->desc),
					 0, 4 };
	e->note.namesz = sizeof(OFL_NOTE_NAME);
	e->note.descsz = sizeof(e->desc);
	e->note.type = OFL_NOTE_TYPE;
	memcpy(e->name, OFL_NOTE_NAME, sizeof(OFL_NOTE_NAME));
	e->desc.abi = OFL_ABI_VERSION;
	e->desc.heap_min = 0x1000;
	memset(e->text, 0x90, sizeof(e->text));
	memset(e->data, 0x33, sizeof(e->data));
	return e;
}

#define ELF_BAD(change, err, part)                                             \
	do {                                                                   \
		struct elf *e = elf_new();                                     \
		change;                                                        \
		expect(e, sizeof(*e), err, part);                              \
		free(e);                                                       \
	} while (0)

static void elf_good(void **state)
{
	struct elf *e = elf_new();
	uint8_t *memory = calloc(1, PRIVATE);

	(void)state;
	expect(e, sizeof(*e), 0, NULL);
	assert_string_equal(image.format, "ELF");
	assert_int_equal(image.nr_segments, 3);
	assert_int_equal(image.size, 0x8000);
	assert_int_equal(image.heap_min, 0x1000);
	ofl_image_copy(&image, e, memory);
	assert_int_equal(memory[OFL_IMAGE_OFF], 0x90);
	assert_int_equal(memory[OFL_IMAGE_OFF + 0x23ff], 0x33);
	assert_int_equal(memory[OFL_IMAGE_OFF + 0x2400], 0);
	free(memory);
	free(e);
}

static void elf_refused(void **state)
{
	(void)state;
	ELF_BAD(e->h.ident[4] = 1, -ENOEXEC, "64-bit");
	ELF_BAD(e->h.ident[5] = 2, -ENOEXEC, "little-endian");
	ELF_BAD(e->h.machine = OFL_MACHINE_AARCH64, -EXDEV, "aarch64");
	ELF_BAD(e->h.type = 3, -ENOEXEC, "type 3");
	ELF_BAD(e->h.phentsize = 32, -EINVAL, "32 bytes");
	ELF_BAD(e->h.phnum = 0, -EINVAL, "program headers");
	ELF_BAD(e->h.phnum = 65535, -EINVAL, "65535");
	ELF_BAD(e->h.phoff = sizeof(*e) - 8, -ENODATA, "truncated");
	ELF_BAD(e->h.phoff = UINT64_MAX, -ENODATA, "truncated");
	ELF_BAD(e->ph[0].offset = sizeof(*e), -ENODATA, "truncated");
	ELF_BAD(e->ph[0].offset = UINT64_MAX - 8, -ENODATA, "truncated");
	ELF_BAD(e->ph[0].filesz = UINT64_MAX, -ENODATA, "truncated");
	ELF_BAD(e->ph[2].memsz = 1, -EINVAL, "only 1 in memory");
	ELF_BAD(e->ph[2].memsz = ROOM, -EFBIG, "too large");
	ELF_BAD(e->ph[2].memsz = UINT64_MAX, -EFBIG, "too large");
	ELF_BAD(e->ph[2].vaddr = UINT64_MAX - 4, -EFBIG, "too large");
	ELF_BAD(e->ph[2].vaddr = OFL_REGION_VA, -EINVAL, "below");
	ELF_BAD(e->ph[2].vaddr = 0, -EINVAL, "below");
	ELF_BAD(e->ph[2].vaddr = OFL_IMAGE_VA + 0x1400, -EINVAL, "overlap");
	ELF_BAD(e->ph[1].vaddr = OFL_IMAGE_VA, -EINVAL, "overlap");
	ELF_BAD(e->ph[0].flags = 7, -EACCES, "writable and executable");
	ELF_BAD(e->ph[2].flags = 7, -EACCES, "segment 2");
	ELF_BAD(e->h.entry = OFL_IMAGE_VA + 0x1000, -EINVAL, "entry");
	ELF_BAD(e->h.entry = 0, -EINVAL, "entry 0 ");
	ELF_BAD(e->ph[0].flags = 4, -EINVAL, "entry");
	ELF_BAD(e->ph[1].type = 3, -ENOEXEC, "statically");
	ELF_BAD(e->ph[1].type = 2, -ENOEXEC, "statically");
	ELF_BAD(e->ph[3].type = 0, -ENOEXEC, "note");
	ELF_BAD(e->name[0] = 'x', -ENOEXEC, "note");
	ELF_BAD(e->note.type = 9, -ENOEXEC, "note");
	ELF_BAD(e->note.namesz = 0xfffffffe, -ENOEXEC, "note");
	ELF_BAD(e->note.descsz = 0xffffffff, -ENOEXEC, "note");
	ELF_BAD(e->note.descsz = 8, -EPROTONOSUPPORT, "note of 8 bytes");
	ELF_BAD(e->desc.abi = 3, -EPROTONOSUPPORT, "version 3");
	ELF_BAD(e->desc.flags = 0x10, -EINVAL, "0x10");
	ELF_BAD(e->desc.heap_min = UINT64_MAX, -EFBIG, "heap");
}

/* --------------------------------------------------------- damaged files */

static uint32_t seed = 1;

static uint32_t next_random(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8;
}

/*
 * Flip bits, store odd values, cut.  Whatever comes of it: no report of the
 * sanitizers, and what is accepted can be copied.
 */
static void damage(const void *good, size_t size, bool sum, uint8_t *memory)
{
	unsigned int round;

	for (round = 0; round < 15000; round++) {
		size_t cut = round % 4 ? size : next_random() % (size + 1), i;
		unsigned int n = 1 + next_random() % 4;
		uint8_t *bad = malloc(cut ? cut : 1);

		memcpy(bad, good, cut);
		while (n-- && cut) {
			static const uint64_t odd[] = {
				0, 1, 0xff, 0x7fffffff, 0xffffffff,
				INT64_MAX, UINT64_MAX, OFL_IMAGE_VA, ROOM,
				PRIVATE, UINT64_MAX - 4095,
			};
			uint64_t value = odd[next_random() % 11];

			/* headers are where it hurts */
			i = next_random() % (cut < 512 ? cut : 512);
			if (next_random() & 1)
				bad[i] ^= 1 << next_random() % 8;
			else if (i + 8 <= cut)
				memcpy(bad + (i & ~7ul), &value, 8);
		}
		if (sum && cut >= sizeof(struct ofl_image_header)) {
			const size_t at =
				offsetof(struct ofl_image_header, checksum);
			uint32_t crc;

			memset(bad + at, 0, 4);
			crc = ofl_image_crc32(0, bad, cut);
			memcpy(bad + at, &crc, 4);
		}
		msg[0] = 0;
		if (!ofl_image_read(bad, cut, &host, &image, msg))
			ofl_image_copy(&image, bad, memory);
		else if (!msg[0])
			fail_msg("round %u: refused without a word", round);
		free(bad);
	}
}

static void damaged(void **state)
{
	uint8_t *memory = malloc(PRIVATE);
	struct flat *f = flat_new();
	struct elf *e = elf_new();

	(void)state;
	damage(f, sizeof(*f), true, memory);
	damage(e, sizeof(*e), false, memory);
	free(e);
	free(f);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flat_good),
		cmocka_unit_test(flat_refused),
		cmocka_unit_test(flat_damaged),
		cmocka_unit_test(flat_truncated),
		cmocka_unit_test(neither),
		cmocka_unit_test(checksum_is_zlibs),
		cmocka_unit_test(elf_good),
		cmocka_unit_test(elf_refused),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
