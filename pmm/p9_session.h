/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside of the 9p device: the session with the image. */
#ifndef OFL_PMM_P9_SESSION_H
#define OFL_PMM_P9_SESSION_H

#include "p9.h"
#include "p9msg.h"

#define OFL_P9_FIDS_MAX 256
#define OFL_P9_READ_OVERHEAD (OFL_P9_HEADER + 4) /* of Rread, Rreaddir */

struct ofl_p9_fid {
	uint32_t number;
	struct ofl_p9_node *node; /* NULL: the slot is free */
	struct ofl_p9_file *file; /* NULL: not open */
	uint32_t flags;		  /* it was opened with */
};

struct ofl_p9 {
	struct ofl_dev dev;
	const struct ofl_p9_fs_ops *ops;
	void *fs;
	bool ro;
	uint32_t msize_max;
	uint32_t msize; /* 0: no Tversion yet */
	uint8_t *request;
	uint8_t *reply;
	struct ofl_p9_fid fid[OFL_P9_FIDS_MAX];
};

struct ofl_p9_request {
	struct ofl_p9_reader r; /* at the first field */
	struct ofl_p9_writer w; /* at the reply's first field */
};

struct ofl_p9_fid *ofl_p9_fid_find(struct ofl_p9 *p9, uint32_t number);
void ofl_p9_fid_drop(struct ofl_p9 *p9, struct ofl_p9_fid *fid);
/*
 * Take a name that can only mean an entry of its folder, to a buffer of
 * OFL_P9_NAME_MAX + 1.  -EINVAL, -ENAMETOOLONG; -EACCES for "..".
 */
int ofl_p9_name(struct ofl_p9_reader *r, char *name);

/* Handlers. */
int ofl_p9_do_lopen(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_lcreate(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_read(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_write(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_fsync(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_readdir(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_getattr(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_setattr(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_statfs(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_readlink(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_mkdir(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_symlink(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_unlinkat(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_renameat(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_rename(struct ofl_p9 *p9, struct ofl_p9_request *q);
int ofl_p9_do_remove(struct ofl_p9 *p9, struct ofl_p9_request *q);

#endif
