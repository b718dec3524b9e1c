/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fids: what a client calls its files.  The table and the reference counts
 * belong to the loop; a worker uses the fids that its request holds.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "log.h"
#include "p9_session.h"

static struct ofl_p9_fid **fid_slot(struct ofl_p9 *p9, uint32_t number)
{
	struct ofl_p9_fid **slot = &p9->bucket[number % OFL_P9_BUCKETS];

	while (*slot && (*slot)->number != number)
		slot = &(*slot)->next;
	return slot;
}

struct ofl_p9_fid *ofl_p9_fid_find(struct ofl_p9 *p9, uint32_t number)
{
	return *fid_slot(p9, number);
}

int ofl_p9_fid_new(struct ofl_p9 *p9, uint32_t number, struct ofl_p9_node *node,
		   struct ofl_p9_xattr *xattr)
{
	struct ofl_p9_fid **slot = fid_slot(p9, number);
	struct ofl_p9_fid *fid;

	if (number == OFL_P9_NOFID || *slot)
		return -EINVAL;
	if (p9->nr_fids >= OFL_P9_FIDS_MAX)
		return -EMFILE;
	fid = calloc(1, sizeof(*fid));
	if (!fid)
		return -ENOMEM;
	fid->p9 = p9;
	fid->number = number;
	fid->refs = 1;
	fid->node = node;
	fid->xattr = xattr;
	*slot = fid;
	p9->nr_fids++;
	return 0;
}

void ofl_p9_fid_unlink(struct ofl_p9 *p9, struct ofl_p9_fid *fid)
{
	struct ofl_p9_fid **slot = fid_slot(p9, fid->number);

	*slot = fid->next;
	p9->nr_fids--;
}

int ofl_p9_fid_empty(struct ofl_p9_fid *fid)
{
	const struct ofl_p9_fs_ops *ops = fid->p9->ops;
	int err = 0;

	if (fid->file)
		err = ops->close(fid->file);
	if (fid->node)
		ops->put(fid->node);
	free(fid->xattr);
	fid->file = NULL;
	fid->node = NULL;
	fid->xattr = NULL;
	return err;
}

/* Nobody waits for the answer: a client that is gone, or has given the fid up. */
static void fid_say(int err)
{
	if (err)
		ofl_log("9p: closing a file that its client had left: error %d", -err);
}

static void fid_drop_run(struct ofl_job *job)
{
	struct ofl_p9_fid *fid =
		(void *)((char *)job - offsetof(struct ofl_p9_fid, drop));

	fid->closed = ofl_p9_fid_empty(fid);
}

static void fid_drop_done(struct ofl_job *job)
{
	struct ofl_p9_fid *fid =
		(void *)((char *)job - offsetof(struct ofl_p9_fid, drop));

	fid->p9->drops--;
	fid_say(fid->closed);
	free(fid);
}

void ofl_p9_fid_unref(struct ofl_p9_fid *fid)
{
	struct ofl_p9 *p9 = fid->p9;

	if (--fid->refs)
		return;
	if (p9->pool && fid->node && p9->ops->local && !p9->ops->local(fid->node)) {
		fid->drop.run = fid_drop_run;
		fid->drop.done = fid_drop_done;
		if (!ofl_pool_submit(p9->pool, &fid->drop)) {
			p9->drops++;
			return;
		}
	}
	fid_say(ofl_p9_fid_empty(fid));
	free(fid);
}

void ofl_p9_fid_forget(struct ofl_p9 *p9)
{
	struct ofl_p9_fid *fid;
	unsigned int i;

	for (i = 0; i < OFL_P9_BUCKETS; i++) {
		while ((fid = p9->bucket[i])) {
			ofl_p9_fid_unlink(p9, fid);
			ofl_p9_fid_unref(fid);
		}
	}
}
