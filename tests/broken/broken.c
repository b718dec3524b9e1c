// SPDX-License-Identifier: BSD-2-Clause
/*
 *	broken x86_64|aarch64 DIR
 *
 * Writes images with one fault each into DIR, and prints what the image reader says
 * of each: "NAME: SENTENCE".  Kernel module and UEFI loader are to say the same.
 */
#include <stdio.h>
#include <stdlib.h>

#include "kernel-module/image.c"

/* Of mem=auto, and of a configuration without mem= and window=. */
#define PRIVATE (12u << 20)

#define TEXT_VA OFL_IMAGE_VA
#define DATA_VA (OFL_IMAGE_VA + OFL_PAGE)
#define ENTRY (TEXT_VA + 64)
#define FILE_MAX (4 * OFL_PAGE)

static uint8_t file[FILE_MAX];
static size_t size;
static uint32_t machine, other;

/* --- flat: a page of text, one of data, one of bss --- */

static struct ofl_image_header *const header = (struct ofl_image_header *)file;

static void seal(void)
{
	header->checksum = flat_checksum(file, size);
}

static void make_flat(void)
{
	memset(file, 0, sizeof(file));
	size = sizeof(*header) + 2 * OFL_PAGE;
	memcpy(header->magic, OFL_IMAGE_MAGIC, OFL_IMAGE_MAGIC_LEN);
	header->header_size = sizeof(*header);
	header->abi = OFL_ABI_VERSION;
	header->machine = machine;
	header->entry = ENTRY;
	header->text_size = OFL_PAGE;
	header->data_size = OFL_PAGE;
	header->bss_size = OFL_PAGE;
	seal();
}

/* --- ELF: headers, text in the second page, data and note in the third --- */

static struct elf {
	struct elf_header header;
	struct elf_segment text, data, note;
} *const elf = (struct elf *)file;

static struct elf_file_note {
	struct elf_note head;
	char name[sizeof(OFL_NOTE_NAME)];
	struct ofl_image_note desc;
} __attribute__((packed)) *const note = (struct elf_file_note *)(file + 2 * OFL_PAGE);

static void make_elf(void)
{
	memset(file, 0, sizeof(file));
	size = 3 * OFL_PAGE;
	elf->header = (struct elf_header){
		.ident = { 0x7f, 'E', 'L', 'F', ELF_CLASS64, ELF_LSB, 1 },
		.type = ELF_ET_EXEC,
		.machine = (uint16_t)machine,
		.version = 1,
		.entry = ENTRY,
		.phoff = offsetof(struct elf, text),
		.ehsize = sizeof(elf->header),
		.phentsize = sizeof(struct elf_segment),
		.phnum = 3,
	};
	elf->text = (struct elf_segment){
		ELF_PT_LOAD, ELF_PF_R | ELF_PF_X, OFL_PAGE, TEXT_VA, TEXT_VA,
		OFL_PAGE, OFL_PAGE, OFL_PAGE,
	};
	elf->data = (struct elf_segment){
		ELF_PT_LOAD, ELF_PF_R | ELF_PF_W, 2 * OFL_PAGE, DATA_VA, DATA_VA,
		OFL_PAGE, 2 * OFL_PAGE, OFL_PAGE,
	};
	elf->note = (struct elf_segment){
		ELF_PT_NOTE, ELF_PF_R, 2 * OFL_PAGE, DATA_VA, DATA_VA,
		sizeof(*note), sizeof(*note), 4,
	};
	note->head = (struct elf_note){ sizeof(note->name), sizeof(note->desc), OFL_NOTE_TYPE };
	memcpy(note->name, OFL_NOTE_NAME, sizeof(note->name));
	note->desc.abi = OFL_ABI_VERSION;
}

/* --- one fault each --- */

static void truncated(void) { size -= 100; }
static void beheaded(void) { size = 60; }
static void flat_machine(void) { header->machine = other; }
static void flat_abi(void) { header->abi = 99; }
static void flat_entry(void) { header->entry = DATA_VA; seal(); }
static void flat_large(void) { header->bss_size = PRIVATE - OFL_IMAGE_OFF; seal(); }
static void damaged(void) { file[sizeof(*header) + 8] ^= 1; }
static void neither(void) { file[0] = 'X'; }
static void longer(void) { size += 16; }
static void elf_machine(void) { elf->header.machine = (uint16_t)other; }
static void elf_abi(void) { note->desc.abi = 99; }
static void elf_entry(void) { elf->header.entry = DATA_VA; }
static void elf_large(void) { elf->data.memsz = PRIVATE - OFL_IMAGE_OFF; }
static void overlapping(void) { elf->data.vaddr = TEXT_VA + OFL_PAGE / 2; }
static void writable(void) { elf->text.flags |= ELF_PF_W; }
static void no_note(void) { note->head.type++; }

static const struct {
	const char *name;
	void (*make)(void);
	void (*spoil)(void);
} broken[] = {
	{ "truncated.bin", make_flat, truncated },
	{ "header.bin", make_flat, beheaded },
	{ "machine.bin", make_flat, flat_machine },
	{ "abi.bin", make_flat, flat_abi },
	{ "sum.bin", make_flat, damaged },
	{ "entry.bin", make_flat, flat_entry },
	{ "large.bin", make_flat, flat_large },
	{ "longer.bin", make_flat, longer },
	{ "neither.bin", make_flat, neither },
	{ "truncated.elf", make_elf, truncated },
	{ "header.elf", make_elf, beheaded },
	{ "machine.elf", make_elf, elf_machine },
	{ "abi.elf", make_elf, elf_abi },
	{ "entry.elf", make_elf, elf_entry },
	{ "overlap.elf", make_elf, overlapping },
	{ "large.elf", make_elf, elf_large },
	{ "wx.elf", make_elf, writable },
	{ "note.elf", make_elf, no_note },
};

static int read_it(char *msg)
{
	const struct ofl_image_host host = { .machine = machine, .private_size = PRIVATE };
	struct ofl_image image;

	return ofl_image_read(file, size, &host, &image, msg);
}

static void make_good(void (*make)(void))
{
	char msg[OFL_MSG_MAX];

	make();
	if (!read_it(msg))
		return;
	fprintf(stderr, "broken: the good image %s\n", msg);
	exit(1);
}

static void save(const char *dir, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	if (f && fwrite(file, 1, size, f) == size && !fclose(f))
		return;
	perror(path);
	exit(1);
}

int main(int argc, char **argv)
{
	char msg[OFL_MSG_MAX];

	if (argc != 3)
		return 2;
	machine = strcmp(argv[1], "aarch64") ? OFL_MACHINE_X86_64 : OFL_MACHINE_AARCH64;
	other = OFL_MACHINE_X86_64 + OFL_MACHINE_AARCH64 - machine;
	for (unsigned int i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		make_good(broken[i].make);
		broken[i].spoil();
		if (!read_it(msg)) {
			fprintf(stderr, "broken: %s is read\n", broken[i].name);
			return 1;
		}
		save(argv[2], broken[i].name);
		printf("%s: %s\n", broken[i].name, msg);
	}
	return 0;
}
