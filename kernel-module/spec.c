// SPDX-License-Identifier: GPL-2.0-only
/*
 * One instance or several from what a user has written; see spec.h for the two
 * syntaxes.  What the values mean is memspec.c's, args.c's and devspec.c's; what
 * they mean together is here.
 */
#include "spec.h"

#include "args.h"

#define SAY(...) snprintf(msg, OFL_MSG_MAX, __VA_ARGS__)

#define MEM_DEFAULT "auto"
#define WINDOW_DEFAULT "4M"

/* ------------------------------------------------------------------ lists */

/*
 * The end of the element at s: sep or NUL.  quotes: as in a shell, separators
 * inside them are none.
 */
static const char *element_end(const char *s, char sep, bool quotes)
{
	char quote = 0;

	for (; *s && (quote || *s != sep); s++) {
		if (!quotes)
			continue;
		if (*s == '\\' && quote != '\'' && s[1])
			s++;
		else if (quote && *s == quote)
			quote = 0;
		else if (!quote && (*s == '\'' || *s == '"'))
			quote = *s;
	}
	return s;
}

static unsigned int count(const char *list, char sep, bool quotes)
{
	unsigned int n = 1;

	if (!list)
		return 0;
	while (*(list = element_end(list, sep, quotes))) {
		list++;
		n++;
	}
	return n;
}

/* Element i of a list that has it, copied to out; false: too long. */
static bool element(const char *list, char sep, bool quotes, unsigned int i,
		    char *out, size_t size)
{
	const char *end;
	size_t len;

	while (i--)
		list = element_end(list, sep, quotes) + 1;
	end = element_end(list, sep, quotes);
	if (sep == ';') /* blanks around it are for the eye */
		while (*list == ' ')
			list++;
	len = end - list;
	if (len >= size)
		return false;
	memcpy(out, list, len);
	out[len] = 0;
	return true;
}

/* ------------------------------------------------------------- one value */

static int set_image(struct ofl_spec *spec, const char *text, char *msg)
{
	size_t len = strlen(text);

	if (len >= sizeof(spec->image)) {
		SAY("image=%.64s...: a name has at most %u characters", text,
		    (unsigned int)sizeof(spec->image) - 1);
		return -ENAMETOOLONG;
	}
	memcpy(spec->image, text, len + 1);
	return 0;
}

static int set_args(struct ofl_spec *spec, const char *text, char *msg)
{
	int err = ofl_args_check(text, msg);

	if (!err)
		memcpy(spec->args, text, strlen(text) + 1);
	return err;
}

static int set_spi(struct ofl_spec *spec, const char *text, char *msg)
{
	if (ofl_memspec_cpu(text, &spec->spi, msg)) {
		SAY("spi=%.64s is not the number of an interrupt", text);
		return -EINVAL;
	}
	return 0;
}

static int set_device(struct ofl_spec *spec, const char *text, char *msg)
{
	return ofl_devspec_parse(text, spec->devices, &spec->nr_devices, msg);
}

static int set_start(struct ofl_spec *spec, const char *text, char *msg)
{
	if (text[0] && strchr("01ynYN", text[0]) && !text[1]) {
		spec->start = strchr("1yY", text[0]);
		return 0;
	}
	SAY("start=%.64s is neither 0 nor 1", text);
	return -EINVAL;
}

static int check_complete(const struct ofl_spec *spec, char *msg)
{
	if (spec->image[0] || !spec->start)
		return 0;
	SAY("image= is missing: which file is to run on CPU %u?", spec->cpu);
	return -EINVAL;
}

/* ---------------------------------------------------------- from the lists */

/* Element i, or the only one, of a list into s->text. */
static int pick(const char *what, const char *list, unsigned int i,
		struct ofl_spec *s, char *msg)
{
	if (count(list, ',', false) == 1)
		i = 0;
	if (element(list, ',', false, i, s->text, sizeof(s->text)))
		return 0;
	SAY("%s=%.64s...: an element is too long", what, list);
	return -EINVAL;
}

