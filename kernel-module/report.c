// SPDX-License-Identifier: GPL-2.0-only
/*
 * From what an image left behind (state word, crash record, log) to text that
 * is safe to print.  Every count is bounded by the array that it counts, every
 * string by its field, and no byte that could steer a terminal gets through.
 */
#include "report.h"

int ofl_report_state(uint32_t state)
{
	return state <= OFL_STATE_STOPPED ? (int)state : -1;
}

size_t ofl_report_line(char *out, const char *text, size_t max)
{
	size_t len = 0;

	while (len < max && text[len]) {
		char c = text[len];

		if (c == '\n' || c == '\t')
			c = ' ';
		out[len++] = c >= ' ' && c <= '~' ? c : '?';
	}
	while (len && out[len - 1] == ' ')
		len--;
	out[len] = 0;
	return len;
}

static const char *vector_name(uint32_t vector, uint32_t machine)
{
	static const char *const x86[32] = {
		[0] = "divide error", [1] = "debug", [2] = "NMI",
		[3] = "breakpoint", [4] = "overflow", [5] = "bound range",
		[6] = "invalid opcode", [7] = "device not available",
		[8] = "double fault", [10] = "invalid TSS",
		[11] = "segment not present", [12] = "stack fault",
		[13] = "general protection", [14] = "page fault",
		[16] = "x87 error", [17] = "alignment check",
		[18] = "machine check", [19] = "SIMD error",
		[20] = "virtualization", [21] = "control protection",
	};
	static const char *const arm64[4] = { "synchronous", "IRQ", "FIQ",
					      "SError" };
	const char *name = NULL;

	if (machine == OFL_MACHINE_X86_64 && vector < 32)
		name = x86[vector];
	else if (machine == OFL_MACHINE_AARCH64 && vector < 16)
		name = arm64[vector % 4];
	return name ? name : "?";
}

void ofl_report_summary(char *out, const struct ofl_crash *crash,
			uint32_t machine)
{
	char text[sizeof(crash->text) + 1];

	ofl_report_line(text, crash->text, sizeof(crash->text));
	if (crash->vector == OFL_VECTOR_NONE) {
		snprintf(out, OFL_REPORT_SUMMARY_MAX, "%s, pc %#llx",
			 *text ? text : "no reason given", OFL_ULL(crash->pc));
		return;
	}
	snprintf(out, OFL_REPORT_SUMMARY_MAX,
		 "vector %u (%s), error %#llx, pc %#llx, fault address %#llx%s%s",
		 crash->vector, vector_name(crash->vector, machine),
		 OFL_ULL(crash->error), OFL_ULL(crash->pc), OFL_ULL(crash->fault_address),
		 *text ? ": " : "", text);
}

/* Append to out[*len]; stops, whole, at size - 1. */
static void __attribute__((format(printf, 4, 5)))
append(char *out, size_t size, size_t *len, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(out + *len, size - *len, fmt, ap);
	va_end(ap);
	if (n > 0)
		*len = (size_t)n < size - *len ? *len + n : size - 1;
}

static void register_name(char name[8], unsigned int i, uint32_t machine)
{
	static const char x86[22][8] = {
		"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		"rip", "rflags", "cr0", "cr2", "cr3", "cr4",
	};
	static const char arm64[5][8] = { "sp", "pc", "pstate", "esr", "far" };

	if (machine == OFL_MACHINE_X86_64 && i < 22)
		snprintf(name, 8, "%s", x86[i]);
	else if (machine == OFL_MACHINE_AARCH64 && i >= 31 && i < 36)
		snprintf(name, 8, "%s", arm64[i - 31]);
	else
		snprintf(name, 8, "%s%u",
			 machine == OFL_MACHINE_AARCH64 && i < 31 ? "x" : "#",
			 i % 1000);
}

size_t ofl_report_crash(char *out, size_t size, const struct ofl_crash *crash,
			uint32_t machine)
{
	char summary[OFL_REPORT_SUMMARY_MAX], name[8];
	unsigned int nr_regs = crash->nr_regs, nr_trace = crash->nr_trace, i;
	size_t len = 0;

	ofl_report_summary(summary, crash, machine);
	append(out, size, &len, "%s\n", summary);
	if (nr_regs > OFL_CRASH_REGS) {
		append(out, size, &len,
		       "(the record claims %u registers, there are %u)\n",
		       nr_regs, OFL_CRASH_REGS);
		nr_regs = OFL_CRASH_REGS;
	}
	for (i = 0; i < nr_regs; i++) {
		register_name(name, i, machine);
		append(out, size, &len, "%7s %016llx%s", name,
		       OFL_ULL(crash->regs[i]),
		       i % 4 == 3 || i + 1 == nr_regs ? "\n" : "");
	}
	if (nr_trace > OFL_CRASH_TRACE) {
		append(out, size, &len,
		       "(the record claims %u return addresses, there are %u)\n",
		       nr_trace, OFL_CRASH_TRACE);
		nr_trace = OFL_CRASH_TRACE;
	}
	for (i = 0; i < nr_trace; i++)
		append(out, size, &len, "trace  %016llx\n",
		       OFL_ULL(crash->trace[i]));
	return len;
}

/*
 * Length of the UTF-8 character at s, of which `len` bytes are there; 0 if it
 * is none, or one of U+0080 to U+009F, which steer terminals like escapes.
 */
static size_t utf8_length(const unsigned char *s, size_t len)
{
	size_t n, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (n > len || (s[0] == 0xc2 && s[1] < 0xa0))
		return 0;
	/* longer than needed, a surrogate, above U+10FFFF */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

size_t ofl_report_log(char *out, const struct ofl_log *log)
{
	const size_t size = sizeof(log->text);
	unsigned char *s = (unsigned char *)out;
	size_t len, start, i, n;
	uint64_t head = log->head;

	len = head < size ? (size_t)head : size;
	start = head < size ? 0 : (size_t)(head % size);
	for (i = 0; i < len; i++)
		out[i] = log->text[(start + i) % size];
	for (i = 0; i < len; i += n ?: 1) {
		n = utf8_length(s + i, len - i);
		if (!n || (s[i] < ' ' && s[i] != '\n' && s[i] != '\t') ||
		    s[i] == 0x7f)
			s[i] = '?';
	}
	return len;
}
