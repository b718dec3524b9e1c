/* SPDX-License-Identifier: BSD-2-Clause */
/* A session on a shared folder, for tests of its requests. */
#ifndef PMM_SHARE_H
#define PMM_SHARE_H

#include "pmm_9p.h"

struct fixture {
	struct ofl_p9fs *fs;
	struct ofl_p9 *p9;
	unsigned int fds;
};

static inline int setup_with(void **state, bool ro)
{
	struct fixture *f = calloc(1, sizeof(*f));

	make_share();
	f->fds = open_fds();
	f->fs = ofl_p9fs_open(share_dir, OFL_P9FS_AUTO);
	assert_non_null(f->fs);
	f->p9 = ofl_p9_new("share", MEM_9P, ro, &ofl_p9fs_ops, f->fs);
	assert_non_null(f->p9);
	hello_9p(f->p9);
	*state = f;
	return 0;
}

static inline int setup(void **state)
{
	return setup_with(state, false);
}

static inline int setup_ro(void **state)
{
	return setup_with(state, true);
}

/* Every test ends with: no node and no descriptor is left. */
static inline int teardown(void **state)
{
	struct fixture *f = *state;

	ofl_p9_forget(f->p9);
	assert_int_equal(f->fs->nodes, 1);
	ofl_p9_free(f->p9);
	ofl_p9fs_close(f->fs);
	assert_int_equal(open_fds(), f->fds);
	remove_share();
	free(f);
	return 0;
}

#define P9(type, ...) CALL(((struct fixture *)*state)->p9, OFL_P9_T##type, __VA_ARGS__)

static inline int walk1(void **state, unsigned int fid, unsigned int newfid,
		 const char *name)
{
	return P9(WALK, "442s", fid, newfid, 1, name);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
