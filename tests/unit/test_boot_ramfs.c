// SPDX-License-Identifier: BSD-2-Clause
/* The stand-in host's tree of files, and its heap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The heap under test serves the tree under test. */
#define malloc boot_malloc
#define calloc boot_calloc
#define realloc boot_realloc
#define free boot_free
void *boot_malloc(size_t size);
void *boot_calloc(size_t nr, size_t size);
void *boot_realloc(void *old, size_t size);
void boot_free(void *p);
#include "boot/heap.c"
#include "boot/ramfs.c"
#include "boot/ramnode.c"
#undef malloc
#undef calloc
#undef realloc
#undef free

#define HEAP_SIZE (1u << 20)

static uint8_t room[HEAP_SIZE] __attribute__((aligned(16)));
static struct ofl_ramfs *fs;
static const struct ofl_p9_fs_ops *ops = &ofl_ramfs_ops;

static int setup(void **state)
{
	(void)state;
	memset(room, 0xa5, sizeof(room));
	ofl_heap_init(room, sizeof(room));
	fs = ofl_ramfs_new();
	return fs ? 0 : -1;
}

/* All of the heap but the tree's own block is free again, in one piece. */
static void assert_all_free(void)
{
	void *p = boot_malloc(HEAP_SIZE - sizeof(struct ofl_ramfs) - 256);

	assert_non_null(p);
	boot_free(p);
}

static void write_file(const char *name, const char *text)
{
	struct ofl_p9_node *node;
	struct ofl_p9_file *file;

	assert_int_equal(ops->create(&fs->root, name, OFL_P9_RDWR | OFL_P9_TRUNC, 0644, false, &node,
				     &file), 0);
	assert_int_equal(ops->write(file, text, (uint32_t)strlen(text), 0), strlen(text));
	ops->close(file);
	ops->put(node);
}

static void assert_file(const char *name, const char *text)
{
	struct ofl_p9_node *node;
	struct ofl_p9_file *file;
	char buf[64] = "";

	assert_int_equal(ops->walk(&fs->root, name, false, &node), 0);
	assert_int_equal(ops->open(node, OFL_P9_RDONLY, &file), 0);
	assert_int_equal(ops->read(file, buf, sizeof(buf) - 1, 0), strlen(text));
	assert_string_equal(buf, text);
	ops->close(file);
	ops->put(node);
}

static void test_files(void **state)
{
	struct ofl_p9_node *node;
	struct ofl_p9_file *file;
	struct ofl_p9_attr attr;
	char buf[16];

	(void)state;
	assert_int_equal(ofl_ramfs_add(fs, "in", "hello", 5), 0);
	assert_int_equal(ofl_ramfs_add(fs, "in", "x", 1), -EEXIST);
	assert_int_equal(ofl_ramfs_add(fs, "a/b", "x", 1), -EINVAL);
	assert_int_equal(ofl_ramfs_add(fs, "..", "x", 1), -EINVAL);
	assert_int_equal(ofl_ramfs_add(fs, "empty", NULL, 0), 0);
	assert_file("in", "hello");
	assert_file("empty", "");
	write_file("in", "bye");
	assert_file("in", "bye");

	/* a gap is zero; so is what comes back after a cut */
	assert_int_equal(ops->walk(&fs->root, "in", false, &node), 0);
	assert_int_equal(ops->open(node, OFL_P9_RDWR, &file), 0);
	assert_int_equal(ops->write(file, "z", 1, 6), 1);
	assert_int_equal(ops->read(file, buf, sizeof(buf), 0), 7);
	assert_memory_equal(buf, "bye\0\0\0z", 7);
	assert_int_equal(ops->setattr(node, &(struct ofl_p9_setattr){
		.valid = OFL_P9_SET_SIZE, .size = 1 }), 0);
	assert_int_equal(ops->setattr(node, &(struct ofl_p9_setattr){
		.valid = OFL_P9_SET_SIZE, .size = 3 }), 0);
	assert_int_equal(ops->read(file, buf, sizeof(buf), 0), 3);
	assert_memory_equal(buf, "b\0\0", 3);
	assert_int_equal(ops->read(file, buf, sizeof(buf), 3), 0);
	assert_int_equal(ops->read(file, buf, sizeof(buf), UINT64_MAX), 0);
	assert_int_equal(ops->write(file, buf, 1, UINT64_MAX), -EFBIG);
	assert_int_equal(ops->write(file, buf, 1, HEAP_SIZE * 2), -ENOSPC);
	assert_int_equal(ops->getattr(node, &attr), 0);
	assert_int_equal(attr.mode, 0100644);
	assert_int_equal(attr.size, 3);
	ops->close(file);

	assert_int_equal(ops->open(node, OFL_P9_WRONLY | OFL_P9_APPEND, &file), 0);
	assert_int_equal(ops->write(file, "!", 1, 0), 1);
	ops->close(file);
	assert_int_equal(ops->getattr(node, &attr), 0);
	assert_int_equal(attr.size, 4);
	assert_int_equal(ops->open(node, OFL_P9_DIRECTORY, &file), -ENOTDIR);
	ops->put(node);
	assert_int_equal(ops->unlink(&fs->root, "in", false), 0);
	assert_int_equal(ops->unlink(&fs->root, "empty", false), 0);
	assert_all_free();
}