static int one_of_lists(const struct ofl_spec_words *lists, struct ofl_spec *s,
			unsigned int i, char *msg)
{
	int err;

	err = pick("cpu", lists->cpu, i, s, msg);
	if (!err)
		err = ofl_memspec_cpu(s->text, &s->cpu, msg);
	if (!err && lists->image) {
		if (!element(lists->image, ',', false, i, s->image,
			     sizeof(s->image)))
			return set_image(s, lists->image, msg);
	}
	if (!err)
		err = pick("mem", lists->mem ?: MEM_DEFAULT, i, s, msg);
	if (!err)
		err = ofl_memspec_parse(s->text, &s->mem, msg);
	if (!err)
		err = pick("window", lists->window ?: WINDOW_DEFAULT, i, s, msg);
	if (!err)
		err = ofl_memspec_window(s->text, &s->window, msg);
	if (!err && i < count(lists->spi, ',', false)) {
		err = pick("spi", lists->spi, i, s, msg);
		if (!err)
			err = set_spi(s, s->text, msg);
	}
	if (!err && lists->args) {
		unsigned int at = count(lists->args, ';', true) > 1 ? i : 0;

		if (element(lists->args, ';', true, at, s->args,
			    sizeof(s->args)))
			err = ofl_args_check(s->args, msg);
		else /* has a sentence for it, if it is alone */
			err = ofl_args_check(lists->args, msg);
	}
	if (!err && i < count(lists->device, ';', false)) {
		if (!element(lists->device, ';', false, i, s->text,
			     sizeof(s->text))) {
			SAY("device=%.64s...: an element is too long",
			    lists->device);
			return -EINVAL;
		}
		err = set_device(s, s->text, msg);
	}
	if (!err && lists->start)
		err = set_start(s, lists->start, msg);
	return err ?: check_complete(s, msg);
}

/* Do the elements of a list go with nr CPUs? */
static int check_count(const char *what, unsigned int n, unsigned int nr,
		       bool one_for_all, char *msg)
{
	if (!n || n == nr || (one_for_all && n == 1))
		return 0;
	SAY("cpu= names %u CPU%s, but %s= has %u element%s; give %sone for each",
	    nr, nr == 1 ? "" : "s", what, n, n == 1 ? "" : "s",
	    one_for_all ? "one for all, or " : "");
	return -EINVAL;
}

static int check_pair(const struct ofl_spec *a, const struct ofl_spec *b,
		      char *msg)
{
	unsigned int i;

	if (a->cpu == b->cpu) {
		SAY("cpu= names CPU %u twice", a->cpu);
		return -EINVAL;
	}
	if (a->mem.kind == OFL_MEM_RANGE && b->mem.kind == OFL_MEM_RANGE &&
	    ofl_memspec_overlap(a->mem.pa, a->mem.size, b->mem.pa,
				b->mem.size)) {
		SAY("mem=: the memory for CPU %u (%#llx from %#llx) overlaps that for CPU %u (%#llx from %#llx)",
		    a->cpu, OFL_ULL(a->mem.size), OFL_ULL(a->mem.pa), b->cpu,
		    OFL_ULL(b->mem.size), OFL_ULL(b->mem.pa));
		return -EINVAL;
	}
	if (a->spi && a->spi == b->spi) {
		SAY("spi= names interrupt %u twice", a->spi);
		return -EINVAL;
	}
	for (i = 0; i < a->nr_devices * b->nr_devices; i++) {
		const struct ofl_devspec *d = &a->devices[i / b->nr_devices];
		const struct ofl_devspec *e = &b->devices[i % b->nr_devices];

		/* the same name is fine: each image has its own */
		if (ofl_memspec_overlap(d->pa, d->size, e->pa, e->size) ||
		    (d->irq && d->irq == e->irq)) {
			SAY("device=: %s for CPU %u and %s for CPU %u have the same addresses or interrupt",
			    d->name, a->cpu, e->name, b->cpu);
			return -EINVAL;
		}
	}
	return 0;
}

