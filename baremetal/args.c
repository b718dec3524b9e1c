// SPDX-License-Identifier: BSD-2-Clause
/* Arguments of an image: the words of a shell's command line. */
#include "args.h"

#include <errno.h>
#include <stdbool.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

int ofl_args_split(const char *line, size_t len, char *buf, size_t buf_size,
		   char **argv, int max, size_t *where)
{
	size_t i = 0, out = 0, opened = 0;
	bool in_word = false;
	char quote = 0;
	int n = 0;

	while (i < len && line[i]) {
		char c = line[i];

		if (!quote && is_blank(c)) {
			if (in_word)
				buf[out++] = '\0';
			in_word = false;
			i++;
			continue;
		}
		if (!in_word) {
			/* A slot for this word, and one for the final NULL. */
			if (n + 1 >= max || out >= buf_size)
				return -E2BIG;
			argv[n++] = &buf[out];
			in_word = true;
		}
		if (quote && c == quote) {
			quote = 0;
			i++;
			continue;
		}
		if (!quote && (c == '\'' || c == '"')) {
			quote = c;
			opened = i++;
			continue;
		}
		if (c == '\\' && quote != '\'') {
			char next = i + 1 < len ? line[i + 1] : '\0';

			if (!next) {
				*where = i;
				return -EINVAL;
			}
			if (!quote || next == '"' || next == '\\') {
				c = next;
				i++;
			}
		}
		/* One byte of the buffer stays free for the word's NUL. */
		if (out + 1 >= buf_size)
			return -E2BIG;
		buf[out++] = c;
		i++;
	}
	if (quote) {
		*where = opened;
		return -EINVAL;
	}
	if (in_word)
		buf[out] = '\0';
	if (n >= max)
		return -E2BIG;
	argv[n] = NULL;
	return n;
}
