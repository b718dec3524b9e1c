// SPDX-License-Identifier: BSD-2-Clause
/*
 * offload-pack: an image in ELF form to the flat form (struct
 * ofl_image_header in include/offload/abi.h).
 *
 * The ELF must look as linker/offload.lds makes it: a PT_LOAD that is read and
 * executed, at OFL_IMAGE_VA, then at most one that is only read, then at most
 * one that is read and written, each starting on the page behind the one
 * before it, and a PT_NOTE with the offload note.  The input is checked in
 * full; a message says what is wrong with it, and then nothing is written.
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <offload/abi.h>

#define FILE_MAX (256u << 20)

static const char *in_name;

__attribute__((format(printf, 1, 2), noreturn))
static void die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "offload-pack: %s: ", in_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static uint64_t page_up(uint64_t x)
{
	return (x + OFL_PAGE - 1) & ~(uint64_t)(OFL_PAGE - 1);
}

static uint8_t *read_all(const char *name, size_t *size)
{
	uint8_t *buf = NULL;
	size_t len = 0, cap = 0;
	FILE *f = fopen(name, "rb");

	if (!f)
		die("%s", strerror(errno));
	for (;;) {
		size_t n;

		if (len == cap) {
			cap = cap ? cap * 2 : 1u << 16;
			if (cap > 2 * FILE_MAX)
				die("larger than %u MiB", FILE_MAX >> 20);
			buf = realloc(buf, cap);
			if (!buf)
				die("out of memory");
		}
		n = fread(buf + len, 1, cap - len, f);
		if (n == 0)
			break;
		len += n;
	}
	if (ferror(f))
		die("%s", strerror(errno));
	fclose(f);
	*size = len;
	return buf;
}

/* Does [off, off + len) lie in the file? */
static bool inside(uint64_t off, uint64_t len, uint64_t size)
{
	return off <= size && len <= size - off;
}

