// SPDX-License-Identifier: GPL-2.0-only
/*
 * An ELF core file of an image, as Linux writes it for a process of the same
 * machine, so that a stock gdb opens it:
 *
 *   ELF header, type ET_CORE
 *   PT_NOTE  CORE NT_PRSTATUS: signal and registers; CORE NT_PRPSINFO: name and
 *            arguments; OFFLOAD: text for people; OFFLOAD: the crash record
 *   PT_LOAD  the private part of the region
 *
 * The layouts are those of Linux's elf_prstatus and elf_prpsinfo of 64-bit
 * machines.  All is written at its offset into bytes: this is also the format on a
 * machine of another kind than the one that compiles it.
 */
#include "elfcore.h"

#define EHDR_SIZE 64
#define PHDR_SIZE 56
#define NR_PHDRS 2

#define ET_CORE 4
#define PT_LOAD 1
#define PT_NOTE 4
#define NT_PRSTATUS 1
#define NT_PRPSINFO 3

/* elf_prstatus: pr_cursig, pr_pid, pr_reg; pr_fpvalid and padding come behind */
#define PRSTATUS_CURSIG 12
#define PRSTATUS_PID 32
#define PRSTATUS_REG 112
#define PRSTATUS_TAIL 8

#define PRPSINFO_SIZE 136
#define PRPSINFO_PID 24
#define PRPSINFO_FNAME 40
#define PRPSINFO_FNAME_LEN 16
#define PRPSINFO_ARGS 56
#define PRPSINFO_ARGS_LEN 80

#define X86_REGS 27
#define ARM64_REGS 34
/* In struct ofl_crash */
#define X86_RECORD 18 /* rax to rflags */
#define ARM64_RECORD 34
#define X86_RBP 6
#define X86_RSP 7
#define X86_RIP 16
#define ARM64_FP 29
#define ARM64_SP 31
#define ARM64_PC 32

#define SIG_ILL 4
#define SIG_TRAP 5
#define SIG_ABRT 6
#define SIG_BUS 7
#define SIG_FPE 8
#define SIG_SEGV 11

static void put(uint8_t *p, uint64_t value, unsigned int bytes)
{
	while (bytes--) {
		*p++ = (uint8_t)value;
		value >>= 8;
	}
}

/* At most max bytes of s; not terminated when it is that long. */
static size_t put_text(uint8_t *p, const char *s, size_t max)
{
	size_t i;

	for (i = 0; i < max && s[i]; i++)
		p[i] = (uint8_t)s[i];
	return i;
}

static unsigned int signal_of(const struct ofl_crash *crash, uint32_t machine)
{
	if (crash->vector == OFL_VECTOR_NONE) /* with nothing to say, it runs */
		return crash->text[0] ? SIG_ABRT : 0;
	if (machine == OFL_MACHINE_X86_64) {
		switch (crash->vector) {
		case 0:
		case 16:
		case 19:
			return SIG_FPE;
		case 1:
		case 3:
			return SIG_TRAP;
		case 6:
			return SIG_ILL;
		case 8:
		case 12:
		case 13:
		case 14:
			return SIG_SEGV;
		case 17:
		case 18:
			return SIG_BUS;
		default:
			return SIG_ABRT;
		}
	}
	switch (crash->error >> 26 & 0x3f) { /* ESR_ELx.EC */
	case 0x00:
	case 0x0e:
	case 0x18:
		return SIG_ILL;
	case 0x22:
	case 0x26:
		return SIG_BUS;
	case 0x3c:
		return SIG_TRAP;
	default:
		return SIG_SEGV;
	}
}

static size_t nr_regs_of(uint32_t machine)
{
	return machine == OFL_MACHINE_X86_64 ? X86_REGS : ARM64_REGS;
}

static void put_regs(uint8_t *p, const struct ofl_crash *crash, uint32_t machine)
{
	/*
	 * For each of x86_64's user_regs_struct (r15 r14 r13 r12 rbp rbx r11 r10
	 * r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base
	 * ds es fs gs) where it is in the record; -1: not there.
	 */
	static const int8_t x86[X86_REGS] = { 15, 14, 13, 12, 6,  1,  11, 10, 9,
					      8,  0,  2,  3,  4,  5,  -1, 16, -1,
					      17, 7,  -1, -1, -1, -1, -1, -1, -1 };
	uint64_t regs[OFL_CRASH_REGS] = { 0 };
	bool is_x86 = machine == OFL_MACHINE_X86_64;
	size_t i, n = crash->nr_regs;

	if (n > OFL_CRASH_REGS)
		n = OFL_CRASH_REGS;
	for (i = 0; i < n; i++)
		regs[i] = crash->regs[i];
	/* a record without registers still knows three of them */
	if (n < (is_x86 ? X86_RECORD : ARM64_RECORD)) {
		regs[is_x86 ? X86_RBP : ARM64_FP] = crash->fp;
		regs[is_x86 ? X86_RSP : ARM64_SP] = crash->sp;
		regs[is_x86 ? X86_RIP : ARM64_PC] = crash->pc;
	}
	for (i = 0; i < nr_regs_of(machine); i++) {
		int from = is_x86 ? x86[i] : (int)i;

		put(p + 8 * i, from < 0 ? 0 : regs[from], 8);
	}
	if (is_x86) { /* selectors of 64-bit code and data */
		put(p + 8 * 17, 0x33, 8);
		put(p + 8 * 20, 0x2b, 8);
	}
}

