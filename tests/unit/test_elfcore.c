// SPDX-License-Identifier: BSD-2-Clause
/*
 * Core files: what the C library's own structures and <elf.h> say of them, with
 * records that a hostile image has filled in.  (tests/host/test_faults.sh has gdb
 * open real ones.)
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/procfs.h>
#include <sys/user.h>
#include <cmocka.h>

#include "kernel-module/elfcore.c"

static uint8_t *header;

static int setup(void **state)
{
	(void)state;
	header = malloc(OFL_ELFCORE_HEADER); /* a byte behind it is a failure */
	return !header;
}

static int teardown(void **state)
{
	(void)state;
	free(header);
	return 0;
}

/* The content of note i; its name, type and size are checked to lie inside. */
static const uint8_t *note_at(unsigned int i, const char **name, uint32_t *type, uint32_t *size)
{
	const Elf64_Phdr *ph = (const void *)(header + sizeof(Elf64_Ehdr));
	size_t at = ph->p_offset, end = ph->p_offset + ph->p_filesz;

	assert_true(end <= OFL_ELFCORE_HEADER);
	for (;; i--) {
		const Elf64_Nhdr *nh = (const void *)(header + at);
		const uint8_t *content;

		if (at == end)
			return NULL;
		assert_true(at + sizeof(*nh) <= end);
		*name = (const char *)(nh + 1);
		content = header + at + sizeof(*nh) + ((nh->n_namesz + 3) & ~3u);
		assert_int_equal((*name)[nh->n_namesz - 1], 0);
		at = (size_t)(content - header) + ((nh->n_descsz + 3) & ~3u);
		assert_true(at <= end);
		*type = nh->n_type;
		*size = nh->n_descsz;
		if (!i)
			return content;
	}
}

static struct ofl_elfcore describe(uint32_t machine, const struct ofl_crash *crash)
{
	return (struct ofl_elfcore){
		.machine = machine,
		.crash = crash,
		.image = "/lib/firmware/some.bin",
		.args = "one 'two'",
		.text = "crashed: page fault",
		.va = OFL_REGION_VA,
		.mem_size = 0xc00000,
		.file_size = 0x5000,
	};
}

static void file_header(void **state)
{
	struct ofl_crash crash = { .nr_regs = 22, .vector = 14, .pc = 1 };
	struct ofl_elfcore core = describe(OFL_MACHINE_X86_64, &crash);
	const Elf64_Ehdr *eh = (const void *)header;
	const Elf64_Phdr *ph = (const void *)(header + sizeof(*eh));
	const uint8_t *content;
	const char *name;
	uint32_t type, size;

	(void)state;
	ofl_elfcore_header(header, &core);
	assert_memory_equal(eh->e_ident, ELFMAG, SELFMAG);
	assert_int_equal(eh->e_ident[EI_CLASS], ELFCLASS64);
	assert_int_equal(eh->e_ident[EI_DATA], ELFDATA2LSB);
	assert_int_equal(eh->e_type, ET_CORE);
	assert_int_equal(eh->e_machine, EM_X86_64);
	assert_int_equal(eh->e_phoff, sizeof(*eh));
	assert_int_equal(eh->e_phnum, 2);
	assert_int_equal(eh->e_phentsize, sizeof(*ph));
	assert_int_equal(ph[0].p_type, PT_NOTE);
	assert_int_equal(ph[1].p_type, PT_LOAD);
	assert_int_equal(ph[1].p_offset, OFL_ELFCORE_HEADER);
	assert_true(ph[1].p_vaddr == OFL_REGION_VA);
	assert_int_equal(ph[1].p_filesz, 0x5000);
	assert_int_equal(ph[1].p_memsz, 0xc00000);

	content = note_at(0, &name, &type, &size);
	assert_non_null(content);
	assert_string_equal(name, "CORE");
	assert_int_equal(type, NT_PRSTATUS);
	content = note_at(1, &name, &type, &size);
	assert_int_equal(type, NT_PRPSINFO);
	assert_int_equal(size, sizeof(struct elf_prpsinfo));
	assert_string_equal((const char *)content + offsetof(struct elf_prpsinfo, pr_fname),
			    "some.elf");
	assert_string_equal((const char *)content + offsetof(struct elf_prpsinfo, pr_psargs),
			    "some.bin one 'two'");
	content = note_at(2, &name, &type, &size);
	assert_string_equal(name, "OFFLOAD");
	assert_string_equal((const char *)content, "crashed: page fault");
	content = note_at(3, &name, &type, &size);
	assert_int_equal(type, OFL_ELFCORE_NOTE_CRASH);
	assert_memory_equal(content, &crash, sizeof(crash));
	assert_null(note_at(4, &name, &type, &size));
}