static void test_names(void **state)
{
	struct ofl_p9_node *a, *b, *node;
	struct ofl_p9_file *file;
	struct ofl_p9_qid qid;
	char target[OFL_P9_PATH_MAX + 1];
	char buf[8];

	(void)state;
	assert_int_equal(ops->mkdir(&fs->root, "a", 0755, &qid), 0);
	assert_int_equal(ops->mkdir(&fs->root, "a", 0755, &qid), -EEXIST);
	assert_int_equal(qid.type, OFL_P9_QTDIR);
	assert_int_equal(ops->walk(&fs->root, "a", false, &a), 0);
	assert_int_equal(ops->mkdir(a, "b", 0755, &qid), 0);
	assert_int_equal(ops->walk(a, "b", false, &b), 0);
	assert_int_equal(ops->walk(&fs->root, "b", false, &node), -ENOENT);
	assert_int_equal(ops->rename(&fs->root, "a", b, "loop"), -EINVAL);
	assert_int_equal(ops->unlink(&fs->root, "a", true), -ENOTEMPTY);
	assert_int_equal(ops->unlink(&fs->root, "a", false), -EISDIR);
	assert_int_equal(ops->remove(&fs->root), -EBUSY);
	write_file("f", "one");
	write_file("g", "two");
	assert_int_equal(ops->rename(&fs->root, "f", &fs->root, "g"), 0);
	assert_file("g", "one");
	assert_int_equal(ops->rename(&fs->root, "f", &fs->root, "g"), -ENOENT);
	assert_int_equal(ops->rename(&fs->root, "g", &fs->root, "a"), -EISDIR);
	assert_int_equal(ops->rename(a, "b", &fs->root, "g"), -ENOTDIR);
	assert_int_equal(ops->symlink(&fs->root, "s", "a/b", &qid), 0);
	assert_int_equal(ops->walk(&fs->root, "s", false, &node), 0);
	assert_int_equal(ops->readlink(node, target), 3);
	assert_string_equal(target, "a/b");
	assert_int_equal(ops->open(node, OFL_P9_RDONLY, &file), -ELOOP);
	ops->put(node);

	/* an open file outlives its name */
	assert_int_equal(ops->walk(&fs->root, "g", false, &node), 0);
	assert_int_equal(ops->open(node, OFL_P9_RDONLY, &file), 0);
	assert_int_equal(ops->remove(node), 0);
	assert_int_equal(ops->remove(node), -ENOENT);
	assert_int_equal(ops->move(node, &fs->root, "h"), -ENOENT);
	ops->put(node);
	assert_int_equal(ops->read(file, buf, sizeof(buf), 0), 3);
	ops->close(file);

	/* a removed folder takes nothing */
	assert_int_equal(ops->remove(b), 0);
	assert_int_equal(ops->create(b, "x", OFL_P9_WRONLY, 0644, false, &node, &file), -ENOENT);
	ops->put(b);
	assert_int_equal(ops->remove(a), 0);
	ops->put(a);
	assert_int_equal(ops->unlink(&fs->root, "s", false), 0);
	assert_all_free();
}

struct listing {
	char text[256];
	unsigned int left;
	uint64_t next;
};

static bool list(void *arg, const struct ofl_p9_qid *qid, uint64_t next, uint8_t type,
		 const char *name)
{
	struct listing *l = arg;

	(void)qid;
	if (!l->left)
		return false;
	l->left--;
	l->next = next;
	snprintf(l->text + strlen(l->text), sizeof(l->text) - strlen(l->text), "%s%c ", name,
		 type == DT_DIR ? '/' : type == DT_LNK ? '@' : ' ');
	return true;
}

static void test_listing(void **state)
{
	struct listing l = { .left = 100 };
	struct ofl_p9_file *file;
	struct ofl_p9_qid qid;

	(void)state;
	write_file("a", "1");
	write_file("b", "2");
	assert_int_equal(ops->mkdir(&fs->root, "c", 0755, &qid), 0);
	assert_int_equal(ops->symlink(&fs->root, "d", "x", &qid), 0);
	assert_int_equal(ops->open(&fs->root, OFL_P9_RDONLY, &file), 0);
	assert_int_equal(ops->readdir(file, 0, list, &l), 0);
	assert_string_equal(l.text, "./ ../ a  b  c/ d@ ");
	/* one at a time, while the one just listed is removed */
	memset(&l, 0, sizeof(l));
	for (unsigned int i = 0; i < 6; i++) {
		l.left = 1;
		assert_int_equal(ops->readdir(file, l.next, list, &l), 0);
		if (i == 2)
			assert_int_equal(ops->unlink(&fs->root, "a", false), 0);
	}
	assert_string_equal(l.text, "./ ../ a  b  c/ d@ ");
	assert_int_equal(ops->readdir(file, UINT64_MAX, list, &l), 0);
	ops->close(file);
}

