// SPDX-License-Identifier: BSD-2-Clause
/*
 * victim: a page of memory that somebody else may spoil.  Prints its physical address,
 * waits for up to two minutes, and says whether it was written to.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	const size_t size = (size_t)sysconf(_SC_PAGESIZE);
	volatile uint8_t *page = mmap(NULL, size, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;

	if (page == MAP_FAILED || mlock((void *)page, size) || fd < 0) {
		perror("victim");
		return 2;
	}
	memset((void *)page, 1, size);
	if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)page / size * sizeof(entry))) !=
		    sizeof(entry) || !(entry & ((1ull << 55) - 1))) {
		fprintf(stderr, "victim: no physical address: not root?\n");
		return 2;
	}
	printf("%llx\n", (unsigned long long)(entry & ((1ull << 55) - 1)) * size);
	fflush(stdout);
	for (int i = 0; i < 1200; i++) {
		for (size_t n = 0; n < size; n++)
			if (page[n] != 1) {
				puts("overwritten");
				return 0;
			}
		usleep(100000);
	}
	puts("untouched");
	return 1;
}