int ofl_spec_lists(const struct ofl_spec_words *lists, struct ofl_spec *specs,
		   unsigned int max, unsigned int *nr, char *msg)
{
	unsigned int n, i, j;
	int err;

	if (!lists->cpu) {
		SAY("cpu= is missing: which CPU is to be lent? (cpu=none: none now)");
		return -EINVAL;
	}
	*nr = 0;
	if (!strcmp(lists->cpu, "none")) {
		if (!lists->image)
			return 0;
		SAY("image= goes with a CPU, and cpu=none names none");
		return -EINVAL;
	}
	n = count(lists->cpu, ',', false);
	if (n > max) {
		SAY("cpu= names %u CPUs, more than the %u that can be lent", n,
		    max);
		return -EINVAL;
	}
	err = check_count("image", count(lists->image, ',', false), n, false,
			  msg);
	if (!err)
		err = check_count("mem", count(lists->mem, ',', false), n, true,
				  msg);
	if (!err)
		err = check_count("window", count(lists->window, ',', false), n,
				  true, msg);
	if (!err)
		err = check_count("args", count(lists->args, ';', true), n, true,
				  msg);
	if (!err && count(lists->spi, ',', false) > n)
		err = check_count("spi", count(lists->spi, ',', false), n, false,
				  msg);
	if (!err && count(lists->device, ';', false) > n)
		err = check_count("device", count(lists->device, ';', false), n,
				  false, msg);
	for (i = 0; i < n && !err; i++) {
		memset(&specs[i], 0, sizeof(specs[i]));
		specs[i].start = true;
		err = one_of_lists(lists, &specs[i], i, msg);
		for (j = 0; j < i && !err; j++)
			err = check_pair(&specs[j], &specs[i], msg);
	}
	if (!err)
		*nr = n;
	return err;
}

/* ------------------------------------------------------------ from a line */

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/*
 * The value at *p, without its quotes, in place; *p is moved behind it.  NULL:
 * an open quote, or something right behind a closing one.
 */
static char *value_of(char **p)
{
	char *s = *p, *out = s, *value = s, quote = 0;

	if (*s == '"' || *s == '\'')
		quote = *s++;
	while (*s && (quote ? *s != quote : !blank(*s))) {
		if (quote == '"' && *s == '\\' &&
		    (s[1] == '"' || s[1] == '\\'))
			s++;
		*out++ = *s++;
	}
	if (quote) {
		if (!*s++ || (*s && !blank(*s)))
			return NULL;
	}
	*p = *s ? s + 1 : s;
	*out = 0;
	return value;
}

static const char **word_of(struct ofl_spec_words *words, const char *key)
{
	const struct {
		const char *key;
		const char **word;
	} known[] = {
		{ "cpu", &words->cpu },	      { "image", &words->image },
		{ "mem", &words->mem },	      { "window", &words->window },
		{ "args", &words->args },     { "start", &words->start },
		{ "spi", &words->spi },	      { "device", &words->device },
		{ NULL, NULL },
	}, *k;

	for (k = known; k->key && strcmp(key, k->key); k++)
		;
	return k->word;
}

static int split_line(char *p, struct ofl_spec_words *words, char *msg)
{
	const char **word;
	char *key;

	for (;;) {
		while (blank(*p))
			p++;
		if (!*p)
			return 0;
		key = p;
		while (*p && *p != '=' && !blank(*p))
			p++;
		if (*p != '=') {
			SAY("add: '%.*s' is not KEY=VALUE",
			    p - key > 64 ? 64 : (int)(p - key), key);
			return -EINVAL;
		}
		*p++ = 0;
		word = word_of(words, key);
		if (!word) {
			SAY("add: there is no '%.64s='; known are cpu image mem window args start spi device",
			    key);
			return -EINVAL;
		}
		if (*word) {
			SAY("add: %s= is there twice", key);
			return -EINVAL;
		}
		*word = value_of(&p);
		if (!*word) {
			SAY("add: %s= has a quote that is not closed, or something behind it",
			    key);
			return -EINVAL;
		}
	}
}

int ofl_spec_line(char *line, struct ofl_spec *spec, char *msg)
{
	struct ofl_spec_words words = { 0 };
	int err = split_line(line, &words, msg);

	if (err)
		return err;
	memset(spec, 0, sizeof(*spec));
	spec->start = true;
	if (!words.cpu) {
		SAY("add: cpu= is missing: which CPU is to be lent?");
		return -EINVAL;
	}
	err = ofl_memspec_cpu(words.cpu, &spec->cpu, msg);
	if (!err && words.image)
		err = set_image(spec, words.image, msg);
	if (!err)
		err = ofl_memspec_parse(words.mem ?: MEM_DEFAULT, &spec->mem,
					msg);
	if (!err)
		err = ofl_memspec_window(words.window ?: WINDOW_DEFAULT,
					 &spec->window, msg);
	if (!err && words.args)
		err = set_args(spec, words.args, msg);
	if (!err && words.start)
		err = set_start(spec, words.start, msg);
	if (!err && words.spi)
		err = set_spi(spec, words.spi, msg);
	if (!err && words.device)
		err = set_device(spec, words.device, msg);
	return err ?: check_complete(spec, msg);
}
