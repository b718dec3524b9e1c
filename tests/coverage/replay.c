/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In libFuzzer's place when lines are counted: runs each file of the folders given.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static void replay(const char *path)
{
	static uint8_t data[1 << 20];
	FILE *from = fopen(path, "r");
	uint8_t *input;
	size_t size;

	if (!from)
		return;
	size = fread(data, 1, sizeof(data), from);
	fclose(from);
	input = malloc(size ? size : 1); /* its own, to its end */
	for (size_t i = 0; input && i < size; i++)
		input[i] = data[i];
	LLVMFuzzerTestOneInput(input, size);
	free(input);
}

int main(int argc, char **argv)
{
	char path[4096];
	struct dirent *entry;
	int i;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);

		while (dir && (entry = readdir(dir))) {
			snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
			if (entry->d_name[0] != '.')
				replay(path);
		}
		if (dir)
			closedir(dir);
	}
	return 0;
}
