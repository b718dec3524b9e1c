/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The counts of a program that does not end by itself: RUNS/PID.WHEN/NAME, NAME being
 * the path of a .gcda file with '#' for '/', each whole at all times.  DUMP_OPEN and the
 * like say how files are written.
 */
#ifndef OFFLOAD_TESTS_DUMP_H
#define OFFLOAD_TESTS_DUMP_H

#include <stdbool.h>
#include <stddef.h>

struct gcov_info;
void __gcov_info_to_gcda(const struct gcov_info *info, void (*name_fn)(const char *, void *),
			 void (*dump_fn)(const void *, unsigned int, void *),
			 void *(*memory_fn)(unsigned int, void *), void *arg);

extern const struct gcov_info *const __start_ofl_gcov[];
extern const struct gcov_info *const __stop_ofl_gcov[];

#define DUMP_EVERY_MS 300

static char dump_dir[512]; /* empty: there is none */

/* One file: begun, some bytes of it, ended. */
static void dump_begin(const char *path);
static void dump_bytes(const void *bytes, unsigned int n, void *arg);
static bool dump_end(void);
static void dump_rename(const char *from, const char *to);
static void *dump_memory(unsigned int n, void *arg);

static void dump_path(char *path, size_t size, const char *name)
{
	size_t n = 0, i;

	for (i = 0; dump_dir[i] && n < size - 2; i++)
		path[n++] = dump_dir[i];
	path[n++] = '/';
	for (i = 0; name[i] && n < size - 1; i++)
		path[n++] = name[i] == '/' ? '#' : name[i];
	path[n] = 0;
}

static void dump_name(const char *name, void *path)
{
	char next[1024];

	dump_path(path, 1024, name);
	dump_path(next, sizeof(next), "next");
	dump_begin(next);
}

static void dump_all(void)
{
	const struct gcov_info *const *info;
	char next[1024], path[1024];

	if (!dump_dir[0])
		return;
	dump_path(next, sizeof(next), "next");
	for (info = __start_ofl_gcov; info < __stop_ofl_gcov; info++) {
		__gcov_info_to_gcda(*info, dump_name, dump_bytes, dump_memory, path);
		if (dump_end())
			dump_rename(next, path);
	}
}

#endif
