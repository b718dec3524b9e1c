// SPDX-License-Identifier: BSD-2-Clause
/*
 * Module parameters as text: mem=, window=, cpu=, args=, lists of them, and lines
 * written to `add`.  What the module accepts as arguments, the runtime must be able
 * to split.
 */
#include "fuzz.h"

#include "kernel-module/memspec.c"
#undef SAY
#undef MAX64
#include "kernel-module/args.c"
#undef SAY
#include "kernel-module/devspec.c"
#undef SAY
#include "kernel-module/spec.c"
#undef SAY
#include "baremetal/args.c"

static void split(const char *text, bool accepted)
{
	char *words = malloc(OFL_ARGS_MAX);
	char **argv = malloc(OFL_ARGC_MAX * sizeof(*argv));
	size_t len = strlen(text), where = 0;
	char *line = malloc(len ? len : 1); /* without its NUL */
	int n;

	memcpy(line, text, len);
	n = ofl_args_split(line, len, words, OFL_ARGS_MAX, argv, OFL_ARGC_MAX, &where);
	MUST(!accepted || n >= 0);
	MUST(n < OFL_ARGC_MAX && (n >= 0 || where <= len));
	for (int i = 0; i < n; i++)
		MUST(argv[i] >= words && argv[i] + strlen(argv[i]) < words + OFL_ARGS_MAX);
	MUST(n < 0 || !argv[n]);
	free(line);
	free(argv);
	free(words);
}

/* A spec that was accepted: strings end, numbers are in bounds. */
static void look(const struct ofl_spec *spec)
{
	MUST(memchr(spec->image, '\0', sizeof(spec->image)));
	MUST(memchr(spec->args, '\0', sizeof(spec->args)));
	MUST(spec->image[0] || !spec->start);
	MUST(spec->nr_devices <= OFL_BOOT_DEVICES);
	for (unsigned int i = 0; i < spec->nr_devices; i++)
		MUST(memchr(spec->devices[i].name, '\0', OFL_DEVICE_NAME) &&
		     spec->devices[i].size && spec->devices[i].size <= 1u << 30);
	split(spec->args, true);
}

static void line(const char *text)
{
	struct ofl_spec *spec = malloc(sizeof(*spec));
	char *copy = strdup(text), msg[OFL_MSG_MAX] = "";

	if (!ofl_spec_line(copy, spec, msg))
		look(spec);
	else
		MUST(msg[0] && memchr(msg, '\0', sizeof(msg)));
	free(copy);
	free(spec);
}

/* The lines of the text are the lists, an empty one was not given. */
static void lists(const char *text)
{
	struct ofl_spec_words words = { 0 };
	const char **word[] = { &words.cpu,    &words.image, &words.mem,
				&words.window, &words.args,  &words.start,
				&words.spi,    &words.device };
	struct ofl_spec *specs = malloc(4 * sizeof(*specs));
	char *copy = strdup(text), *rest = copy, *item, msg[OFL_MSG_MAX] = "";
	unsigned int i, nr = 99;

	for (i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		item = strsep(&rest, "\n");
		if (item && *item)
			*word[i] = item;
	}
	if (!ofl_spec_lists(&words, specs, 4, &nr, msg)) {
		MUST(nr <= 4);
		for (i = 0; i < nr; i++)
			look(&specs[i]);
	} else {
		MUST(msg[0] && memchr(msg, '\0', sizeof(msg)));
	}
	free(copy);
	free(specs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), msg[OFL_MSG_MAX] = "";
	struct ofl_memspec spec;
	uint64_t window;
	unsigned int cpu;

	memcpy(text, data, size);
	text[size] = '\0';
	if (!ofl_memspec_parse(text, &spec, msg)) {
		MUST(spec.kind == OFL_MEM_AUTO || spec.kind == OFL_MEM_RANGE ||
		     spec.kind == OFL_MEM_DT);
		ofl_memspec_check("mem=", spec.pa, spec.size, 4u << 20, msg);
	} else {
		MUST(msg[0]);
	}
	MUST(!ofl_memspec_window(text, &window, msg) || msg[0]);
	MUST(!ofl_memspec_cpu(text, &cpu, msg) || msg[0]);
	split(text, !ofl_args_check(text, msg));
	MUST(memchr(msg, '\0', sizeof(msg)));
	line(text);
	lists(text);
	free(text);
	return 0;
}
