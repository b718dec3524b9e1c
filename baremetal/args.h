/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef OFFLOAD_ARGS_H
#define OFFLOAD_ARGS_H

#include <stddef.h>

/*
 * Split `line` (len bytes, no NUL needed) into words in the syntax of a
 * shell: blanks (space, tab, newline) separate, '...' takes everything as it
 * is, inside "..." a backslash quotes only " and \, outside of both it quotes
 * any byte.  Nothing is expanded.
 *
 * The words, each NUL terminated, go to buf (buf_size bytes); their addresses
 * to argv[0 .. n-1] and NULL to argv[n], for which argv has max entries.
 *
 * Returns n, or -E2BIG (too many words, or buf too small) or -EINVAL (a quote
 * is not closed, or a backslash at the end; *where gets its offset in line).
 */
int ofl_args_split(const char *line, size_t len, char *buf, size_t buf_size,
		   char **argv, int max, size_t *where);

#endif
