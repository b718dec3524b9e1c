// SPDX-License-Identifier: GPL-2.0-only
/* offload: no-pmm printf=long-long */
/* machines: hlt gicv3 */
/* The image reader that the loaders use, on a core of its own. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core.h"
#include "kernel-module/image.h"
#include "ktap.h"

#if defined(__x86_64__)
#define MACHINE OFL_MACHINE_X86_64
#define OTHER OFL_MACHINE_AARCH64
#else
#define MACHINE OFL_MACHINE_AARCH64
#define OTHER OFL_MACHINE_X86_64
#endif

#define PRIVATE (1u << 20)
#define HEADER sizeof(struct ofl_image_header)

static uint8_t file[HEADER + 2 * OFL_PAGE + 16];
static struct ofl_image_header *const header = (struct ofl_image_header *)file;
static struct ofl_image image;
static char msg[OFL_MSG_MAX];

static void seal(void)
{
	header->checksum = 0;
	header->checksum = ofl_image_crc32(0, file, HEADER + 2 * OFL_PAGE);
}

static void make(void)
{
	memset(file, 0, sizeof(file));
	memcpy(header->magic, OFL_IMAGE_MAGIC, OFL_IMAGE_MAGIC_LEN);
	header->header_size = HEADER;
	header->abi = OFL_ABI_VERSION;
	header->machine = MACHINE;
	header->entry = OFL_IMAGE_VA + 64;
	header->text_size = OFL_PAGE;
	header->data_size = OFL_PAGE;
	header->bss_size = OFL_PAGE;
	header->heap_min = OFL_PAGE;
	memset(file + HEADER, 0x90, OFL_PAGE);
	memset(file + HEADER + OFL_PAGE, 0x77, OFL_PAGE);
	seal();
}

static int reading(const void *blob, size_t size)
{
	struct ofl_image_host host = { .machine = MACHINE, .private_size = PRIVATE };

	memset(msg, 0, sizeof(msg));
	return ofl_image_read(blob, size, &host, &image, msg);
}

static int read_file(void)
{
	return reading(file, HEADER + 2 * OFL_PAGE);
}

static void refused(const char *name, int err)
{
	is(read_file(), err, "%s: refused", name);
	ok(msg[0] && !strchr(msg, '\n'), "%s: with a sentence (%s)", name, msg);
	make();
}

int main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	ktap_begin();
	is(ofl_image_crc32(0, "123456789", 9), 0xcbf43926, "the checksum is the usual CRC-32");
	is(ofl_image_crc32(ofl_image_crc32(0, "1234", 4), "56789", 5), 0xcbf43926,
	   "and can be had in parts");
	make();
	is(read_file(), 0, "a good image is read");
	is(image.entry, OFL_IMAGE_VA + 64, "its entry");
	is(image.size, 3 * OFL_PAGE, "its size in memory");
	is(image.heap_min, OFL_PAGE, "its heap");
	is(image.flags, 0, "its flags");
	ok(image.nr_segments >= 2, "its segments");

	is(reading(file, HEADER - 1), -ENODATA, "half a header: refused");
	is(reading(file, HEADER + OFL_PAGE), -ENODATA, "a page is missing: refused");
	ok(reading("no image at all, but text", 25) < 0, "text: refused");
	ok(reading(file, 0) < 0, "nothing: refused");
	header->machine = OTHER;
	seal();
	refused("the other architecture", -EXDEV);
	header->abi++;
	seal();
	refused("another ABI", -EPROTONOSUPPORT);
	file[HEADER + 5] ^= 1;
	refused("a bit of text changed", -EBADMSG);
	header->entry = OFL_IMAGE_VA + OFL_PAGE;
	seal();
	refused("entry in data", -EINVAL);
	header->bss_size = PRIVATE;
	seal();
	refused("too large for the memory", -EFBIG);
	header->text_size = UINT64_MAX - OFL_PAGE + 1;
	seal();
	ok(read_file() < 0, "sizes that overflow: refused");
	make();
	header->data_size = 100;
	seal();
	refused("a size that is not whole pages", -EINVAL);
	is(read_file(), 0, "and the good one is still good");
	return ktap_end();
}
