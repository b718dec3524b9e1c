// SPDX-License-Identifier: BSD-2-Clause
/*
 * pool IN OUT: copy a file through a buffer of the pool, to offsets that are not a page's;
 * then take the whole pool and see it end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <offload/pool.h>

#define SIZE (512 * 1024)

int main(int argc, char **argv)
{
	unsigned long long total = 0;
	char *buf, *other;
	int in, out, n = 0;
	ssize_t got;

	if (argc != 3)
		return 2;
	buf = ofl_pool_alloc(SIZE);
	if (!buf) {
		perror("ofl_pool_alloc");
		return 3;
	}
	in = open(argv[1], O_RDONLY);
	out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (in < 0 || out < 0) {
		perror("open");
		return 4;
	}
	/* Not whole in the pool: by a copy, as from any memory. */
	got = read(in, buf + SIZE - 3, 3);
	if (got != 3 || write(out, buf + SIZE - 3, 3) != 3)
		return 5;
	while ((got = read(in, buf + 7, SIZE - 7)) > 0) {
		if (write(out, buf + 7, (size_t)got) != got)
			return 6;
		total += (unsigned long long)got;
	}
	if (got || close(out))
		return 7;
	while ((other = ofl_pool_alloc(100000))) {
		memset(other, n++, 100000);
		if (n > 10000)
			return 8;
	}
	if (errno != EAGAIN || ofl_pool_alloc(ofl_pool_size() + 1) || errno != ENOMEM)
		return 9;
	ofl_pool_free(buf);
	other = ofl_pool_alloc(SIZE);
	printf("copied %llu bytes, %d more buffers, %s\n", total + 3, n,
	       other == buf ? "the same again" : "another one");
	return 0;
}
