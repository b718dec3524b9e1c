// SPDX-License-Identifier: GPL-2.0-only
/*
 * The image reader: flat files (struct ofl_image_header) and ELF executables,
 * told apart by their first bytes.
 *
 * The blob may hold anything.  Nothing is used before it was compared with the
 * blob's size or the region's; all sums are done in 64 bits on numbers that
 * were bounded before.  Multi-byte fields are copied out, so the blob needs no
 * alignment.  No allocation, no state: the caller keeps the blob, this file
 * only says what is where.
 */
#include "image.h"

#define SAY(...) snprintf(msg, OFL_MSG_MAX, __VA_ARGS__)

/* ------------------------------------------------------------- checksum */

uint32_t ofl_image_crc32(uint32_t crc, const void *data, size_t len)
{
	/* table[n]: what the low four bits n do to the rest */
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const uint8_t *p = data;

	crc = ~crc;
	while (len--) {
		crc ^= *p++;
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

const char *ofl_image_machine_name(uint32_t machine)
{
	switch (machine) {
	case OFL_MACHINE_X86_64:
		return "x86_64";
	case OFL_MACHINE_AARCH64:
		return "aarch64";
	default:
		return "another machine";
	}
}

/* ------------------------------------------- checks both formats share */

static int check_machine(uint32_t machine, const struct ofl_image_host *host,
			 char *msg)
{
	if (machine == host->machine)
		return 0;
	SAY("is for %s (ELF machine %u), this is %s (%u)",
	    ofl_image_machine_name(machine), machine,
	    ofl_image_machine_name(host->machine), host->machine);
	return -EXDEV;
}

static int check_abi(uint32_t abi, char *msg)
{
	if (abi == OFL_ABI_VERSION)
		return 0;
	SAY("was built for ABI version %u, this loader speaks version %u: rebuild the image",
	    abi, OFL_ABI_VERSION);
	return -EPROTONOSUPPORT;
}

static int check_flags(uint32_t flags, char *msg)
{
	if (!(flags & ~OFL_IMAGE_FLAGS_KNOWN))
		return 0;
	SAY("has flags %#x, of which %#x are unknown", flags,
	    flags & ~OFL_IMAGE_FLAGS_KNOWN);
	return -EINVAL;
}

/* [va, va + size) inside the image's part of the region? */
static bool in_room(uint64_t va, uint64_t size, uint64_t room)
{
	return va >= OFL_IMAGE_VA && size <= room &&
	       va - OFL_IMAGE_VA <= room - size;
}

/*
 * The last look, at the segments and numbers that a format's reader filled in:
 * all segments in the region, none over another, none writable and
 * executable, the entry in an executable one, heap_min left behind them.
 */
static int check_layout(struct ofl_image *image,
			const struct ofl_image_host *host, char *msg)
{
	uint64_t room = host->private_size - OFL_IMAGE_OFF;
	bool entry_ok = false;
	unsigned int i, j;

	image->size = 0;
	for (i = 0; i < image->nr_segments; i++) {
		const struct ofl_image_segment *s = &image->segments[i];
		uint64_t end;

		if (s->va < OFL_IMAGE_VA) {
			SAY("segment %u at %#llx lies below %#llx, where images begin",
			    i, OFL_ULL(s->va), OFL_IMAGE_VA);
			return -EINVAL;
		}
		if (!in_room(s->va, s->mem_size, room)) {
			SAY("is too large: segment %u, %llu bytes at %#llx, ends behind the private memory, %llu bytes from %#llx (give more with mem=, or a smaller window=)",
			    i, OFL_ULL(s->mem_size), OFL_ULL(s->va), OFL_ULL(room),
			    OFL_IMAGE_VA);
			return -EFBIG;
		}
		if ((s->flags & OFL_SEG_W) && (s->flags & OFL_SEG_X)) {
			SAY("segment %u at %#llx is both writable and executable",
			    i, OFL_ULL(s->va));
			return -EACCES;
		}
		for (j = 0; j < i; j++) {
			const struct ofl_image_segment *t = &image->segments[j];

			if (s->va < t->va + t->mem_size &&
			    t->va < s->va + s->mem_size) {
				SAY("segments %u (%llu bytes at %#llx) and %u (%llu bytes at %#llx) overlap",
				    j, OFL_ULL(t->mem_size), OFL_ULL(t->va), i,
				    OFL_ULL(s->mem_size), OFL_ULL(s->va));
				return -EINVAL;
			}
		}
		/* the code must come from the file, not from bss */
		if ((s->flags & OFL_SEG_X) && image->entry >= s->va &&
		    image->entry - s->va < s->file_size)
			entry_ok = true;
		end = s->va + s->mem_size - OFL_IMAGE_VA;
		if (end > image->size)
			image->size = end;
	}
	if (!entry_ok) {
		SAY("entry %#llx is outside of the text", OFL_ULL(image->entry));
		return -EINVAL;
	}

	image->size = (image->size + OFL_PAGE - 1) & ~(uint64_t)(OFL_PAGE - 1);
	if (image->size > room || image->heap_min > room - image->size) {
		SAY("is too large: %llu bytes and a heap of %llu or more, the private memory has %llu (give more with mem=, or a smaller window=)",
		    OFL_ULL(image->size), OFL_ULL(image->heap_min), OFL_ULL(room));
		return -EFBIG;
	}
	return 0;
}

static void add_segment(struct ofl_image *image, uint64_t va, uint64_t file_off,
			uint64_t file_size, uint64_t mem_size, uint32_t flags)
{
	struct ofl_image_segment *s = &image->segments[image->nr_segments++];

	s->va = va;
	s->file_off = file_off;
	s->file_size = file_size;
	s->mem_size = mem_size;
	s->flags = flags;
}

/* ---------------------------------------------------------- flat format */

static uint32_t flat_checksum(const uint8_t *blob, size_t size)
{
	const size_t at = offsetof(struct ofl_image_header, checksum);
	static const uint8_t zero[4];
	uint32_t crc;

	crc = ofl_image_crc32(0, blob, at);
	crc = ofl_image_crc32(crc, zero, sizeof(zero));
	return ofl_image_crc32(crc, blob + at + 4, size - at - 4);
}

/* Nonzero bytes where the format says zero: made by a newer tool. */
static bool flat_reserved_set(const struct ofl_image_header *h)
{
	unsigned int i;

	for (i = 0; i < sizeof(h->reserved1); i++)
		if (h->reserved1[i])
			return true;
	return h->reserved0 != 0;
}

static int read_flat(const uint8_t *blob, size_t size,
		     const struct ofl_image_host *host, struct ofl_image *image,
		     char *msg)
{
	const uint64_t room = host->private_size - OFL_IMAGE_OFF;
	struct ofl_image_header h;
	uint64_t file_size, va = OFL_IMAGE_VA, off = sizeof(h);
	struct {
		const char *name;
		uint64_t size;
	} parts[4];
	unsigned int i;
	uint32_t sum;
	int err;

	if (size < sizeof(h)) {
		SAY("is truncated: %llu bytes, the header alone has %llu",
		    OFL_ULL(size), OFL_ULL(sizeof(h)));
		return -ENODATA;
	}
	memcpy(&h, blob, sizeof(h));

	/* Machine and ABI first: they explain why the rest may look odd. */
	err = check_machine(h.machine, host, msg);
	if (!err)
		err = check_abi(h.abi, msg);
	if (err)
		return err;
	if (h.header_size != sizeof(h)) {
		SAY("says that its header has %u bytes, ABI version %u has %llu",
		    h.header_size, h.abi, OFL_ULL(sizeof(h)));
		return -EINVAL;
	}

	parts[0].name = "text";
	parts[0].size = h.text_size;
	parts[1].name = "rodata";
	parts[1].size = h.rodata_size;
	parts[2].name = "data";
	parts[2].size = h.data_size;
	parts[3].name = "bss";
	parts[3].size = h.bss_size;
	file_size = sizeof(h);
	for (i = 0; i < 4; i++) {
		if (parts[i].size % OFL_PAGE) {
			SAY("%s_size %llu is not a multiple of %u",
			    parts[i].name, OFL_ULL(parts[i].size), OFL_PAGE);
			return -EINVAL;
		}
		if (parts[i].size > room) {
			SAY("is too large: %llu bytes of %s, the private memory has %llu (give more with mem=, or a smaller window=)",
			    OFL_ULL(parts[i].size), parts[i].name, OFL_ULL(room));
			return -EFBIG;
		}
		if (i < 3)
			file_size += parts[i].size;
	}
	if (size < file_size) {
		SAY("is truncated: %llu bytes, the header says %llu", OFL_ULL(size),
		    OFL_ULL(file_size));
		return -ENODATA;
	}
	if (size > file_size) {
		SAY("has %llu bytes behind its end, the header says %llu",
		    OFL_ULL(size - file_size), OFL_ULL(file_size));
		return -EINVAL;
	}
	sum = flat_checksum(blob, size);
	if (sum != h.checksum) {
		SAY("is damaged: its checksum is %08x, the header says %08x",
		    sum, h.checksum);
		return -EBADMSG;
	}
	err = check_flags(h.flags, msg);
	if (err)
		return err;
	if (flat_reserved_set(&h)) {
		SAY("has reserved header fields that are not zero");
		return -EINVAL;
	}

	image->format = "flat";
	image->entry = h.entry;
	image->flags = h.flags;
	image->heap_min = h.heap_min;
	if (h.text_size)
		add_segment(image, va, off, h.text_size, h.text_size,
			    OFL_SEG_R | OFL_SEG_X);
	va += h.text_size;
	off += h.text_size;
	if (h.rodata_size)
		add_segment(image, va, off, h.rodata_size, h.rodata_size,
			    OFL_SEG_R);
	va += h.rodata_size;
	off += h.rodata_size;
	if (h.data_size || h.bss_size)
		add_segment(image, va, off, h.data_size,
			    h.data_size + h.bss_size, OFL_SEG_R | OFL_SEG_W);
	return check_layout(image, host, msg);
}

/* ----------------------------------------------------------- ELF format */

/* Only what is used of ELF-64; the numbers are the ELF specification's. */
struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
_Static_assert(sizeof(struct elf_header) == 64, "ELF header size");

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct elf_segment) == 56, "ELF program header size");