static void x86_registers(void **state)
{
	struct ofl_crash crash = { .nr_regs = 22, .vector = 14, .pc = 0x1010 };
	struct ofl_elfcore core = describe(OFL_MACHINE_X86_64, &crash);
	struct elf_prstatus status;
	struct user_regs_struct regs;
	const char *name;
	uint32_t type, size;

	(void)state;
	for (unsigned int i = 0; i < 22; i++)
		crash.regs[i] = 0x1000 + i;
	ofl_elfcore_header(header, &core);
	memcpy(&status, note_at(0, &name, &type, &size), sizeof(status));
	assert_int_equal(size, sizeof(status));
	assert_int_equal(status.pr_cursig, 11);
	assert_int_equal(status.pr_pid, 1);
	memcpy(&regs, status.pr_reg, sizeof(regs));
	assert_int_equal(regs.rax, 0x1000);
	assert_int_equal(regs.rbx, 0x1001);
	assert_int_equal(regs.rcx, 0x1002);
	assert_int_equal(regs.rdx, 0x1003);
	assert_int_equal(regs.rsi, 0x1004);
	assert_int_equal(regs.rdi, 0x1005);
	assert_int_equal(regs.rbp, 0x1006);
	assert_int_equal(regs.rsp, 0x1007);
	assert_int_equal(regs.r8, 0x1008);
	assert_int_equal(regs.r15, 0x100f);
	assert_int_equal(regs.rip, 0x1010);
	assert_int_equal(regs.eflags, 0x1011);
	assert_int_equal(regs.fs_base, 0);
}

/* struct user_pt_regs of arm64: x0..x30 sp pc pstate; then pr_fpvalid */
static void arm64_registers(void **state)
{
	struct ofl_crash crash = { .nr_regs = 36, .error = 0x96000044, .pc = 0x1020 };
	struct ofl_elfcore core = describe(OFL_MACHINE_AARCH64, &crash);
	const uint8_t *status;
	const char *name;
	uint32_t type, size;
	uint64_t reg;

	(void)state;
	for (unsigned int i = 0; i < 36; i++)
		crash.regs[i] = 0x1000 + i;
	ofl_elfcore_header(header, &core);
	assert_int_equal(((const Elf64_Ehdr *)header)->e_machine, EM_AARCH64);
	status = note_at(0, &name, &type, &size);
	assert_int_equal(size, 392);
	for (unsigned int i = 0; i < 34; i++) {
		memcpy(&reg, status + 112 + 8 * i, 8);
		assert_int_equal(reg, 0x1000 + i);
	}
	memcpy(&reg, status + 384, 8);
	assert_int_equal(reg, 0);
}

/* Only pc, sp and fp are known of a panic, nothing at all of an image that runs. */
static void few_registers(void **state)
{
	struct ofl_crash crash = { .vector = OFL_VECTOR_NONE, .pc = 0x700000041234,
				   .sp = 0x700000060000, .fp = 0x700000060040,
				   .text = "abort() was called" };
	struct ofl_elfcore core = describe(OFL_MACHINE_X86_64, &crash);
	struct elf_prstatus status;
	struct user_regs_struct regs;
	const char *name;
	uint32_t type, size;

	(void)state;
	ofl_elfcore_header(header, &core);
	memcpy(&status, note_at(0, &name, &type, &size), sizeof(status));
	memcpy(&regs, status.pr_reg, sizeof(regs));
	assert_int_equal(status.pr_cursig, 6);
	assert_true(regs.rip == 0x700000041234 && regs.rsp == 0x700000060000 &&
		    regs.rbp == 0x700000060040);
	crash.text[0] = 0; /* a sample */
	ofl_elfcore_header(header, &core);
	memcpy(&status, note_at(0, &name, &type, &size), sizeof(status));
	assert_int_equal(status.pr_cursig, 0);
	core.crash = NULL;
	ofl_elfcore_header(header, &core);
	memcpy(&status, note_at(0, &name, &type, &size), sizeof(status));
	memcpy(&regs, status.pr_reg, sizeof(regs));
	assert_int_equal(status.pr_cursig, 0);
	assert_true(!regs.rip && !regs.rsp);
	assert_null(note_at(3, &name, &type, &size));
}

static void hostile(void **state)
{
	static const uint32_t machines[] = { OFL_MACHINE_X86_64, OFL_MACHINE_AARCH64 };
	char *text = malloc(100001);
	struct ofl_crash crash;
	uint32_t type, size;
	const char *name;

	(void)state;
	memset(text, 'x', 100000);
	text[100000] = 0;
	memset(&crash, 0xff, sizeof(crash));
	for (unsigned int i = 0; i < 2; i++) {
		struct ofl_elfcore core = describe(machines[i], &crash);
		const uint8_t *info;

		core.image = core.args = core.text = text;
		ofl_elfcore_header(header, &core);
		info = note_at(1, &name, &type, &size);
		assert_int_equal(info[55], 0);
		assert_int_equal(info[135], 0);
		note_at(2, &name, &type, &size);
		assert_int_equal(size, OFL_ELFCORE_TEXT);
		assert_non_null(note_at(3, &name, &type, &size));
		/* a name that ends in a slash, and nothing at all */
		core.image = "a/";
		core.args = core.text = "";
		ofl_elfcore_header(header, &core);
		assert_non_null(note_at(3, &name, &type, &size));
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_header),
		cmocka_unit_test(x86_registers),
		cmocka_unit_test(arm64_registers),
		cmocka_unit_test(few_registers),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
