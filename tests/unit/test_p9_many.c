// SPDX-License-Identifier: BSD-2-Clause
/* The 9p client's requests that go together: in any order, cut short, wrong, or never answered. */
#include "p9_client.h"

#define POOL_SIZE 0x20000u

static uint8_t *const pool = window_mem + 0x80000;
static uint8_t data[60000], back[60000];
static uint64_t lost_pa;
static unsigned int nr_lost;

static void note_lost(uint64_t pa)
{
	lost_pa = pa;
	nr_lost++;
}

/* What is done in the order of the requests is answered in another. */
static unsigned int most; /* requests found together */
static bool lazy;	  /* walks are done behind all else */
static int hold;	  /* the nth data request from now is not answered; -1: none */
static int held;
static uint16_t held_tag;
static bool no_rflush, late_answer;
static unsigned int flushes;
static struct srv_reply held_reply;

struct chain {
	int head;
	bool kept; /* not answered now */
	struct srv_reply reply;
};

static size_t gather(int head, uint8_t *to)
{
	struct sim_desc *desc = sim_desc(0, (unsigned int)head);
	size_t len = 0;

	for (; !(desc->flags & 2); desc = sim_desc(0, desc->next)) {
		memcpy(to + len, sim_at(desc->addr), desc->len);
		len += desc->len;
	}
	return len;
}

static void push(int head, const struct srv_reply *reply)
{
	struct sim_desc *desc = sim_desc(0, (unsigned int)head);
	size_t at = 0, n;

	while (!(desc->flags & 2))
		desc = sim_desc(0, desc->next);
	while (at < reply->len) {
		n = reply->len - at < desc->len ? reply->len - at : desc->len;
		memcpy(sim_at(desc->addr), reply->buf + at, n);
		at += n;
		desc = sim_desc(0, desc->next);
	}
	sim_push(0, (uint32_t)head, reply->used_len);
}

static void answer(struct chain *c, const uint8_t *request, size_t len)
{
	if (request[4] == P9_TFLUSH) {
		flushes++;
		srv_serve(request, len, &c->reply);
		c->kept = no_rflush;
		if (held >= 0 && !memcmp(request + 7, &held_tag, 2)) {
			if (!late_answer)
				held_reply = (struct srv_reply){ 0 };
			push(held, &held_reply);
			held = -1;
		}
		return;
	}
	srv_serve(request, len, &c->reply);
	if ((request[4] == P9_TREAD || request[4] == P9_TWRITE) && hold >= 0 && !hold--) {
		held = c->head;
		memcpy(&held_tag, request + 5, 2);
		held_reply = c->reply;
		c->kept = true;
	}
}

static void step(void)
{
	static struct chain chain[32];
	static uint8_t request[32][20000];
	size_t len[32];
	unsigned int n = 0;

	sim_ack();
	while (n < 32 && (chain[n].head = sim_pop(0)) >= 0) {
		chain[n].kept = false;
		len[n] = gather(chain[n].head, request[n]);
		n++;
	}
	if (n > most)
		most = n;
	for (unsigned int pass = 0; pass < 2; pass++)
		for (unsigned int i = 0; i < n; i++)
			if ((lazy && request[i][4] == P9_TWALK) == pass)
				answer(&chain[i], request[i], len[i]);
	while (n--)
		if (!chain[n].kept)
			push(chain[n].head, &chain[n].reply);
}

static int begin(void **state)
{
	(void)state;
	most = flushes = nr_lost = 0;
	lost_pa = 0;
	lazy = no_rflush = late_answer = false;
	hold = held = -1;
	srv_prepare(&dev, 64 * 1024);
	assert_int_equal(ofl_p9_start(&p9, &dev), 0);
	pmm_step = step;
	srv_make(srv_make(0, "d", true), "g", false);
	srv_make(0, "f", false);
	ofl_pool_range = (struct ofl_pool_range){ pool, WIN_PA + 0x80000, POOL_SIZE, 1 };
	ofl_pool_lost = note_lost;
	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31 + i / 256);
	memset(back, 0, sizeof(back));
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

static struct srv_node *f_node(void)
{
	return &srv_nodes[srv_find(0, "f")];
}

static void idle(void)
{
	assert_int_equal(p9.vq.in_flight, 0);
	for (unsigned int i = 0; i < p9.nr_slots; i++)
		assert_false(p9.slot[i].sent);
}