struct elf_note {
	uint32_t namesz, descsz, type;
};

enum {
	ELF_CLASS64 = 2,
	ELF_LSB = 1,
	ELF_ET_EXEC = 2,
	ELF_PT_LOAD = 1,
	ELF_PT_DYNAMIC = 2,
	ELF_PT_INTERP = 3,
	ELF_PT_NOTE = 4,
	ELF_PF_X = 1,
	ELF_PF_W = 2,
	ELF_PF_R = 4,
	ELF_PHNUM_MAX = 64,
};

static uint64_t up4(uint64_t n)
{
	return (n + 3) & ~3ull;
}

/* Look for our note in the notes of one segment, which lies in the blob. */
static bool find_note(const uint8_t *p, uint64_t len, uint32_t *descsz,
		      struct ofl_image_note *out)
{
	const char name[] = OFL_NOTE_NAME;

	while (len >= sizeof(struct elf_note)) {
		struct elf_note n;
		uint64_t desc_at, next;

		memcpy(&n, p, sizeof(n));
		desc_at = sizeof(n) + up4(n.namesz);
		next = desc_at + up4(n.descsz);
		if (desc_at + n.descsz > len)
			return false;
		if (n.type == OFL_NOTE_TYPE && n.namesz == sizeof(name) &&
		    !memcmp(p + sizeof(n), name, sizeof(name))) {
			*descsz = n.descsz;
			if (n.descsz == sizeof(*out))
				memcpy(out, p + desc_at, sizeof(*out));
			return true;
		}
		if (next > len)
			return false;
		p += next;
		len -= next;
	}
	return false;
}

