// SPDX-License-Identifier: BSD-2-Clause
/* The 9p client gives a request up: servers that let go of it, and others. */
#include "p9_client.h"

static uint8_t *const pool = window_mem + 0x80000;
static uint64_t lost_pa;

/* What the server does, with the request that it held and with Tflush. */
static enum flush_how {
	NOTHING,   /* not even Rflush */
	CANCELLED, /* the chain, empty; Rflush */
	CANCELLED_AFTER,
	ANSWERED,  /* the answer; Rflush */
	INTERRUPTED, /* an error that says so; Rflush */
	ANSWERED_AFTER, /* which Rflush rules out */
	KEPT,	   /* Rflush, and the chain never */
	TWICE,	   /* Rflush, and the chain, and again */
	ERROR, WRONG_TAG, WRONG_TYPE, WRONG_SIZE, CUT, EMPTY,
	NR_HOW
} how;

static unsigned int hold; /* request of this type is not answered */
static int held;	  /* its chain; -1: none */
static struct srv_reply held_reply;
static uint16_t held_tag;
static unsigned int flushes;

static void push(int head, const void *data, size_t len)
{
	struct sim_desc *desc = sim_desc(0, (unsigned int)head);
	size_t at = 0, n;

	while (!(desc->flags & 2))
		desc = sim_desc(0, desc->next);
	while (at < len) {
		n = len - at < desc->len ? len - at : desc->len;
		memcpy(sim_at(desc->addr), (const uint8_t *)data + at, n);
		at += n;
		desc = sim_desc(0, desc->next);
	}
	sim_push(0, (uint32_t)head, (uint32_t)len);
}

static void answer_flush(int head, struct srv_reply *reply)
{
	static const uint8_t interrupted[] = { 11, 0, 0, 0, P9_RLERROR, 0, 0, 4, 0, 0, 0 };
	uint8_t error[11];
	size_t len = 7;

	memcpy(error, interrupted, 11);
	memcpy(error + 5, &held_tag, 2);
	switch (how) {
	case CANCELLED: push(held, NULL, 0); break;
	case ANSWERED: push(held, held_reply.buf, held_reply.len); break;
	case INTERRUPTED: push(held, error, 11); break;
	case ERROR:
		reply->buf[4] = P9_RLERROR;
		reply->buf[0] = 11;
		memset(reply->buf + 7, 0, 4);
		len = 11;
		break;
	case WRONG_TAG: memcpy(reply->buf + 5, &held_tag, 2); break;
	case WRONG_TYPE: reply->buf[4] = P9_TCLUNK + 1; break;
	case WRONG_SIZE: reply->buf[0] = 8; break;
	case CUT: len = 6; break;
	case EMPTY: len = 0; break;
	default: break;
	}
	if (how >= ERROR)
		push(held, NULL, 0);
	if (how != NOTHING)
		push(head, reply->buf, len);
	switch (how) {
	case CANCELLED_AFTER: push(held, NULL, 0); break;
	case TWICE: push(held, NULL, 0); push(held, NULL, 0); break;
	case ANSWERED_AFTER: push(held, held_reply.buf, held_reply.len); break;
	default: break;
	}
	held = -1;
}

static void step(void)
{
	static struct srv_reply reply;
	static uint8_t request[32768];
	struct sim_desc *desc;
	size_t len = 0;
	int head;

	sim_ack();
	head = sim_pop(0);
	if (head < 0)
		return;
	desc = sim_desc(0, (unsigned int)head);
	for (; !(desc->flags & 2); desc = sim_desc(0, desc->next)) {
		memcpy(request + len, sim_at(desc->addr), desc->len);
		len += desc->len;
	}
	/* What is flushed has had no effect here, but if its answer comes. */
	if (request[4] == hold && how != ANSWERED && held < 0) {
		held = head;
		memcpy(&held_tag, request + 5, 2);
		held_reply.len = 7;
		memcpy(held_reply.buf, request, 7);
		held_reply.buf[0] = 7;
		held_reply.buf[4]++;
		return;
	}
	srv_serve(request, len, &reply);
	if (request[4] == hold && held < 0) {
		held = head;
		memcpy(&held_tag, request + 5, 2);
		held_reply = reply;
		return;
	}
	if (request[4] == P9_TFLUSH) {
		flushes++;
		assert_int_equal(len, 9);
		assert_memory_equal(request + 7, &held_tag, 2);
		assert_memory_not_equal(request + 5, &held_tag, 2);
		assert_true(held >= 0);
		hold = 0;
		answer_flush(head, &reply);
		return;
	}
	push(head, reply.buf, reply.len);
}