/* All sizes where something changes, through chunks and in the pool. */
static void test_data(void **state)
{
	static const size_t sizes[] = { 1, 150, 169, 170, 4095, 4096, 4097, 8192, 16383, 30000, 60000 };
	uint32_t fid = open_f();

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = sizes[i];

		memset(f_node()->data, 0xee, SRV_FILE_MAX);
		f_node()->size = 0;
		assert_int_equal(ofl_p9_write_all(&p9, fid, 7, data, n, i & 1), n);
		assert_int_equal(f_node()->size, n + 7);
		assert_memory_equal(f_node()->data + 7, data, n);
		memset(back, 0, sizeof(back));
		assert_int_equal(ofl_p9_read_all(&p9, fid, 7, back, n), n);
		assert_memory_equal(back, data, n);
		/* More than there is. */
		assert_int_equal(ofl_p9_read_all(&p9, fid, 8, back, sizeof(back)), n - 1);
		assert_int_equal(ofl_p9_read_all(&p9, fid, n + 7, back, sizeof(back)), 0);
		idle();
		memcpy(pool + 3, data, n);
		f_node()->size = 0;
		assert_int_equal(ofl_p9_write_all(&p9, fid, 0, pool + 3, n, false), n);
		assert_memory_equal(f_node()->data, data, n);
		memset(pool, 0, n + 8);
		assert_int_equal(ofl_p9_read_all(&p9, fid, 0, pool + 5, n), n);
		assert_memory_equal(pool + 5, data, n);
		assert_int_equal(pool[n + 5], 0);
		idle();
	}
	assert_true(most >= 3);
	assert_int_equal(ofl_p9_read_all(&p9, fid, 0, back, 0), 0);
	assert_int_equal(ofl_p9_write_all(&p9, fid, 0, back, 0, false), 0);
	assert_int_equal(nr_lost, 0);
	/* One at a time, if the order is what matters. */
	most = 0;
	assert_int_equal(ofl_p9_write_all(&p9, fid, 0, data, sizeof(data), true), sizeof(data));
	assert_int_equal(most, 1);
}

/* The nth reply to a request of this type gets spoiled. */
static unsigned int spoil_type, spoil_nth;
static enum { ERROR, SHORT, NOTHING, TOO_MUCH, TAG, TYPE, SIZE, CUT, NO_ERROR, NR_WRONG } wrong;

static void spoil(unsigned int type, struct srv_reply *r)
{
	static const uint8_t error[] = { 11, 0, 0, 0, P9_RLERROR };
	uint32_t count;

	if (type != spoil_type || spoil_nth--)
		return;
	memcpy(&count, r->buf + 7, 4);
	switch (wrong) {
	case ERROR:
	case NO_ERROR:
		memcpy(r->buf, error, 5);
		memset(r->buf + 7, 0, 4);
		r->buf[7] = wrong == ERROR ? 5 : 0;
		r->len = r->used_len = 11;
		return;
	case SHORT:
	case NOTHING:
		count = wrong == SHORT ? 10 : 0;
		memcpy(r->buf + 7, &count, 4);
		if (type == P9_TREAD)
			r->len = r->used_len = 11 + count;
		count = r->used_len;
		memcpy(r->buf, &count, 4);
		return;
	case TOO_MUCH:
		count++;
		memcpy(r->buf + 7, &count, 4);
		return;
	case TAG: r->buf[5] ^= 1; return;
	case TYPE: r->buf[4] ^= 2; return;
	case SIZE: r->buf[0]++; return;
	case CUT: r->used_len = 6; return;
	default: return;
	}
}

/* Before it counts, behind it not; the session goes on. */
static void test_cut_short(void **state)
{
	uint32_t fid = open_f();

	(void)state;
	srv_spoil = spoil;
	for (unsigned int nth = 0; nth < 4; nth++)
		for (wrong = ERROR; wrong <= NOTHING; wrong++)
			for (unsigned int in_pool = 0; in_pool < 2; in_pool++) {
				uint8_t *to = in_pool ? pool : back;
				int64_t n, piece = in_pool ? 12288 : p9.chunk;
				int64_t want = (int64_t)nth * piece + (wrong == SHORT ? 10 : 0);

				spoil_type = 0;
				assert_int_equal(ofl_p9_write_all(&p9, fid, 0, data, sizeof(data), 0),
						 sizeof(data));
				spoil_type = P9_TREAD;
				spoil_nth = nth;
				n = ofl_p9_read_all(&p9, fid, 0, to, sizeof(data));
				if (!want)
					want = wrong == ERROR ? -EIO : 0;
				assert_int_equal(n, want);
				if (n > 0)
					assert_memory_equal(to, data, n);
				idle();
				memcpy(pool, data, sizeof(data));
				spoil_type = P9_TWRITE;
				spoil_nth = nth;
				n = ofl_p9_write_all(&p9, fid, 0, in_pool ? pool : data, sizeof(data),
						     false);
				assert_int_equal(n, want ? want : -EIO);
				idle();
			}
	assert_int_equal(ofl_p9_clunk(&p9, fid), 0);
}