static int read_elf_header(const uint8_t *blob, size_t size,
			   const struct ofl_image_host *host,
			   struct elf_header *h, char *msg)
{
	int err;

	if (size < sizeof(*h)) {
		SAY("is truncated: %llu bytes, an ELF header alone has %llu",
		    OFL_ULL(size), OFL_ULL(sizeof(*h)));
		return -ENODATA;
	}
	memcpy(h, blob, sizeof(*h));
	if (h->ident[4] != ELF_CLASS64 || h->ident[5] != ELF_LSB) {
		SAY("is an ELF file, but not a 64-bit little-endian one (class %u, data %u)",
		    h->ident[4], h->ident[5]);
		return -ENOEXEC;
	}
	err = check_machine(h->machine, host, msg);
	if (err)
		return err;
	if (h->type != ELF_ET_EXEC) {
		SAY("is an ELF file of type %u, not a static executable (type %u)",
		    h->type, ELF_ET_EXEC);
		return -ENOEXEC;
	}
	if (h->phentsize != sizeof(struct elf_segment) || !h->phnum ||
	    h->phnum > ELF_PHNUM_MAX) {
		SAY("has %u program headers of %u bytes; 1 to %u of %llu are possible",
		    h->phnum, h->phentsize, ELF_PHNUM_MAX,
		    OFL_ULL(sizeof(struct elf_segment)));
		return -EINVAL;
	}
	if (h->phoff > size ||
	    size - h->phoff < (uint64_t)h->phnum * sizeof(struct elf_segment)) {
		SAY("is truncated: %llu bytes, its program headers are at %llu to %llu",
		    OFL_ULL(size), OFL_ULL(h->phoff),
		    OFL_ULL(h->phoff + h->phnum * sizeof(struct elf_segment)));
		return -ENODATA;
	}
	return 0;
}

static int read_elf_load(const struct elf_segment *p, unsigned int i,
			 struct ofl_image *image, char *msg)
{
	uint32_t flags = 0;