static void note_lost(uint64_t pa)
{
	lost_pa = pa;
}

static int begin(void **state)
{
	(void)state;
	hold = 0;
	held = -1;
	flushes = 0;
	lost_pa = 0;
	start_session();
	pmm_step = step;
	srv_make(0, "f", false);
	ofl_pool_range = (struct ofl_pool_range){ pool, WIN_PA + 0x80000, 0x10000, 1 };
	ofl_pool_lost = note_lost;
	return 0;
}

static int end(void **state)
{
	(void)state;
	end_session();
	ofl_pool_range.va = NULL;
	ofl_pool_lost = NULL;
	return 0;
}

static uint32_t open_f(void)
{
	uint32_t fid;

	assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, "f", &fid), 0);
	return fid;
}

static void works_on(void)
{
	uint32_t fid = open_f();
	uint8_t back[4];

	assert_int_equal(ofl_p9_write(&p9, fid, 0, "abcd", 4), 4);
	assert_int_equal(ofl_p9_read(&p9, fid, 0, back, 4), 4);
	assert_memory_equal(back, "abcd", 4);
	assert_int_equal(ofl_p9_clunk(&p9, fid), 0);
	assert_int_equal(p9.vq.in_flight, 0);
	assert_int_equal(flushes, 1);
}

/* It lets go: the call fails, nothing else. */
static void test_cancelled(void **state)
{
	(void)state;
	for (how = CANCELLED; how <= CANCELLED_AFTER; how++) {
		uint32_t fid = open_f();
		uint64_t before = mock_now;

		flushes = 0;
		hold = P9_TREAD;
		assert_int_equal(ofl_p9_read(&p9, fid, 0, pool, 100), -ETIMEDOUT);
		assert_in_range(mock_now - before, RPC_TIMEOUT, RPC_TIMEOUT + OFL_SEC);
		assert_true(log_has("9p share: a request took too long and was given up"));
		assert_int_equal(lost_pa, 0);
		assert_int_equal(ofl_p9_clunk(&p9, fid), 0);
		works_on();
	}
	/* The same on every kind of request, whatever it would have changed. */
	how = CANCELLED;
	hold = P9_TWALK;
	flushes = 0;
	assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, "f", &(uint32_t){ 0 }), -ETIMEDOUT);
	assert_int_equal(srv_open_fids(), 1);
	assert_int_equal(p9.fids[0], 1);
	works_on();
}

/* Cut off at the last moment: the answer counts. */
static void test_answered(void **state)
{
	uint32_t fid = open_f();

	(void)state;
	how = ANSWERED;
	hold = P9_TWRITE;
	assert_int_equal(ofl_p9_write(&p9, fid, 0, "abcd", 4), 4);
	assert_int_equal(srv_nodes[srv_find(0, "f")].size, 4);
	assert_int_equal(ofl_p9_clunk(&p9, fid), 0);
	works_on();
}

static void test_interrupted(void **state)
{
	uint32_t fid = open_f();

	(void)state;
	how = INTERRUPTED;
	hold = P9_TREAD;
	assert_int_equal(ofl_p9_read(&p9, fid, 0, pool, 4), -ETIMEDOUT);
	assert_int_equal(ofl_p9_clunk(&p9, fid), 0);
	works_on();
}

