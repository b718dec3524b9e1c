/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests in flight.
 *
 * A request goes to a worker with copies of all it needs: the transport's
 * buffers may be gone when it ends.  Requests on a fid run side by side,
 * but one that changes what the fid is (opens it, moves it, uses its position)
 * runs alone: it waits for those that came before it, and those behind it wait.
 * Requests on different fids have no order, as the protocol has it.
 *
 * Tflush makes a request silent.  One that waits is gone at once; one that runs
 * goes on in its worker, for ever maybe, but its tag is free, and what it
 * did to fids is undone when it ends.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "p9_session.h"

#define FLIGHT_BYTES_FACTOR 4u /* times msize_max: more was never in one window */

static bool flight_shares_fid(const struct ofl_p9_request *a,
			      const struct ofl_p9_request *b)
{
	unsigned int i, j;

	for (i = 0; i < 2; i++)
		for (j = 0; j < 2; j++)
			if (a->fid[i] && a->fid[i] == b->fid[j])
				return true;
	return false;
}

bool ofl_p9_flight_conflict(const struct ofl_p9 *p9,
			    const struct ofl_p9_request *q, bool exclusive,
			    const struct ofl_p9_flight *before)
{
	const struct ofl_p9_flight *f;

	for (f = p9->flight; f && f != before; f = f->next)
		if ((exclusive || f->exclusive) && flight_shares_fid(&f->q, q))
			return true;
	return false;
}

static void flight_remove(struct ofl_p9_flight *flight)
{
	struct ofl_p9 *p9 = flight->p9;
	struct ofl_p9_flight **at = &p9->flight;

	while (*at != flight)
		at = &(*at)->next;
	*at = flight->next;
	p9->nr_flight--;
	p9->flight_bytes -= flight->bytes;
}

static void flight_start_waiting(struct ofl_p9 *p9);

/* In a worker. */
static void flight_run(struct ofl_job *job)
{
	struct ofl_p9_flight *f = (void *)job;

	f->err = ofl_p9_run(f->p9, f->type, &f->q);
}

static void flight_answer(struct ofl_p9_flight *f, int err)
{
	uint32_t size;

	if (f->silent)
		return;
	size = ofl_p9_answer(&f->q, f->tag, err);
	f->p9->reply_fn(f->p9, f->cookie, f->q.w.data, size);
}

/* Undo in a worker, when closing a file may block: then only free it. */
static void flight_undo(struct ofl_job *job)
{
	struct ofl_p9_flight *f = (void *)job;

	if (f->q.file)
		f->p9->ops->close(f->q.file);
	f->q.file = NULL;
}

static void flight_over(struct ofl_job *job)
{
	struct ofl_p9_flight *f = (void *)job;
	struct ofl_p9 *p9 = f->p9;
	int err = f->err;

	if (f->silent && !err)
		err = -EINTR;
	if (err && f->q.file) {
		f->err = err;
		f->job.run = flight_undo;
		if (!ofl_pool_submit(p9->pool, &f->job))
			return;
	}
	flight_remove(f);
	err = ofl_p9_commit(p9, &f->q, err);
	flight_answer(f, err);
	free(f);
	flight_start_waiting(p9);
}

static void flight_start(struct ofl_p9_flight *f)
{
	f->running = true;
	f->job.run = flight_run;
	f->job.done = flight_over;
	if (!ofl_pool_submit(f->p9->pool, &f->job))
		return;
	/* Not one thread to be had: better slow than never. */
	flight_run(&f->job);
	flight_over(&f->job);
}

static void flight_start_waiting(struct ofl_p9 *p9)
{
	struct ofl_p9_flight *f;

again:
	for (f = p9->flight; f; f = f->next) {
		if (f->running || ofl_p9_flight_conflict(p9, &f->q, f->exclusive, f))
			continue;
		flight_start(f);
		goto again; /* it may be over already, and freed */
	}
}

int ofl_p9_flight_new(struct ofl_p9 *p9, const struct ofl_p9_request *q,
		      uint8_t type, uint16_t tag, uint32_t max, bool exclusive,
		      const void *cookie, uint32_t cookie_len)
{
	const uint32_t len = q->r.end;
	struct ofl_p9_flight *f, **at;
	uint64_t bytes = (uint64_t)max + len;

	if (p9->nr_flight >= OFL_P9_FLIGHT_MAX ||
	    p9->flight_bytes + bytes >
		    (uint64_t)FLIGHT_BYTES_FACTOR * p9->msize_max + 65536)
		return -EBUSY;
	f = malloc(sizeof(*f) + bytes + 8 + cookie_len);
	if (!f)
		return -ENOMEM;
	memset(f, 0, sizeof(*f));
	f->p9 = p9;
	f->q = *q;
	f->q.quick = false;
	f->q.bulk = NULL;
	f->type = type;
	f->tag = tag;
	f->exclusive = exclusive;
	f->bytes = (uint32_t)bytes;
	memcpy(f->data, q->w.data, q->w.pos); /* the header is there */
	f->q.w.data = f->data;
	f->q.w.end = max;
	memcpy(f->data + max, q->r.data, len);
	f->q.r.data = f->data + max;
	f->cookie = f->data + ((bytes + 7) & ~7ull);
	if (cookie_len)
		memcpy(f->cookie, cookie, cookie_len);
	for (at = &p9->flight; *at; at = &(*at)->next)
		;
	*at = f;
	p9->nr_flight++;
	p9->to_workers++;
	p9->flight_bytes += bytes;
	if (!ofl_p9_flight_conflict(p9, &f->q, exclusive, f))
		flight_start(f);
	return 0;
}

/* No reply any more; true: it is gone altogether. */
static bool flight_silence(struct ofl_p9_flight *f, bool tell)
{
	struct ofl_p9 *p9 = f->p9;

	if (f->silent)
		return false;
	f->silent = true;
	/* The transport's buffers go back, with nothing in them. */
	if (tell)
		p9->reply_fn(p9, f->cookie, NULL, 0);
	if (f->running && !ofl_pool_cancel(p9->pool, &f->job))
		return false;
	flight_remove(f);
	ofl_p9_commit(p9, &f->q, -EINTR);
	free(f);
	return true;
}

void ofl_p9_flight_flush(struct ofl_p9 *p9, uint16_t tag)
{
	struct ofl_p9_flight *f;

again:
	for (f = p9->flight; f; f = f->next)
		if (!f->silent && f->tag == tag) {
			flight_silence(f, true);
			flight_start_waiting(p9);
			goto again;
		}
}

void ofl_p9_flight_forget(struct ofl_p9 *p9, bool tell)
{
	struct ofl_p9_flight *f;

again:
	for (f = p9->flight; f; f = f->next)
		if (!f->silent) {
			flight_silence(f, tell);
			goto again;
		}
}