	if (p->filesz > p->memsz) {
		SAY("program header %u has %llu bytes in the file and only %llu in memory",
		    i, OFL_ULL(p->filesz), OFL_ULL(p->memsz));
		return -EINVAL;
	}
	if (!p->memsz)
		return 0;
	if (image->nr_segments == OFL_IMAGE_SEGMENTS) {
		SAY("has more than %u segments to load", OFL_IMAGE_SEGMENTS);
		return -EINVAL;
	}
	if (p->flags & ELF_PF_R)
		flags |= OFL_SEG_R;
	if (p->flags & ELF_PF_W)
		flags |= OFL_SEG_W;
	if (p->flags & ELF_PF_X)
		flags |= OFL_SEG_X;
	add_segment(image, p->vaddr, p->offset, p->filesz, p->memsz, flags);
	return 0;
}

static int read_elf(const uint8_t *blob, size_t size,
		    const struct ofl_image_host *host, struct ofl_image *image,
		    char *msg)
{
	struct ofl_image_note note = { 0 };
	bool have_note = false;
	uint32_t descsz = 0;
	struct elf_header h;
	unsigned int i;
	int err;

	err = read_elf_header(blob, size, host, &h, msg);
	if (err)
		return err;
	image->format = "ELF";
	image->entry = h.entry;

	for (i = 0; i < h.phnum; i++) {
		struct elf_segment p;

		memcpy(&p, blob + h.phoff + i * sizeof(p), sizeof(p));
		if (p.type == ELF_PT_DYNAMIC || p.type == ELF_PT_INTERP) {
			SAY("is dynamically linked (program header %u): link it statically",
			    i);
			return -ENOEXEC;
		}
		if (p.type != ELF_PT_LOAD && p.type != ELF_PT_NOTE)
			continue;
		if (p.offset > size || p.filesz > size - p.offset) {
			SAY("is truncated: %llu bytes, program header %u speaks of %llu bytes at %llu",
			    OFL_ULL(size), i, OFL_ULL(p.filesz), OFL_ULL(p.offset));
			return -ENODATA;
		}
		if (p.type == ELF_PT_NOTE) {
			if (!have_note)
				have_note = find_note(blob + p.offset, p.filesz,
						      &descsz, &note);
			continue;
		}
		err = read_elf_load(&p, i, image, msg);
		if (err)
			return err;
	}

	if (!have_note) {
		SAY("is an ELF file without an \"%s\" note: not linked with the offload runtime",
		    OFL_NOTE_NAME);
		return -ENOEXEC;
	}
	if (descsz != sizeof(note)) {
		SAY("has an \"%s\" note of %u bytes, ABI version %u has %llu",
		    OFL_NOTE_NAME, descsz, OFL_ABI_VERSION, OFL_ULL(sizeof(note)));
		return -EPROTONOSUPPORT;
	}
	err = check_abi(note.abi, msg);
	if (!err)
		err = check_flags(note.flags, msg);
	if (err)
		return err;
	image->flags = note.flags;
	image->heap_min = note.heap_min;
	return check_layout(image, host, msg);
}

/* -------------------------------------------------------------- entries */

int ofl_image_read(const void *blob, size_t size,
		   const struct ofl_image_host *host, struct ofl_image *image,
		   char *msg)
{
	static const char elf_magic[4] = { 0x7f, 'E', 'L', 'F' };

	memset(image, 0, sizeof(*image));
	if (host->private_size < OFL_IMAGE_OFF + OFL_PAGE) {
		SAY("does not fit: the private memory has %llu bytes",
		    OFL_ULL(host->private_size));
		return -EFBIG;
	}
	if (!size) {
		SAY("is empty");
		return -ENODATA;
	}
	if (size >= OFL_IMAGE_MAGIC_LEN &&
	    !memcmp(blob, OFL_IMAGE_MAGIC, OFL_IMAGE_MAGIC_LEN))
		return read_flat(blob, size, host, image, msg);
	if (size >= sizeof(elf_magic) &&
	    !memcmp(blob, elf_magic, sizeof(elf_magic)))
		return read_elf(blob, size, host, image, msg);
	SAY("is neither an offload image (flat) nor an ELF file");
	return -ENOEXEC;
}

void ofl_image_copy(const struct ofl_image *image, const void *blob,
		    void *private_part)
{
	unsigned int i;

	for (i = 0; i < image->nr_segments; i++) {
		const struct ofl_image_segment *s = &image->segments[i];

		memcpy((uint8_t *)private_part + (s->va - OFL_REGION_VA),
		       (const uint8_t *)blob + s->file_off, s->file_size);
	}
}