static uint32_t crc32_of(const uint8_t *p, size_t len)
{
	uint32_t crc = ~0u;

	while (len--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static bool find_note(const uint8_t *p, uint64_t len, struct ofl_image_note *note)
{
	Elf64_Nhdr nh;

	while (len >= sizeof(nh)) {
		uint64_t name_len, desc_len;

		memcpy(&nh, p, sizeof(nh));
		name_len = ((uint64_t)nh.n_namesz + 3) & ~3ull;
		desc_len = ((uint64_t)nh.n_descsz + 3) & ~3ull;
		if (name_len + desc_len > len - sizeof(nh))
			die("a note is longer than its segment");
		if (nh.n_type == OFL_NOTE_TYPE && nh.n_namesz == sizeof(OFL_NOTE_NAME) &&
		    !memcmp(p + sizeof(nh), OFL_NOTE_NAME, sizeof(OFL_NOTE_NAME))) {
			if (nh.n_descsz != sizeof(*note))
				die("the offload note has %u bytes instead of %zu",
				    nh.n_descsz, sizeof(*note));
			memcpy(note, p + sizeof(nh) + name_len, sizeof(*note));
			return true;
		}
		p += sizeof(nh) + name_len + desc_len;
		len -= sizeof(nh) + name_len + desc_len;
	}
	return false;
}

/* Protection of a segment: 0 text, 1 rodata, 2 data and bss. */
static int part_of(uint32_t flags, unsigned int i)
{
	switch (flags & (PF_R | PF_W | PF_X)) {
	case PF_R | PF_X:
		return 0;
	case PF_R:
		return 1;
	case PF_R | PF_W:
		return 2;
	}
	if ((flags & PF_W) && (flags & PF_X))
		die("segment %u is both writable and executable", i);
	die("segment %u has the protection %#x; R-X, R-- and RW- are possible", i, flags);
}

static uint8_t *pack(const uint8_t *elf, size_t elf_size, size_t *out_size)
{
	struct ofl_image_header h = {
		.magic = OFL_IMAGE_MAGIC,
		.header_size = sizeof(h),
	};
	struct ofl_image_note note;
	bool have_note = false;
	uint64_t mem[3] = { 0 }, file[3] = { 0 }, offset[3] = { 0 };
	uint64_t next = OFL_IMAGE_VA, total;
	int last = -1;
	Elf64_Ehdr eh;
	uint8_t *out;

	if (elf_size < sizeof(eh) || memcmp(elf, ELFMAG, SELFMAG))
		die("not an ELF file");
	memcpy(&eh, elf, sizeof(eh));
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB)
		die("not a 64-bit little-endian ELF file");
	if (eh.e_machine != OFL_MACHINE_X86_64 && eh.e_machine != OFL_MACHINE_AARCH64)
		die("machine %u is neither x86_64 nor aarch64", eh.e_machine);
	if (eh.e_type != ET_EXEC)
		die("not an executable at a fixed address (e_type %u); link it with offload-cc",
		    eh.e_type);
	if (eh.e_phentsize != sizeof(Elf64_Phdr) || eh.e_phnum == 0 ||
	    !inside(eh.e_phoff, (uint64_t)eh.e_phnum * sizeof(Elf64_Phdr), elf_size))
		die("the program headers are outside the file: truncated?");

	for (unsigned int i = 0; i < eh.e_phnum; i++) {
		Elf64_Phdr ph;
		int part;

		memcpy(&ph, elf + eh.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type != PT_LOAD && ph.p_type != PT_NOTE)
			continue;
		if (!inside(ph.p_offset, ph.p_filesz, elf_size))
			die("segment %u is outside the file: truncated?", i);
		if (ph.p_type == PT_NOTE) {
			have_note = have_note ||
				    find_note(elf + ph.p_offset, ph.p_filesz, &note);
			continue;
		}
		if (ph.p_memsz == 0)
			continue;
		if (ph.p_filesz > ph.p_memsz || ph.p_memsz > FILE_MAX)
			die("segment %u has a wrong size", i);
		part = part_of(ph.p_flags, i);
		if (part <= last || (last < 0 && part != 0))
			die("segment %u: the order must be text, rodata, data", i);
		if (ph.p_vaddr != next)
			die("segment %u is at %#llx instead of %#llx", i,
			    (unsigned long long)ph.p_vaddr, (unsigned long long)next);
		mem[part] = page_up(ph.p_memsz);
		file[part] = ph.p_filesz;
		offset[part] = ph.p_offset;
		next += mem[part];
		last = part;
	}
	if (last < 0)
		die("nothing to load in it");
	if (!have_note)
		die("no offload note: not linked with the runtime's start object (use offload-cc)");
	if (note.abi != OFL_ABI_VERSION)
		die("its runtime has ABI version %u, this offload-pack has %u", note.abi,
		    OFL_ABI_VERSION);
	if (note.flags & ~OFL_IMAGE_FLAGS_KNOWN)
		die("unknown flags %#x in its offload note", note.flags);
	if (eh.e_entry < OFL_IMAGE_VA || eh.e_entry >= OFL_IMAGE_VA + mem[0])
		die("the entry %#llx is outside text", (unsigned long long)eh.e_entry);

	h.abi = note.abi;
	h.machine = eh.e_machine;
	h.flags = note.flags;
	h.entry = eh.e_entry;
	h.text_size = mem[0];
	h.rodata_size = mem[1];
	h.data_size = page_up(file[2]);
	h.bss_size = mem[2] - h.data_size;
	h.heap_min = note.heap_min;

	total = sizeof(h) + h.text_size + h.rodata_size + h.data_size;
	out = calloc(1, total);
	if (!out)
		die("out of memory");
	memcpy(out, &h, sizeof(h));
	memcpy(out + sizeof(h), elf + offset[0], file[0]);
	memcpy(out + sizeof(h) + h.text_size, elf + offset[1], file[1]);
	memcpy(out + sizeof(h) + h.text_size + h.rodata_size, elf + offset[2], file[2]);
	h.checksum = crc32_of(out, total);
	memcpy(out, &h, sizeof(h));
	*out_size = total;
	return out;
}

int main(int argc, char **argv)
{
	const char *out_name = NULL;
	uint8_t *elf, *bin;
	size_t elf_size, bin_size;
	FILE *f;
	int opt;

	while ((opt = getopt(argc, argv, "o:")) == 'o')
		out_name = optarg;
	if (opt != -1 || !out_name || argc - optind != 1) {
		fprintf(stderr, "usage: offload-pack -o FILE.bin FILE.elf\n");
		return 2;
	}
	in_name = argv[optind];
	elf = read_all(in_name, &elf_size);
	bin = pack(elf, elf_size, &bin_size);

	f = fopen(out_name, "wb");
	if (!f || fwrite(bin, 1, bin_size, f) != bin_size || fclose(f)) {
		fprintf(stderr, "offload-pack: %s: %s\n", out_name, strerror(errno));
		remove(out_name);
		return 1;
	}
	free(bin);
	free(elf);
	return 0;
}
