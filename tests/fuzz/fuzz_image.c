// SPDX-License-Identifier: BSD-2-Clause
/*
 * The image reader.  Input: one byte of choices, four bytes of length, then the
 * file's beginning; the file is that, and zeros up to the length (a good
 * image of many pages is a short input then).  With bit 1, a flat header gets
 * its checksum right; nobody guesses it.
 *
 * What is accepted must hold what image.h promises.
 */
#include "fuzz.h"

#include "kernel-module/image.c"

#define PRIVATE (2u << 20)
#define FILE_MAX (256u << 10)

static bool inside(uint64_t start, uint64_t len, uint64_t from, uint64_t to)
{
	return start >= from && start <= to && len <= to - start;
}

static void accepted(const struct ofl_image *image, const uint8_t *blob, size_t size)
{
	const uint64_t end = OFL_REGION_VA + PRIVATE;
	bool entry = false;
	uint8_t *area;

	MUST(image->nr_segments >= 1 && image->nr_segments <= OFL_IMAGE_SEGMENTS);
	MUST(image->size <= PRIVATE - OFL_IMAGE_OFF && image->size % OFL_PAGE == 0);
	MUST(image->heap_min <= PRIVATE - OFL_IMAGE_OFF - image->size);
	MUST(!(image->flags & ~OFL_IMAGE_FLAGS_KNOWN));
	for (unsigned int i = 0; i < image->nr_segments; i++) {
		const struct ofl_image_segment *s = &image->segments[i];

		MUST(inside(s->va, s->mem_size, OFL_IMAGE_VA, OFL_IMAGE_VA + image->size));
		MUST(inside(s->va, s->mem_size, OFL_IMAGE_VA, end));
		MUST(inside(s->file_off, s->file_size, 0, size));
		MUST(s->file_size <= s->mem_size);
		MUST((s->flags & (OFL_SEG_W | OFL_SEG_X)) != (OFL_SEG_W | OFL_SEG_X));
		entry |= (s->flags & OFL_SEG_X) && inside(image->entry, 1, s->va, s->va + s->mem_size);
		for (unsigned int j = 0; j < i; j++) {
			const struct ofl_image_segment *t = &image->segments[j];

			MUST(!s->mem_size || !t->mem_size || s->va >= t->va + t->mem_size ||
			     t->va >= s->va + s->mem_size);
		}
	}
	MUST(entry);
	if (getenv("FUZZ_SHOW"))
		fprintf(stderr, "accepted: %s\n", image->format);
	area = calloc(1, OFL_IMAGE_OFF + image->size);
	ofl_image_copy(image, blob, area);
	free(area);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ofl_image_host host = { .private_size = PRIVATE };
	struct fuzz_in in = { data, size };
	uint8_t choice = (uint8_t)fuzz_number(&in, 1);
	size_t length = fuzz_number(&in, 4) % FILE_MAX;
	struct ofl_image image;
	char msg[OFL_MSG_MAX];
	uint8_t *blob;
	int err;

	host.machine = choice & 1 ? OFL_MACHINE_AARCH64 : OFL_MACHINE_X86_64;
	if (length < in.left)
		length = in.left;
	blob = malloc(length); /* exactly as long: the sanitizer sees one more */
	memset(blob, 0, length);
	if (in.left)
		memcpy(blob, in.data, in.left);
	if ((choice & 2) && length >= sizeof(struct ofl_image_header)) {
		struct ofl_image_header h;

		memcpy(&h, blob, sizeof(h));
		h.checksum = 0;
		memcpy(blob, &h, sizeof(h));
		h.checksum = ofl_image_crc32(0, blob, length);
		memcpy(blob, &h, sizeof(h));
	}
	msg[0] = '\0';
	err = ofl_image_read(blob, length, &host, &image, msg);
	if (err) {
		MUST(err < 0);
		MUST(msg[0] && memchr(msg, '\0', sizeof(msg)) && !strchr(msg, '\n'));
	} else {
		accepted(&image, blob, length);
	}
	free(blob);
	return 0;
}
