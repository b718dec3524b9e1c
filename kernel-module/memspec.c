// SPDX-License-Identifier: GPL-2.0-only
/*
 * The numbers among the module's parameters: mem=, window=, cpu=.  Sizes are
 * decimal, octal or hexadecimal as in C, with an optional K, M or G; nothing
 * may follow them.
 */
#include "memspec.h"

#define SAY(...) snprintf(msg, OFL_MSG_MAX, __VA_ARGS__)

#define MAX64 (~(uint64_t)0)

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* A number at *p, which is moved behind it.  false: none, or 64 bits exceeded */
static bool number(const char **p, uint64_t *out)
{
	unsigned int base = 10;
	const char *s = *p;
	uint64_t n = 0;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	} else if (s[0] == '0') {
		base = 8;
	}
	if (digit(*s) >= (int)base)
		return false;
	while (digit(*s) < (int)base) {
		unsigned int d = digit(*s++);

		if (n > (MAX64 - d) / base)
			return false;
		n = n * base + d;
	}
	*p = s;
	*out = n;
	return true;
}

/* A number with an optional K, M or G */
static bool scaled(const char **p, uint64_t *out)
{
	unsigned int shift = 0;
	uint64_t n;

	if (!number(p, &n))
		return false;
	switch (**p) {
	case 'k':
	case 'K':
		shift = 10;
		break;
	case 'm':
	case 'M':
		shift = 20;
		break;
	case 'g':
	case 'G':
		shift = 30;
		break;
	}
	if (shift) {
		(*p)++;
		if (n > MAX64 >> shift)
			return false;
	}
	*out = n << shift;
	return true;
}

bool ofl_memspec_size(const char **p, uint64_t *out)
{
	return scaled(p, out);
}

static int bad_mem(const char *text, char *msg)
{
	SAY("mem=%.64s is not understood; it is one of auto, auto:SIZE, SIZE@ADDRESS (as in 64M@0x30000000) and dt",
	    text);
	return -EINVAL;
}

int ofl_memspec_parse(const char *text, struct ofl_memspec *spec, char *msg)
{
	const char *p = text;

	memset(spec, 0, sizeof(*spec));
	if (!strcmp(text, "auto")) {
		spec->kind = OFL_MEM_AUTO;
		spec->size = OFL_MEM_AUTO_SIZE;
		return 0;
	}
	if (!strcmp(text, "dt")) {
		spec->kind = OFL_MEM_DT;
		return 0;
	}
	if (!strncmp(text, "auto:", 5)) {
		p += 5;
		spec->kind = OFL_MEM_AUTO;
		if (!scaled(&p, &spec->size) || *p)
			return bad_mem(text, msg);
		return 0;
	}
	spec->kind = OFL_MEM_RANGE;
	if (!scaled(&p, &spec->size) || *p++ != '@' ||
	    !scaled(&p, &spec->pa) || *p)
		return bad_mem(text, msg);
	if (spec->pa % OFL_PAGE) {
		SAY("mem=%.64s: the address is not aligned, it must be a multiple of 2 MiB",
		    text);
		return -EINVAL;
	}
	return 0;
}

int ofl_memspec_window(const char *text, uint64_t *size, char *msg)
{
	const char *p = text;

	if (!scaled(&p, size) || *p) {
		SAY("window=%.64s is not a size (as in 4M)", text);
		return -EINVAL;
	}
	if (*size && (*size < OFL_WIN_SIZE_MIN || *size % OFL_WINDOW_ALIGN)) {
		SAY("window=%.64s: a window has at least %u KiB and is a multiple of %u KiB, or 0 for none",
		    text, OFL_WIN_SIZE_MIN / 1024, OFL_WINDOW_ALIGN / 1024);
		return -EINVAL;
	}
	return 0;
}

int ofl_memspec_check(const char *what, uint64_t pa, uint64_t size,
		      uint64_t window, char *msg)
{
	if (!size || size % OFL_REGION_ALIGN) {
		SAY("%.64s: the size, %llu, is not aligned to 2 MiB", what,
		    OFL_ULL(size));
		return -EINVAL;
	}
	if (size > OFL_MEM_MAX) {
		SAY("%.64s: %llu MiB are more than the %llu that an instance can use",
		    what, OFL_ULL(size >> 20), OFL_ULL(OFL_MEM_MAX >> 20));
		return -EINVAL;
	}
	if (pa % OFL_REGION_ALIGN) {
		SAY("%.64s: the address, %#llx, is not aligned to 2 MiB",
		    what, OFL_ULL(pa));
		return -EINVAL;
	}
	if (pa > MAX64 - size) {
		SAY("%.64s: the end lies beyond 64 bits", what);
		return -EINVAL;
	}
	/* what is left must hold the boot page, tables, and a small image */
	if (window >= size || size - window < 2 * OFL_IMAGE_OFF) {
		SAY("%.64s: %llu KiB less a window of %llu KiB leave too little for an image; make mem= larger or window= smaller",
		    what, OFL_ULL(size >> 10), OFL_ULL(window >> 10));
		return -EINVAL;
	}
	return 0;
}

bool ofl_memspec_overlap(uint64_t pa, uint64_t size, uint64_t pa2,
			 uint64_t size2)
{
	return pa < pa2 ? pa2 - pa < size : pa - pa2 < size2;
}

int ofl_memspec_cpu(const char *text, unsigned int *cpu, char *msg)
{
	const char *p = text;
	uint64_t n;

	if (!number(&p, &n) || *p || n > INT_MAX) {
		SAY("cpu=%.64s is not the number of a CPU", text);
		return -EINVAL;
	}
	*cpu = (unsigned int)n;
	return 0;
}
