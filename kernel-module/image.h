/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef OFFLOAD_IMAGE_H
#define OFFLOAD_IMAGE_H

#include "portable.h"

#define OFL_IMAGE_SEGMENTS 16
/* A file larger than this is not even read. */
#define OFL_IMAGE_FILE_MAX (64u << 20)

enum ofl_segment_flags {
	OFL_SEG_R = 1,
	OFL_SEG_W = 2,
	OFL_SEG_X = 4,
};

struct ofl_image_segment {
	uint64_t va;
	uint64_t file_off; /* into the blob */
	uint64_t file_size;
	uint64_t mem_size; /* >= file_size; the rest is zero */
	uint32_t flags;	   /* enum ofl_segment_flags */
};

/* What a blob turned out to be.  Valid as long as the blob is unchanged. */
struct ofl_image {
	const char *format; /* "flat" or "ELF" */
	uint64_t entry;	    /* virtual, inside an executable segment */
	uint64_t size;	    /* from OFL_IMAGE_OFF to the end of bss, whole pages */
	uint64_t heap_min;
	uint32_t flags; /* OFL_IMAGE_* */
	unsigned int nr_segments;
	struct ofl_image_segment segments[OFL_IMAGE_SEGMENTS];
};

/* What the loader can run. */
struct ofl_image_host {
	uint32_t machine; /* OFL_MACHINE_* */
	uint64_t private_size;
};

/**
 * ofl_image_read() - find out what a blob is and check all of it
 * @blob: the file, any content
 * @size: its length
 * @host: what the loader can run
 * @image: filled in on success
 * @msg: OFL_MSG_MAX bytes; on failure a sentence without a newline that says
 *	what is wrong, with the numbers
 *
 * Return: 0; -ENOEXEC neither format, or not an executable of ours; -ENODATA
 * truncated; -EBADMSG checksum; -EXDEV another machine; -EPROTONOSUPPORT
 * another ABI; -EFBIG does not fit into the private part; -EACCES a segment is
 * writable and executable; -EINVAL any other contradiction.
 */
int ofl_image_read(const void *blob, size_t size,
		   const struct ofl_image_host *host, struct ofl_image *image,
		   char *msg);

/**
 * ofl_image_copy() - put the segments of a checked image in place
 * @image: from ofl_image_read()
 * @blob: the same, unchanged blob
 * @private_part: where the loader sees OFL_REGION_VA, host->private_size
 *	bytes; already zero behind OFL_IMAGE_OFF
 */
void ofl_image_copy(const struct ofl_image *image, const void *blob,
		    void *private_part);

/* "x86_64", "aarch64", or "another machine". */
const char *ofl_image_machine_name(uint32_t machine);

/* CRC-32 as zlib's: start with crc = 0, feed the result back in. */
uint32_t ofl_image_crc32(uint32_t crc, const void *data, size_t len);

#endif
