// SPDX-License-Identifier: BSD-2-Clause
/* offload: printf=minimal */
/* Writes one byte far into a file: a server with a limit on sizes says EFBIG. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = open(argc > 1 ? argv[1] : "faraway", O_WRONLY | O_CREAT, 0644);

	if (fd < 0 || lseek(fd, 64 << 20, SEEK_SET) < 0)
		return 2;
	if (write(fd, "x", 1) == 1)
		return 0;
	return errno == EFBIG ? 27 : 1;
}
