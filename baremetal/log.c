// SPDX-License-Identifier: BSD-2-Clause
/*
 * The bounded log, crashes and panics.
 *
 * The log is a ring of text in the private part of the region, which the host
 * shows with or without a PMM.  The image is its only writer, but it writes
 * from traps too: a trap taken in the middle of a write may overwrite a few
 * bytes of the interrupted line, never anything outside of the ring.
 *
 * Nothing here allocates, waits or uses the C library's stdio, so that all
 * of it works from a trap handler on a damaged heap.
 */
#include "platform.h"

#include <stdarg.h>
#include <string.h>

void (*ofl_log_mirror)(const char *text, size_t len);

static void log_char(char c)
{
	uint64_t head = ofl_log->head;

	ofl_log->text[head % sizeof(ofl_log->text)] = c;
	__atomic_store_n(&ofl_log->head, head + 1, __ATOMIC_RELEASE);
}

void ofl_log_write(const char *text, size_t len)
{
	if (!ofl_log)
		return;
	for (size_t i = 0; i < len; i++)
		log_char(text[i]);
	if (ofl_log_mirror)
		ofl_log_mirror(text, len);
}

/* Where formatted text goes: the log, or a bounded buffer. */
struct sink {
	char *buf; /* NULL: the log */
	size_t size;
	size_t len;
};

static void put(struct sink *sink, char c)
{
	if (!sink->buf) {
		ofl_log_write(&c, 1);
		return;
	}
	if (sink->len + 1 < sink->size)
		sink->buf[sink->len++] = c;
}

static void put_string(struct sink *sink, const char *s)
{
	if (!s)
		s = "(null)";
	while (*s)
		put(sink, *s++);
}

static void put_number(struct sink *sink, uint64_t value, unsigned int base,
		       unsigned int width, char pad)
{
	char digits[24];
	unsigned int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	while (width > n && width < 64) {
		put(sink, pad);
		width--;
	}
	while (n)
		put(sink, digits[--n]);
}

static uint64_t arg_unsigned(va_list *ap, unsigned int longs)
{
	if (longs >= 2)
		return va_arg(*ap, unsigned long long);
	return longs ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned int);
}

static int64_t arg_signed(va_list *ap, unsigned int longs)
{
	if (longs >= 2)
		return va_arg(*ap, long long);
	return longs ? va_arg(*ap, long) : va_arg(*ap, int);
}

/* %s %c %d %i %u %x %p with l, ll or z, a width and zero padding; and %%. */
static void format(struct sink *sink, const char *fmt, va_list *ap)
{
	for (; *fmt; fmt++) {
		unsigned int longs = 0, width = 0;
		char pad = ' ';
		int64_t n;

		if (*fmt != '%') {
			put(sink, *fmt);
			continue;
		}
		fmt++;
		if (*fmt == '0')
			pad = *fmt++;
		while (*fmt >= '0' && *fmt <= '9')
			width = width * 10 + (unsigned int)(*fmt++ - '0');
		for (; *fmt == 'l' || *fmt == 'z'; fmt++)
			longs++;
		switch (*fmt) {
		case 's':
			put_string(sink, va_arg(*ap, const char *));
			break;
		case 'c':
			put(sink, (char)va_arg(*ap, int));
			break;
		case 'd':
		case 'i':
			n = arg_signed(ap, longs);
			if (n < 0)
				put(sink, '-');
			put_number(sink, n < 0 ? -(uint64_t)n : (uint64_t)n, 10,
				   width, pad);
			break;
		case 'u':
			put_number(sink, arg_unsigned(ap, longs), 10, width, pad);
			break;
		case 'x':
			put_number(sink, arg_unsigned(ap, longs), 16, width, pad);
			break;
		case 'p':
			put_string(sink, "0x");
			put_number(sink, (uintptr_t)va_arg(*ap, void *), 16,
				   width, pad);
			break;
		case '\0':
			return;
		default: /* %% and what is not known */
			put(sink, *fmt);
			break;
		}
	}
}

void ofl_log_printf(const char *fmt, ...)
{
	struct sink sink = { 0 };
	va_list ap;

	va_start(ap, fmt);
	format(&sink, fmt, &ap);
	va_end(ap);
}

#if defined(__x86_64__)
static const char *const reg_names[] = {
	"rax", "rbx", "rcx", "rdx", "rsi",    "rdi", "rbp", "rsp",
	"r8",  "r9",  "r10", "r11", "r12",    "r13", "r14", "r15",
	"rip", "rflags", "cr0", "cr2", "cr3", "cr4",
};
#else
static const char *const reg_names[] = {
	"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",	"x8",
	"x9",  "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
	"x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26",
	"x27", "x28", "x29", "x30", "sp",  "pc",  "pstate", "esr", "far",
};
#endif

static void log_registers(const struct ofl_crash *crash)
{
	unsigned int n = crash->nr_regs;

	if (n > OFL_CRASH_REGS)
		n = OFL_CRASH_REGS;
	if (n > sizeof(reg_names) / sizeof(reg_names[0]))
		n = sizeof(reg_names) / sizeof(reg_names[0]);
	for (unsigned int i = 0; i < n; i++)
		ofl_log_printf("%s=%016llx%c", reg_names[i],
			       (unsigned long long)crash->regs[i],
			       i % 4 == 3 || i + 1 == n ? '\n' : ' ');
}

static void log_trace(const struct ofl_crash *crash)
{
	unsigned int n = crash->nr_trace;

	if (n > OFL_CRASH_TRACE)
		n = OFL_CRASH_TRACE;
	if (n)
		ofl_log_printf("called from:");
	for (unsigned int i = 0; i < n; i++)
		ofl_log_printf(" %llx", (unsigned long long)crash->trace[i]);
	if (n)
		ofl_log_printf("\n");
}

void ofl_crashed(void)
{
	const struct ofl_crash *crash = ofl_crash;

	ofl_crash->text[sizeof(crash->text) - 1] = '\0';
	ofl_log_printf("\noffload: crash: %s\n", crash->text);
	ofl_log_printf("vector=%u error=%llx pc=%llx sp=%llx fault_address=%llx\n",
		       crash->vector, (unsigned long long)crash->error,
		       (unsigned long long)crash->pc,
		       (unsigned long long)crash->sp,
		       (unsigned long long)crash->fault_address);
	log_registers(crash);
	log_trace(crash);
	ofl_platform_leave(OFL_STATE_CRASHED, 0);
}

/* So much before a return address is inside of the call. */
#if defined(__x86_64__)
#define CALL_SIZE 1
#else
#define CALL_SIZE 4
#endif

void ofl_panic(const char *fmt, ...)
{
	struct ofl_crash *crash = ofl_crash;
	struct sink sink = { .buf = crash->text, .size = sizeof(crash->text) };
	va_list ap;

	memset(crash, 0, sizeof(*crash));
	crash->vector = OFL_VECTOR_NONE;
	/* the caller's; its call of us is the last thing in it, so not behind that */
	crash->pc = (uintptr_t)__builtin_return_address(0) - CALL_SIZE;
	crash->sp = (uintptr_t)__builtin_dwarf_cfa();
	crash->fp = *(const uint64_t *)__builtin_frame_address(0);
	va_start(ap, fmt);
	format(&sink, fmt, &ap);
	va_end(ap);
	sink.buf[sink.len] = '\0';
	ofl_log_printf("\noffload: panic: %s (at %llx)\n", crash->text,
		       (unsigned long long)crash->pc);
	ofl_platform_leave(OFL_STATE_CRASHED, 0);
}