/* Name, sizes and type of a note at p; returns where its content belongs. */
static uint8_t *put_note(uint8_t **p, const char *name, uint32_t type, size_t size)
{
	size_t len = strlen(name) + 1;
	uint8_t *content;

	put(*p, len, 4);
	put(*p + 4, size, 4);
	put(*p + 8, type, 4);
	put_text(*p + 12, name, len - 1);
	content = *p + 12 + ((len + 3) & ~(size_t)3);
	*p = content + ((size + 3) & ~(size_t)3);
	return content;
}

static void put_phdr(uint8_t *p, uint32_t type, uint64_t off, uint64_t va,
		     uint64_t file_size, uint64_t mem_size)
{
	put(p, type, 4);
	put(p + 4, type == PT_LOAD ? 7 : 0, 4); /* RWX: each page has its own */
	put(p + 8, off, 8);
	put(p + 16, va, 8);
	put(p + 32, file_size, 8);
	put(p + 40, mem_size, 8);
	put(p + 48, type == PT_LOAD ? OFL_PAGE : 4, 8);
}

static const char *base_name(const char *path)
{
	const char *p, *base = path;

	for (p = path; *p; p++)
		if (*p == '/')
			base = p + 1;
	return base;
}

static uint8_t *put_psinfo(uint8_t *p, const struct ofl_elfcore *core)
{
	uint8_t *info = put_note(&p, "CORE", NT_PRPSINFO, PRPSINFO_SIZE);
	const char *name = base_name(core->image);
	uint8_t *args = info + PRPSINFO_ARGS;
	size_t n;

	info[1] = 'R';
	put(info + PRPSINFO_PID, 1, 4);
	n = put_text(info + PRPSINFO_FNAME, name, PRPSINFO_FNAME_LEN - 1);
	/* a debugger compares it with the file that it was given: the ELF one */
	if (n > 4 && !memcmp(info + PRPSINFO_FNAME + n - 4, ".bin", 4))
		put_text(info + PRPSINFO_FNAME + n - 4, ".elf", 4);
	n = put_text(args, name, PRPSINFO_ARGS_LEN - 1);
	if (core->args[0] && n + 2 < PRPSINFO_ARGS_LEN) {
		args[n++] = ' ';
		put_text(args + n, core->args, PRPSINFO_ARGS_LEN - 1 - n);
	}
	return p;
}

void ofl_elfcore_header(void *out, const struct ofl_elfcore *core)
{
	uint8_t *file = out, *p = file + EHDR_SIZE + NR_PHDRS * PHDR_SIZE, *note;
	static const struct ofl_crash nothing;
	const struct ofl_crash *crash = core->crash ? core->crash : &nothing;
	const size_t notes = EHDR_SIZE + NR_PHDRS * PHDR_SIZE;
	size_t len;

	memset(out, 0, OFL_ELFCORE_HEADER);
	/* 64 bits, little endian; the ABI of Linux, whose notes these are */
	put_text(file, "\177ELF\2\1\1\3", 8);
	put(file + 16, ET_CORE, 2);
	put(file + 18, core->machine, 2);
	put(file + 20, 1, 4);
	put(file + 32, EHDR_SIZE, 8); /* e_phoff */
	put(file + 52, EHDR_SIZE, 2);
	put(file + 54, PHDR_SIZE, 2);
	put(file + 56, NR_PHDRS, 2);

	note = put_note(&p, "CORE", NT_PRSTATUS,
			PRSTATUS_REG + 8 * nr_regs_of(core->machine) + PRSTATUS_TAIL);
	put(note + PRSTATUS_CURSIG, core->crash ? signal_of(crash, core->machine) : 0, 2);
	put(note + PRSTATUS_PID, 1, 4);
	put_regs(note + PRSTATUS_REG, crash, core->machine);
	p = put_psinfo(p, core);

	for (len = 0; core->text[len] && len < OFL_ELFCORE_TEXT - 1; len++)
		;
	note = put_note(&p, OFL_ELFCORE_NOTE, OFL_ELFCORE_NOTE_TEXT, len + 1);
	put_text(note, core->text, len);
	if (core->crash) {
		note = put_note(&p, OFL_ELFCORE_NOTE, OFL_ELFCORE_NOTE_CRASH,
				sizeof(*crash));
		memcpy(note, crash, sizeof(*crash));
	}

	put_phdr(file + EHDR_SIZE, PT_NOTE, notes, 0, p - file - notes, 0);
	put_phdr(file + EHDR_SIZE + PHDR_SIZE, PT_LOAD, OFL_ELFCORE_HEADER, core->va,
		 core->file_size, core->mem_size);
}

_Static_assert(EHDR_SIZE + NR_PHDRS * PHDR_SIZE + /* the notes, at most */
	       20 + PRSTATUS_REG + 8 * ARM64_REGS + PRSTATUS_TAIL +
	       20 + PRPSINFO_SIZE + 20 + OFL_ELFCORE_TEXT +
	       20 + sizeof(struct ofl_crash) <= OFL_ELFCORE_HEADER, "core file header");
