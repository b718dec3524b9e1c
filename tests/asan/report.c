/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linked into the daemon with AddressSanitizer: what that reports goes into a file of
 * this process in REPORTS, opened before the daemon locks itself in, and not where a
 * test may overlook it.
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

__attribute__((constructor)) static void report_to_file(void)
{
	static const char *const libraries[] = { "libasan.so.8", "libubsan.so.1" };
	char path[512];
	unsigned int i;
	int fd;

	snprintf(path, sizeof(path), "%s/%d.%ld", REPORTS, (int)getpid(), (long)time(NULL));
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	/* Each has its own idea of where reports go. */
	for (i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		void *library = dlopen(libraries[i], RTLD_NOW | RTLD_NOLOAD);
		void (*set)(void *fd) = NULL;

		if (library)
			*(void **)&set = dlsym(library, "__sanitizer_set_report_fd");
		if (fd < 0 || !set) {
			fprintf(stderr, "no reports of %s: %s\n", libraries[i], dlerror());
			_exit(99);
		}
		set((void *)(intptr_t)dup(fd)); /* closes the one before */
	}
}
