// SPDX-License-Identifier: BSD-2-Clause
/* snprintf: %d %i %u %x %X %c %s %p %%, flags - 0 # +, width, precision, l ll z. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct out {
	char *buf;
	size_t size, len; /* len counts what did not fit, too */
};

struct spec {
	bool left, zero, alt, plus;
	unsigned int width;
	int precision; /* -1: none */
	unsigned int longs;
};

static void put(struct out *out, char c)
{
	if (out->len + 1 < out->size)
		out->buf[out->len] = c;
	out->len++;
}

static void pad(struct out *out, char c, unsigned int width, size_t used)
{
	for (; width > used; width--)
		put(out, c);
}

/* prefix and digits, digits at least `precision` of them. */
static void put_field(struct out *out, const struct spec *spec, const char *prefix,
		      const char *text, size_t len, size_t zeros)
{
	size_t used = strlen(prefix) + zeros + len;

	if (!spec->left)
		pad(out, ' ', spec->width, used);
	while (*prefix)
		put(out, *prefix++);
	while (zeros--)
		put(out, '0');
	while (len--)
		put(out, *text++);
	if (spec->left)
		pad(out, ' ', spec->width, used);
}

static void put_number(struct out *out, const struct spec *spec, uint64_t value,
		       unsigned int base, const char *digits, const char *prefix)
{
	char text[24];
	char *p = text + sizeof(text);
	size_t len, zeros = 0, used;

	do {
		*--p = digits[value % base];
		value /= base;
	} while (value);
	len = (size_t)(text + sizeof(text) - p);
	used = strlen(prefix) + len;
	if (spec->precision >= 0) {
		if ((size_t)spec->precision > len)
			zeros = (size_t)spec->precision - len;
	} else if (spec->zero && !spec->left && spec->width > used) {
		zeros = spec->width - used;
	}
	put_field(out, spec, prefix, p, len, zeros);
}

static unsigned int number(const char **fmt, va_list *ap)
{
	unsigned int n = 0;

	if (**fmt == '*') {
		(*fmt)++;
		return (unsigned int)va_arg(*ap, int);
	}
	for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++)
		n = n * 10 + (unsigned int)(**fmt - '0');
	return n;
}

static const char *parse(const char *fmt, struct spec *spec, va_list *ap)
{
	*spec = (struct spec){ .precision = -1 };
	for (;; fmt++) {
		if (*fmt == '-')
			spec->left = true;
		else if (*fmt == '0')
			spec->zero = true;
		else if (*fmt == '#')
			spec->alt = true;
		else if (*fmt == '+')
			spec->plus = true;
		else
			break;
	}
	spec->width = number(&fmt, ap);
	if (*fmt == '.') {
		fmt++;
		spec->precision = (int)number(&fmt, ap);
	}
	for (; *fmt == 'l' || *fmt == 'z' || *fmt == 'j'; fmt++)
		spec->longs++;
	return fmt;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	struct out out = { buf, size, 0 };
	struct spec spec;
	const char *s;
	uint64_t u;
	int64_t n;
	va_list ap;
	char c;

	va_copy(ap, args);
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			put(&out, *fmt);
			continue;
		}
		fmt = parse(fmt + 1, &spec, &ap);
		switch (*fmt) {
		case 'd':
		case 'i':
			n = spec.longs ? va_arg(ap, long) : va_arg(ap, int);
			u = n < 0 ? -(uint64_t)n : (uint64_t)n;
			put_number(&out, &spec, u, 10, lower,
				   n < 0 ? "-" : spec.plus ? "+" : "");
			break;
		case 'u':
		case 'x':
		case 'X':
			u = spec.longs ? va_arg(ap, unsigned long) : va_arg(ap, unsigned int);
			put_number(&out, &spec, u, *fmt == 'u' ? 10 : 16,
				   *fmt == 'X' ? upper : lower,
				   spec.alt && u && *fmt != 'u' ? "0x" : "");
			break;
		case 'p':
			put_number(&out, &spec, (uintptr_t)va_arg(ap, void *), 16, lower,
				   "0x");
			break;
		case 'c':
			c = (char)va_arg(ap, int);
			put_field(&out, &spec, "", &c, 1, 0);
			break;
		case 's':
			s = va_arg(ap, const char *);
			if (!s)
				s = "(null)";
			put_field(&out, &spec, "", s,
				  strnlen(s, spec.precision < 0 ? SIZE_MAX :
								  (size_t)spec.precision),
				  0);
			break;
		case '\0':
			fmt--;
			break;
		default: /* %% and what is not known */
			put(&out, *fmt);
			break;
		}
	}
	va_end(ap);
	if (size)
		buf[out.len < size ? out.len : size - 1] = '\0';
	return (int)out.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return len;
}
