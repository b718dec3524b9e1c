// SPDX-License-Identifier: BSD-2-Clause
#include "ramnode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- names --- */

void ofl_ramnode_release(struct ofl_p9_node *node)
{
	if (node->refs || node->parent || node == &node->fs->root)
		return;
	free(node->data);
	free(node);
}

struct ofl_p9_node *ofl_ramnode_find(struct ofl_p9_node *dir, const char *name)
{
	struct ofl_p9_node *node = dir->first;

	while (node && strcmp(node->name, name))
		node = node->next;
	return node;
}

/* Give a node without a name this one. */
static void link_node(struct ofl_p9_node *dir, struct ofl_p9_node *node, const char *name)
{
	struct ofl_p9_node **at = &dir->first;

	snprintf(node->name, sizeof(node->name), "%s", name);
	while (*at && (*at)->ino < node->ino)
		at = &(*at)->next;
	node->next = *at;
	*at = node;
	node->parent = dir;
	dir->version++;
}

static void unlink_node(struct ofl_p9_node *node)
{
	struct ofl_p9_node **at = &node->parent->first;

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	node->parent->version++;
	node->parent = NULL;
	node->next = NULL;
}

int ofl_ramnode_add(struct ofl_p9_node *dir, const char *name, uint32_t mode,
		    struct ofl_p9_node **out)
{
	struct ofl_p9_node *node;

	if (!is_dir(dir))
		return -ENOTDIR;
	if (is_removed(dir))
		return -ENOENT;
	if (strlen(name) > OFL_P9_NAME_MAX)
		return -ENAMETOOLONG;
	if (ofl_ramnode_find(dir, name))
		return -EEXIST;
	node = calloc(1, sizeof(*node));
	if (!node)
		return -ENOSPC;
	node->fs = dir->fs;
	node->mode = mode;
	node->ino = dir->fs->next_ino++;
	link_node(dir, node, name);
	*out = node;
	return 0;
}

int ofl_ramnode_remove(struct ofl_p9_node *node)
{
	if (!node->parent)
		return node == &node->fs->root ? -EBUSY : -ENOENT;
	if (node->first)
		return -ENOTEMPTY;
	unlink_node(node);
	ofl_ramnode_release(node);
	return 0;
}

void ofl_ramnode_move(struct ofl_p9_node *node, struct ofl_p9_node *dir, const char *name)
{
	unlink_node(node);
	link_node(dir, node, name);
}

/* --- data --- */

int ofl_ramnode_resize(struct ofl_p9_node *node, uint64_t size)
{
	uint64_t room = node->room;
	char *data;

	if (size > OFL_RAMNODE_MAX)
		return -EFBIG;
	if (size > room) {
		while (room < size)
			room = room ? room * 2 : OFL_RAMNODE_BLOCK;
		data = realloc(node->data, room);
		if (!data)
			return -ENOSPC;
		node->data = data;
		node->room = room;
	}
	if (size > node->size)
		memset(node->data + node->size, 0, size - node->size);
	node->size = size;
	node->version++;
	node->written = true;
	return 0;
}

/* --- the tree as a whole --- */

struct ofl_ramfs *ofl_ramfs_new(void)
{
	struct ofl_ramfs *fs = calloc(1, sizeof(*fs));

	if (!fs)
		return NULL;
	fs->root.fs = fs;
	fs->root.mode = MODE_DIR | 0755;
	fs->root.ino = OFL_RAMNODE_ROOT;
	fs->next_ino = OFL_RAMNODE_ROOT + 1;
	return fs;
}

int ofl_ramfs_add(struct ofl_ramfs *fs, const char *name, const void *data, size_t len)
{
	struct ofl_p9_node *node;
	int err;

	if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	err = ofl_ramnode_add(&fs->root, name, MODE_FILE | 0644, &node);
	if (!err)
		err = ofl_ramnode_resize(node, len);
	if (err)
		return err == -EEXIST ? err : -ENOMEM;
	if (len)
		memcpy(node->data, data, len);
	node->written = false;
	return 0;
}

void ofl_ramfs_changed(struct ofl_ramfs *fs,
		       void (*fn)(void *arg, const char *path, const void *data, size_t len),
		       void *arg)
{
	static char path[OFL_P9_PATH_MAX + 1];
	struct ofl_p9_node *node = fs->root.first;
	size_t len = 0;

	path[0] = '\0';
	while (node) {
		size_t name = strlen(node->name);

		if (!is_dir(node) && node->written && len + name < sizeof(path)) {
			memcpy(path + len, node->name, name + 1);
			node->written = false;
			fn(arg, path, node->data, node->size);
		}
		/* a folder whose path is too long for us is left out */
		if (is_dir(node) && node->first && len + name + 1 < sizeof(path)) {
			memcpy(path + len, node->name, name);
			path[len + name] = '/';
			len += name + 1;
			node = node->first;
			continue;
		}
		while (!node->next && node->parent != &fs->root) {
			node = node->parent;
			len -= strlen(node->name) + 1;
		}
		node = node->next;
	}
}