/* The end of the session, and of no buffer that came back. */
static void test_lies(void **state)
{
	for (spoil_type = P9_TREAD; spoil_type <= P9_TWRITE; spoil_type += 2)
		for (wrong = TOO_MUCH; wrong < NR_WRONG; wrong++)
			for (unsigned int nth = 0; nth < 3; nth++) {
				uint32_t fid = open_f();
				int64_t n;

				f_node()->size = sizeof(data);
				srv_spoil = spoil;
				spoil_nth = nth;
				n = spoil_type == P9_TREAD ?
					    ofl_p9_read_all(&p9, fid, 0, pool, sizeof(data)) :
					    ofl_p9_write_all(&p9, fid, 0, data, sizeof(data), false);
				assert_int_equal(n, nth ? (int64_t)nth * (spoil_type == P9_TREAD ? 12288 : (int64_t)p9.chunk) :
							  -EPROTO);
				assert_true(p9.dead);
				assert_int_equal(ofl_p9_read_all(&p9, fid, 0, back, 10), -EIO);
				assert_int_equal(ofl_p9_write_all(&p9, fid, 0, back, 10, false), -EIO);
				assert_int_equal(ofl_p9_stat(&p9, "f", &(struct ofl_p9_attr){ 0 }), -EIO);
				end(state);
				begin(state);
			}
}

/* One of several is not answered: it is withdrawn, and what came before it counts. */
static void test_withdrawn(void **state)
{
	for (unsigned int nth = 0; nth < 4; nth++) {
		uint32_t fid = open_f();
		uint64_t before = mock_now;
		int64_t n;

		f_node()->size = sizeof(data);
		memcpy(f_node()->data, data, sizeof(data));
		flushes = 0;
		hold = (int)nth;
		n = ofl_p9_read_all(&p9, fid, 0, nth & 1 ? pool : back, sizeof(data));
		assert_int_equal(n, nth ? (int64_t)nth * (nth & 1 ? 12288 : (int64_t)p9.chunk) : -ETIMEDOUT);
		assert_in_range(mock_now - before, OFL_P9_TIMEOUT, OFL_P9_TIMEOUT + OFL_SEC);
		assert_int_equal(flushes, 1);
		idle();
		/* Cut off at the last moment: the answer counts. */
		hold = (int)nth;
		late_answer = true;
		assert_int_equal(ofl_p9_read_all(&p9, fid, 0, back, sizeof(data)), sizeof(data));
		assert_memory_equal(back, data, sizeof(data));
		late_answer = false;
		idle();
		assert_int_equal(ofl_p9_clunk(&p9, fid), 0);
		assert_int_equal(srv_open_fids(), 1);
		assert_int_equal(nr_lost, 0);
		end(state);
		begin(state);
	}
}

/* Nor is Tflush: the session is over, and the buffer with the server. */
static void test_silence(void **state)
{
	uint32_t fid = open_f();

	(void)state;
	f_node()->size = sizeof(data);
	hold = 1;
	no_rflush = true;
	assert_int_equal(ofl_p9_read_all(&p9, fid, 0, pool, sizeof(data)), 12288);
	assert_true(p9.dead);
	assert_true(log_has("a 9p request is not answered"));
	assert_int_equal(nr_lost, 1);
	assert_int_equal(ofl_p9_read_all(&p9, fid, 0, pool, 1), -EIO);
}

static void dead_step(void)
{
	sim_ack();
}

static void test_nobody(void **state)
{
	uint32_t fid = open_f();

	(void)state;
	pmm_step = dead_step;
	assert_int_equal(ofl_p9_read_all(&p9, fid, 0, pool + 0x2000, sizeof(data)), -EIO);
	assert_true(p9.dead);
	assert_true(nr_lost >= 4);
	assert_in_range(lost_pa, WIN_PA + 0x80000 + 0x2000, WIN_PA + 0x80000 + POOL_SIZE);
}

