// SPDX-License-Identifier: BSD-2-Clause
/*
 * diod, driven over a socket as bench_files drives a share.
 *
 *	diod_peer SOCKET EXPORT MSIZE blocking|busy OPERATION,FILE,SIZE,ROUNDS[,SPAN]...
 *
 * "stat" is walk, getattr, clunk; "open" is walk, open, clunk, as bench_files' files have it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bench/lib/diod.h"
#include "tests/bench/lib/bench.h"

#define FILE_FID 1u
#define OTHER_FID 2u

static struct diod *diod;
static const char *name;
static uint32_t size;
static uint64_t span, at;
static uint8_t *buf;

static int data(bool writes)
{
	uint64_t offset = at++ * size % span;
	uint32_t most = diod_msize(diod) - 24, done = 0;

	while (done < size) {
		uint32_t n = size - done < most ? size - done : most;
		int64_t got = writes ? diod_write(diod, FILE_FID, offset + done, buf + done, n) :
				       diod_read(diod, FILE_FID, offset + done, buf + done, n);

		if (got <= 0)
			return -1;
		done += (uint32_t)got;
	}
	return 0;
}

static int do_read(void)
{
	return data(false);
}

static int do_write(void)
{
	return data(true);
}

static int do_getattr(void)
{
	return diod_getattr(diod, FILE_FID);
}

static int do_stat(void)
{
	if (diod_walk(diod, 0, OTHER_FID, name) || diod_getattr(diod, OTHER_FID))
		return -1;
	return diod_clunk(diod, OTHER_FID);
}

static int do_open(void)
{
	if (diod_walk(diod, 0, OTHER_FID, name) || diod_open(diod, OTHER_FID, 0))
		return -1;
	return diod_clunk(diod, OTHER_FID);
}

static int do_readdir(void)
{
	uint64_t offset = 0;
	int64_t n, entries = 0;

	if (diod_walk(diod, 0, OTHER_FID, name) || diod_open(diod, OTHER_FID, 0200000))
		return -1;
	while ((n = diod_readdir(diod, OTHER_FID, &offset)) > 0)
		entries += n;
	return diod_clunk(diod, OTHER_FID) || entries < size ? -1 : 0;
}

static const struct operation {
	const char *name;
	int (*fn)(void);
	enum { EACH, DATA, ITEMS } figure;
} operations[] = {
	{ "read4k", do_read, EACH },	 { "write4k", do_write, EACH },
	{ "getattr", do_getattr, EACH }, { "stat", do_stat, EACH },
	{ "open", do_open, EACH },	 { "readdir", do_readdir, ITEMS },
	{ "read", do_read, DATA },	 { "write", do_write, DATA },
};

#define NR_OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static void run(const struct operation *op, unsigned long rounds)
{
	uint64_t start;
	double ns;

	for (unsigned long i = 0; i < rounds / 4 + 1; i++)
		if (op->fn())
			bench_fail("%s %s", op->name, name);
	start = bench_ns();
	for (unsigned long i = 0; i < rounds; i++)
		if (op->fn())
			bench_fail("%s %s", op->name, name);
	ns = (double)(bench_ns() - start) / (double)rounds;
	if (op->figure == DATA)
		printf("bench: %s %.3f GB/s %u B\n", op->name, (double)size / ns, size);
	else
		printf("bench: %s %.1f ns\n", op->name, op->figure == ITEMS ? ns / size : ns);
}

static void one(char *spec)
{
	const char *what = strtok(spec, ","), *field[4];
	unsigned int i = 0;

	for (int f = 0; f < 4; f++)
		field[f] = strtok(NULL, ",");
	while (i < NR_OPERATIONS && strcmp(operations[i].name, what))
		i++;
	if (!field[2] || i == NR_OPERATIONS)
		bench_fail("%s: OPERATION,FILE,SIZE,ROUNDS[,SPAN]", what);
	name = field[0];
	size = (uint32_t)strtoul(field[1], NULL, 0);
	span = field[3] ? strtoull(field[3], NULL, 0) : size;
	at = 0;
	buf = calloc(1, size);
	if (!buf || diod_walk(diod, 0, FILE_FID, name))
		bench_fail("%s", name);
	if (operations[i].figure != ITEMS && diod_open(diod, FILE_FID, 2))
		bench_fail("%s", name);
	run(&operations[i], strtoul(field[2], NULL, 0));
	diod_clunk(diod, FILE_FID);
	free(buf);
}

int main(int argc, char **argv)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd;

	if (argc < 6)
		return 2;
	bench_pin(0);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strncpy(to.sun_path, argv[1], sizeof(to.sun_path) - 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		bench_fail("%s: nobody serves 9P there", argv[1]);
	diod = diod_attach(fd, (uint32_t)strtoul(argv[3], NULL, 0), argv[2]);
	if (!diod)
		return 1;
	diod_busy(diod, !strcmp(argv[4], "busy"));
	for (int i = 5; i < argc; i++)
		one(argv[i]);
	return 0;
}
