// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameter device=.  Windows are whole pages, because an image's page
 * tables give away whole pages; their size is bounded, so that the tables of the
 * image, which have a fixed place, hold them.
 */
#include "devspec.h"

#include "memspec.h"

#define SAY(...) snprintf(msg, OFL_MSG_MAX, __VA_ARGS__)

#define SIZE_MAX_ONE (1ull << 30)
/* An image has them at their physical address, in its lower half. */
#define PA_END (1ull << 46)
#define SPI_FIRST 32
#define SPI_END 1020

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("_-.@", c));
}

static int bad(const char *text, const char *what, char *msg)
{
	SAY("device=%.64s: %s; one is NAME:SIZE@ADDRESS[:irq=N] (as in gpio:4K@0x9030000:irq=39), several have commas between them",
	    text, what);
	return -EINVAL;
}

/* The number behind `key`, if that is what is at *p. */
static bool keyed(const char **p, const char *key, uint64_t *n)
{
	size_t len = strlen(key);

	if (strncmp(*p, key, len))
		return false;
	*p += len;
	return ofl_memspec_size(p, n);
}

static int parse_irq(const char **p, struct ofl_devspec *d, const char *text,
		     char *msg)
{
	uint64_t irq;

	(*p)++;
	d->edge = **p == 'e';
	if (!keyed(p, d->edge ? "edge=" : "irq=", &irq))
		return bad(text, "an interrupt is irq=N (level) or edge=N",
			   msg);
	if (irq < SPI_FIRST || irq >= SPI_END)
		return bad(text, "shared interrupts are 32 to 1019", msg);
	d->irq = (unsigned int)irq;
	return 0;
}

/* One device at *p, which is moved behind it. */
static int parse_one(const char **p, struct ofl_devspec *d, char *msg)
{
	const char *text = *p;
	size_t len = 0;
	int err = 0;

	memset(d, 0, sizeof(*d));
	while (name_char(text[len]))
		len++;
	if (!len || text[len] != ':')
		return bad(text, "it begins with a name", msg);
	if (len >= sizeof(d->name))
		return bad(text, "the name is too long", msg);
	memcpy(d->name, text, len);
	*p += len + 1;
	if (!ofl_memspec_size(p, &d->size) || *(*p)++ != '@' ||
	    !ofl_memspec_size(p, &d->pa))
		return bad(text, "behind the name is SIZE@ADDRESS", msg);
	if (**p == ':')
		err = parse_irq(p, d, text, msg);
	if (err)
		return err;
	if (**p && **p != ',')
		return bad(text, "something is behind it", msg);
	if (!d->size || (d->pa | d->size) % OFL_PAGE)
		return bad(text, "address and size are whole pages of 4 KiB",
			   msg);
	if (d->size > SIZE_MAX_ONE || d->pa >= PA_END)
		return bad(text, "at most 1 GiB, below 64 TiB", msg);
	return 0;
}

bool ofl_devspec_clash(const struct ofl_devspec *a, const struct ofl_devspec *b)
{
	return ofl_memspec_overlap(a->pa, a->size, b->pa, b->size) ||
	       !strcmp(a->name, b->name) || (a->irq && a->irq == b->irq);
}

int ofl_devspec_parse(const char *text, struct ofl_devspec *devices,
		      unsigned int *nr, char *msg)
{
	const char *p = text;
	unsigned int i;
	int err;

	*nr = 0;
	if (!*text)
		return 0;
	for (;; p++) {
		struct ofl_devspec *d = &devices[*nr];

		if (*nr == OFL_BOOT_DEVICES) {
			SAY("device= names more than %u devices for one image",
			    OFL_BOOT_DEVICES);
			return -EINVAL;
		}
		err = parse_one(&p, d, msg);
		if (err)
			return err;
		for (i = 0; i < *nr; i++) {
			if (!ofl_devspec_clash(&devices[i], d))
				continue;
			SAY("device=: %s and %s have the same name, addresses or interrupt",
			    devices[i].name, d->name);
			return -EINVAL;
		}
		(*nr)++;
		if (!*p)
			return 0;
	}
}
