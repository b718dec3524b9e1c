// SPDX-License-Identifier: BSD-2-Clause
/*
 * Module parameters as text: mem=, window=, cpu=, args=.  What the module
 * accepts as arguments, the runtime must be able to split.
 */
#include "fuzz.h"

#include "kernel-module/memspec.c"
#undef SAY
#include "kernel-module/args.c"
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
	free(text);
	return 0;
}
