// SPDX-License-Identifier: BSD-2-Clause
/*
 * Names of files: relative ones start at "/"; there is no working directory.
 * "." and ".." are resolved here, by the text alone, so a name never leaves
 * its share on the way, whatever the server would do with "..".
 */
#include "files.h"

#include <errno.h>
#include <string.h>

#include "devices.h"

/* root is "/", the others are /NAME. */
static struct ofl_p9 *root;
static struct ofl_p9 *mounts[OFL_MOUNTS_MAX - 1];
static unsigned int nr_mounts;
/* Those of the PMM's devices. */
static struct ofl_p9 shares[OFL_MOUNTS_MAX];
static unsigned int nr_shares;

struct ofl_p9 *ofl_files_mounted(const char *name)
{
	if (!*name)
		return root;
	for (unsigned int i = 0; i < nr_mounts; i++)
		if (!strcmp(mounts[i]->name, name))
			return mounts[i];
	return NULL;
}

int ofl_files_mount(struct ofl_p9 *p9, bool as_root)
{
	if (ofl_files_mounted(as_root ? "" : p9->name))
		return -EEXIST;
	if (as_root) {
		root = p9;
		return 0;
	}
	if (nr_mounts == OFL_MOUNTS_MAX - 1)
		return -ENOSPC;
	mounts[nr_mounts++] = p9;
	return 0;
}

void ofl_files_forget(struct ofl_p9 *p9)
{
	if (root == p9)
		root = NULL;
	for (unsigned int i = 0; i < nr_mounts; i++)
		if (mounts[i] == p9)
			mounts[i] = mounts[--nr_mounts];
}

/* --- the driver: a share is mounted when it comes --- */

/* The first one is "/", a later one /TAG. */
static int mount_share(struct ofl_virtio *dev)
{
	struct ofl_p9 *p9;
	int err;

	if (nr_shares == OFL_MOUNTS_MAX)
		return -ENOSPC;
	p9 = &shares[nr_shares];
	err = ofl_p9_start(p9, dev);
	if (!err)
		err = ofl_files_mount(p9, !root);
	if (!err)
		nr_shares++;
	return err;
}

static void lose_shares(void)
{
	for (unsigned int i = 0; i < nr_shares; i++)
		ofl_p9_lost(&shares[i]);
}

static void forget_shares(void)
{
	while (nr_shares)
		ofl_files_forget(&shares[--nr_shares]);
}

OFL_DRIVER(share_driver) = {
	.device_id = OFL_VIRTIO_ID_9P,
	.start = mount_share,
	.lost = lose_shares,
	.forget = forget_shares,
};

/* --- names --- */

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

/* A mount whose name is the first part takes the path over. */
static void find_mount(struct ofl_path *path, size_t *len)
{
	size_t first = strcspn(path->text, "/");

	path->p9 = root;
	for (unsigned int i = 0; i < nr_mounts; i++) {
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
	ofl_devices_check();
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
	find_mount(path, &len);
	if (!path->p9)
		return -ENODEV;
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
