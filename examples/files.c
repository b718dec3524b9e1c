// SPDX-License-Identifier: BSD-2-Clause
/*
 * files ls [DIRECTORY]     names, sizes
 * files cat FILE...        to the console
 * files cp FROM TO
 * files rm FILE...
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int complain(const char *name)
{
	fprintf(stderr, "files: %s: %s\n", name, strerror(errno));
	return 1;
}

static int copy(FILE *from, FILE *to)
{
	static char buf[16384];
	size_t n;

	while ((n = fread(buf, 1, sizeof(buf), from)) > 0)
		if (fwrite(buf, 1, n, to) != n)
			return -1;
	return ferror(from) ? -1 : 0;
}

static int list(const char *name)
{
	DIR *dir = opendir(name);
	struct dirent *entry;
	char path[1024];
	struct stat st;

	if (!dir)
		return complain(name);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", name, entry->d_name);
		if (stat(path, &st))
			complain(path);
		else
			printf("%10lld %s%s\n", (long long)st.st_size,
			       entry->d_name, S_ISDIR(st.st_mode) ? "/" : "");
	}
	closedir(dir);
	return 0;
}

static int show(const char *name)
{
	FILE *from = fopen(name, "r");
	int err;

	if (!from)
		return complain(name);
	err = copy(from, stdout);
	if (err)
		complain(name);
	fclose(from);
	return err ? 1 : 0;
}

static int copy_file(const char *name, const char *new_name)
{
	FILE *from = fopen(name, "r"), *to;
	int err;

	if (!from)
		return complain(name);
	to = fopen(new_name, "w");
	if (!to) {
		fclose(from);
		return complain(new_name);
	}
	err = copy(from, to);
	/* The last bytes are written here, and may fail to be. */
	if (fclose(to))
		err = -1;
	if (err)
		complain(new_name);
	fclose(from);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int failed = 0;

	if (!strcmp(what, "ls") && argc <= 3)
		return list(argc > 2 ? argv[2] : ".");
	if (!strcmp(what, "cp") && argc == 4)
		return copy_file(argv[2], argv[3]);
	if ((strcmp(what, "cat") && strcmp(what, "rm")) || argc < 3) {
		fprintf(stderr, "usage: files ls [DIRECTORY] | cat FILE... | cp FROM TO | rm FILE...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		if (!strcmp(what, "cat"))
			failed |= show(argv[i]);
		else if (unlink(argv[i]))
			failed |= complain(argv[i]);
	}
	return failed;
}
