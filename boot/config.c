// SPDX-License-Identifier: BSD-2-Clause
/* Reading \offload.cfg; config.h has the format. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MEM_DEFAULT (16ull << 20)
#define WINDOW_DEFAULT (4ull << 20)
#define MEM_MAX (64ull << 30)

/* One line taken apart, and where messages go. */
struct line {
	unsigned int number;
	char key[16];
	char value[OFL_ARGS_MAX];
	char *msg;
	size_t size;
};

#define SAY(line, fmt, ...)                                                    \
	snprintf((line)->msg, (line)->size, "line %u: " fmt, (line)->number,   \
		 __VA_ARGS__)

static int read_number(const char *text, bool units, uint64_t *out)
{
	unsigned int base = 10, digit;
	uint64_t n = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text >= '0' && *text <= '9')
			digit = (unsigned int)(*text - '0');
		else if (base == 16 && (*text | 32) >= 'a' && (*text | 32) <= 'f')
			digit = (unsigned int)((*text | 32) - 'a') + 10;
		else
			break;
		if (n > UINT64_MAX / base - 1)
			return -EINVAL;
		n = n * base + digit;
	}
	if (units && *text && !text[1]) {
		unsigned int shift = (*text | 32) == 'k' ? 10 : (*text | 32) == 'm' ? 20 : 0;

		if (!shift || n >> (64 - shift))
			return -EINVAL;
		n <<= shift;
		text++;
	}
	if (*text)
		return -EINVAL;
	*out = n;
	return 0;
}

static int read_size(struct line *line, uint64_t unit, bool zero, uint64_t *out)
{
	if (read_number(line->value, true, out) || *out > MEM_MAX) {
		SAY(line, "%s=%s is not a size (bytes, or with K or M)", line->key, line->value);
		return -EINVAL;
	}
	if (*out % unit || (!*out && !zero)) {
		SAY(line, "%s=%s is not a multiple of %u KiB", line->key, line->value,
		    (unsigned int)(unit >> 10));
		return -EINVAL;
	}
	return 0;
}

static int read_serial(struct line *line, struct ofl_config *config)
{
	static const struct {
		const char *prefix;
		enum ofl_serial serial;
		uint64_t max;
	} kinds[] = {
		{ "io:", OFL_SERIAL_16550_IO, 0xfff8 },
		{ "mmio:", OFL_SERIAL_16550_MMIO, (1ull << 48) - 1 },
		{ "pl011:", OFL_SERIAL_PL011, (1ull << 48) - 1 },
	};
	const char *value = line->value;

	config->serial_auto = !strcmp(value, "auto");
	config->serial = OFL_SERIAL_NONE;
	if (config->serial_auto || !strcmp(value, "none"))
		return 0;
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i].prefix);

		if (strncmp(value, kinds[i].prefix, len) ||
		    read_number(value + len, false, &config->serial_pa) ||
		    config->serial_pa > kinds[i].max)
			continue;
		config->serial = kinds[i].serial;
		return 0;
	}
	SAY(line, "serial=%s is none of auto, none, io:PORT, mmio:ADDRESS, pl011:ADDRESS", value);
	return -EINVAL;
}

static int copy_value(struct line *line, char *to, size_t size)
{
	size_t len = strlen(line->value);

	if (len >= size) {
		SAY(line, "%s= is too long: at most %u characters", line->key,
		    (unsigned int)size - 1);
		return -EINVAL;
	}
	memcpy(to, line->value, len + 1);
	return 0;
}

static const char *const keys[] = { "image", "args",   "core",	    "mem",
				    "window", "net",	"serial",   "debug-exit" };

enum { IMAGE, ARGS, CORE, MEM, WINDOW, NET, SERIAL, DEBUG_EXIT, NR_KEYS };
_Static_assert(sizeof(keys) / sizeof(keys[0]) == NR_KEYS, "one name for each key");