static char changed[256];

static void note(void *arg, const char *path, const void *data, size_t len)
{
	(void)arg;
	snprintf(changed + strlen(changed), sizeof(changed) - strlen(changed), "%s=%.*s;", path,
		 (int)len, (const char *)data);
}

static void test_changed(void **state)
{
	struct ofl_p9_node *dir, *sub, *node;
	struct ofl_p9_file *file;
	struct ofl_p9_qid qid;

	(void)state;
	changed[0] = '\0';
	ofl_ramfs_changed(fs, note, NULL);
	assert_string_equal(changed, "");
	assert_int_equal(ofl_ramfs_add(fs, "input", "in", 2), 0);
	write_file("z", "1");
	assert_int_equal(ops->mkdir(&fs->root, "dir", 0755, &qid), 0);
	assert_int_equal(ops->walk(&fs->root, "dir", false, &dir), 0);
	assert_int_equal(ops->mkdir(dir, "sub", 0755, &qid), 0);
	assert_int_equal(ops->walk(dir, "sub", false, &sub), 0);
	assert_int_equal(ops->create(sub, "new", OFL_P9_WRONLY, 0600, false, &node, &file), 0);
	assert_int_equal(ops->write(file, "deep", 4, 0), 4);
	ops->close(file);
	ops->put(node);
	ops->put(sub);
	ops->put(dir);
	assert_int_equal(ops->mkdir(&fs->root, "none", 0755, &qid), 0);
	write_file("last", "2");
	ofl_ramfs_changed(fs, note, NULL);
	assert_string_equal(changed, "z=1;dir/sub/new=deep;last=2;");
	changed[0] = '\0';
	write_file("z", "3");
	ofl_ramfs_changed(fs, note, NULL);
	assert_string_equal(changed, "z=3;");
}

/* Any requests in any order: the sanitizers watch, and nothing is left behind. */
static void test_random(void **state)
{
	struct ofl_p9_node *held[8] = { NULL };
	struct ofl_p9_file *files[8] = { NULL };
	unsigned int seed = 7;
	char name[2] = "a", to[2] = "a", data[2000];
	struct ofl_p9_qid qid;

	(void)state;
	memset(data, 'd', sizeof(data));
	for (int i = 0; i < 200000; i++) {
		unsigned int h = (unsigned int)rand_r(&seed) % 8, k = (unsigned int)rand_r(&seed) % 8;
		struct ofl_p9_node *dir = held[k] ? held[k] : &fs->root, *node;

		name[0] = (char)('a' + rand_r(&seed) % 6);
		to[0] = (char)('a' + rand_r(&seed) % 6);
		switch (rand_r(&seed) % 10) {
		case 0:
			ops->mkdir(dir, name, 0755, &qid);
			break;
		case 1:
			if (!ops->walk(dir, name, false, &node)) {
				if (held[h])
					ops->put(held[h]);
				held[h] = node;
			}
			break;
		case 2:
			if (files[h])
				ops->close(files[h]);
			files[h] = NULL;
			if (!ops->create(dir, name, OFL_P9_RDWR, 0644, false, &node, &files[h]))
				ops->put(node);
			break;
		case 3:
			if (files[h])
				ops->write(files[h], data, (uint32_t)rand_r(&seed) % sizeof(data),
					   (uint32_t)rand_r(&seed) % 20000);
			break;
		case 4:
			if (files[h])
				ops->read(files[h], data, sizeof(data), (uint32_t)rand_r(&seed) % 20000);
			break;
		case 5:
			ops->unlink(dir, name, rand_r(&seed) & 1);
			break;
		case 6:
			if (held[h])
				ops->move(held[h], dir, to);
			break;
		case 7:
			ops->rename(dir, name, held[h] ? held[h] : &fs->root, to);
			break;
		case 8:
			if (held[h])
				ops->put(held[h]);
			held[h] = NULL;
			break;
		default:
			ops->symlink(dir, name, "t", &qid);
			break;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (files[i])
			ops->close(files[i]);
		if (held[i])
			ops->put(held[i]);
	}
	while (fs->root.first) {
		struct ofl_p9_node *node = fs->root.first;

		while (node->first)
			node = node->first;
		assert_int_equal(ops->remove(node), 0);
	}
	assert_all_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_files, setup),
		cmocka_unit_test_setup(test_names, setup),
		cmocka_unit_test_setup(test_listing, setup),
		cmocka_unit_test_setup(test_changed, setup),
		cmocka_unit_test_setup(test_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