/* A walk and what goes with it: one round trip, the same answers, no fid left over. */
static void test_names(void **state)
{
	struct ofl_p9_attr attr;
	uint32_t fid, requests;
	int opened;

	(void)state;
	for (unsigned int pass = 0; pass < 2; pass++) {
		lazy = srv_hasty = pass;
		most = 0;
		srv_nodes[srv_find(0, "f")].size = 1234;
		assert_int_equal(ofl_p9_stat(&p9, "f", &attr), 0);
		assert_int_equal(attr.size, 1234);
		assert_int_equal(most, 3);
		assert_int_equal(p9.no_lookahead, lazy);
		p9.no_lookahead = false;
		assert_int_equal(ofl_p9_stat(&p9, "", &attr), 0);
		assert_true(S_ISDIR(attr.mode));
		assert_int_equal(ofl_p9_stat(&p9, "d/g", &attr), 0);
		assert_true(S_ISREG(attr.mode));
		assert_int_equal(ofl_p9_stat(&p9, "d/x", &attr), -ENOENT);
		assert_int_equal(ofl_p9_stat(&p9, "x", &attr), -ENOENT);
		assert_int_equal(srv_open_fids(), 1);
		assert_int_equal(p9.fids[0], 1);
		p9.no_lookahead = false;
		assert_int_equal(ofl_p9_find(&p9, "d/g", &fid, &attr, OFL_P9_RDONLY, &opened), 0);
		assert_int_equal(opened, lazy ? OFL_P9_NOT_OPEN : 0);
		assert_int_equal(ofl_p9_clunk(&p9, fid), 0);
		p9.no_lookahead = false;
		assert_int_equal(ofl_p9_find(&p9, "d", &fid, &attr, OFL_P9_NOT_OPEN, &opened), 0);
		assert_int_equal(opened, OFL_P9_NOT_OPEN);
		assert_int_equal(ofl_p9_clunk(&p9, fid), 0);
		p9.no_lookahead = false;
		assert_int_equal(ofl_p9_find(&p9, "d/x", &fid, &attr, OFL_P9_RDONLY, &opened), -ENOENT);
		assert_int_equal(srv_open_fids(), 1);
		assert_int_equal(p9.fids[0], 1);
		idle();
	}
	/* It has learned. */
	lazy = true;
	p9.no_lookahead = true;
	requests = srv_requests;
	most = 0;
	assert_int_equal(ofl_p9_stat(&p9, "f", &attr), 0);
	assert_int_equal(srv_requests - requests, 3);
	assert_int_equal(most, 1);
}

static void spoil_any(unsigned int type, struct srv_reply *r)
{
	if (type == spoil_type)
		r->buf[5] ^= 1;
}

static void test_names_lies(void **state)
{
	static const uint8_t types[] = { P9_TWALK, P9_TGETATTR, P9_TCLUNK, P9_TLOPEN };

	for (size_t i = 0; i < sizeof(types); i++) {
		struct ofl_p9_attr attr;
		uint32_t fid;
		int opened = 0, err;

		spoil_type = types[i];
		srv_spoil = spoil_any;
		err = types[i] == P9_TLOPEN ?
			      ofl_p9_find(&p9, "d/g", &fid, &attr, OFL_P9_RDONLY, &opened) :
			      ofl_p9_stat(&p9, "d/g", &attr);
		if (types[i] == P9_TLOPEN)
			assert_int_equal(opened, -EPROTO);
		else if (types[i] != P9_TCLUNK) /* nobody asks how that ended */
			assert_int_equal(err, -EPROTO);
		assert_true(p9.dead);
		end(state);
		begin(state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_data, begin, end),
		cmocka_unit_test_setup_teardown(test_cut_short, begin, end),
		cmocka_unit_test_setup_teardown(test_lies, begin, end),
		cmocka_unit_test_setup_teardown(test_withdrawn, begin, end),
		cmocka_unit_test_setup_teardown(test_silence, begin, end),
		cmocka_unit_test_setup_teardown(test_nobody, begin, end),
		cmocka_unit_test_setup_teardown(test_names, begin, end),
		cmocka_unit_test_setup_teardown(test_names_lies, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