static int read_value(struct line *line, unsigned int key, struct ofl_config *config)
{
	uint64_t n;

	switch (key) {
	case IMAGE:
		if (config->nr_images == OFL_CONFIG_IMAGES) {
			SAY(line, "there are more than %u images", OFL_CONFIG_IMAGES);
			return -EINVAL;
		}
		if (!line->value[0]) {
			SAY(line, "%s= has no name", line->key);
			return -EINVAL;
		}
		n = config->nr_images++;
		return copy_value(line, config->image[n].name, sizeof(config->image[n].name));
	case ARGS:
		if (!config->nr_images) {
			SAY(line, "%s= comes before any image=", line->key);
			return -EINVAL;
		}
		n = config->nr_images - 1;
		return copy_value(line, config->image[n].args, sizeof(config->image[n].args));
	case CORE:
		config->other_core = !strcmp(line->value, "other");
		if (config->other_core || !strcmp(line->value, "self"))
			return 0;
		SAY(line, "core=%s is neither self nor other", line->value);
		return -EINVAL;
	case MEM:
		return read_size(line, OFL_REGION_ALIGN, false, &config->mem);
	case WINDOW:
		return read_size(line, OFL_REGION_ALIGN, true, &config->window);
	case NET:
		config->net = !strcmp(line->value, "on");
		if (config->net || !strcmp(line->value, "off"))
			return 0;
		SAY(line, "net=%s is neither on nor off", line->value);
		return -EINVAL;
	case SERIAL:
		return read_serial(line, config);
	case DEBUG_EXIT:
		if (read_number(line->value, false, &n) || !n || n > 0xffff) {
			SAY(line, "debug-exit=%s is not an I/O port", line->value);
			return -EINVAL;
		}
		config->debug_exit = (uint32_t)n;
		return 0;
	}
	return -EINVAL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* [from, to) without blanks around it. */
static void trim(const char **from, const char **to)
{
	while (*from < *to && is_blank(**from))
		(*from)++;
	while (*from < *to && is_blank((*to)[-1]))
		(*to)--;
}

/* 1: the line has nothing to say */
static int split(struct line *line, const char *from, const char *to)
{
	const char *equals, *key_end, *value;

	trim(&from, &to);
	if (from == to || *from == '#')
		return 1;
	for (const char *p = from; p < to; p++) {
		if ((unsigned char)*p < ' ' && *p != '\t') {
			SAY(line, "has a control character (code %u)", (unsigned char)*p);
			return -EINVAL;
		}
	}
	equals = memchr(from, '=', (size_t)(to - from));
	if (!equals) {
		SAY(line, "\"%.*s\" is not of the form key=value",
		    to - from > 40 ? 40 : (int)(to - from), from);
		return -EINVAL;
	}
	key_end = equals;
	value = equals + 1;
	trim(&from, &key_end);
	trim(&value, &to);
	if ((size_t)(key_end - from) >= sizeof(line->key)) {
		SAY(line, "there is no key \"%.*s\"", key_end - from > 40 ? 40 : (int)(key_end - from),
		    from);
		return -EINVAL;
	}
	memcpy(line->key, from, (size_t)(key_end - from));
	line->key[key_end - from] = '\0';
	if ((size_t)(to - value) >= sizeof(line->value)) {
		SAY(line, "%s= is too long: at most %u characters", line->key,
		    (unsigned int)sizeof(line->value) - 1);
		return -EINVAL;
	}
	memcpy(line->value, value, (size_t)(to - value));
	line->value[to - value] = '\0';
	return 0;
}

static int check(const struct ofl_config *config, char *msg, size_t size)
{
	if (!config->nr_images) {
		snprintf(msg, size, "image= is missing: it names the image to start");
		return -EINVAL;
	}
	if (config->nr_images > 1 && !config->other_core) {
		snprintf(msg, size, "more than one image= needs core=other: the first takes this core");
		return -EINVAL;
	}
	if (config->window && !config->other_core) {
		snprintf(msg, size, "window= needs core=other: nobody shares it with core=self");
		return -EINVAL;
	}
	if (config->net && !config->window) {
		snprintf(msg, size, "net=on needs core=other and a window: nobody is there to answer");
		return -EINVAL;
	}
	if (config->window >= config->mem) {
		snprintf(msg, size, "window=%llu KiB leaves nothing of mem=%llu KiB",
			 (unsigned long long)config->window >> 10,
			 (unsigned long long)config->mem >> 10);
		return -EINVAL;
	}
	return 0;
}

int ofl_config_read(const char *text, size_t len, struct ofl_config *config, char *msg,
		    size_t size)
{
	struct line line = { .msg = msg, .size = size };
	const char *end = text + len, *at = text, *next;
	unsigned int seen[NR_KEYS] = { 0 }, key;
	int err;

	memset(config, 0, sizeof(*config));
	config->mem = MEM_DEFAULT;
	config->serial_auto = true;

	for (; at < end; at = next + 1) {
		line.number++;
		next = memchr(at, '\n', (size_t)(end - at));
		if (!next)
			next = end;
		err = split(&line, at, next);
		if (err > 0)
			continue;
		if (err)
			return err;
		for (key = 0; key < NR_KEYS; key++)
			if (!strcmp(line.key, keys[key]))
				break;
		if (key == NR_KEYS) {
			SAY(&line, "there is no key \"%s\"", line.key);
			return -EINVAL;
		}
		if (key == IMAGE)
			seen[IMAGE] = seen[ARGS] = 0;
		if (seen[key]) {
			SAY(&line, "%s= was given in line %u already", line.key, seen[key]);
			return -EINVAL;
		}
		seen[key] = line.number;
		err = read_value(&line, key, config);
		if (err)
			return err;
	}
	if (config->other_core && !seen[WINDOW])
		config->window = WINDOW_DEFAULT;
	return check(config, msg, size);
}
