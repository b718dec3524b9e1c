// SPDX-License-Identifier: BSD-2-Clause
/*
 * Files, one operation again and again: of a share, or, as a program for Linux (BENCH_BARE),
 * without anything between.
 *
 *	bench_files [-pool] OPERATION,FILE,SIZE,ROUNDS[,SPAN]...
 *
 * SIZE: bytes at a time, entries of a directory; SPAN: bytes of the file that are gone
 * through (SIZE).  What is said of each: tests/bench/lib/window.c.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef BENCH_BARE
#include "tests/bench/lib/bench.h"
#define ofl_now_ns bench_ns
#define ofl_pool_alloc(size) malloc(size)
#define ofl_pool_free(buf) free(buf)
#else
#include <offload/pool.h>
#include <offload/rt.h>
#endif

static const char *name;
static size_t size, span;
static char *buf;
static int fd;
static unsigned long at;

static int data(int writes)
{
	off_t offset = (off_t)(at++ * size % span);

	return (writes ? pwrite(fd, buf, size, offset) : pread(fd, buf, size, offset)) ==
			       (ssize_t)size ?
		       0 :
		       -1;
}

static int do_read(void)
{
	return data(0);
}

static int do_write(void)
{
	return data(1);
}

/* The end of the file. */
static int do_tail(void)
{
	return pread(fd, buf, size, (off_t)(span - size)) == (ssize_t)size ? 0 : -1;
}

static int do_getattr(void)
{
	struct stat st;

	return fstat(fd, &st);
}

static int do_stat(void)
{
	struct stat st;

	return stat(name, &st);
}

static int do_open(void)
{
	int n = open(name, O_RDONLY);

	return n < 0 ? -1 : close(n);
}

/* All entries of the directory; SIZE is how many they are. */
static int do_readdir(void)
{
	DIR *dir = opendir(name);
	size_t n = 0;

	if (!dir)
		return -1;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n >= size ? 0 : -1;
}

static FILE *stream;

/* A byte of a stream that is read from its beginning to its end. */
static int do_getc(void)
{
	if (!stream)
		stream = fopen(name, "r");
	if (!stream)
		return -1;
	for (size_t i = 0; i < size; i++) {
		if (getc(stream) >= 0)
			continue;
		if (ferror(stream))
			return -1;
		rewind(stream);
	}
	return 0;
}

static int do_fprintf(void)
{
	if (!stream)
		stream = fopen(name, "w");
	if (!stream)
		return -1;
	if (++at * 24 > span) {
		rewind(stream);
		at = 0;
	}
	return fprintf(stream, "line %08lu of a text\n", at) < 0 ? -1 : 0;
}

static const struct operation {
	const char *name;
	int (*fn)(void);
	enum { EACH, DATA, ITEMS } figure; /* ns; GB/s; ns for each of SIZE */
} operations[] = {
	{ "read4k", do_read, EACH },	 { "write4k", do_write, EACH },
	{ "tail4k", do_tail, EACH },	 { "getattr", do_getattr, EACH },
	{ "stat", do_stat, EACH },
	{ "open", do_open, EACH },	 { "readdir", do_readdir, ITEMS },
	{ "read", do_read, DATA },	 { "write", do_write, DATA },
	{ "getc", do_getc, DATA },	 { "fprintf", do_fprintf, EACH },
};

static int run(const struct operation *op, unsigned long rounds)
{
	uint64_t start;
	double ns;

	for (unsigned long i = 0; i < rounds / 4 + 1; i++)
		if (op->fn())
			return -1;
	start = ofl_now_ns();
	for (unsigned long i = 0; i < rounds; i++)
		if (op->fn())
			return -1;
	ns = (double)(ofl_now_ns() - start) / (double)rounds;
	if (op->figure == DATA)
		printf("bench: %s %.3f GB/s %zu B\n", op->name, (double)size / ns, size);
	else
		printf("bench: %s %.1f ns\n", op->name, op->figure == ITEMS ? ns / (double)size : ns);
	return 0;
}

static int one(char *spec, bool pool)
{
	const char *what = strtok(spec, ","), *field[4];
	const struct operation *op = operations;
	int err;

	for (int i = 0; i < 4; i++)
		field[i] = strtok(NULL, ",");
	while (op < operations + sizeof(operations) / sizeof(operations[0]) && strcmp(op->name, what))
		op++;
	if (!field[2] || op == operations + sizeof(operations) / sizeof(operations[0]))
		return 2;
	name = field[0];
	size = strtoul(field[1], NULL, 0);
	span = field[3] ? strtoul(field[3], NULL, 0) : size;
	at = 0;
	stream = NULL;
	buf = pool ? ofl_pool_alloc(size) : aligned_alloc(4096, (size + 4095) & ~4095ul);
	if (!buf) {
		perror("buffer");
		return 3;
	}
	memset(buf, 1, size);
	fd = open(name, O_RDWR);
	if (fd < 0 && errno == EISDIR)
		fd = open(name, O_RDONLY);
	if (fd < 0) {
		perror(name);
		return 4;
	}
	err = run(op, strtoul(field[2], NULL, 0));
	if (err)
		perror(what);
	close(fd);
	if (stream)
		fclose(stream);
	if (pool)
		ofl_pool_free(buf);
	else
		free(buf);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	bool pool = argc > 1 && !strcmp(argv[1], "-pool");
	int err = 0;

	for (int i = pool ? 2 : 1; i < argc && !err; i++)
		err = one(argv[i], pool);
	printf("bench: end\n");
	return err;
}