/* Nobody knows whether the server still has the fid: its number is not used again. */
static void test_clunk(void **state)
{
	uint32_t fid = open_f(), other;

	(void)state;
	how = CANCELLED;
	hold = P9_TCLUNK;
	assert_int_equal(ofl_p9_clunk(&p9, fid), -ETIMEDOUT);
	other = open_f();
	assert_int_not_equal(other, fid);
	assert_int_equal(ofl_p9_clunk(&p9, other), 0);
	works_on();
}

/* The session ends, with a reason, and the device does not get the buffer back. */
static void test_liars(void **state)
{
	static const struct {
		enum flush_how how;
		int64_t err;
		const char *why;
	} lies[] = {
		{ NOTHING, -EIO, "a 9p request is not answered" },
		{ ANSWERED_AFTER, -EPROTO, "9p answer to a request that was flushed" },
		{ KEPT, -EIO, "a 9p request is not answered" },
		{ TWICE, -EIO, "used index jumped" },
		{ ERROR, -EPROTO, "9p flush is answered with something else" },
		{ WRONG_TAG, -EPROTO, "9p flush is answered with something else" },
		{ WRONG_TYPE, -EPROTO, "9p flush is answered with something else" },
		{ WRONG_SIZE, -EPROTO, "9p flush is answered with something else" },
		{ CUT, -EPROTO, "9p flush is answered with something else" },
		{ EMPTY, -EPROTO, "9p flush is answered with something else" },
	};

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		uint32_t fid = open_f(), other;
		uint64_t before = mock_now;

		how = lies[i].how;
		hold = P9_TREAD;
		assert_int_equal(ofl_p9_read(&p9, fid, 0, pool + 0x2000, 100), lies[i].err);
		assert_in_range(mock_now - before, RPC_TIMEOUT,
				RPC_TIMEOUT + FLUSH_TIMEOUT + OFL_SEC);
		assert_true(log_has(lies[i].why));
		assert_true(p9.dead);
		assert_int_equal(lost_pa, WIN_PA + 0x82000);
		assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, "f", &other), -EIO);
		end(state);
		begin(state);
	}
}

/* Version cannot be flushed: there is no session yet. */
static void test_start(void **state)
{
	end(state);
	srv_prepare(&dev, 24 * 1024);
	pmm_step = step;
	how = CANCELLED;
	hold = P9_TVERSION;
	assert_int_equal(ofl_p9_start(&p9, &dev), -EIO);
	assert_int_equal(flushes, 0);
}

/* A ring too small for one request more: as if the server knew no Tflush. */
static void test_small_ring(void **state)
{
	uint32_t fid;

	end(state);
	srv_prepare(&dev, 24 * 1024);
	pmm_step = step;
	sim_hdr()->vq_device[0].size_max = 2;
	assert_int_equal(ofl_p9_start(&p9, &dev), 0);
	how = CANCELLED;
	hold = P9_TWALK;
	assert_int_equal(ofl_p9_walk(&p9, OFL_P9_ROOT, "f", &fid), -EIO);
	assert_true(p9.dead);
}

/* The PMM goes while its Rflush is waited for. */
static unsigned int until_gone;

static void leaving_step(void)
{
	if (flushes && !until_gone--)
		mock_epoch++;
	step();
}

static void test_pmm_leaves(void **state)
{
	uint32_t fid = open_f();

	(void)state;
	pmm_step = leaving_step;
	until_gone = 5;
	how = NOTHING;
	hold = P9_TREAD;
	assert_int_equal(ofl_p9_read(&p9, fid, 0, pool, 100), -EIO);
	assert_true(mock_now < RPC_TIMEOUT + OFL_SEC);
	assert_int_equal(lost_pa, WIN_PA + 0x80000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cancelled, begin, end),
		cmocka_unit_test_setup_teardown(test_answered, begin, end),
		cmocka_unit_test_setup_teardown(test_interrupted, begin, end),
		cmocka_unit_test_setup_teardown(test_clunk, begin, end),
		cmocka_unit_test_setup_teardown(test_liars, begin, end),
		cmocka_unit_test_setup_teardown(test_start, begin, end),
		cmocka_unit_test_setup_teardown(test_small_ring, begin, end),
		cmocka_unit_test_setup_teardown(test_pmm_leaves, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
