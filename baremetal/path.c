// SPDX-License-Identifier: BSD-2-Clause
/*
 * Names of files: relative ones start at "/"; there is no working directory.
 * "." and ".." are resolved here, by the text alone, so a name never leaves
 * its share on the way, whatever the server would do with "..".
 */
#include "files.h"

#include <errno.h>
#include <string.h>

static struct ofl_p9 *mounts[OFL_MOUNTS_MAX];
static unsigned int nr_mounts;

int ofl_files_mount(struct ofl_p9 *p9)
{
	if (nr_mounts == OFL_MOUNTS_MAX)
		return -ENOSPC;
	for (unsigned int i = 0; i < nr_mounts; i++)
		if (!strcmp(mounts[i]->name, p9->name))
			return -EEXIST;
	mounts[nr_mounts++] = p9;
	return 0;
}

void ofl_files_unmount(void)
{
	nr_mounts = 0;
}

/* Append one part to the clean text; drop the last one for "..". */
static int add_part(char *text, size_t *len, const char *part, size_t n)
{
	if (n == 1 && part[0] == '.')
		return 0;
	if (n == 2 && part[0] == '.' && part[1] == '.') {
		while (*len && text[*len - 1] != '/')
			(*len)--;
		if (*len)
			(*len)--;
		return 0;
	}
	if (n > OFL_P9_NAME_MAX || *len + n + 2 > OFL_PATH_MAX)
		return -ENAMETOOLONG;
	if (*len)
		text[(*len)++] = '/';
	memcpy(text + *len, part, n);
	*len += n;
	return 0;
}

/* A later mount whose tag is the first part takes the name over. */
static void find_mount(struct ofl_path *path, size_t *len)
{
	size_t first = strcspn(path->text, "/");

	path->p9 = mounts[0];
	for (unsigned int i = 1; i < nr_mounts; i++) {
		const char *tag = mounts[i]->name;

		if (strlen(tag) != first || memcmp(tag, path->text, first))
			continue;
		path->p9 = mounts[i];
		if (path->text[first] == '/')
			first++;
		*len -= first;
		memmove(path->text, path->text + first, *len + 1);
		return;
	}
}

int ofl_path_parse(const char *name, struct ofl_path *path)
{
	bool dir_only = false;
	size_t len = 0;
	int err;

	if (!name)
		return -EFAULT;
	if (!*name)
		return -ENOENT;
	while (*name) {
		size_t n = strcspn(name, "/");

		if (n) {
			err = add_part(path->text, &len, name, n);
			if (err)
				return err;
			/* "a/." and "a/.." must be directories too. */
			dir_only = name[0] == '.' &&
				   (n == 1 || (n == 2 && name[1] == '.'));
		} else {
			n = 1;
			dir_only = true;
		}
		name += n;
	}
	path->text[len] = '\0';
	if (!nr_mounts)
		return -ENODEV;
	find_mount(path, &len);
	path->dir_only = dir_only && len;
	path->name = strrchr(path->text, '/');
	path->name = path->name ? path->name + 1 : path->text;
	return 0;
}

int ofl_path_walk(const struct ofl_path *path, uint32_t *fid)
{
	return ofl_p9_walk(path->p9, OFL_P9_ROOT, path->text, fid);
}

int ofl_path_find(const char *name, struct ofl_path *path, uint32_t *fid)
{
	int err = ofl_path_parse(name, path);

	return err ? err : ofl_path_walk(path, fid);
}

int ofl_path_walk_dir(const struct ofl_path *path, uint32_t *fid)
{
	char dir[OFL_PATH_MAX];
	size_t len = (size_t)(path->name - path->text);

	if (!*path->name)
		return -EBUSY; /* the root of a share is in no directory */
	if (len)
		len--;
	memcpy(dir, path->text, len);
	dir[len] = '\0';
	return ofl_p9_walk(path->p9, OFL_P9_ROOT, dir, fid);
}
