// SPDX-License-Identifier: BSD-2-Clause
/*
 * Walk a tree of the share and count.
 *
 *	tree DIRECTORY	prints "files folders bytes"
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static unsigned long files, folders, bytes;
static char path[1024];

static int walk(size_t len)
{
	struct dirent *entry;
	struct stat st;
	DIR *dir = opendir(path);
	size_t n;
	int bad = 0;

	if (!dir) {
		perror(path);
		return 1;
	}
	folders++;
	while (!bad && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		n = strlen(entry->d_name);
		if (len + n + 2 > sizeof(path)) {
			bad = 1;
			break;
		}
		path[len] = '/';
		memcpy(path + len + 1, entry->d_name, n + 1);
		if (lstat(path, &st)) {
			perror(path);
			bad = 1;
		} else if (S_ISDIR(st.st_mode)) {
			bad = walk(len + 1 + n);
		} else {
			files++;
			bytes += (unsigned long)st.st_size;
		}
		path[len] = '\0';
	}
	closedir(dir);
	return bad;
}

int main(int argc, char **argv)
{
	if (argc != 2 || strlen(argv[1]) >= sizeof(path)) {
		fprintf(stderr, "usage: tree DIRECTORY\n");
		return 2;
	}
	strcpy(path, argv[1]);
	if (walk(strlen(path)))
		return 1;
	printf("%lu %lu %lu\n", files, folders, bytes);
	return 0;
}
