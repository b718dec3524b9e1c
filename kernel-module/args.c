// SPDX-License-Identifier: GPL-2.0-only
/*
 * The argument string of an image, in the syntax that abi.h gives for
 * ofl_boot.args.  The runtime splits it; here it is only checked, so that a
 * mistake is reported where it was made.
 */
#include "args.h"

#define SAY(...) snprintf(msg, OFL_MSG_MAX, __VA_ARGS__)

int ofl_args_check(const char *args, char *msg)
{
	size_t len = strnlen(args, OFL_ARGS_MAX), i, opened = 0;
	unsigned int words = 0;
	bool in_word = false;
	char quote = 0;

	if (len >= OFL_ARGS_MAX) {
		SAY("args= is too long: at most %u characters",
		    OFL_ARGS_MAX - 1);
		return -E2BIG;
	}
	for (i = 0; i < len; i++) {
		char c = args[i];

		if ((unsigned char)c < ' ' && c != '\t') {
			SAY("args= has a control character (code %u) at position %u",
			    (unsigned char)c, (unsigned int)i + 1);
			return -EINVAL;
		}
		if (!quote && (c == ' ' || c == '\t')) {
			in_word = false;
			continue;
		}
		if (!in_word) {
			in_word = true;
			words++;
		}
		if (c == '\\' && quote != '\'') {
			if (++i == len) {
				SAY("args= ends with a backslash");
				return -EINVAL;
			}
		} else if (quote) {
			if (c == quote)
				quote = 0;
		} else if (c == '\'' || c == '"') {
			quote = c;
			opened = i;
		}
	}
	if (quote) {
		SAY("args= has an open quote: the %c at position %u is never closed", quote,
		    (unsigned int)opened + 1);
		return -EINVAL;
	}
	/* argv[0] is the image's name */
	if (words > OFL_ARGC_MAX - 1) {
		SAY("args= has %u words, at most %u are possible", words,
		    OFL_ARGC_MAX - 1);
		return -E2BIG;
	}
	return 0;
}
